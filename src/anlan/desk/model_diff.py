"""What a model in shadow would change: volumes, agreement, texts that newly reach a threshold, right and wrong."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from anlan.domain.text_scores import TEXT_CATEGORIES, Compared

SHOWN = 10

Scores = Sequence[float]


class Volume(NamedTuple):
    """Texts that reach the threshold in one category: by the model in force, by the one in shadow, by both."""

    category: str
    old: int
    new: int
    both: int


class Diff(NamedTuple):
    """Two models on the same texts.

    Attributes:
        agreement: share of texts with the same likeliest category; None without texts.
        matrix: texts by likeliest category, rows of the model in force, columns of the one in shadow.
        caught: texts that only the model in shadow finds harmful, most changed first; `passed` the other way round.
    """

    texts: int
    first: float | None
    last: float | None
    volumes: tuple[Volume, ...]
    agreement: float | None
    matrix: tuple[tuple[int, ...], ...]
    caught: tuple[Compared, ...]
    passed: tuple[Compared, ...]
    caught_count: int
    passed_count: int


class Figures(NamedTuple):
    """One model on judged texts of one category, deciding by the likeliest; None where there is nothing to share."""

    precision: float | None
    recall: float | None


class Judged(NamedTuple):
    """Both models on the judged texts of one category."""

    category: str
    texts: int
    old: Figures
    new: Figures


def compare(pairs: Sequence[Compared], threshold: float) -> Diff:
    """What changes on `pairs`, newest first, at `threshold`."""
    matrix = [[0] * len(TEXT_CATEGORIES) for _ in TEXT_CATEGORIES]
    for pair in pairs:
        matrix[likeliest(pair.old)][likeliest(pair.new)] += 1
    same = sum(row[place] for place, row in enumerate(matrix))
    caught = [one for one in pairs if _reaches(one.new, threshold) and not _reaches(one.old, threshold)]
    passed = [one for one in pairs if _reaches(one.old, threshold) and not _reaches(one.new, threshold)]
    return Diff(
        len(pairs), pairs[-1].time if pairs else None, pairs[0].time if pairs else None,
        tuple(_volume(pairs, place, threshold) for place in range(1, len(TEXT_CATEGORIES))),
        same / len(pairs) if pairs else None, tuple(map(tuple, matrix)),
        _most_changed(caught), _most_changed(passed), len(caught), len(passed),
    )


def likeliest(scores: Scores) -> int:
    """The column of the likeliest category."""
    return max(range(len(scores)), key=scores.__getitem__)


def _volume(pairs: Sequence[Compared], place: int, threshold: float) -> Volume:
    old, new = ([scores[place] >= threshold for scores in side] for side in _sides(pairs))
    both = sum(a and b for a, b in zip(old, new, strict=True))
    return Volume(TEXT_CATEGORIES[place], sum(old), sum(new), both)


def _sides(pairs: Sequence[Compared]) -> tuple[list[Scores], list[Scores]]:
    return [pair.old for pair in pairs], [pair.new for pair in pairs]


def _reaches(scores: Scores, threshold: float) -> bool:
    return max(scores[1:]) >= threshold


def _most_changed(pairs: Iterable[Compared]) -> tuple[Compared, ...]:
    return tuple(sorted(pairs, key=lambda one: -abs(max(one.new[1:]) - max(one.old[1:])))[:SHOWN])


def judged_figures(truth: Sequence[str], old: Sequence[Scores], new: Sequence[Scores]) -> tuple[Judged, ...]:
    """Both models on texts whose category is known, category by category; those without a text are left out."""
    right = [TEXT_CATEGORIES.index(category) for category in truth]
    sides = [[likeliest(scores) for scores in side] for side in (old, new)]
    return tuple(
        Judged(category, right.count(place), *(_figures(place, right, said) for said in sides))
        for place, category in enumerate(TEXT_CATEGORIES) if place in right
    )


def _figures(place: int, right: Sequence[int], said: Sequence[int]) -> Figures:
    hits = sum(a == b == place for a, b in zip(right, said, strict=True))
    return Figures(_share(hits, said.count(place)), _share(hits, right.count(place)))


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
