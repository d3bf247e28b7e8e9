"""Decides which characters of a text each character of its masked form stands for."""

import re
from typing import NamedTuple

from anlan.protections.content.extraction import HANDLE_MARK, URL_MARK, extract

Range = tuple[int, int]

_LONG_NUMBER = re.compile("0{6,}")
_KEPT_DIGITS = 5


class Masked(NamedTuple):
    """A text as `extract` masks it; character i stands for `ranges[i]` (half-open) of the text that was masked."""

    text: str
    ranges: list[Range]


def mask_in_place(text: str) -> Masked:
    """The masked form of folded text, with its way back."""
    contacts = extract(text)
    if contacts.masked == text:
        return Masked(text, _each(0, len(text)))
    pieces: list[str] = []
    ranges: list[Range] = []
    after = 0
    for one in contacts.places:
        pieces += (_digits_hidden(text[after : one.start]), URL_MARK if one.kind == "domain" else HANDLE_MARK)
        ranges += [*_each(after, one.start), (one.start, one.end)]
        after = one.end
    pieces.append(_digits_hidden(text[after:]))
    return _shortened("".join(pieces), [*ranges, *_each(after, len(text))])


def _each(start: int, end: int) -> list[Range]:
    return [(place, place + 1) for place in range(start, end)]


def _digits_hidden(text: str) -> str:
    return re.sub(r"\d", "0", text)


def _shortened(text: str, ranges: list[Range]) -> Masked:
    """Long numbers as five digits; the last one stands for all that were left out."""
    pieces: list[str] = []
    kept: list[Range] = []
    after = 0
    for match in _LONG_NUMBER.finditer(text):
        last = match.start() + _KEPT_DIGITS - 1
        pieces.append(text[after : last + 1])
        kept += [*ranges[after:last], (ranges[last][0], ranges[match.end() - 1][1])]
        after = match.end()
    return Masked("".join([*pieces, text[after:]]), [*kept, *ranges[after:]])
