"""Decides how well model do on texts that they were not taught, set by set and category by category."""

from collections.abc import Iterable
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


def evaluate(model: TextModel, rows: Iterable[Row]) -> list[SetResult]:
    """Results on the test part of every set."""
    by_set: dict[str, list[Row]] = {}
    for row in rows:
        if row.part == "test":
            by_set.setdefault(row.set, []).append(row)
    return [_evaluate_set(model, name, by_set[name]) for name in sorted(by_set)]


def _evaluate_set(model: TextModel, name: str, rows: list[Row]) -> SetResult:
    scores = np.array(model.probabilities_of([model_input(row.text) for row in rows]))
    truth = np.array([model.categories.index(row.label) for row in rows])
    guess = scores.argmax(axis=1)
    present = sorted(set(truth.tolist()))
    harmless = truth == model.categories.index("normal")
    alarms = guess[harmless] != model.categories.index("normal")
    return SetResult(
        name, len(rows), f1_score(truth, guess, labels=present, average="macro", zero_division=0),
        f1_score(harmless, guess == model.categories.index("normal"), average="macro"),
        float(alarms.mean()) if len(alarms) else float("nan"),
        tuple(_evaluate_category(model.categories[column], truth == column, guess == column, scores[:, column])
              for column in present),
    )


def _evaluate_category(
    category: str, truth: NDArray[np.bool_], guess: NDArray[np.bool_], scores: NDArray[np.float64]
) -> CategoryResult:
    precision, recall, f1, _ = precision_recall_fscore_support(truth, guess, average="binary", zero_division=0)
    auc = float("nan") if truth.all() else float(roc_auc_score(truth, scores))
    return CategoryResult(category, int(truth.sum()), precision, recall, f1, auc)
