"""Decides which words of a text made its scores, and how much each: by spelling exactly, by meaning by leaving out."""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from anlan.domain.text_evidence import Highlight, ScoreExplained
from anlan.domain.text_scores import HARM_SIGNAL, SCORE_SIGNALS
from anlan.models.sentence_encoder import MAX_CHARS
from anlan.models.text_model import Breakdown, TextModel
from anlan.protections.content.alignment import Range
from anlan.protections.content.segmentation import words

MAX_SEGMENTS = 40
"""So many words or groups of words are left out in turn; each costs the encoder about a millisecond."""
MAX_HIGHLIGHTS = 12
FAINTEST = 0.08
"""Share of the strongest character below which a character is not shown."""
LEAST_LOG_ODDS = 0.02
_SIGNALS = SCORE_SIGNALS | {"harm": HARM_SIGNAL}


class Weights(NamedTuple):
    """What each character of the text as written adds to the log-odds of each category against harmless.

    Attributes:
        spelling, meaning: shape (characters, categories); harmless has zeros.
    """

    spelling: NDArray[np.float64]
    meaning: NDArray[np.float64]


def weigh(model: TextModel, masked: str, breakdown: Breakdown, places: Sequence[Range], length: int) -> Weights:
    """Weights of the `length` characters as written; character i of `masked` stands for `places[i]` of them."""
    spelling = np.zeros((length, len(model.categories)))
    meaning = np.zeros_like(spelling)
    _spread(spelling, places, _against_harmless(breakdown.by_character))
    if breakdown.by_meaning is not None and masked:
        pieces = segments(masked[:MAX_CHARS])
        without = model.meanings([masked[:start] + masked[end:MAX_CHARS] for start, end in pieces])
        lost = _against_harmless(breakdown.by_meaning - without)
        for (start, end), adds in zip(pieces, lost, strict=True):
            _spread(meaning, places[start:end], np.tile(adds / (end - start), (end - start, 1)))
    return Weights(spelling, meaning)


def segments(text: str) -> list[Range]:
    """At most `MAX_SEGMENTS` ranges that make up `text`: its words, neighbours joined where they are more."""
    ends: list[int] = []
    at = 0
    for word in words(text):
        at += len(word)
        if not ends or any(map(str.isalnum, word)):
            ends.append(at)
        else:
            ends[-1] = at
    while len(ends) > MAX_SEGMENTS:
        ends = [*ends[1:-1:2], ends[-1]]
    return list(pairwise([0, *ends]))


def _against_harmless(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The first category is the harmless one."""
    return values - values[..., :1]


def _spread(total: NDArray[np.float64], places: Sequence[Range], adds: NDArray[np.float64]) -> None:
    """Add each row of `adds` to the characters it stands for; to the one before where it stands for none."""
    if not len(total):
        return
    starts = np.minimum([start for start, _ in places], len(total) - 1)
    ends = np.minimum(np.maximum([end for _, end in places], starts + 1), len(total))
    steps = np.zeros((len(total) + 1, total.shape[1]))
    each = adds / (ends - starts)[:, None]
    np.add.at(steps, starts, each)
    np.subtract.at(steps, ends, each)
    total += steps.cumsum(axis=0)[:-1]


def explain_scores(
    categories: Sequence[str], probabilities: Sequence[float], breakdown: Breakdown, weights: Weights, text: str
) -> tuple[ScoreExplained, ...]:
    """Every harmful category, likeliest first, then all of them together; `text` is what was written."""
    is_word = np.array([not character.isspace() for character in text], bool)[:, None]
    shown = Weights(weights.spelling * is_word, weights.meaning * is_word)
    base = _against_harmless(breakdown.base)
    by_meaning = np.zeros_like(base) if breakdown.by_meaning is None else _against_harmless(breakdown.by_meaning)
    spelt = _against_harmless(breakdown.by_character).sum(axis=0)
    log_odds = base + spelt + by_meaning
    order = sorted(range(1, len(categories)), key=lambda column: -probabilities[column])
    explained = [
        _score(categories[column], probabilities[column], log_odds[column], (spelt[column], by_meaning[column]),
               Weights(shown.spelling[:, column], shown.meaning[:, column]))
        for column in order
    ]
    harm = 1.0 - probabilities[0]
    shares = np.array([0.0, *probabilities[1:]]) / max(harm, 1e-12)
    together = float(np.logaddexp.reduce(log_odds[1:]))
    joined = Weights(shown.spelling @ shares, shown.meaning @ shares)
    adds = float(spelt @ shares), float(by_meaning @ shares)
    explained.append(_score("harm", min(1.0, max(0.0, harm)), together, adds, joined))
    return tuple(explained)


def _score(
    category: str, score: float, log_odds: float, adds: tuple[float, float], weights: Weights
) -> ScoreExplained:
    spelling, meaning = float(adds[0]), float(adds[1])
    return ScoreExplained(
        category=category, signal=_SIGNALS.get(category, f"text_{category}_score"), score=float(score),
        log_odds=float(log_odds), base=float(log_odds) - spelling - meaning, spelling=spelling, meaning=meaning,
        highlights=_strongest(weights, 1), against=_strongest(weights, -1),
    )


def _strongest(weights: Weights, sign: int) -> tuple[Highlight, ...]:
    """Runs of characters that all speak the same way, strongest first."""
    both = sign * (weights.spelling + weights.meaning)
    if not len(both) or both.max() < LEAST_LOG_ODDS / 4:
        return ()
    edges = np.flatnonzero(np.diff(np.concatenate(([0], (both >= FAINTEST * both.max()).view(np.int8), [0]))))
    runs = edges.reshape(-1, 2)
    sums = np.add.reduceat(np.append(both, 0.0), runs.ravel())[::2]
    chosen = [index for index in np.argsort(-sums, kind="stable")[:MAX_HIGHLIGHTS] if sums[index] >= LEAST_LOG_ODDS]
    return tuple(
        Highlight(int(start), int(end), float(weights.spelling[start:end].sum()),
                  float(weights.meaning[start:end].sum()))
        for start, end in runs[chosen]
    )
