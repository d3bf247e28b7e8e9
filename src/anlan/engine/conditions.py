"""What an analyst may write after `when`, and the checked tree that it means.

    claim   := claim AND claim | claim OR claim | NOT claim | (claim) | claim IS [NOT] TRUE | claim IS [NOT] FALSE
             | term = <> != < <= > >= term
             | term [NOT] IN (literal, ...)          | term [NOT] BETWEEN term AND term
             | term IS [NOT] NULL                    | text [NOT] LIKE 'pattern'
             | contains(text, 'part') | starts_with(text, 'part') | ends_with(text, 'part')
             | regexp_matches(text, 'RE2 pattern')   | a signal, coalesce or CASE that is true/false
    term    := signal | literal | term + - * / term | - term | (term)
             | length(text) | abs(number) | least(number, ...) | greatest(number, ...) | coalesce(term, ...)
             | CASE WHEN claim THEN term ... [ELSE term] END
    literal := 12 | 0.5 | 'text' | TRUE | FALSE

Logic is three-valued: an unknown signal makes what reads it unknown, except where AND, OR, IS and coalesce can decide
without it. Numbers are doubles; what overflows or divides by zero is unknown. Text compares by code point.
sqlglot (dialect duckdb) parses; `_SHAPES` below is all that is accepted of what it understands.
"""

import math
import operator
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, ClassVar

from sqlglot import exp
from sqlglot.dialects.duckdb import DuckDB
from sqlglot.errors import ParseError
from sqlglot.parsers.duckdb import DuckDBParser
from sqlglot.tokenizer_core import Token, TokenType

from anlan.domain.signals import SignalType
from anlan.engine.condition_faults import Source
from anlan.engine.condition_text import plain_sql
from anlan.engine.condition_tokens import MAX_DEPTH, read_tokens, suggest
from anlan.engine.condition_tree import (
    And,
    Arithmetic,
    ArithmeticOperator,
    Between,
    Call,
    Case,
    Claim,
    Compare,
    CompareOperator,
    Condition,
    Function,
    In,
    IsNull,
    IsTruth,
    Literal,
    Match,
    MatchKind,
    Name,
    Not,
    Or,
    Term,
    names_in,
    type_of,
)
from anlan.engine.patterns import regex_fault
from anlan.errors import InvalidPolicy

__all__ = ["Condition", "parse"]

MAX_EXACT = 2**53
KEPT_CONDITIONS = 512
"""A change of one policy loads all of them again; the others are as they were."""

_COMPARE: dict[type[exp.Expr], CompareOperator] = {
    exp.EQ: "=", exp.NEQ: "<>", exp.LT: "<", exp.LTE: "<=", exp.GT: ">", exp.GTE: ">=",
}
_ARITHMETIC: dict[type[exp.Expr], ArithmeticOperator] = {exp.Add: "+", exp.Sub: "-", exp.Mul: "*", exp.Div: "/"}
_CALCULATE = {"+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv}
_MATCH: dict[type[exp.Expr], MatchKind] = {
    exp.Like: "like", exp.Contains: "contains", exp.StartsWith: "starts_with", exp.EndsWith: "ends_with",
    exp.RegexpLike: "regexp_matches",
}
_CALL: dict[type[exp.Expr], Function] = {
    exp.Length: "length", exp.Abs: "abs", exp.Least: "least", exp.Greatest: "greatest", exp.Coalesce: "coalesce",
}
_CLAIMS: tuple[type[exp.Expr], ...] = (exp.And, exp.Or, exp.Not, exp.Is, exp.In, exp.Between, *_COMPARE, *_MATCH)

_BINARY = frozenset({"this", "expression"})
_SHAPES: dict[type[exp.Expr], frozenset[str]] = {
    **dict.fromkeys((exp.And, exp.Or, exp.Is, *_COMPARE, *_ARITHMETIC, *_MATCH), _BINARY),
    **dict.fromkeys((exp.Paren, exp.Not, exp.Neg, exp.Column, exp.Boolean, exp.Length, exp.Abs), frozenset({"this"})),
    **dict.fromkeys((exp.Least, exp.Greatest), frozenset({"this", "expressions", "ignore_nulls"})),
    **dict.fromkeys((exp.In, exp.Coalesce), frozenset({"this", "expressions"})),
    exp.Like: frozenset({"this", "expression", "negate"}),
    exp.Between: frozenset({"this", "low", "high"}),
    exp.Case: frozenset({"this", "ifs", "default"}),
    exp.If: frozenset({"this", "true"}),
    exp.Literal: frozenset({"this", "is_string"}),
    exp.Identifier: frozenset({"this", "quoted"}),
    exp.Null: frozenset(),
}
"""What is accepted of sqlglot's expressions, each with the arguments that may be filled."""
_FLAT = (exp.Paren, exp.If, exp.Column, exp.Identifier, exp.Literal, exp.Boolean, exp.Null)
"""Those that do not count as a level of nesting."""


def parse(text: str, types: Mapping[str, SignalType], where: str = "") -> Condition:
    """Read one condition and check it against the signals.

    Args:
        text: SQL boolean expression, at most 4,000 characters.
        types: signal name to type; names are case-sensitive.
        where: file and policy, for messages.

    Raises:
        InvalidPolicy: says `where`, the column and what to write instead; details as in `Source.fault`.
    """
    return _parse(text, tuple(types.items()), where)


@lru_cache(maxsize=KEPT_CONDITIONS)
def _parse(text: str, typed_names: tuple[tuple[str, SignalType], ...], where: str) -> Condition:
    source, types = Source(text, where), dict(typed_names)
    tree = _Reader(source, types).claim(_parse_sql(source, read_tokens(source, types)))
    return Condition(text, tree, names_in(tree))


class _Parser(DuckDBParser):
    """sqlglot's DuckDB parser, which also notes where NULL, TRUE and FALSE stand."""

    PRIMARY_PARSERS: ClassVar[dict[Any, Any]] = {
        **DuckDBParser.PRIMARY_PARSERS,
        TokenType.NULL: lambda self, token: exp.Null().update_positions(token),
        TokenType.TRUE: lambda self, token: exp.Boolean(this=True).update_positions(token),
        TokenType.FALSE: lambda self, token: exp.Boolean(this=False).update_positions(token),
    }


def _parse_sql(source: Source, tokens: list[Token]) -> exp.Expr:
    try:
        parsed = _Parser(error_message_context=len(source.text), dialect=DuckDB()).parse(tokens, source.text)
    except ParseError as error:
        raise _syntax_fault(source, error) from None
    root = parsed[0]
    if root is None:
        raise source.fault("empty", 0)
    _check_shape(source, root)
    return root


def _syntax_fault(source: Source, error: ParseError) -> InvalidPolicy:
    first: dict[str, Any] = error.errors[0]
    if "'high' missing" in first["description"]:
        return source.fault("between", len(first["start_context"]))
    return source.fault("unexpected", len(first["start_context"]), word=first["highlight"])


def _check_shape(source: Source, root: exp.Expr) -> None:
    """Refuse what the language does not have, and nesting that later steps could not follow."""
    depths = {id(root.parent): 0}
    for node in root.walk(bfs=False):
        allowed = _SHAPES.get(type(node))
        filled = {key for key, value in node.args.items() if value not in (None, False, [], "")}
        if allowed is None or filled - allowed:
            raise source.fault("symbol", _start(node), symbol=_written(source, node))
        is_chain = isinstance(node, exp.And | exp.Or) and type(node) is type(node.parent)
        depths[id(node)] = depth = depths[id(node.parent)] + (not is_chain and type(node) not in _FLAT)
        if depth > MAX_DEPTH + 2:
            raise source.fault("too_deep", _start(node), limit=MAX_DEPTH)


def _start(node: exp.Expr) -> int:
    return min((part.meta["start"] for part in node.walk() if "start" in part.meta), default=0)


def _written(source: Source, node: exp.Expr) -> str:
    """The node as it stands in the text"""
    end = max((part.meta["end"] for part in node.walk() if "end" in part.meta), default=len(source.text) - 1)
    text = " ".join(source.text[_start(node) : end + 1].split())
    return text + ")" * (text.count("(") - text.count(")"))


class _Reader:
    """From sqlglot's expression to the checked tree."""

    def __init__(self, source: Source, types: Mapping[str, SignalType]) -> None:
        self._source = source
        self._types = types

    def claim(self, node: exp.Expr) -> Claim:
        """A node that must be true, false or unknown."""
        match node:
            case exp.Paren():
                return self.claim(node.this)
            case exp.And():
                return And(self._chain(node, And))
            case exp.Or():
                return Or(self._chain(node, Or))
            case exp.Not():
                return Not(self.claim(node.this))
            case exp.Is() if isinstance(node.expression, exp.Boolean):
                return IsTruth(self.claim(node.this), bool(node.expression.this))
        leaf = self._leaf(node)
        if not names_in(leaf):
            raise self._fault("constant", node, claim=plain_sql(leaf))
        return leaf

    def term(self, node: exp.Expr) -> Term:
        """A node that must have a value."""
        match node:
            case exp.Paren():
                return self.term(node.this)
            case exp.Literal() if node.is_string:
                return Literal(str(node.this))
            case exp.Literal():
                return Literal(self._number(node))
            case exp.Boolean():
                return Literal(bool(node.this))
            case exp.Column():
                return self._name(node)
            case exp.Neg():
                return self._calculate(node, "-", Literal(0), self._typed(node.this, "number", "-"))
            case exp.Case():
                return self._case(node)
            case exp.Null():
                raise self._fault("null", node)
        if type(node) in _ARITHMETIC:
            sign = _ARITHMETIC[type(node)]
            left = self._typed(node.this, "number", sign)
            return self._calculate(node, sign, left, self._typed(node.expression, "number", sign))
        if type(node) in _CALL:
            return self._call(node)
        raise self._fault("claim_as_value", node, claim=_written(self._source, node))

    def _leaf(self, node: exp.Expr) -> Claim:
        if type(node) in _COMPARE:
            return self._compare(node)
        if type(node) in _MATCH:
            return self._match(node)
        match node:
            case exp.In():
                return self._in(node)
            case exp.Between():
                return self._between(node)
            case exp.Is():
                return self._is_null(node)
        term = self.term(node)
        if type_of(term) != "bool" or isinstance(term, Arithmetic):
            raise self._not_a_condition(node, term)
        if isinstance(term, Literal):
            raise self._fault("constant", node, claim=plain_sql(term))
        return term

    def _chain(self, node: exp.Expr, kind: type[And] | type[Or]) -> tuple[Claim, ...]:
        """The parts of `a AND b AND c`, without recursion along the chain, in order of writing."""
        pending, parts = [node], list[Claim]()
        while pending:
            current = pending.pop().unnest()
            if type(current) is type(node):
                pending += [current.expression, current.this]
            else:
                parts.append(self.claim(current))
        return tuple(parts)

    def _compare(self, node: exp.Expr) -> Claim:
        sign = _COMPARE[type(node)]
        for side, other in ((node.this, node.expression), (node.expression, node.this)):
            if isinstance(side.unnest(), exp.Null):
                raise self._fault("compare_null", side, term=_written(self._source, other))
        if type(node.this) in _COMPARE:
            raise self._chained(node)
        left, right = self.term(node.this), self.term(node.expression)
        self._check_same(left, node.expression, right)
        if type_of(left) == "bool" and sign not in ("=", "<>"):
            raise self._fault("flag_order", node.this, term=plain_sql(left))
        return Compare(sign, left, right)

    def _chained(self, node: exp.Expr) -> InvalidPolicy:
        """The fault of `a < b < c`, which reads as `(a < b) < c`."""
        first, second = (_written(self._source, part) for part in (node.this, node.this.expression))
        last = f"{second} {_COMPARE[type(node)]} {_written(self._source, node.expression)}"
        return self._fault("chained", node, first=first, second=last)

    def _check_same(self, left: Term, node: exp.Expr, right: Term, reason: str = "types_differ") -> None:
        types = type_of(left), type_of(right)
        if types[0] == types[1]:
            return
        quoted, other = (right, left) if isinstance(right, Literal) else (left, right)
        if set(types) == {"number", "text"} and isinstance(quoted, Literal) and _is_number(quoted.value):
            raise self._fault("number_in_quotes", node, left=plain_sql(other), number=quoted.value)
        values = {"left": plain_sql(left), "right": plain_sql(right), "left_type": types[0], "right_type": types[1]}
        raise self._fault(reason, node, **values)

    def _match(self, node: exp.Expr) -> Claim:
        kind = _MATCH[type(node)]
        use = "LIKE" if kind == "like" else kind
        term, pattern = self._typed(node.this, "text", use), self._fixed_text(node.expression, use)
        if not pattern.strip("%") and (kind != "like" or pattern):
            raise self._fault("matches_all", node.expression, term=plain_sql(term))
        if kind == "regexp_matches" and (fault := regex_fault(pattern)):
            raise self._fault("regex", node.expression, fault=fault)
        found = Match(kind, term, pattern)
        return Not(found) if node.args.get("negate") else found

    def _in(self, node: exp.In) -> Claim:
        term = self.term(node.this)
        if type_of(term) == "bool":
            raise self._fault("flag_order", node.this, term=plain_sql(term))
        choices = [self._choice(choice, term, "IN") for choice in node.expressions]
        return In(term, tuple(choices))

    def _choice(self, node: exp.Expr, term: Term, use: str) -> Literal:
        if isinstance(node.unnest(), exp.Null):
            raise self._fault("compare_null", node, term=plain_sql(term))
        value = self.term(node)
        if not isinstance(value, Literal):
            raise self._fault("literal_only", node, use=use, term=plain_sql(value))
        self._check_same(term, node, value)
        return value

    def _between(self, node: exp.Between) -> Claim:
        term, low, high = self.term(node.this), self.term(node.args["low"]), self.term(node.args["high"])
        for bound, written in ((low, node.args["low"]), (high, node.args["high"])):
            self._check_same(term, written, bound)
        if type_of(term) == "bool":
            raise self._fault("flag_order", node.this, term=plain_sql(term))
        if not (isinstance(low, Literal) and isinstance(high, Literal)):
            return And((Compare(">=", term, low), Compare("<=", term, high)))
        if low.value > high.value:  # type: ignore[operator]  # both are of the type of `term`
            raise self._fault("empty_range", node.args["low"], low=plain_sql(low), high=plain_sql(high))
        return Between(term, low, high)

    def _is_null(self, node: exp.Is) -> Claim:
        if not isinstance(node.expression, exp.Null):
            raise self._fault("is_what", node.expression)
        if isinstance(node.this.unnest(), _CLAIMS):
            raise self._fault("is_null_claim", node.this)
        return IsNull(self.term(node.this))

    def _call(self, node: exp.Expr) -> Term:
        function = _CALL[type(node)]
        given = [node.this, *node.expressions]
        if function == "coalesce":
            return Call(function, self._of_one_type(given))
        needed: SignalType = "text" if function == "length" else "number"
        return Call(function, tuple(self._typed(argument, needed, function) for argument in given))

    def _case(self, node: exp.Case) -> Term:
        if node.this is not None:
            raise self._fault("simple_case", node.this, term=_written(self._source, node.this))
        claims = [self.claim(branch.this) for branch in node.args["ifs"]]
        default = node.args.get("default")
        results = [branch.args["true"] for branch in node.args["ifs"]] + ([default] if default is not None else [])
        terms = self._of_one_type(results)
        branches = tuple(zip(claims, terms[: len(claims)], strict=True))
        return Case(branches, terms[-1] if default is not None else None)

    def _of_one_type(self, nodes: list[exp.Expr]) -> tuple[Term, ...]:
        terms = tuple(self.term(node) for node in nodes)
        for node, term in zip(nodes, terms, strict=True):
            self._check_same(terms[0], node, term, "case_types")
        return terms

    def _calculate(self, node: exp.Expr, sign: ArithmeticOperator, left: Term, right: Term) -> Term:
        """A calculation; of two literals, its result."""
        made = Arithmetic(sign, left, right)
        if sign == "/" and isinstance(right, Literal) and right.value == 0:
            raise self._fault("no_result", node, sum=plain_sql(made))
        if not (isinstance(left, Literal) and isinstance(right, Literal)):
            return made
        result = _CALCULATE[sign](float(left.value), float(right.value))
        if not math.isfinite(result):
            raise self._fault("no_result", node, sum=plain_sql(made))
        return Literal(int(result) if result.is_integer() and abs(result) <= MAX_EXACT else result)

    def _number(self, node: exp.Literal) -> float | int:
        text = str(node.this)
        value = int(text) if text.isdecimal() else float(text)
        if value > MAX_EXACT if isinstance(value, int) else not math.isfinite(value):
            raise self._fault("inexact_number", node, number=text)
        return value

    def _name(self, node: exp.Column) -> Name:
        name = node.name
        found = self._types.get(name)
        if found is None:
            near = suggest(name, self._types)
            raise self._fault("unknown_name_near" if near else "unknown_name", node, name=name, near=near)
        if found == "object":
            raise self._fault("object_name", node, name=name)
        return Name(name, found)

    def _typed(self, node: exp.Expr, needed: SignalType, use: str) -> Term:
        term = self.term(node)
        if type_of(term) != needed:
            raise self._fault("needs_type", node, use=use, needed_type=needed, term=plain_sql(term), type=type_of(term))
        return term

    def _fixed_text(self, node: exp.Expr, use: str) -> str:
        term = self._typed(node, "text", use)
        if isinstance(term, Literal) and isinstance(term.value, str):
            return term.value
        raise self._fault("literal_only", node, use=use, term=plain_sql(term))

    def _not_a_condition(self, node: exp.Expr, term: Term) -> InvalidPolicy:
        name = plain_sql(term)
        if isinstance(term, Literal):
            near = next((signal for signal, kind in self._types.items() if kind == type_of(term)), "signal")
            example = f"{near} {'=' if type_of(term) == 'text' else '>'} {name}"
        else:
            example = f"{name} = 'text'" if type_of(term) == "text" else f"{name} > 0"
        return self._fault("not_a_condition", node, term=name, type=type_of(term), example=example)

    def _fault(self, reason: str, node: exp.Expr, **values: object) -> InvalidPolicy:
        return self._source.fault(reason, _start(node), **values)


def _is_number(value: object) -> bool:
    try:
        return math.isfinite(float(value)) if isinstance(value, str) else False
    except ValueError:
        return False
