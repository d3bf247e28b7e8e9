"""What the scores of a text are called, and how they are read back from the signals of a decision."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

TEXT_CATEGORIES = ("normal", "abuse", "porn", "gambling", "fraud", "illicit_ad")
"""In order of every row of scores; the first is the harmless one."""

SCORE_SIGNALS = {
    "abuse": "text_abuse_score", "porn": "text_porn_score", "gambling": "text_gambling_score",
    "fraud": "text_fraud_score", "illicit_ad": "text_ad_score",
}
"""Harmful category to the signal that carries its probability."""

HARM_SIGNAL = "text_harm_score"
"""Carries the probability of any harm at all."""

TEXT_MODEL = "text_model"
"""The name by which decisions say which model scored their text."""


def scores_of(signals: Mapping[str, Any]) -> tuple[float, ...] | None:
    """Probabilities in order of `TEXT_CATEGORIES`; None for an event that has no scores."""
    found = [signals.get(name) for name in (*SCORE_SIGNALS.values(), HARM_SIGNAL)]
    if None in found:
        return None
    *harmful, harm = map(float, found)  # type: ignore[arg-type]  # none of them is None
    return (1.0 - harm, *harmful)


class Seen(NamedTuple):
    """A text that was just judged, for whoever wants to score it once more.

    Attributes:
        key: the event's.
        scores: of the model in force, in order of `TEXT_CATEGORIES`.
        model: version of the model in force.
    """

    key: str
    text: str
    time: float
    type: str
    source: str
    scores: tuple[float, ...]
    model: str


class Compared(NamedTuple):
    """What two models say of one text, without the text.

    Attributes:
        key: the event's.
        old: scores of the model in force, in order of `TEXT_CATEGORIES`.
        new: those of the one in shadow.
    """

    key: str
    time: float
    type: str
    source: str
    old: Sequence[float]
    new: Sequence[float]
