"""Which words and signs may stand in a condition at all; everything else is refused before it is parsed."""

import difflib
import re
from collections.abc import Collection

from sqlglot.dialects.duckdb import DuckDB
from sqlglot.errors import TokenError
from sqlglot.tokenizer_core import Token, TokenType

from anlan.engine.condition_faults import Source

MAX_CHARS = 4_000
MAX_DEPTH = 16
"""Levels of parentheses, NOT, CASE and calculation; also keeps the parser's recursion far from Python's limit."""

FUNCTIONS = {
    "abs": "one number",
    "coalesce": "two or more values of one type",
    "contains": "a text and a fixed text",
    "ends_with": "a text and a fixed text",
    "greatest": "two or more numbers",
    "least": "two or more numbers",
    "length": "one text",
    "regexp_matches": "a text and a fixed pattern",
    "starts_with": "a text and a fixed text",
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
_CLAUSE_ENDS = frozenset({TokenType.AND, TokenType.OR, TokenType.COMMA, TokenType.WHEN, TokenType.THEN, TokenType.ELSE})

KEYWORDS = frozenset(kind.name for kind in _WORDS)

INSTEAD = {
    "&&": "AND", "||": "OR", "!": "NOT", ".": "a number with its leading 0 (0.5) or a signal without dots",
    "::": "the signal without a cast", "ilike": "regexp_matches(text, '(?i)pattern')",
    "similar to": "regexp_matches(text, 'pattern')", "~": "regexp_matches(text, 'pattern')",
    "%": "the signal that you need in the catalogue", "distinct": "a IS NULL or a = b",
}  # fmt: skip
_FULL_WIDTH = dict(zip("（），；＝＞＜＋－＊／！　“”‘’×÷≥≤≠", "(),;=><+-*/! \"\"''*/", strict=False))
_FULL_WIDTH |= {"≥": ">=", "≤": "<=", "≠": "<>", "　": "an ordinary space"}
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
        raise source.fault("comment", 0) from None


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
    written = source.text[token.start : token.end + 1]
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
    near = suggest(written, FUNCTIONS)
    reason = "unknown_function_near" if near else "unknown_function"
    raise source.fault(reason, token.start, name=written, near=near)


def _refuse(source: Source, token: Token, written: str) -> Exception:
    if token.token_type is TokenType.SEMICOLON:
        return source.fault("several", token.start)
    instead = INSTEAD.get(written.lower())
    return source.fault("instead" if instead else "symbol", token.start, symbol=written[:40], instead=instead)


def _check_nesting(source: Source, tokens: list[Token]) -> None:
    """Bound what the parser recurses into: parentheses, CASE, and prefixes that pile up within one clause."""
    opened: list[tuple[Token, int]] = []
    prefixes = 0
    for token in tokens:
        kind = token.token_type
        if kind in (TokenType.L_PAREN, TokenType.CASE):
            opened.append((token, prefixes))
        elif kind is TokenType.R_PAREN:
            prefixes = _close_parenthesis(source, token, opened)
        elif kind is TokenType.END and opened and opened[-1][0].token_type is TokenType.CASE:
            prefixes = opened.pop()[1]
        elif kind in _PREFIXES:
            prefixes += 1
        elif kind in _CLAUSE_ENDS:
            prefixes = opened[-1][1] if opened else 0
        if len(opened) + prefixes > MAX_DEPTH:
            raise source.fault("too_deep", token.start, limit=MAX_DEPTH)
    unclosed = next((token for token, _ in opened if token.token_type is TokenType.L_PAREN), None)
    if unclosed:
        raise source.fault("unclosed_parenthesis", unclosed.start)


def _close_parenthesis(source: Source, token: Token, opened: list[tuple[Token, int]]) -> int:
    while opened:
        opener, prefixes = opened.pop()
        if opener.token_type is TokenType.L_PAREN:
            return prefixes
    raise source.fault("stray_parenthesis", token.start)
