"""How a condition tree is written as SQL: plainly for people here, for each SQL engine in `columns`."""

import re

from anlan.engine.condition_tokens import KEYWORDS
from anlan.engine.condition_tree import (
    And,
    Arithmetic,
    Between,
    Call,
    Case,
    Claim,
    Compare,
    In,
    IsNull,
    IsTruth,
    Literal,
    LiteralValue,
    Match,
    Name,
    Not,
    Or,
    Term,
)

_PLAIN_NAME = re.compile(r"[^\W\d]\w*")


class PlainSql:
    """The language of conditions itself: `parse(PlainSql().claim(tree), types).tree == tree`."""

    def name(self, signal: str) -> str:
        """A signal; quoted only where it would not read as a name."""
        is_plain = _PLAIN_NAME.fullmatch(signal) and signal.upper() not in KEYWORDS
        return signal if is_plain else '"' + signal.replace('"', '""') + '"'

    def literal(self, value: LiteralValue) -> str:
        """A number, text or true/false."""
        if isinstance(value, bool):
            return "TRUE" if value else "FALSE"
        return self.text(value) if isinstance(value, str) else self.number(value)

    def text(self, value: str) -> str:
        """A text in single quotes."""
        return "'" + value.replace("'", "''") + "'"

    def number(self, value: float) -> str:
        """The shortest digits that read back as the same double."""
        return repr(value)

    def arithmetic(self, node: Arithmetic) -> str:
        """A calculation."""
        return f"{self._operand(node.left)} {node.operator} {self._operand(node.right)}"

    def call(self, node: Call) -> str:
        """A function of terms."""
        return f"{node.function}({', '.join(self.term(argument) for argument in node.arguments)})"

    def match(self, node: Match) -> str:
        """A text pattern."""
        if node.kind == "like":
            return f"{self.term(node.term)} LIKE {self.text(node.pattern)}"
        return f"{node.kind}({self.term(node.term)}, {self.text(node.pattern)})"

    def term(self, node: Term) -> str:
        """A value."""
        match node:
            case Literal(value):
                return self.literal(value)
            case Name(signal):
                return self.name(signal)
            case Arithmetic():
                return self.arithmetic(node)
            case Call():
                return self.call(node)
            case Case(branches, otherwise):
                whens = " ".join(f"WHEN {self.claim(when)} THEN {self.term(then)}" for when, then in branches)
                return f"CASE {whens}{'' if otherwise is None else ' ELSE ' + self.term(otherwise)} END"

    def claim(self, node: Claim) -> str:
        """A boolean expression; parts of another kind stand in parentheses."""
        match node:
            case And(parts):
                return " AND ".join(self._part(part) for part in parts)
            case Or(parts):
                return " OR ".join(self._part(part) for part in parts)
            case Not(part):
                return self._not(part)
            case IsTruth(part, truth):
                return f"{self._closed(part)} IS {'TRUE' if truth else 'FALSE'}"
            case IsNull(term):
                return f"{self._operand(term)} IS NULL"
            case Compare(operator, left, right):
                return f"{self.term(left)} {operator} {self.term(right)}"
            case In(term, choices):
                return f"{self.term(term)} IN ({', '.join(self.literal(choice.value) for choice in choices)})"
            case Between(term, low, high):
                return f"{self.term(term)} BETWEEN {self.literal(low.value)} AND {self.literal(high.value)}"
            case Match():
                return self.match(node)
            case Name() | Call() | Case():
                return self.term(node)

    def _operand(self, node: Term) -> str:
        text = self.term(node)
        return f"({text})" if isinstance(node, Arithmetic) or _is_negative(node) else text

    def _part(self, node: Claim) -> str:
        return f"({self.claim(node)})" if isinstance(node, And | Or) else self.claim(node)

    def _closed(self, node: Claim) -> str:
        return self.claim(node) if isinstance(node, Name | Call | Case) else f"({self.claim(node)})"

    def _not(self, part: Claim) -> str:
        match part:
            case IsNull(term):
                return f"{self._operand(term)} IS NOT NULL"
            case IsTruth(below, truth):
                return f"{self._closed(below)} IS NOT {'TRUE' if truth else 'FALSE'}"
        return f"NOT {self._closed(part)}"


def plain_sql(node: Claim | Term) -> str:
    """The node as an analyst would write it."""
    writer = PlainSql()
    return writer.term(node) if isinstance(node, Literal | Arithmetic) else writer.claim(node)


def _is_negative(node: Term) -> bool:
    return isinstance(node, Literal) and not isinstance(node.value, str) and node.value < 0
