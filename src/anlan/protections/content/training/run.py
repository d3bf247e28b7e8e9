"""Decides the course of a training: read, write sentences, disguise, fit, calibrate, measure, save; top to bottom."""

import hashlib
import random
import re
from pathlib import Path

import numpy as np

from anlan.models.text_heads import TextHeads, load, save
from anlan.models.training.text_heads import Sample, calibrate, fit
from anlan.protections.content import lexicon as lexicon_module
from anlan.protections.content.lexicon import Term
from anlan.protections.content.signals import HEADS_PATH, heads_input
from anlan.protections.content.training.card import Training, write_card
from anlan.protections.content.training.corpora import CATEGORIES, Row, read_corpora
from anlan.protections.content.training.evaluation import evaluate
from anlan.protections.content.training.evasions import Disguise
from anlan.protections.content.training.lexicons import collect_terms, write_terms
from anlan.protections.content.training.sentences import Writer

SENTENCES = {"normal": 9000, "abuse": 3000, "porn": 4000, "gambling": 4000, "fraud": 6000, "illicit_ad": 5000}
SET_WEIGHT = {"davidson": 0.3}
"""77 % of davidson is offensive by its way of sampling; at full weight English small talk would turn into abuse."""
RARE_CLASS_POWER = 0.25
DISGUISED_SHARE, DISGUISED_CHARACTERS = 0.2, 0.3
CALIBRATION_SHARE = 0.05
STRENGTH = 0.3
PRIOR_SHIFT = 2.0
"""Log-odds added to the categories that have hardly any real Chinese text to learn from, so that the others do not
drown them; as large as harmless SMS (5 % false alarms) and harmless comments (12 %) leave room for."""
SCARCE = ("porn", "gambling", "fraud", "illicit_ad")
SEED = 20261121

_CLAUSE = re.compile("[，。！？,]")


def train(data: Path, out: Path | None) -> TextHeads:
    """Everything that `anlan train text` does; returns the heads as they load."""
    rows = read_corpora(data)
    taught = [row for row in rows if row.part == "train"]
    terms = collect_terms(data, taught)
    learning = _disguised([*taught, *_own_sentences(terms)], data)
    _chance().shuffle(learning)
    kept_back = int(len(learning) * CALIBRATION_SHARE)
    version = _version(learning)
    heads = fit(_sample(learning[kept_back:]), CATEGORIES, version, STRENGTH)
    heads, temperature = calibrate(heads, _sample(learning[:kept_back]))
    heads = heads._replace(bias=heads.bias + np.float32(PRIOR_SHIFT) * np.isin(CATEGORIES, SCARCE).astype(np.float32))
    path = (out or HEADS_PATH.parent) / HEADS_PATH.name
    path.parent.mkdir(parents=True, exist_ok=True)
    digest = save(heads, path)
    shipped = load(path)
    lexicon_path = (out or Path(lexicon_module.__file__).parent) / "lexicon.csv"
    lexicon_path.write_text(write_terms(terms), "utf-8")
    training = Training(shipped, digest, path.stat().st_size, learning, temperature, len(terms))
    write_card(path.with_suffix(".md"), training, evaluate(shipped, rows))
    return shipped


def _chance() -> random.Random:
    return random.Random(SEED)  # noqa: S311 - repeatable, not secret


def _own_sentences(terms: list[Term]) -> list[Row]:
    words = {category: [term.text for term in terms if term.category == category] for category in ("porn", "abuse")}
    writer = Writer(SEED, words)
    sentences = [row for category, count in SENTENCES.items() for row in writer.write(category, count)]
    return sentences + _clauses(sentences)


def _clauses(sentences: list[Row]) -> list[Row]:
    """One clause of each longer sentence, since real messages are short; none that two categories share."""
    chance = _chance()
    labels: dict[str, set[str]] = {}
    clauses: dict[str, Row] = {}
    for row in sentences:
        parts = [part for part in _CLAUSE.split(row.text) if len(part) > 1]
        clause = row._replace(text=chance.choice(parts)) if parts else row
        seen_as = heads_input(clause.text)
        labels.setdefault(seen_as, set()).add(row.label)
        if len(parts) > 1:
            clauses[seen_as] = clause
    return [row for seen_as, row in clauses.items() if len(labels[seen_as]) == 1]


def _disguised(rows: list[Row], data: Path) -> list[Row]:
    disguise = Disguise(data, SEED)
    chosen = _chance().sample(rows, int(len(rows) * DISGUISED_SHARE))
    return rows + [row._replace(text=disguise.disguise(row.text, DISGUISED_CHARACTERS)) for row in chosen]


def _sample(rows: list[Row]) -> Sample:
    columns = np.array([CATEGORIES.index(row.label) for row in rows])
    sizes = np.bincount(columns, minlength=len(CATEGORIES))
    rarity = (sizes.mean() / np.maximum(sizes, 1)) ** RARE_CLASS_POWER
    weights = np.array([SET_WEIGHT.get(row.set, 1.0) for row in rows]) * rarity[columns]
    return Sample([heads_input(row.text) for row in rows], columns, weights)


def _version(rows: list[Row]) -> str:
    """A digest of what was taught, so that the same data and templates give the same version."""
    digest = hashlib.sha256("\n".join(f"{row.label}\t{row.text}" for row in rows).encode("utf-8", "replace"))
    return digest.hexdigest()[:12]
