"""Decides which characters of a folded text each character of its masked form stands for.

Masking puts one mark for a handle or an address and zeros for digits; the rest it leaves as it is.
"""

import re

from anlan.protections.content.extraction import HANDLE_MARK, URL_MARK

Range = tuple[int, int]

_MASKED = re.compile(f"[{HANDLE_MARK}{URL_MARK}]|0+|[^{HANDLE_MARK}{URL_MARK}0]+")
_DIGITS = re.compile(r"\d*")
_HIDDEN = re.compile(r"[!-~]{1,2400}(?: (?=\d)[!-~]{1,40}){0,4}")
"""What a mark can stand for: one word of ASCII, or digits in groups; bounded, so that many marks cost no more."""
_ANCHOR_CHARS = 12


def align(masked: str, text: str) -> list[Range]:
    """For each character of `masked` its half-open range of `text`; ranges rise, and are empty where nothing fits."""
    ranges: list[Range] = []
    at = 0
    for match in _MASKED.finditer(masked):
        piece = match[0]
        if piece in (HANDLE_MARK, URL_MARK):
            after = masked[match.end() : match.end() + _ANCHOR_CHARS]
            end = _end_of_hidden(text, at, re.split(f"[{HANDLE_MARK}{URL_MARK}0]", after)[0])
            ranges.append((at, end))
        elif piece[0] == "0":
            found = _DIGITS.match(text, at)
            end = found.end() if found else at
            ranges += _spread(at, end, len(piece))
        else:
            start = at if text.startswith(piece, at) else max(text.find(piece, at), at)
            end = min(start + len(piece), len(text))
            ranges += [(min(place, len(text)), min(place + 1, len(text))) for place in range(start, start + len(piece))]
        at = end
    return ranges


def _end_of_hidden(text: str, at: int, anchor: str) -> int:
    """Where a hidden word ends: as far as it goes, or before what stands after the mark."""
    found = _HIDDEN.match(text, at)
    end = found.end() if found else at
    before = text.find(anchor, at + 1, end + len(anchor)) if anchor else end
    return before if before > at else end


def _spread(start: int, end: int, count: int) -> list[Range]:
    """`count` ranges of one digit each; the last one takes what is left over."""
    places = [(min(start + index, end), min(start + index + 1, end)) for index in range(count)]
    places[-1] = (places[-1][0], end)
    return places
