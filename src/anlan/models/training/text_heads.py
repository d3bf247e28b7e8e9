"""Decides the weights of the n-gram heads: a softmax regression, cut to the n-grams that carry it, then calibrated."""

import warnings
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar  # type: ignore[import-untyped]  # ships no types
from scipy.sparse import csr_matrix, diags  # type: ignore[import-untyped]  # ships no types
from sklearn.exceptions import ConvergenceWarning  # type: ignore[import-untyped]  # ships no types
from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]  # ships no types

from anlan.models.text_heads import BUCKET_BITS, TextHeads, assemble, line_buckets

MAX_ROWS = 130_000
MAX_CANDIDATES = 260_000


class Sample(NamedTuple):
    """Training texts as the heads will see them, the column of each one's category, and how much each counts.

    Attributes:
        texts: the lines of each; the encoder sees the first.
    """

    texts: Sequence[Sequence[str]]
    columns: NDArray[np.int64]
    weights: NDArray[np.float64]


def bucket_counts(texts: Sequence[Sequence[str]]) -> csr_matrix:
    """Shape (texts, 2**22): n-gram counts over the square root of their number in the line, as at run time."""
    grams = [line_buckets(lines) for lines in texts]
    ends = np.cumsum([0, *(sum(map(len, lines)) for lines in grams)])
    every = [line for lines in grams for line in lines]
    values = np.concatenate([np.full(len(line), len(line) ** -0.5, np.float32) for line in every])
    matrix = csr_matrix((values, np.concatenate(every).astype(np.int32), ends), shape=(len(texts), 2**BUCKET_BITS))
    matrix.sum_duplicates()
    return matrix


def fit(
    sample: Sample, categories: tuple[str, ...], version: str, strength: float, min_texts: int = 3,
    max_rows: int = MAX_ROWS,
) -> TextHeads:
    """Fit on the n-grams that tell categories apart best, keep the `max_rows` strongest, fit on with those.

    Columns are scaled by inverse document frequency, which speeds the fit up; the scale ends up in the weights.

    Args:
        strength: inverse of the L2 penalty.
        min_texts: rarer n-grams are not looked at.
    """
    counts = bucket_counts(sample.texts)
    seen = _telling(counts, sample.columns, len(categories), min_texts)
    rarity = np.log(len(sample.texts) / np.bincount(counts.indices, minlength=counts.shape[1])[seen]).astype(np.float32)
    matrix = (counts[:, seen] @ diags(rarity)).tocsr()
    model = LogisticRegression(C=strength, max_iter=25, tol=1e-3, warm_start=True)
    _fit_as_far(model, matrix, sample)
    mass = np.abs(model.coef_).max(axis=0) * np.sqrt(np.asarray(matrix.power(2).sum(axis=0)).ravel())
    kept = np.sort(np.argsort(mass)[-max_rows:])
    model.coef_ = np.ascontiguousarray(model.coef_[:, kept])
    _fit_as_far(model.set_params(max_iter=40), matrix[:, kept], sample)
    weights = model.coef_.T * rarity[kept, None]
    return assemble(version, categories, seen[kept].astype(np.uint32), weights, model.intercept_)


def _fit_as_far(model: LogisticRegression, matrix: csr_matrix, sample: Sample) -> None:
    """Fit as far as the iterations go: stopping early costs nothing on texts not taught."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(matrix, sample.columns, sample_weight=sample.weights)


def _telling(
    counts: csr_matrix, columns: NDArray[np.int64], categories: int, min_texts: int
) -> NDArray[np.int64]:
    """The buckets whose share of texts differs most between categories, in standard deviations; at most 260,000."""
    of_category = csr_matrix(
        (np.ones(len(columns), np.float32), (columns, np.arange(len(columns)))), shape=(categories, len(columns))
    )
    present = counts.astype(bool).astype(np.float32)
    held = np.asarray((of_category @ present).todense())
    total = held.sum(axis=0)
    expected = np.bincount(columns, minlength=categories)[:, None] / len(columns) * total
    distance = (np.abs(held - expected) / np.sqrt(np.maximum(expected, 0.5))).max(axis=0)
    distance[total < min_texts] = 0
    best = np.argsort(distance)[-MAX_CANDIDATES:]
    return np.sort(best[distance[best] > 0])


def best_temperature(logits: NDArray[np.float32], held_out: Sample) -> float:
    """The temperature that `logits`, shape (texts, categories), are to be divided by to make the labels likeliest."""
    rows = np.arange(len(held_out.columns))

    def loss(log_temperature: float) -> float:
        scaled = logits / np.exp(log_temperature)
        scaled -= scaled.max(axis=1, keepdims=True)
        likelihood = scaled[rows, held_out.columns] - np.log(np.exp(scaled).sum(axis=1))
        return -float(np.average(likelihood, weights=held_out.weights))

    return float(np.exp(minimize_scalar(loss, bounds=(-2.0, 2.0), method="bounded").x))
