"""Which words and signs may stand in a condition at all; everything else is refused before it is parsed."""

import difflib
import re
from collections.abc import Collection
from typing import NamedTuple

from sqlglot.dialects.duckdb import DuckDB
from sqlglot.errors import TokenError
from sqlglot.tokenizer_core import Token, TokenType

from anlan.engine.condition_faults import Source
from anlan.errors import InvalidPolicy

MAX_CHARS = 4_000
MAX_DEPTH = 16
"""Levels of parentheses, NOT, CASE and calculation; also keeps the parser's recursion far from Python's limit."""


class Signature(NamedTuple):
    """How many arguments a function takes; `takes` names the fault text that says so."""

    least: int
    most: int
    takes: str


_ANY = MAX_CHARS
FUNCTIONS = {
    "abs": Signature(1, 1, "one_number"),
    "coalesce": Signature(2, _ANY, "several_values"),
    "contains": Signature(2, 2, "text_and_text"),
    "ends_with": Signature(2, 2, "text_and_text"),
    "greatest": Signature(2, _ANY, "several_numbers"),
    "least": Signature(2, _ANY, "several_numbers"),
    "length": Signature(1, 1, "one_text"),
    "regexp_matches": Signature(2, 2, "text_and_pattern"),
    "starts_with": Signature(2, 2, "text_and_text"),
}

_VALUES = frozenset({TokenType.VAR, TokenType.IDENTIFIER, TokenType.STRING, TokenType.NUMBER})
_SIGNS = frozenset({
    TokenType.L_PAREN, TokenType.R_PAREN, TokenType.COMMA, TokenType.EQ, TokenType.NEQ, TokenType.LT, TokenType.LTE,
    TokenType.GT, TokenType.GTE, TokenType.PLUS, TokenType.DASH, TokenType.STAR, TokenType.SLASH,
})
_WORDS = frozenset({
    TokenType.AND, TokenType.OR, TokenType.NOT, TokenType.IN, TokenType.BETWEEN, TokenType.IS, TokenType.NULL,
    TokenType.TRUE, TokenType.FALSE, TokenType.LIKE, TokenType.CASE, TokenType.WHEN, TokenType.THEN, TokenType.ELSE,
    TokenType.END,
})
_PREFIXES = frozenset({TokenType.NOT, TokenType.DASH, TokenType.PLUS})
_CONSTANTS = frozenset({TokenType.NULL, TokenType.TRUE, TokenType.FALSE})
_STARTS = _VALUES | _PREFIXES | _CONSTANTS | {TokenType.L_PAREN, TokenType.CASE}
_ENDS = _VALUES | _CONSTANTS | {TokenType.R_PAREN, TokenType.END}
_ALSO_AFTER = {
    TokenType.NOT: frozenset({TokenType.IN, TokenType.BETWEEN, TokenType.LIKE}),
    TokenType.CASE: frozenset({TokenType.WHEN}),
}
"""What may follow a word besides the start of a value."""
_CLAUSE_ENDS = frozenset({
    TokenType.AND, TokenType.OR, TokenType.COMMA, TokenType.WHEN, TokenType.THEN, TokenType.ELSE,
})

KEYWORDS = frozenset(kind.name for kind in _WORDS)

_IGNORING_CASE, _PATTERN = "regexp_matches(text, '(?i)pattern')", "regexp_matches(text, 'pattern')"
_INSTEAD = {
    "&&": "AND", "||": "OR", "!": "NOT", "ilike": _IGNORING_CASE, "lower": _IGNORING_CASE, "upper": _IGNORING_CASE,
    "similar to": _PATTERN, "~": _PATTERN, "min": "least(a, b)", "max": "greatest(a, b)", "if": "CASE WHEN",
    "iif": "CASE WHEN", "ifnull": "coalesce(a, b)", "nvl": "coalesce(a, b)",
    "distinct": "a = b OR (a IS NULL AND b IS NULL)",
}  # fmt: skip
_BETTER = {
    "::": "cast", "cast": "cast", "try_cast": "cast", ".": "dot", "count": "aggregate", "sum": "aggregate",
    "avg": "aggregate", "select": "query", "exists": "query", ";": "several",
}  # fmt: skip
"""Words with a fault text of their own."""
_FULL_WIDTH = dict(zip("（），；＝＞＜＋－＊／！“”‘’×÷", "(),;=><+-*/!\"\"''*/", strict=True))
_FULL_WIDTH |= {"≥": ">=", "≤": "<=", "≠": "<>"}
_QUOTED = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|['"]""")
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


def read_tokens(source: Source, names: Collection[str]) -> list[Token]:
    """The tokens of a condition, each of them allowed, with balanced parentheses and bounded nesting.

    A word that is a signal comes back as a plain name, whatever it means in SQL (`text`, `date`, `interval`).

    Raises:
        InvalidPolicy: with the column of the first thing that does not belong.
    """
    text = source.text
    if len(text) > MAX_CHARS:
        raise source.fault("too_long", 0, length=len(text), limit=MAX_CHARS)
    if bad := _UNPRINTABLE.search(text):
        raise source.fault("character", bad.start(), character=f"U+{ord(bad[0]):04X}")
    tokens = _tokenize(source)
    if not tokens:
        raise source.fault("comment" if text.strip() else "empty", 0)
    _refuse_comments(source, tokens)
    followers = [*tokens[1:], None]
    checked = [_check(source, token, after, names) for token, after in zip(tokens, followers, strict=True)]
    _check_order(source, checked)
    _check_nesting(source, checked)
    return checked


def suggest(word: str, known: Collection[str]) -> str | None:
    """The nearest of `known`, or None when nothing is near."""
    near = difflib.get_close_matches(word.lower(), sorted(known), n=1, cutoff=0.7)
    return near[0] if near else None


def _tokenize(source: Source) -> list[Token]:
    try:
        return list(DuckDB().tokenize(source.text))
    except TokenError:
        lone = next((found.start() for found in _QUOTED.finditer(source.text) if len(found[0]) == 1), None)
        if lone is not None:
            raise source.fault("unclosed_quote", lone) from None
        raise source.fault("comment", max(0, source.text.find("/*"))) from None


def _refuse_comments(source: Source, tokens: list[Token]) -> None:
    """Between tokens there may be white space only: whatever the tokenizer skipped is a comment."""
    end = 0
    for token in [*tokens, None]:
        start = len(source.text) if token is None else token.start
        gap = source.text[end:start]
        if gap.strip():
            raise source.fault("comment", end + len(gap) - len(gap.lstrip()))
        end = start if token is None else token.end + 1


def _check(source: Source, token: Token, following: Token | None, names: Collection[str]) -> Token:
    written = _written(source, token)
    is_call = following is not None and following.token_type is TokenType.L_PAREN
    is_word = written[0].isalpha() or written[0] == "_"
    if token.token_type in (TokenType.VAR, TokenType.PARAMETER) or not is_word:
        _refuse_full_width(source, token, written)
    if is_word and is_call and token.token_type not in _WORDS:
        return _check_function(source, token, written)
    if is_word and written in names and token.token_type not in _WORDS:
        return Token(TokenType.VAR, token.text, token.line, token.col, token.start, token.end)
    if written == "!" or token.token_type not in _VALUES | _SIGNS | _WORDS:
        raise _refuse(source, token, written)
    return token


def _refuse_full_width(source: Source, token: Token, written: str) -> None:
    if token.token_type in (TokenType.STRING, TokenType.IDENTIFIER):
        return
    for offset, character in enumerate(written):
        if character in _FULL_WIDTH:
            raise source.fault(
                "full_width", token.start + offset, character=character, instead=_FULL_WIDTH[character]
            )


def _check_function(source: Source, token: Token, written: str) -> Token:
    if written.lower() in FUNCTIONS:
        return token
    if written.lower() in _INSTEAD or written.lower() in _BETTER:
        raise _refuse(source, token, written)
    near = suggest(written, FUNCTIONS)
    reason = "unknown_function_near" if near else "unknown_function"
    raise source.fault(reason, token.start, name=written, near=near)


def _refuse(source: Source, token: Token, written: str) -> InvalidPolicy:
    instead = _INSTEAD.get(written.lower())
    reason = _BETTER.get(written.lower(), "instead" if instead else "symbol")
    return source.fault(reason, token.start, symbol=written, instead=instead)


def _check_order(source: Source, tokens: list[Token]) -> None:
    """Between two values stands an operator, and after an operator a value."""
    for before, token in zip([None, *tokens], [*tokens, None], strict=True):
        if before is None or before.token_type not in _ENDS:
            _check_value_follows(source, before, token)
        elif token is not None and token.token_type in _STARTS - _PREFIXES and not _is_call(before, token):
            raise source.fault("unexpected", token.start, word=_written(source, token))


def _is_call(before: Token, token: Token) -> bool:
    return token.token_type is TokenType.L_PAREN and before.text.lower() in FUNCTIONS


def _check_value_follows(source: Source, before: Token | None, token: Token | None) -> None:
    kind = token.token_type if token else None
    if before is None:
        if token is not None and kind not in _STARTS:
            reason = "stray_parenthesis" if kind is TokenType.R_PAREN else "missing_before"
            raise source.fault(reason, token.start, word=_written(source, token))
    elif before.token_type is TokenType.IN and kind is not TokenType.L_PAREN:
        raise source.fault("in_list", before.start)
    elif before.token_type is TokenType.L_PAREN and kind is TokenType.R_PAREN:
        return
    elif kind not in _STARTS | _ALSO_AFTER.get(before.token_type, frozenset()):
        raise source.fault("missing_after", before.start, word=_written(source, before))


def _written(source: Source, token: Token) -> str:
    return source.text[token.start : token.end + 1]


class _Opened:
    """A parenthesis or CASE that is not closed yet."""

    def __init__(self, token: Token, before: Token | None, prefixes: int) -> None:
        self.token = token
        self.before = before
        self.prefixes = prefixes
        self.arguments = 0

    @property
    def signature(self) -> Signature | None:
        is_call = self.token.token_type is TokenType.L_PAREN and self.before is not None
        return FUNCTIONS.get(self.before.text.lower()) if is_call and self.before else None


def _check_nesting(source: Source, tokens: list[Token]) -> None:
    """Bound what the parser recurses into: parentheses, CASE, and prefixes that pile up within one clause."""
    opened: list[_Opened] = []
    prefixes = 0
    for before, token in zip([None, *tokens], tokens, strict=False):
        kind = token.token_type
        if kind in (TokenType.L_PAREN, TokenType.CASE):
            opened.append(_Opened(token, before, prefixes))
        elif kind is TokenType.R_PAREN:
            prefixes = _close(source, token, before, opened)
        elif kind is TokenType.END and opened and opened[-1].token.token_type is TokenType.CASE:
            prefixes = opened.pop().prefixes
        elif kind in _PREFIXES:
            prefixes += 1
        elif kind in _CLAUSE_ENDS:
            prefixes = opened[-1].prefixes if opened else 0
        if opened and kind is TokenType.COMMA:
            opened[-1].arguments += 1
        if len(opened) + prefixes > MAX_DEPTH:
            raise source.fault("too_deep", token.start, limit=MAX_DEPTH)
    if opened:
        last = opened[-1].token
        is_case = last.token_type is TokenType.CASE
        raise source.fault("unclosed_case" if is_case else "unclosed_parenthesis", last.start)


def _close(source: Source, token: Token, before: Token | None, opened: list[_Opened]) -> int:
    if not opened:
        raise source.fault("stray_parenthesis", token.start)
    opener = opened.pop()
    if opener.token.token_type is TokenType.CASE:
        raise source.fault("unclosed_case", opener.token.start)
    given = 0 if before is opener.token else opener.arguments + 1
    if opener.signature and not opener.signature.least <= given <= opener.signature.most and opener.before:
        name = opener.before.text
        raise source.fault("arguments", opener.before.start, name=name, takes=opener.signature.takes)
    if given == 0:
        is_list = opener.before is not None and opener.before.token_type is TokenType.IN
        raise source.fault("empty_list" if is_list else "missing_after", opener.token.start, word="(")
    return opener.prefixes
