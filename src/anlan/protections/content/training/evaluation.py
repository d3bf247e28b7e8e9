"""Decides how well a model does on texts that it was not taught: by set, by category, and on disguised texts."""

from collections.abc import Iterable, Sequence
from pathlib import Path
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
from anlan.protections.content.training.evasions import Disguise

EVADING_SETS = ("chineseharm_dev", "cold")
EVASIONS = ("split", "sound", "shape", "pinyin", "symbol")
CHANGED_SHARE = 0.3
MAX_EVADING_TEXTS = 1200
SEED = 5


class CategoryResult(NamedTuple):
    """One category on one set, deciding by the likeliest category; `auc` is NaN where the set has no other category."""

    category: str
    texts: int
    precision: float
    recall: float
    f1: float
    auc: float


class SetResult(NamedTuple):
    """One set, deciding by the likeliest category; NaN where the set holds nothing that a figure needs.

    Attributes:
        false_alarms: share of harmless texts that are called harmful.
        harm_auc: of 1 minus the probability of the harmless category.
        recall_at_1: share of harmful texts caught at the threshold that 1 % of the harmless ones reach.
    """

    name: str
    texts: int
    macro_f1: float
    harm_macro_f1: float
    false_alarms: float
    harm_auc: float
    recall_at_1: float
    categories: tuple[CategoryResult, ...]


class EvasionResult(NamedTuple):
    """One set with a part of all characters changed in one way; `kind` is empty for the texts as they are."""

    name: str
    kind: str
    texts: int
    macro_f1: float
    recall: float


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
        float(alarms.mean()) if len(alarms) else float("nan"), *_ranking(harmless, scores[:, normal]),
        tuple(_evaluate_category(categories[column], truth == column, guess == column, scores[:, column])
              for column in present),
    )


def _ranking(harmless: NDArray[np.bool_], calm: NDArray[np.float64]) -> tuple[float, float]:
    """`harm_auc` and `recall_at_1`."""
    if harmless.all() or not harmless.any():
        return float("nan"), float("nan")
    bound = np.quantile(calm[harmless], 0.01)
    return float(roc_auc_score(harmless, calm)), float((calm[~harmless] < bound).mean())


def evaluate_evasions(model: TextModel, rows: Iterable[Row], data: Path) -> list[EvasionResult]:
    """Results on the first test texts of `EVADING_SETS`, as they are and with each of `EVASIONS`."""
    tested = [row for row in rows if row.part == "test"]
    return [
        _evaluate_evasion(model, [row for row in tested if row.set == name][:MAX_EVADING_TEXTS], data, kind)
        for name in EVADING_SETS if any(row.set == name for row in tested)
        for kind in ("", *EVASIONS)
    ]


def _evaluate_evasion(model: TextModel, rows: list[Row], data: Path, kind: str) -> EvasionResult:
    disguise = Disguise(data, SEED)
    changed = [row._replace(text=disguise.disguise(row.text, CHANGED_SHARE, kind)) if kind else row for row in rows]
    scored = score(model, changed)
    guess = scored.probabilities.argmax(axis=1)
    harmful = scored.truth > 0
    macro_f1 = f1_score(scored.truth, guess, labels=sorted(set(scored.truth.tolist())), average="macro")
    return EvasionResult(rows[0].set, kind, len(rows), macro_f1, float((guess[harmful] > 0).mean()))


def _evaluate_category(
    category: str, truth: NDArray[np.bool_], guess: NDArray[np.bool_], scores: NDArray[np.float64]
) -> CategoryResult:
    precision, recall, f1, _ = precision_recall_fscore_support(truth, guess, average="binary", zero_division=0)
    auc = float("nan") if truth.all() else float(roc_auc_score(truth, scores))
    return CategoryResult(category, int(truth.sum()), precision, recall, f1, auc)
