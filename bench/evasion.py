"""What is still seen of clear cases when they are written to be missed, and what six-way macro-F1 loses by it.

`python -m bench.evasion DIR` or `ANLAN_BENCH_DATA=DIR` name the folder of the public sets, whose tables disguise; the
first table needs nothing else of them, the second measures on the test parts.
"""

import os
import random
import re
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import yaml
from sklearn.metrics import f1_score  # type: ignore[import-untyped]

from anlan.domain.text_scores import TEXT_CATEGORIES
from anlan.models import text_model
from anlan.models.sentence_encoder import SentenceEncoder
from anlan.models.text_model import TextModel
from anlan.protections.content.model_lines import further_lines
from anlan.protections.content.signals import MODEL_PATH, model_input
from anlan.protections.content.training.corpora import Row, read_corpora
from anlan.protections.content.training.evasions import KINDS, Disguise
from bench.measure import Figure, at_least, at_most, run_alone, show_table

SEED = 3
SHARE = 0.3
ROUNDS, QUICK_ROUNDS = 5, 2
TEXTS_PER_CATEGORY, QUICK_TEXTS_PER_CATEGORY = 150, 30
MIN_CAUGHT, MAX_FALL = 0.6, 0.02
SPELLINGS = ("pinyin", "sound", "split")
SENTENCES: dict[str, list[str]] = yaml.safe_load(Path(__file__).with_name("evasion_sentences.yaml").read_text("utf-8"))
_HIDDEN = re.compile(r"\[([^\]]*)\]")


def run(quick: bool) -> list[Figure]:
    """Two tables, one row a kind of evasion."""
    folder = os.environ.get("ANLAN_BENCH_DATA") or next((word for word in sys.argv[1:] if Path(word).is_dir()), None)
    if folder is None:
        return [Figure("evasion", "not measured: name the folder of the public sets in ANLAN_BENCH_DATA")]
    data = Path(folder)
    model = TextModel(text_model.load(MODEL_PATH), SentenceEncoder.load(), further_lines)
    return _clear_cases(model, data, QUICK_ROUNDS if quick else ROUNDS) + _macro_f1(model, data, quick)


def _clear_cases(model: TextModel, data: Path, rounds: int) -> list[Figure]:
    """Share of own sentences that are called harmful; the words in brackets wholly disguised, or 30 % of all."""
    disguise = Disguise(data, SEED)
    rows, figures = [], []
    for kind in (None, *KINDS):
        hidden = {c: _caught(model, [_hide(text, disguise, kind) for text in SENTENCES[c] for _ in range(rounds)])
                  for c in SENTENCES}
        spread = {c: _caught(model, [_spread(text, disguise, kind) for text in SENTENCES[c] for _ in range(rounds)])
                  for c in SENTENCES}
        rows.append([kind or "as meant", *(f"{hidden[c]:.2f} {spread[c]:.2f}" for c in SENTENCES)])
        if kind in SPELLINGS:
            figures.append(at_least(f"bare insults caught, by {kind}", hidden["insult"], MIN_CAUGHT, "{:.2f}"))
    show_table("called harmful: hidden words disguised, 30 % of all characters disguised", ["kind", *SENTENCES], rows)
    return figures


def _hide(text: str, disguise: Disguise, kind: str | None) -> str:
    return _HIDDEN.sub(lambda match: disguise.disguise(match[1], 1.0, kind) if kind else match[1], text)


def _spread(text: str, disguise: Disguise, kind: str | None) -> str:
    plain = _HIDDEN.sub(r"\1", text)
    return disguise.disguise(plain, SHARE, kind) if kind else plain


def _caught(model: TextModel, texts: Sequence[str]) -> float:
    scores = np.array(model.probabilities_of([model_input(text) for text in texts]))
    return float((scores[:, 0] < 0.5).mean())


def _macro_f1(model: TextModel, data: Path, quick: bool) -> list[Figure]:
    """Macro-F1 on Chinese test rows, as many of each category, and what each kind of evasion takes from it."""
    rows = _sample(read_corpora(data), QUICK_TEXTS_PER_CATEGORY if quick else TEXTS_PER_CATEGORY)
    whole = _f1(model, [row.text for row in rows], rows)
    falls = {}
    for kind in KINDS:
        disguise = Disguise(data, SEED)
        falls[kind] = whole - _f1(model, [disguise.disguise(row.text, SHARE, kind) for row in rows], rows)
    show_table(f"macro-F1 {whole:.3f} on {len(rows)} test rows", ["30 % of characters by", "fall"],
               [[kind, f"{fall:+.3f}"] for kind, fall in falls.items()])
    return [at_most(f"macro-F1 lost to {kind}", fall, MAX_FALL, "{:.3f}") for kind, fall in falls.items()]


def _sample(rows: Sequence[Row], most: int) -> list[Row]:
    chinese = [row for row in rows if row.part == "test" and re.search("[一-鿿]", row.text)]
    random.Random(SEED).shuffle(chinese)
    return [row for category in TEXT_CATEGORIES for row in [row for row in chinese if row.label == category][:most]]


def _f1(model: TextModel, texts: Sequence[str], rows: Sequence[Row]) -> float:
    scores = np.array(model.probabilities_of([model_input(text) for text in texts]))
    return float(f1_score([TEXT_CATEGORIES.index(row.label) for row in rows], scores.argmax(axis=1), average="macro"))


if __name__ == "__main__":
    run_alone(run)
