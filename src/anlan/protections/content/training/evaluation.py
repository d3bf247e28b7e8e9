"""Decides how well a model does on texts that they were not taught, set by set and category by category."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import (  # type: ignore[import-untyped]  # ships no types
    f1_score,
    precision_recall_fscore_support,
    roc_auc_score,
)

from anlan.models.text_model import TextModel
from anlan.protections.content.signals import model_input
from anlan.protections.content.training.corpora import Row


class CategoryResult(NamedTuple):
    """One category on one set, deciding by the likeliest category; `auc` is NaN where the set has no other category."""

    category: str
    texts: int
    precision: float
    recall: float
    f1: float
    auc: float


class SetResult(NamedTuple):
    """One set; `false_alarms` is the share of harmless texts that are called harmful, NaN without harmless texts."""

    name: str
    texts: int
    macro_f1: float
    harm_macro_f1: float
    false_alarms: float
    categories: tuple[CategoryResult, ...]


class Scored(NamedTuple):
    """Texts that were not taught, with what the model says of them.

    Attributes:
        categories: in order of the columns.
        probabilities: shape (texts, categories).
        truth: shape (texts,), the column of the right category.
        sets: where each text comes from.
    """

    categories: tuple[str, ...]
    probabilities: NDArray[np.float64]
    truth: NDArray[np.int64]
    sets: Sequence[str]


def score(model: TextModel, rows: Iterable[Row]) -> Scored:
    """What the model says of the test part of every set."""
    tested = [row for row in rows if row.part == "test"]
    probabilities = np.array(model.probabilities_of([model_input(row.text) for row in tested]))
    truth = np.array([model.categories.index(row.label) for row in tested])
    return Scored(model.categories, probabilities, truth, [row.set for row in tested])


def evaluate(scored: Scored) -> list[SetResult]:
    """Results set by set."""
    names = np.array(scored.sets)
    return [
        _evaluate_set(name, scored.categories, scored.probabilities[names == name], scored.truth[names == name])
        for name in sorted(set(scored.sets))
    ]


def _evaluate_set(
    name: str, categories: Sequence[str], scores: NDArray[np.float64], truth: NDArray[np.int64]
) -> SetResult:
    guess = scores.argmax(axis=1)
    present = sorted(set(truth.tolist()))
    normal = categories.index("normal")
    harmless = truth == normal
    alarms = guess[harmless] != normal
    return SetResult(
        name, len(truth), f1_score(truth, guess, labels=present, average="macro", zero_division=0),
        f1_score(harmless, guess == normal, average="macro"),
        float(alarms.mean()) if len(alarms) else float("nan"),
        tuple(_evaluate_category(categories[column], truth == column, guess == column, scores[:, column])
              for column in present),
    )


def _evaluate_category(
    category: str, truth: NDArray[np.bool_], guess: NDArray[np.bool_], scores: NDArray[np.float64]
) -> CategoryResult:
    precision, recall, f1, _ = precision_recall_fscore_support(truth, guess, average="binary", zero_division=0)
    auc = float("nan") if truth.all() else float(roc_auc_score(truth, scores))
    return CategoryResult(category, int(truth.sum()), precision, recall, f1, auc)
