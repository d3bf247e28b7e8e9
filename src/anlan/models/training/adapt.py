"""Decides how far a few labelled texts move a model that was trained on many: no further than they give reason to.

Weights may leave where they were only against a Gaussian prior around them, so that what nobody spoke of stays
(Chelba and Acero, "Adaptation of maximum entropy capitalizer", 2004).
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize  # type: ignore[import-untyped]  # ships no types
from scipy.sparse import csr_matrix  # type: ignore[import-untyped]  # ships no types

from anlan.models.text_heads import TextHeads, assemble
from anlan.models.text_model import TextParts
from anlan.models.training.text_heads import Sample, bucket_counts

PRIOR = 1.0
"""Inverse variance of the prior, for each labelled text of weight 1: one text moves its own log-odds by about 1."""
MIN_TEXTS = 2
"""An n-gram that the model never saw is learnt from so many texts on."""
MAX_ROUNDS = 100


class _Start(NamedTuple):
    """What stands before anything is moved; logits have shape (texts, categories)."""

    joined: NDArray[np.float64]
    alone: NDArray[np.float64]
    scale: float


def adapt(parts: TextParts, sample: Sample, vectors: NDArray[np.float32], version: str) -> TextParts:
    """`parts` moved towards `sample`, under the name `version`.

    Args:
        vectors: shape (texts, dimensions), what each text means.
    """
    heads, meaning, alone = parts
    counts = bucket_counts(sample.texts)
    buckets = _learnable(heads, counts)
    grams = counts[:, buckets].tocsr().astype(np.float64)
    hidden = np.maximum(vectors @ meaning.into + meaning.into_bias, 0).astype(np.float64)
    hidden = np.hstack([hidden, np.ones((len(hidden), 1))])
    by_ngrams = np.stack([heads.logits(lines) for lines in sample.texts]).astype(np.float64)
    start = _Start(by_ngrams + meaning.logits(vectors), by_ngrams * alone.scale + alone.bias, alone.scale)
    by_gram, by_hidden = _moves(start, grams, hidden, sample)
    return TextParts(
        _moved(heads, buckets, by_gram, version),
        meaning._replace(
            weights=(meaning.weights + by_hidden[:-1]).astype(np.float32),
            bias=(meaning.bias + by_hidden[-1]).astype(np.float32),
        ),
        alone,
    )


def _learnable(heads: TextHeads, counts: csr_matrix) -> NDArray[np.int64]:
    texts_with = np.bincount(counts.indices, minlength=counts.shape[1])
    return np.flatnonzero((texts_with >= MIN_TEXTS) | ((texts_with > 0) & (heads.row_of_bucket > 0)))


def _moves(
    start: _Start, grams: csr_matrix, hidden: NDArray[np.float64], sample: Sample
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """What is added to the weights of the n-grams and of the hidden units (the last row to the bias)."""
    categories = start.joined.shape[1]
    split = grams.shape[1] * categories

    def loss(moves: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        by_gram, by_hidden = moves[:split].reshape(-1, categories), moves[split:].reshape(-1, categories)
        moved = grams @ by_gram
        joined_loss, joined_slope = _surprise(start.joined + moved + hidden @ by_hidden, sample)
        # Where the n-grams alone are sure, they alone are read, so they must be right by themselves too.
        alone_loss, alone_slope = _surprise(start.alone + start.scale * moved, sample)
        slope = np.concatenate([
            (grams.T @ (joined_slope + start.scale * alone_slope)).ravel(), (hidden.T @ joined_slope).ravel(),
        ])
        return joined_loss + alone_loss + PRIOR / 2 * float(moves @ moves), slope + PRIOR * moves

    found = minimize(
        loss, np.zeros(split + hidden.shape[1] * categories), jac=True, method="L-BFGS-B",
        options={"maxiter": MAX_ROUNDS},
    ).x
    return found[:split].reshape(-1, categories), found[split:].reshape(-1, categories)


def _surprise(logits: NDArray[np.float64], sample: Sample) -> tuple[float, NDArray[np.float64]]:
    """Weighted cross-entropy, and its slope by the logits."""
    rows = np.arange(len(logits))
    shifted = logits - logits.max(axis=1, keepdims=True)
    probabilities = np.exp(shifted)
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    likelihood = np.log(np.maximum(probabilities[rows, sample.columns], 1e-300))
    slope = probabilities
    slope[rows, sample.columns] -= 1.0
    return -float(sample.weights @ likelihood), slope * sample.weights[:, None]


def _moved(heads: TextHeads, buckets: NDArray[np.int64], by_gram: NDArray[np.float64], version: str) -> TextHeads:
    known = np.flatnonzero(heads.row_of_bucket)
    every = np.union1d(known, buckets)
    weights = np.zeros((len(every), by_gram.shape[1]), np.float64)
    weights[np.searchsorted(every, known)] = heads.weights[heads.row_of_bucket[known]]
    weights[np.searchsorted(every, buckets)] += by_gram
    return assemble(version, heads.categories, every.astype(np.uint32), weights, heads.bias)
