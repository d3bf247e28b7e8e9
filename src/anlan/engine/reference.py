"""What a condition means, as slowly and plainly as it can be said; the other engines are held to this one.

Also the explanation that people see: why a condition held, missed, or could not be decided.
"""

import math
from collections.abc import Mapping
from typing import Any

import msgspec

from anlan.domain.signals import Value
from anlan.engine.condition_text import plain_sql
from anlan.engine.condition_tree import (
    And,
    Arithmetic,
    Between,
    Call,
    Case,
    Claim,
    Compare,
    Condition,
    In,
    IsNull,
    IsTruth,
    Literal,
    Match,
    Name,
    Not,
    Or,
    Term,
    names_in,
)
from anlan.engine.patterns import regex_search

Truth = bool | None


class Explained(msgspec.Struct, frozen=True):
    """One claim of a condition with its truth.

    Attributes:
        text: the claim as an analyst would write it.
        truth: None is unknown.
        values: the signals that a leaf reads, as they were; empty where there are parts.
        parts: the claims that an AND, OR, NOT or IS TRUE is made of, in order of writing.
    """

    text: str
    truth: Truth
    values: dict[str, Any] = {}
    parts: tuple["Explained", ...] = ()


def evaluate(condition: Condition, values: Mapping[str, Value]) -> Truth:
    """Whether the condition holds; a missing signal is unknown."""
    return _truth(condition.tree, values)


def explain(condition: Condition, values: Mapping[str, Value]) -> Explained:
    """The condition taken apart, each claim with its truth and each leaf with the values that it read."""
    return _explain(condition.tree, values)


def _explain(node: Claim, values: Mapping[str, Value]) -> Explained:
    text, truth = plain_sql(node), _truth(node, values)
    match node:
        case And(parts) | Or(parts):
            return Explained(text, truth, parts=tuple(_explain(part, values) for part in parts))
        case Not(part) | IsTruth(part):
            return Explained(text, truth, parts=(_explain(part, values),))
    return Explained(text, truth, {name: values.get(name) for name in names_in(node)})


def _truth(node: Claim, values: Mapping[str, Value]) -> Truth:
    match node:
        case And(parts):
            return _all([_truth(part, values) for part in parts])
        case Or(parts):
            return _not(_all([_not(_truth(part, values)) for part in parts]))
        case Not(part):
            return _not(_truth(part, values))
        case IsTruth(part, truth):
            return _truth(part, values) is truth
        case IsNull(term):
            return _value(term, values) is None
        case Compare(operator, left, right):
            return _compare(operator, _value(left, values), _value(right, values))
        case In(term, choices):
            return _not(_all([_compare("<>", _value(term, values), choice.value) for choice in choices]))
        case Between(term, low, high):
            value = _value(term, values)
            return _all([_compare(">=", value, low.value), _compare("<=", value, high.value)])
        case Match(kind, term, pattern):
            text = _value(term, values)
            return _matches(kind, text, pattern) if isinstance(text, str) else None
        case Name() | Call() | Case():
            flag = _value(node, values)
            return flag if isinstance(flag, bool) else None


def _all(truths: list[Truth]) -> Truth:
    if False in truths:
        return False
    return None if None in truths else True


def _not(truth: Truth) -> Truth:
    return None if truth is None else not truth


def _compare(operator: str, left: Any, right: Any) -> Truth:
    if left is None or right is None:
        return None
    is_less, is_equal = left < right, left == right
    holds = {
        "=": is_equal, "<>": not is_equal, "<": is_less, "<=": is_less or is_equal,
        ">": not is_less and not is_equal, ">=": not is_less,
    }  # fmt: skip
    return bool(holds[operator])


def _matches(kind: str, text: str, pattern: str) -> bool:
    if kind == "like":
        return _like(text, pattern)
    if kind == "regexp_matches":
        return regex_search(pattern)(text.encode("utf-8", "replace")) is not None
    if kind == "contains":
        return pattern in text
    return text.startswith(pattern) if kind == "starts_with" else text.endswith(pattern)


def _like(text: str, pattern: str) -> bool:
    """Whether the whole text fits, by the set of text positions that each prefix of the pattern can reach."""
    reached = {0}
    for wild in pattern:
        if wild == "%":
            reached = set(range(min(reached), len(text) + 1)) if reached else reached
        else:
            reached = {at + 1 for at in reached if at < len(text) and wild in ("_", text[at])}
    return len(text) in reached


def _value(node: Term, values: Mapping[str, Value]) -> Any:
    match node:
        case Literal(value):
            return value
        case Name(signal):
            return values.get(signal)
        case Arithmetic(operator, left, right):
            return _calculate(operator, _value(left, values), _value(right, values))
        case Call(function, arguments):
            return _call(function, [_value(argument, values) for argument in arguments])
        case Case(branches, otherwise):
            for when, then in branches:
                if _truth(when, values) is True:
                    return _value(then, values)
            return None if otherwise is None else _value(otherwise, values)


def _calculate(operator: str, left: Any, right: Any) -> float | None:
    if left is None or right is None or (operator == "/" and right == 0):
        return None
    a, b = float(left), float(right)
    result = a / b if operator == "/" else {"+": a + b, "-": a - b, "*": a * b}[operator]
    return result if math.isfinite(result) else None


def _call(function: str, arguments: list[Any]) -> Any:
    known = [argument for argument in arguments if argument is not None]
    if not known:
        return None
    if function == "coalesce":
        return known[0]
    if function == "length":
        return len(known[0])
    return {"abs": lambda: abs(known[0]), "least": lambda: min(known), "greatest": lambda: max(known)}[function]()
