"""Decides how texts become a model: which are taught and how often, what is disguised, how scores are calibrated."""

import hashlib
import random
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from anlan.domain.text_scores import TEXT_CATEGORIES
from anlan.models.sentence_encoder import SentenceEncoder
from anlan.models.text_model import Alone, TextParts
from anlan.models.training.meaning_head import fit_meaning
from anlan.models.training.text_heads import Sample, best_temperature, fit
from anlan.protections.content.lexicon import Term
from anlan.protections.content.model_lines import further_lines
from anlan.protections.content.signals import model_input
from anlan.protections.content.training.corpora import Row
from anlan.protections.content.training.evasions import Disguise
from anlan.protections.content.training.sentences import Writer

SENTENCES = {"normal": 27000, "abuse": 7000, "porn": 8500, "gambling": 8500, "fraud": 8500, "illicit_ad": 8500}
MAX_TEXTS = {"davidson": 6000, "teleantifraud_dialogues": 4000}
MAX_TEXTS_FOR_MEANING = {"davidson": 3000, "cold": 7000, "swsr": 3000, "teleantifraud_dialogues": 4000}
WEIGHT = {("davidson", "abuse"): 0.3, ("phrases", "normal"): 2.0}
"""77 % of davidson is offensive by its way of sampling; at full weight English small talk would turn into abuse. The
harmless phrases stand for all ordinary talk that is not a comment or an SMS."""
RARE_CLASS_POWER = 0.25
DISGUISED_SHARE, DISGUISED_CHARACTERS = 0.3, 0.5
"""So many texts are taught a second time with so many of their characters changed."""
CALIBRATION_SHARE = 0.06
STRENGTH = 0.3
EPOCHS = 7
SHARE_OF_EACH = 0.5
"""Both heads saw the same labels, so their log-odds are averaged, not added."""
SCARCE = ("porn", "gambling", "fraud", "illicit_ad")
ABUSE_SHIFTS = tuple(step / 4 for step in range(-3, 3))
SCARCE_SHIFTS = tuple(step / 4 for step in range(6))
"""Beyond the last of these more of the innocent lines of the tests, which taught nothing, would be called harmful."""
MAX_FALSE_ALARMS = {"sms_spam_collection": 0.04, "cold": 0.12}
"""Of harmless SMS and comments kept back; the shifts are the largest that hold them."""
SURE_NORMAL = 0.85
SEED = 20261121


class Taught(NamedTuple):
    """What came of a training.

    Attributes:
        rows: all texts that were taught, disguised ones included.
        temperature: what the log-odds were divided by.
        shifts: log-odds added to abuse, and to the scarce categories.
    """

    parts: TextParts
    rows: list[Row]
    temperature: float
    shifts: tuple[float, float]


def teach(
    rows: Sequence[Row], terms: Sequence[Term], data: Path, encoder: SentenceEncoder, own_share: float = 1.0
) -> Taught:
    """Train on `rows`, on our own sentences and on disguised copies of both; the same in, the same out.

    Args:
        own_share: of `SENTENCES`, how many are written.
    """
    kept_back, learning = _split(rows)
    learning = _disguised([*learning, *_own_sentences(terms, own_share)], data)
    parts, temperature, shifts = _fit(learning, kept_back, encoder)
    return Taught(parts, learning, temperature, shifts)


def _chance() -> random.Random:
    return random.Random(SEED)  # noqa: S311 - repeatable, not secret


def _split(taught: Sequence[Row]) -> tuple[list[Row], list[Row]]:
    """Rows kept back for calibration, and the rest with the largest sets cut down."""
    shuffled = list(taught)
    _chance().shuffle(shuffled)
    kept_back = int(len(shuffled) * CALIBRATION_SHARE)
    return shuffled[:kept_back], _at_most(shuffled[kept_back:], MAX_TEXTS)


def _at_most(rows: Sequence[Row], limits: dict[str, int]) -> list[Row]:
    seen: dict[str, int] = {}
    kept = []
    for row in rows:
        seen[row.set] = seen.get(row.set, 0) + 1
        if seen[row.set] <= limits.get(row.set, len(rows)):
            kept.append(row)
    return kept


def _own_sentences(terms: Sequence[Term], share: float) -> list[Row]:
    """What the phrases say; nothing that harmless phrases say too."""
    words = {category: [term.text for term in terms if term.category == category] for category in ("porn", "abuse")}
    writer = Writer(SEED, words)
    sentences = {category: writer.write(category, int(count * share)) for category, count in SENTENCES.items()}
    harmless = {_lines(row.text)[0] for row in sentences["normal"]}
    harmful = [row for category, made in sentences.items() if category != "normal" for row in made]
    return sentences["normal"] + [row for row in harmful if _lines(row.text)[0] not in harmless]


def _disguised(rows: list[Row], data: Path) -> list[Row]:
    disguise = Disguise(data, SEED)
    chosen = _chance().sample(rows, int(len(rows) * DISGUISED_SHARE))
    mixed = rows + [row._replace(text=disguise.disguise(row.text, DISGUISED_CHARACTERS)) for row in chosen]
    _chance().shuffle(mixed)
    return mixed


def _fit(
    learning: list[Row], kept_back: list[Row], encoder: SentenceEncoder
) -> tuple[TextParts, float, tuple[float, float]]:
    """The parts, their temperature and shifts."""
    heads = fit(_sample(learning), TEXT_CATEGORIES, _version(learning), STRENGTH)
    fewer = _sample(_at_most(learning, MAX_TEXTS_FOR_MEANING))
    meaning = fit_meaning(encoder.encode(_words(fewer)), fewer, EPOCHS, SEED)
    held_out = _sample(kept_back)
    by_ngrams = np.stack([heads.logits(lines) for lines in held_out.texts])
    joined = SHARE_OF_EACH * (by_ngrams + meaning.logits(encoder.encode(_words(held_out))))
    temperature = best_temperature(joined, held_out)
    shifts = _largest_shifts(joined / temperature, kept_back)
    scale = np.float32(SHARE_OF_EACH / temperature)
    raised = _raised(*shifts)
    alone_scale = 1.0 / (float(scale) * best_temperature(by_ngrams, held_out))
    parts = TextParts(
        heads._replace(weights=heads.weights * scale, bias=heads.bias * scale),
        meaning._replace(weights=meaning.weights * scale, bias=meaning.bias * scale + raised),
        Alone(alone_scale, raised, SURE_NORMAL),
    )
    return parts, temperature, shifts


def _words(sample: Sample) -> list[str]:
    return [lines[0] for lines in sample.texts]


def _raised(abuse: float, scarce: float) -> NDArray[np.float32]:
    by_name = {"abuse": abuse} | dict.fromkeys(SCARCE, scarce)
    return np.array([by_name.get(name, 0.0) for name in TEXT_CATEGORIES], np.float32)


def _largest_shifts(logits: NDArray[np.float32], rows: list[Row]) -> tuple[float, float]:
    """The largest shifts, first of abuse, then of the scarce, that keep false alarms on kept-back texts in bounds."""
    bounds = [
        (np.array([row.set == name and row.label == "normal" for row in rows]), bound)
        for name, bound in MAX_FALSE_ALARMS.items()
    ]

    def holds(abuse: float, scarce: float) -> bool:
        return all(_alarms(logits[of] + _raised(abuse, scarce)) <= bound for of, bound in bounds)

    abuse = max((shift for shift in ABUSE_SHIFTS if holds(shift, 0.0)), default=ABUSE_SHIFTS[0])
    return abuse, max((shift for shift in SCARCE_SHIFTS if holds(abuse, shift)), default=0.0)


def _alarms(logits: NDArray[np.float32]) -> float:
    """Share of texts whose likeliest category is a harmful one."""
    return float((logits.argmax(axis=1) != 0).mean()) if len(logits) else 0.0


def _sample(rows: list[Row]) -> Sample:
    columns = np.array([TEXT_CATEGORIES.index(row.label) for row in rows])
    sizes = np.bincount(columns, minlength=len(TEXT_CATEGORIES))
    rarity = (sizes.mean() / np.maximum(sizes, 1)) ** RARE_CLASS_POWER
    weights = np.array([WEIGHT.get((row.set, row.label), 1.0) for row in rows]) * rarity[columns]
    return Sample([_lines(row.text) for row in rows], columns, weights)


@lru_cache(maxsize=500_000)
def _lines(text: str) -> tuple[str, ...]:
    """Asked for more than once; reading disguised characters back takes milliseconds."""
    words = model_input(text)
    return words, *further_lines(words)


def _version(rows: list[Row]) -> str:
    """A digest of what was taught, so that the same data and phrases give the same version."""
    digest = hashlib.sha256("\n".join(f"{row.label}\t{row.text}" for row in rows).encode("utf-8", "replace"))
    return digest.hexdigest()[:12]
