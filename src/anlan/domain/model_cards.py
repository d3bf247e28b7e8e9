"""What is known of a model that ships: what its card says, how it was measured, how well its scores can be trusted."""

from collections.abc import Mapping

import msgspec


class Bin(msgspec.Struct, frozen=True):
    """Texts whose score lies in one tenth of 0 to 1; `mean` is their mean score, 0 without texts."""

    texts: int
    mean: float
    positives: int


class ScoreCurve(msgspec.Struct, frozen=True):
    """One score on one set.

    Attributes:
        category: a category, or `harm` for 1 minus the probability of the harmless one.
        positives: texts of the category.
        hits: of these, how many score at least as much as each threshold.
        alarms: the same for all other texts.
        bins: in order of the score.
    """

    category: str
    positives: int
    hits: tuple[int, ...]
    alarms: tuple[int, ...]
    bins: tuple[Bin, ...]


class SetCurves(msgspec.Struct, frozen=True):
    """All scores on one set of texts that were not taught."""

    name: str
    texts: int
    scores: tuple[ScoreCurve, ...]


class Curves(msgspec.Struct, frozen=True):
    """What was measured with one model; `thresholds` rise."""

    model: str
    thresholds: tuple[float, ...]
    sets: tuple[SetCurves, ...]


class ModelCard(msgspec.Struct, frozen=True, kw_only=True):
    """A model and its papers.

    Attributes:
        version: what decisions name; `unavailable` while the model cannot be loaded.
        sha256: of the artefact.
        size: of the artefact in bytes.
        texts: the card as Markdown, by language.
        curves: None when they are missing or were measured with another model.
    """

    name: str
    version: str
    sha256: str
    size: int
    categories: tuple[str, ...]
    texts: Mapping[str, str]
    curves: Curves | None
