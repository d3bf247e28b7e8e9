"""What a checked condition is: a small frozen tree over signals, the same for every engine.

A *term* has a value (number, text or true/false; or it is unknown). A *claim* is true, false or unknown.
"""

from collections.abc import Iterator
from typing import Literal as OneOf

import msgspec

from anlan.domain.signals import SignalType

CompareOperator = OneOf["=", "<>", "<", "<=", ">", ">="]
ArithmeticOperator = OneOf["+", "-", "*", "/"]
Function = OneOf["length", "abs", "least", "greatest", "coalesce"]
MatchKind = OneOf["like", "contains", "starts_with", "ends_with", "regexp_matches"]


LiteralValue = float | str | bool


class Literal(msgspec.Struct, frozen=True):
    """A number (finite; whole numbers up to 2^53), a text, or true/false; never unknown."""

    value: LiteralValue


class Name(msgspec.Struct, frozen=True):
    """The value of one signal; `type` is never `object`."""

    signal: str
    type: SignalType


class Arithmetic(msgspec.Struct, frozen=True):
    """Double arithmetic; a result that is not finite (overflow, division by zero) is unknown."""

    operator: ArithmeticOperator
    left: "Term"
    right: "Term"


class Call(msgspec.Struct, frozen=True):
    """A function of terms.

    `length` counts code points. `coalesce`, `least` and `greatest` pass over what is unknown; the others are unknown
    when their argument is.
    """

    function: Function
    arguments: tuple["Term", ...]


class Case(msgspec.Struct, frozen=True):
    """The value beside the first claim that is true, else `otherwise`, else unknown."""

    branches: tuple[tuple["Claim", "Term"], ...]
    otherwise: "Term | None" = None


class And(msgspec.Struct, frozen=True):
    """At least two parts, none of them an `And`."""

    parts: tuple["Claim", ...]


class Or(msgspec.Struct, frozen=True):
    """At least two parts, none of them an `Or`."""

    parts: tuple["Claim", ...]


class Not(msgspec.Struct, frozen=True):
    part: "Claim"


class IsTruth(msgspec.Struct, frozen=True):
    """`part IS TRUE` or `part IS FALSE`; never unknown."""

    part: "Claim"
    truth: bool


class IsNull(msgspec.Struct, frozen=True):
    """The term is unknown; itself never unknown."""

    term: "Term"


class Compare(msgspec.Struct, frozen=True):
    """Two terms of one type; text by code point, true/false only by `=` and `<>`."""

    operator: CompareOperator
    left: "Term"
    right: "Term"


class In(msgspec.Struct, frozen=True):
    """The term equals one of the choices, which are literals of its type."""

    term: "Term"
    choices: tuple[Literal, ...]


class Between(msgspec.Struct, frozen=True):
    """`low <= term <= high`; both are literals of its type."""

    term: "Term"
    low: Literal
    high: Literal


class Match(msgspec.Struct, frozen=True):
    """A text holds a pattern: `like` spans the whole text, a regular expression (RE2) may match anywhere."""

    kind: MatchKind
    term: "Term"
    pattern: str


Term = Literal | Name | Arithmetic | Call | Case
Claim = And | Or | Not | IsTruth | IsNull | Compare | In | Between | Match | Name | Call | Case
"""`Name`, `Call` and `Case` are claims when their type is bool."""


class Condition(msgspec.Struct, frozen=True):
    """A condition that was parsed and checked.

    Attributes:
        text: as the analyst wrote it.
        names: the signals it reads, in order of first appearance; never empty.
    """

    text: str
    tree: Claim
    names: tuple[str, ...]


def type_of(term: Term) -> SignalType:
    """The type of a checked term."""
    match term:
        case Literal(bool()):
            return "bool"
        case Literal(str()):
            return "text"
        case Name():
            return term.type
        case Call("coalesce"):
            return type_of(term.arguments[0])
        case Case():
            return type_of(term.branches[0][1])
    return "number"


def parts_of(node: Claim | Term) -> tuple[Claim | Term, ...]:
    """The nodes directly below, in order of writing."""
    match node:
        case And(parts) | Or(parts):
            return parts
        case Not(part) | IsTruth(part):
            return (part,)
        case IsNull(term) | In(term) | Between(term) | Match(_, term):
            return (term,)
        case Compare(_, left, right) | Arithmetic(_, left, right):
            return (left, right)
        case Call(_, arguments):
            return arguments
        case Case(branches, otherwise):
            below = tuple(part for branch in branches for part in branch)
            return below if otherwise is None else (*below, otherwise)
    return ()


def walk(node: Claim | Term) -> Iterator[Claim | Term]:
    """The node and everything below it, in order of writing."""
    yield node
    for part in parts_of(node):
        yield from walk(part)


def names_in(node: Claim | Term) -> tuple[str, ...]:
    """The signals read at or below `node`, each once, in order of first appearance."""
    return tuple(dict.fromkeys(found.signal for found in walk(node) if isinstance(found, Name)))


def while_awaiting(tree: Claim, awaited: frozenset[str]) -> Claim:
    """The claim as far as it is settled before the awaited signals are there.

    A part that would take one of them for unknown (`coalesce(deep_score, 0) > 0.5`) is itself unknown until then.
    """
    match tree:
        case And(parts):
            return And(tuple(while_awaiting(part, awaited) for part in parts))
        case Or(parts):
            return Or(tuple(while_awaiting(part, awaited) for part in parts))
        case Not(part):
            return Not(while_awaiting(part, awaited))
    found = [name for name in names_in(tree) if name in awaited]
    return Name(found[0], "bool") if found and any(_settles_unknown(node) for node in walk(tree)) else tree


def _settles_unknown(node: Claim | Term) -> bool:
    if isinstance(node, Call):
        return node.function in ("coalesce", "least", "greatest")
    return isinstance(node, IsNull | IsTruth | Case)
