"""Decides the weights that turn a sentence vector into log-odds: a network with one small hidden layer."""

import warnings

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning  # type: ignore[import-untyped]  # ships no types
from sklearn.neural_network import MLPClassifier  # type: ignore[import-untyped]  # ships no types

from anlan.models.text_model import MeaningHead
from anlan.models.training.text_heads import Sample

HIDDEN = 96
PENALTY = 3e-3


def fit_meaning(vectors: NDArray[np.float32], sample: Sample, epochs: int, seed: int) -> MeaningHead:
    """Fit on `vectors`, shape (texts, dimensions), in order of the sample."""
    network = MLPClassifier(
        (HIDDEN,), alpha=PENALTY, batch_size=256, max_iter=epochs, tol=0.0, n_iter_no_change=epochs, random_state=seed
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        network.fit(vectors, sample.columns, sample_weight=sample.weights)
    (into, out), (into_bias, out_bias) = network.coefs_, network.intercepts_
    return MeaningHead(*(each.astype(np.float32) for each in (into, into_bias, out, out_bias)))
