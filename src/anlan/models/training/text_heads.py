"""Decides the weights of the n-gram heads: a softmax regression, cut to the n-grams that carry it, then calibrated."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar  # type: ignore[import-untyped]  # ships no types
from scipy.sparse import csr_matrix, diags  # type: ignore[import-untyped]  # ships no types
from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]  # ships no types

from anlan.models.text_heads import BUCKET_BITS, TextHeads, assemble, ngram_buckets

MAX_ROWS = 65_535


class Sample(NamedTuple):
    """Training texts as the heads will see them, the column of each one's category, and how much each counts."""

    texts: Sequence[str]
    columns: NDArray[np.int64]
    weights: NDArray[np.float64]


def bucket_counts(texts: Sequence[str]) -> csr_matrix:
    """Shape (texts, 2**22): n-gram counts over the square root of their number, as at run time."""
    grams = [ngram_buckets(text) for text in texts]
    ends = np.cumsum([0, *map(len, grams)])
    values = np.concatenate([np.full(len(row), len(row) ** -0.5, np.float32) for row in grams])
    matrix = csr_matrix((values, np.concatenate(grams).astype(np.int32), ends), shape=(len(texts), 2**BUCKET_BITS))
    matrix.sum_duplicates()
    return matrix


def fit(sample: Sample, categories: tuple[str, ...], version: str, strength: float, min_texts: int = 3) -> TextHeads:
    """Fit on the n-grams seen in at least `min_texts` texts, keep the 65,535 strongest, fit on with those.

    Columns are scaled by inverse document frequency, which speeds the fit up; the scale ends up in the weights.

    Args:
        strength: inverse of the L2 penalty.
    """
    counts = bucket_counts(sample.texts)
    texts_with = np.bincount(counts.indices, minlength=counts.shape[1])
    seen = np.flatnonzero(texts_with >= min_texts)
    rarity = np.log(len(sample.texts) / texts_with[seen]).astype(np.float32)
    matrix = (counts[:, seen] @ diags(rarity)).tocsr()
    model = LogisticRegression(C=strength, max_iter=30, tol=1e-3, warm_start=True)
    model.fit(matrix, sample.columns, sample_weight=sample.weights)
    mass = np.abs(model.coef_).max(axis=0) * np.sqrt(np.asarray(matrix.power(2).sum(axis=0)).ravel())
    kept = np.sort(np.argsort(mass)[-MAX_ROWS:])
    model.coef_ = np.ascontiguousarray(model.coef_[:, kept])
    model.set_params(max_iter=60).fit(matrix[:, kept], sample.columns, sample_weight=sample.weights)
    weights = model.coef_.T * rarity[kept, None]
    return assemble(version, categories, seen[kept].astype(np.uint32), weights, model.intercept_)


def calibrate(heads: TextHeads, held_out: Sample) -> tuple[TextHeads, float]:
    """Divide the logits by the temperature that makes held-out texts likeliest; returns it too."""
    logits = np.stack([heads.logits(text) for text in held_out.texts])
    rows = np.arange(len(held_out.columns))

    def loss(log_temperature: float) -> float:
        scaled = logits / np.exp(log_temperature)
        scaled -= scaled.max(axis=1, keepdims=True)
        likelihood = scaled[rows, held_out.columns] - np.log(np.exp(scaled).sum(axis=1))
        return -float(np.average(likelihood, weights=held_out.weights))

    temperature = float(np.exp(minimize_scalar(loss, bounds=(-2.0, 2.0), method="bounded").x))
    cooled = np.float32(temperature)
    return heads._replace(weights=heads.weights / cooled, bias=heads.bias / cooled), temperature
