"""How text is searched: RE2 with bounded memory, so no pattern can be slow, and LIKE by way of it."""

from collections.abc import Callable

import re2  # type: ignore[import-untyped]  # ships no types

MAX_PROGRAM_BYTES = 1 << 20
"""Well under the 8 MiB that DuckDB gives a pattern, so what loads here runs there."""


def _options() -> re2.Options:
    options = re2.Options()
    options.max_mem = MAX_PROGRAM_BYTES
    options.never_capture = True
    options.log_errors = False
    return options


_OPTIONS = _options()


def regex_fault(pattern: str) -> str | None:
    """What RE2 has against the pattern, or None when it can be used."""
    try:
        re2.compile(pattern.encode(), _OPTIONS)
    except re2.error as error:
        return str(error.args[0].decode(errors="replace"))
    return None


def regex_search(pattern: str) -> Callable[[bytes], object | None]:
    """A function of UTF-8 text that returns something other than None when the pattern matches anywhere.

    Bytes, because encoding once and not asking for character positions halves the time.
    """
    search: Callable[[bytes], object | None] = re2.compile(pattern.encode(), _OPTIONS).search
    return search


def like_regex(pattern: str) -> str:
    """A LIKE pattern (`%` any text, `_` one code point, no escape character) as RE2 over the whole text."""
    wild = {"%": ".*", "_": "."}
    return r"(?s)\A" + "".join(wild.get(character) or re2.escape(character) for character in pattern) + r"\z"
