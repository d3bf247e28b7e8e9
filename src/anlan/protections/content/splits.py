"""Decides which characters were written in pieces (亻言 for 信, 礻畐 for 福) and which they are.

Pieces that ordinary writing sets side by side too (`日月`, `此二`) are joined only in a text that has others in it;
`training/spelling.py` makes the two tables.
"""

from functools import cache
from importlib import resources
from typing import NamedTuple

from daachorse import MATCH_KIND_LEFTMOST_LONGEST, CharwiseDoubleArrayAhoCorasick


class Split(NamedTuple):
    """Pieces at `start` to `end` that make up `character`."""

    start: int
    end: int
    character: str


MIN_SURE_SPLITS = 2
"""A text with so many pieces that only a writer in pieces sets side by side is read wholly in pieces."""


@cache
def _table(*names: str) -> tuple[CharwiseDoubleArrayAhoCorasick, list[str]]:
    folder = resources.files(__package__).joinpath("tables")
    rows = [line.split(" ") for name in names for line in folder.joinpath(name).read_text("utf-8").splitlines()]
    automaton = CharwiseDoubleArrayAhoCorasick([pieces for pieces, _ in rows], MATCH_KIND_LEFTMOST_LONGEST)
    return automaton, [character for _, character in rows]


def find_splits(text: str) -> list[Split]:
    """From left to right, the longest first, none within another."""
    automaton, characters = _table("splits.txt")
    found = automaton.find(text)
    if len(found) >= MIN_SURE_SPLITS:
        automaton, characters = _table("splits.txt", "usual_splits.txt")
        found = automaton.find(text)
    return [Split(start, end, characters[row]) for start, end, row in found]
