"""Decides how tellings become a model: what is read of them, how much each counts, how both heads are calibrated."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from anlan.domain.scenarios import Scenario
from anlan.engine.yaml_text import load_yaml
from anlan.models.text_heads import TextHeads
from anlan.models.text_model import Alone, MeaningHead, TextParts
from anlan.models.training.meaning_head import fit_meaning
from anlan.models.training.text_heads import Sample, best_temperature, fit
from anlan.protections.fraud.tellings import HONEST, OFF_TOPIC, Encode, lines_of, meaning_of

STRENGTH = 20.0
MIN_TEXTS, MAX_ROWS = 6, 18_000
EPOCHS = 40
KEPT_BACK = 4
"""One in so many talks is kept back from a first training, to calibrate and to measure; the last is taught them all."""
MAIN_SHARE = 0.75
"""How much the first of several fitting scenarios counts; the others share the rest."""
FIRST_TURN_WEIGHT = 0.3
"""Of a talk without its end: it says what it may become, and an honest one often begins the same."""
SAID_WEIGHT = 0.3
SURE = 1.0
SEED = 20261122


class Talk(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One talk of the files beside this one.

    Attributes:
        scenarios: the main one first; none unless it is a fraud.
        says: the member's turns.
    """

    language: str
    kind: Literal["fraud", "honest", "off_topic"]
    scenarios: tuple[str, ...]
    says: tuple[str, ...]


class Row(NamedTuple):
    """One telling as it is taught.

    Attributes:
        talk: tellings of one talk, or of talks that begin the same, share it.
    """

    told: tuple[str, ...]
    label: str
    weight: float
    talk: str
    language: str


class Learnt(NamedTuple):
    """What came of a training.

    Attributes:
        kept_back: the rows that a first training did not see.
        joined: shape (kept back, categories), what that says of them by both heads, calibrated; `alone` by the n-grams.
    """

    parts: TextParts
    kept_back: list[Row]
    joined: NDArray[np.float32]
    alone: NDArray[np.float32]


def read_talks(folder: Path) -> list[Talk]:
    """Every talk of the folder, in order of file name."""
    return [
        talk for path in sorted(folder.glob("*.yaml"))
        for talk in msgspec.convert(load_yaml(path.read_text("utf-8"), path.name), dict[str, list[Talk]])["talks"]
    ]


def rows_of(talks: Iterable[Talk]) -> list[Row]:
    """Each talk once for every scenario that fits it, and its first turn alone with little weight.

    Talks that begin the same count as one together.
    """
    told, rows = list(talks), []
    begun_alike = Counter(talk.says[0] for talk in told)
    for talk in told:
        for label, share in _labels(talk, 1.0 / begun_alike[talk.says[0]]):
            rows.append(Row(talk.says, label, share, talk.says[0], talk.language))
            if len(talk.says) > 1:
                rows.append(Row(talk.says[:1], label, share * FIRST_TURN_WEIGHT, talk.says[0], talk.language))
    return rows


def _labels(talk: Talk, weight: float) -> list[tuple[str, float]]:
    if talk.kind != "fraud":
        return [(talk.kind, weight)]
    first, *others = talk.scenarios
    if not others:
        return [(first, weight)]
    return [(first, weight * MAIN_SHARE), *((other, weight * (1 - MAIN_SHARE) / len(others)) for other in others)]


def rows_of_scenarios(scenarios: Iterable[Scenario]) -> list[Row]:
    """What those who commit frauds say, as members quote it."""
    return [
        Row((said,), scenario.id, SAID_WEIGHT, said, "")
        for scenario in scenarios
        for said in (*scenario.examples, *(said for step in scenario.stages for said in step.said))
    ]


def teach(rows: Sequence[Row], encode: Encode) -> Learnt:
    """Train on `rows`; the same in, the same out."""
    labels = {row.label for row in rows}
    categories = (HONEST, OFF_TOPIC, *sorted(labels - {HONEST, OFF_TOPIC}))
    sample, vectors = sample_of(rows, categories), np.stack([meaning_of(row.told, encode) for row in rows])
    version = hashlib.sha256("\n".join(f"{row.label}\t{row.told}\t{row.weight}" for row in rows).encode()).hexdigest()
    held = np.array([_number_of(row.talk) % KEPT_BACK == 0 for row in rows])
    kept_back, first = np.flatnonzero(held), np.flatnonzero(~held)
    heads, meaning = _fit(_part(sample, first), vectors[first], categories, "")
    asked = _part(sample, kept_back)
    alone = np.stack([heads.logits(lines) for lines in asked.texts])
    joined = alone + meaning.logits(vectors[kept_back])
    warmth, warmth_alone = best_temperature(joined, asked), best_temperature(alone, asked)
    parts = _warmed(*_fit(sample, vectors, categories, version[:12]), warmth, warmth_alone)
    return Learnt(parts, [rows[at] for at in kept_back.tolist()], joined / warmth, alone / warmth_alone)


def _number_of(talk: str) -> int:
    return int(hashlib.sha256(talk.encode()).hexdigest(), 16)


def _warmed(heads: TextHeads, meaning: MeaningHead, warmth: float, warmth_alone: float) -> TextParts:
    """Both heads divided by their temperature."""
    scale = np.float32(1.0 / warmth)
    return TextParts(
        heads._replace(weights=heads.weights * scale, bias=heads.bias * scale),
        meaning._replace(weights=meaning.weights * scale, bias=meaning.bias * scale),
        Alone(warmth / warmth_alone, np.zeros(len(heads.categories), np.float32), SURE),
    )


def sample_of(rows: Sequence[Row], categories: Sequence[str]) -> Sample:
    """The rows as heads are taught them."""
    return Sample(
        [lines_of(row.told) for row in rows], np.array([categories.index(row.label) for row in rows]),
        np.array([row.weight for row in rows]),
    )


def _fit(
    sample: Sample, vectors: NDArray[np.float32], categories: tuple[str, ...], version: str
) -> tuple[TextHeads, MeaningHead]:
    heads = fit(sample, categories, version, STRENGTH, MIN_TEXTS, MAX_ROWS)
    return heads, fit_meaning(vectors, sample, EPOCHS, SEED)


def _part(sample: Sample, rows: NDArray[np.intp]) -> Sample:
    return Sample([sample.texts[row] for row in rows.tolist()], sample.columns[rows], sample.weights[rows])
