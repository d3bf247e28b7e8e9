"""Decides the course of a training: read, teach, save, measure (at home, in disguise, away from home), write cards."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from anlan.domain.term_table import write_table
from anlan.models.sentence_encoder import SentenceEncoder
from anlan.models.text_model import TextModel, TextParts, load, save
from anlan.protections.content import lexicon as lexicon_module
from anlan.protections.content.lexicon import Term
from anlan.protections.content.model_card import CURVES_NAME
from anlan.protections.content.model_lines import further_lines
from anlan.protections.content.signals import MODEL_PATH
from anlan.protections.content.training.card import Measured, Training, write_cards
from anlan.protections.content.training.corpora import Row, read_corpora
from anlan.protections.content.training.curves import curves, write_curves
from anlan.protections.content.training.evaluation import (
    EvasionResult,
    Scored,
    SetResult,
    evaluate,
    evaluate_evasions,
    score,
)
from anlan.protections.content.training.lexicons import collect_terms
from anlan.protections.content.training.recipe import teach

CROSSING_SHARE = 0.3
"""Of our own sentences, for the models that are only there to be measured: three more trainings take minutes."""
CROSSED_SETS = ("cold", "sms_spam_collection", "teleantifraud_dialogues")
"""Taught sets of a kind that no other set teaches: Chinese comments, SMS, calls."""


class RememberingEncoder(SentenceEncoder):
    """Encodes a text once, however many trainings want it; a kilobyte is kept of each."""

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """As `SentenceEncoder.encode`; texts of like length are encoded together, which halves the time."""
        known = self.__dict__.setdefault("known", {})
        new = sorted({text for text in texts if text not in known}, key=lambda text: (len(text), text))
        for start in range(0, len(new), 256):
            batch = new[start : start + 256]
            known.update(zip(batch, super().encode(batch).astype(np.float16), strict=True))
        return np.stack([known[text] for text in texts]).astype(np.float32)


def train(
    data: Path, out: Path | None, *, with_crossing: bool = False, judged: Sequence[Row] = ()
) -> TextModel:
    """Everything that `anlan train text` does; returns the model as it loads. `judged` rows are added to the sets."""
    rows = [*read_corpora(data), *judged]
    taught = [row for row in rows if row.part == "train"]
    terms = collect_terms(data, taught)
    lexicon_path = (out or Path(lexicon_module.__file__).parent) / "lexicon.csv"
    lexicon_path.parent.mkdir(parents=True, exist_ok=True)
    lexicon_path.write_text(write_table(terms), "utf-8")
    encoder = RememberingEncoder.load()
    found = teach(taught, terms, data, encoder)
    path = (out or MODEL_PATH.parent) / MODEL_PATH.name
    digest = save(found.parts, path)
    shipped = _ready(load(path), encoder)
    scored = score(shipped, rows)
    measured = Measured(
        evaluate(scored), evaluate_evasions(shipped, rows, data),
        cross(rows, terms, data, encoder) if with_crossing else [],
    )
    training = Training(
        shipped.version, digest, path.stat().st_size, found.rows, found.temperature, found.shifts, len(terms)
    )
    write_cards(path, training, measured)
    _keep_curves(shipped, scored, path)
    return shipped


def cross(rows: Sequence[Row], terms: Sequence[Term], data: Path, encoder: SentenceEncoder) -> list[SetResult]:
    """For some taught sets the results on its test part of a model that was taught all others."""
    results = []
    for name in CROSSED_SETS:
        others = [row for row in rows if row.part == "train" and row.set != name]
        model = _ready(teach(others, terms, data, encoder, CROSSING_SHARE).parts, encoder)
        results += evaluate(score(model, [row for row in rows if row.set == name]))
    return results


def measure(data: Path) -> tuple[list[SetResult], list[EvasionResult]]:
    """Measure the shipped model again without training; keeps the curves and returns the results."""
    shipped = _ready(load(MODEL_PATH), SentenceEncoder.load())
    rows = read_corpora(data)
    scored = score(shipped, rows)
    _keep_curves(shipped, scored, MODEL_PATH)
    return evaluate(scored), evaluate_evasions(shipped, rows, data)


def _ready(parts: TextParts, encoder: SentenceEncoder) -> TextModel:
    return TextModel(parts, encoder, further_lines)


def _keep_curves(model: TextModel, scored: Scored, path: Path) -> None:
    write_curves(curves(model.version, *scored), path.with_name(CURVES_NAME))
