"""Decides what is kept of a measurement: how a threshold on each score would have done, and how true the scores are."""

from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from anlan.domain.model_cards import Bin, Curves, ScoreCurve, SetCurves

NORMAL, HARM = "normal", "harm"
BINS = 10
THRESHOLDS = (*(step / 100 for step in range(1, 100)), 0.995, 0.999)


def curves(
    version: str, categories: Sequence[str], probabilities: NDArray[np.floating], truth: NDArray[np.integer],
    sets: Sequence[str],
) -> Curves:
    """Count hits and alarms.

    Args:
        probabilities: shape (texts, categories).
        truth: shape (texts,), the column of the right category.
        sets: the set that each text comes from.
    """
    names = np.array(sets)
    found = []
    for name in sorted(set(sets)):
        chosen = names == name
        scores = _scores(categories, probabilities[chosen], truth[chosen])
        found.append(SetCurves(name, int(chosen.sum()), scores))
    return Curves(version, THRESHOLDS, tuple(found))


def _scores(
    categories: Sequence[str], probabilities: NDArray[np.floating], truth: NDArray[np.integer]
) -> tuple[ScoreCurve, ...]:
    normal = categories.index(NORMAL)
    harms = [(name, column) for column, name in enumerate(categories) if name != NORMAL]
    made = [_score(name, probabilities[:, column], truth == column) for name, column in harms]
    return (*made, _score(HARM, 1.0 - probabilities[:, normal], truth != normal))


def _score(category: str, scores: NDArray[np.floating], is_right: NDArray[np.bool_]) -> ScoreCurve:
    hits, alarms = _at_least(scores[is_right]), _at_least(scores[~is_right])
    return ScoreCurve(category, int(is_right.sum()), hits, alarms, _bins(scores, is_right))


def _at_least(scores: NDArray[np.floating]) -> tuple[int, ...]:
    below = np.searchsorted(np.sort(scores), THRESHOLDS, side="left")
    return tuple((len(scores) - below).tolist())


def _bins(scores: NDArray[np.floating], is_right: NDArray[np.bool_]) -> tuple[Bin, ...]:
    place = np.minimum((scores * BINS).astype(int), BINS - 1)
    texts = np.bincount(place, minlength=BINS)
    totals = np.bincount(place, weights=scores, minlength=BINS)
    positives = np.bincount(place, weights=is_right, minlength=BINS)
    means = totals / np.maximum(texts, 1)
    return tuple(
        Bin(int(count), round(float(mean), 4), int(right))
        for count, mean, right in zip(texts, means, positives, strict=True)
    )


def write_curves(found: Curves, path: Path) -> None:
    """Write JSON, one set a line."""
    sets = ",\n".join(msgspec.json.encode(each).decode() for each in found.sets)
    head = msgspec.json.encode({"model": found.model, "thresholds": found.thresholds}).decode()
    path.write_text(f'{head[:-1]},"sets":[\n{sets}\n]}}\n', "utf-8")
