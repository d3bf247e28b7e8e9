"""Decides the course of a training: read, write sentences, disguise, fit, calibrate, save, measure."""

import hashlib
import random
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from anlan.models.sentence_encoder import SentenceEncoder
from anlan.models.text_model import Alone, TextModel, TextParts, load, save
from anlan.models.training.meaning_head import fit_meaning
from anlan.models.training.text_heads import Sample, best_temperature, fit
from anlan.protections.content import lexicon as lexicon_module
from anlan.protections.content.lexicon import Term
from anlan.protections.content.model_card import CURVES_NAME
from anlan.protections.content.signals import MODEL_PATH, model_input
from anlan.protections.content.training.card import Training, write_card
from anlan.protections.content.training.corpora import CATEGORIES, Row, read_corpora
from anlan.protections.content.training.curves import curves, write_curves
from anlan.protections.content.training.evaluation import Scored, SetResult, evaluate, score
from anlan.protections.content.training.evasions import Disguise
from anlan.protections.content.training.lexicons import collect_terms, write_terms
from anlan.protections.content.training.sentences import Writer

SENTENCES = {"normal": 16000, "abuse": 4000, "porn": 5000, "gambling": 5000, "fraud": 5000, "illicit_ad": 5000}
MAX_TEXTS = {"davidson": 6000, "teleantifraud_dialogues": 4000}
MAX_TEXTS_FOR_MEANING = {"davidson": 3000, "cold": 7000, "swsr": 3000, "teleantifraud_dialogues": 4000}
WEIGHT = {("davidson", "abuse"): 0.3, ("phrases", "normal"): 2.0}
"""77 % of davidson is offensive by its way of sampling; at full weight English small talk would turn into abuse. The
harmless phrases stand for all ordinary talk that is not a comment or an SMS."""
RARE_CLASS_POWER = 0.25
DISGUISED_SHARE, DISGUISED_CHARACTERS = 0.15, 0.3
CALIBRATION_SHARE = 0.06
STRENGTH = 0.3
EPOCHS = 7
SHARE_OF_EACH = 0.5
"""Both heads saw the same labels, so their log-odds are averaged, not added."""
SCARCE = ("porn", "gambling", "fraud", "illicit_ad")
SHIFTS = tuple(step / 4 for step in range(7))
MAX_FALSE_ALARMS = {"sms_spam_collection": 0.04, "cold": 0.14}
"""Of harmless SMS and comments kept back; the shift of the scarce categories is the largest that holds them."""
SURE_NORMAL = 0.85
SEED = 20261121


def train(data: Path, out: Path | None) -> TextModel:
    """Everything that `anlan train text` does; returns the model as it loads."""
    rows = read_corpora(data)
    taught = [row for row in rows if row.part == "train"]
    terms = collect_terms(data, taught)
    kept_back, learning = _split(taught)
    learning = _disguised([*learning, *_own_sentences(terms)], data)
    encoder = SentenceEncoder.load()
    parts, temperature, shift = _fit(learning, kept_back, encoder)
    path = (out or MODEL_PATH.parent) / MODEL_PATH.name
    path.parent.mkdir(parents=True, exist_ok=True)
    digest = save(parts, path)
    shipped = TextModel(load(path), encoder)
    lexicon_path = (out or Path(lexicon_module.__file__).parent) / "lexicon.csv"
    lexicon_path.write_text(write_terms(terms), "utf-8")
    training = Training(shipped.version, digest, path.stat().st_size, learning, temperature, shift, len(terms))
    scored = score(shipped, rows)
    write_card(path.with_suffix(".md"), training, evaluate(scored))
    _keep_curves(shipped, scored, path)
    return shipped


def measure(data: Path) -> list[SetResult]:
    """Measure the shipped model again without training; keeps the curves and returns the results set by set."""
    shipped = TextModel(load(MODEL_PATH), SentenceEncoder.load())
    scored = score(shipped, read_corpora(data))
    _keep_curves(shipped, scored, MODEL_PATH)
    return evaluate(scored)


def _keep_curves(model: TextModel, scored: Scored, path: Path) -> None:
    write_curves(curves(model.version, *scored), path.with_name(CURVES_NAME))


def _chance() -> random.Random:
    return random.Random(SEED)  # noqa: S311 - repeatable, not secret


def _split(taught: list[Row]) -> tuple[list[Row], list[Row]]:
    """Rows kept back for calibration, and the rest with the largest sets cut down."""
    shuffled = list(taught)
    _chance().shuffle(shuffled)
    kept_back = int(len(shuffled) * CALIBRATION_SHARE)
    return shuffled[:kept_back], _at_most(shuffled[kept_back:], MAX_TEXTS)


def _at_most(rows: list[Row], limits: dict[str, int]) -> list[Row]:
    seen: dict[str, int] = {}
    kept = []
    for row in rows:
        seen[row.set] = seen.get(row.set, 0) + 1
        if seen[row.set] <= limits.get(row.set, len(rows)):
            kept.append(row)
    return kept


def _own_sentences(terms: list[Term]) -> list[Row]:
    """What the phrases say; nothing that harmless phrases say too."""
    words = {category: [term.text for term in terms if term.category == category] for category in ("porn", "abuse")}
    writer = Writer(SEED, words)
    sentences = {category: writer.write(category, count) for category, count in SENTENCES.items()}
    harmless = {model_input(row.text) for row in sentences["normal"]}
    harmful = [row for category, made in sentences.items() if category != "normal" for row in made]
    return sentences["normal"] + [row for row in harmful if model_input(row.text) not in harmless]


def _disguised(rows: list[Row], data: Path) -> list[Row]:
    disguise = Disguise(data, SEED)
    chosen = _chance().sample(rows, int(len(rows) * DISGUISED_SHARE))
    mixed = rows + [row._replace(text=disguise.disguise(row.text, DISGUISED_CHARACTERS)) for row in chosen]
    _chance().shuffle(mixed)
    return mixed


def _fit(
    learning: list[Row], kept_back: list[Row], encoder: SentenceEncoder
) -> tuple[TextParts, float, float]:
    """The parts, their temperature and the shift of the scarce categories."""
    heads = fit(_sample(learning), CATEGORIES, _version(learning), STRENGTH)
    fewer = _sample(_at_most(learning, MAX_TEXTS_FOR_MEANING))
    meaning = fit_meaning(encoder.encode(fewer.texts), fewer, EPOCHS, SEED)
    held_out = _sample(kept_back)
    by_ngrams = np.stack([heads.logits(text) for text in held_out.texts])
    joined = SHARE_OF_EACH * (by_ngrams + meaning.logits(encoder.encode(held_out.texts)))
    temperature = best_temperature(joined, held_out)
    shift = _largest_shift(joined / temperature, kept_back)
    scale = np.float32(SHARE_OF_EACH / temperature)
    raised = _raised(shift)
    alone_scale = 1.0 / (float(scale) * best_temperature(by_ngrams, held_out))
    parts = TextParts(
        heads._replace(weights=heads.weights * scale, bias=heads.bias * scale),
        meaning._replace(weights=meaning.weights * scale, bias=meaning.bias * scale + raised),
        Alone(alone_scale, raised, SURE_NORMAL),
    )
    return parts, temperature, shift


def _raised(shift: float) -> NDArray[np.float32]:
    return np.float32(shift) * np.isin(CATEGORIES, SCARCE).astype(np.float32)


def _largest_shift(logits: NDArray[np.float32], rows: list[Row]) -> float:
    """The largest of `SHIFTS` that keeps the false alarms on kept-back harmless texts in bounds."""
    bounds = [
        (np.array([row.set == name and row.label == "normal" for row in rows]), bound)
        for name, bound in MAX_FALSE_ALARMS.items()
    ]
    held = [shift for shift in SHIFTS if all(_alarms(logits[of] + _raised(shift)) <= bound for of, bound in bounds)]
    return max(held, default=0.0)


def _alarms(logits: NDArray[np.float32]) -> float:
    """Share of texts whose harm is at least 0.5 likely."""
    odds = np.exp(logits - logits[:, :1])
    return float((1.0 / odds.sum(axis=1) <= 0.5).mean()) if len(logits) else 0.0


def _sample(rows: list[Row]) -> Sample:
    columns = np.array([CATEGORIES.index(row.label) for row in rows])
    sizes = np.bincount(columns, minlength=len(CATEGORIES))
    rarity = (sizes.mean() / np.maximum(sizes, 1)) ** RARE_CLASS_POWER
    weights = np.array([WEIGHT.get((row.set, row.label), 1.0) for row in rows]) * rarity[columns]
    return Sample([model_input(row.text) for row in rows], columns, weights)


def _version(rows: list[Row]) -> str:
    """A digest of what was taught, so that the same data and phrases give the same version."""
    digest = hashlib.sha256("\n".join(f"{row.label}\t{row.text}" for row in rows).encode("utf-8", "replace"))
    return digest.hexdigest()[:12]
