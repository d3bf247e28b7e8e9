"""Decides which characters were written in pieces (亻言 for 信, 礻畐 for 福) and puts them together again.

The table holds only pieces that ordinary writing does not set side by side; see `training/spelling.py`.
"""

from collections.abc import Iterator
from functools import cache
from importlib import resources
from typing import NamedTuple

from daachorse import MATCH_KIND_LEFTMOST_LONGEST, CharwiseDoubleArrayAhoCorasick


class Split(NamedTuple):
    """Pieces at `start` to `end` that make up `character`."""

    start: int
    end: int
    character: str


@cache
def _table() -> tuple[CharwiseDoubleArrayAhoCorasick, list[str]]:
    lines = resources.files(__package__).joinpath("tables", "splits.txt").read_text("utf-8").splitlines()
    rows = [line.split(" ") for line in lines]
    automaton = CharwiseDoubleArrayAhoCorasick([pieces for pieces, _ in rows], MATCH_KIND_LEFTMOST_LONGEST)
    return automaton, [character for _, character in rows]


def find_splits(text: str) -> Iterator[Split]:
    """From left to right, the longest first, none within another."""
    automaton, characters = _table()
    for start, end, row in automaton.find(text):
        yield Split(start, end, characters[row])


def rejoin(text: str) -> str:
    """`text` with split characters joined; `text` itself when there are none. A microsecond for a short message."""
    joined: list[str] = []
    after = 0
    for split in find_splits(text):
        joined += (text[after : split.start], split.character)
        after = split.end
    return "".join([*joined, text[after:]]) if joined else text
