"""Cuts a text into pieces by ranges, so that pages mark places in it without building HTML from what was written."""

import unicodedata
from collections.abc import Iterable
from itertools import pairwise
from typing import NamedTuple

_KEPT = frozenset("\n\t\u200d")
"""Control characters that pages show as they are: line ends, tabs, and what joins emoji."""


class Mark(NamedTuple):
    """A half-open range of characters, with the style it is drawn in and what is said about it."""

    start: int
    end: int
    style: str
    tip: str = ""


class Piece(NamedTuple):
    """Characters that are marked alike; `style` holds every style, `tip` what is said about them."""

    text: str
    style: str
    tip: str


def cut(text: str, marks: Iterable[Mark]) -> list[Piece]:
    """The text in pieces, in order; empty marks and what lies outside of the text are left out."""
    kept = [mark for mark in marks if 0 <= mark.start < mark.end <= len(text)]
    opening: dict[int, list[Mark]] = {}
    closing: dict[int, list[Mark]] = {}
    for mark in kept:
        opening.setdefault(mark.start, []).append(mark)
        closing.setdefault(mark.end, []).append(mark)
    edges = sorted({0, len(text), *opening, *closing})
    open_marks: dict[Mark, None] = {}
    pieces = []
    for start, end in pairwise(edges):
        for mark in closing.get(start, ()):
            open_marks.pop(mark, None)
        open_marks.update(dict.fromkeys(opening.get(start, ())))
        pieces.append(_piece(text[start:end], open_marks))
    return pieces


def _piece(text: str, marks: Iterable[Mark]) -> Piece:
    styles = dict.fromkeys(mark.style for mark in marks)
    tips = dict.fromkeys(mark.tip for mark in marks if mark.tip)
    return Piece(visible(text), " ".join(styles), " · ".join(visible(tip) for tip in tips))


def visible(text: str) -> str:
    """`text` with what has no looks of its own, or turns the writing around, as its number."""
    if text.isprintable():
        return text
    return "".join(_shown(character) for character in text)


def _shown(character: str) -> str:
    hides = unicodedata.category(character) in ("Cf", "Cc", "Cs", "Co", "Cn", "Zl", "Zp")
    return f"⟨U+{ord(character):04X}⟩" if hides and character not in _KEPT else character
