"""The shapes of charts as SVG path data; pages draw them on the server, so they need no script and print well."""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple


class Slice(NamedTuple):
    """One piece of a bar of shares; `x` and `width` in percent of the whole."""

    name: str
    total: int
    x: float
    width: float


def slices(counts: Sequence[tuple[str, int]]) -> list[Slice]:
    """The pieces of one bar in the order given; pieces without a count are left out."""
    total = sum(count for _, count in counts) or 1
    made: list[Slice] = []
    start = 0.0
    for name, count in counts:
        if count:
            width = 100 * count / total
            made.append(Slice(name, count, round(start, 3), round(width, 3)))
            start += width
    return made


class Column(NamedTuple):
    """One bar of a small bar chart, in its view box; `height` grows upwards from `y` to the floor."""

    x: float
    y: float
    height: float


def columns(values: Sequence[float], height: float) -> list[Column]:
    """Bars one unit apart, the tallest as high as the box; anything above zero is at least one unit high."""
    top = max(values, default=0) or 1
    heights = [max(height * value / top, 1.0) if value else 0.0 for value in values]
    return [Column(index, round(height - tall, 2), round(tall, 2)) for index, tall in enumerate(heights)]


def filled(series: Iterable[tuple[float, int]], step: float) -> list[tuple[float, int]]:
    """(start, count) of every bucket from the first to the last; `series` leaves empty ones out."""
    counts = dict(series)
    if not counts:
        return []
    first = min(counts)
    return [
        (first + index * step, counts.get(first + index * step, 0))
        for index in range(round((max(counts) - first) / step) + 1)
    ]


def nice_top(highest: float) -> int:
    """The next of 1, 2, 5, 10, 20, ... at or above `highest`; at least 5."""
    scale = 1
    while True:
        for step in (1, 2, 5):
            if step * scale >= max(highest, 5):
                return step * scale
        scale *= 10


def line(values: Sequence[float], top: float, width: float, height: float) -> str:
    """A smooth line through evenly spaced values, 0 at the floor and `top` at the ceiling of a width x height box.

    The curve is monotone between neighbours (Fritsch and Carlson 1980), so it never shows a value that was not there.
    """
    if not values:
        return ""
    step = width / max(len(values) - 1, 1)
    points = [(index * step, height - height * value / top) for index, value in enumerate(values)]
    slopes = _slopes([y for _, y in points], step)
    path = [f"M{points[0][0]:.1f} {points[0][1]:.1f}"]
    for index in range(len(points) - 1):
        (x0, y0), (x1, y1) = points[index], points[index + 1]
        third = step / 3
        path.append(
            f"C{x0 + third:.1f} {y0 + slopes[index] * third:.1f} "
            f"{x1 - third:.1f} {y1 - slopes[index + 1] * third:.1f} {x1:.1f} {y1:.1f}"
        )
    return "".join(path)


def area(values: Sequence[float], top: float, width: float, height: float) -> str:
    """The surface under `line`, closed along the floor."""
    surface = line(values, top, width, height)
    return f"{surface}L{width:.1f} {height:.1f}L0 {height:.1f}Z" if surface else ""


def _slopes(values: Sequence[float], step: float) -> list[float]:
    rises = [(right - left) / step for left, right in pairwise(values)]
    if not rises:
        return [0.0] * len(values)
    inner = [
        0.0 if left * right <= 0 else 2 * left * right / (left + right)
        for left, right in pairwise(rises)
    ]
    return [rises[0], *inner, rises[-1]]


def dot(part: float, whole: float) -> float:
    """The radius of a dot whose surface grows with its share, between 1.2 and 4."""
    return round(1.2 + 2.8 * (part / whole) ** 0.5, 2) if whole else 1.2
