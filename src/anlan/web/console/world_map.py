"""Draws a small world of dots, three degrees apart, on which countries can be marked by how often they occur."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

WORLD_FILE = Path(__file__).with_name("world.txt")
COLUMNS, ROWS = 120, 46
MARKS = 3
"""How many steps of darkness there are."""


class Dot(NamedTuple):
    """One dot of land; `mark` is 0 for a country that does not occur, up to `MARKS` for the most frequent."""

    x: int
    y: int
    mark: int
    is_claimed: bool = False


def draw_world(counts: Mapping[str, int], claimed: str | None = None) -> list[Dot]:
    """Every dot of land.

    Args:
        counts: by ISO 3166-1 alpha-2 code.
        claimed: the country from which somebody claims the account, if that is to be told apart.
    """
    most = max(counts.values(), default=1)
    marks = {code: 1 + min(MARKS - 1, int(MARKS * count / (most + 1))) for code, count in counts.items() if count}
    return [Dot(x, y, marks.get(code, 0), code == claimed) for x, y, code in _land()]


@cache
def _land() -> tuple[tuple[int, int, str], ...]:
    """(x, y, country) of each dot, from runs of a code with its length; a dot in the file is sea."""
    found = []
    for y, row in enumerate(WORLD_FILE.read_text("ascii").splitlines()):
        x = 0
        for run in row.split():
            code = run.rstrip("0123456789")
            length = int(run[len(code) :] or 1)
            if code != ".":
                found += [(place, y, code) for place in range(x, x + length)]
            x += length
    return tuple(found)
