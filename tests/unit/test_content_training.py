"""Rebuilding the text models: what the corpora become, and a training from start to artefact on a few made-up texts."""

import csv
import gzip
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from anlan.models.sentence_encoder import SentenceEncoder
from anlan.models.text_model import Alone, TextModel, TextParts, load, save
from anlan.models.training.meaning_head import fit_meaning
from anlan.models.training.text_heads import Sample, best_temperature, fit
from anlan.protections.content.signals import model_input
from anlan.protections.content.training.command import text_command
from anlan.protections.content.training.corpora import Row, caller_turns, spam_category
from anlan.protections.content.training.evaluation import evaluate, score
from anlan.protections.content.training.evasions import Disguise
from anlan.protections.content.training.sentences import Writer

CATEGORIES = ("normal", "abuse", "porn", "gambling", "fraud", "illicit_ad")


def test_only_the_caller_is_taught() -> None:
    assert caller_turns("A：您好\nB：你是谁\nA: 我是客服") == ["您好", "我是客服"]


def test_spam_is_sorted_by_what_it_offers() -> None:
    assert spam_category("You have WON a prize, call now") == "fraud"
    assert spam_category("hot and sexy, text now") == "porn"
    assert spam_category("new ringtone, text TONE to 8007") == "illicit_ad"


def test_sentences_are_the_same_for_one_seed() -> None:
    terms = {"porn": ["某词"], "abuse": ["某词"]}
    once, again = (Writer(7, terms).write("gambling", 50) for _ in range(2))
    assert once == again
    assert len({row.text for row in once}) == 50
    assert not any("{" in row.text for row in once)


def test_disguise_changes_only_chinese(tmp_path: Path) -> None:
    (tmp_path / "char_variants_zh").mkdir()
    with gzip.open(tmp_path / "char_variants_zh/variants.csv.gz", "wt", encoding="utf-8", newline="") as out:
        csv.writer(out).writerows([("char", "variants", "kind"), ("信", "芯", "sound"), ("信", "亻 言", "split")])
    made = {Disguise(tmp_path, seed).disguise("加信abc", 1.0) for seed in range(20)}
    assert {"加芯abc", "加亻言abc"} <= made
    assert all(text.endswith("abc") for text in made)


def test_fit_save_and_evaluate(tmp_path: Path) -> None:
    writer = Writer(1, {"porn": ["某词"], "abuse": ["某词"]})
    rows = [row for category in CATEGORIES for row in writer.write(category, 60)]
    columns = np.array([CATEGORIES.index(row.label) for row in rows])
    sample = Sample([model_input(row.text) for row in rows], columns, np.ones(len(rows)))
    encoder = SentenceEncoder.load()
    heads = fit(sample, CATEGORIES, "test", strength=1.0)
    meaning = fit_meaning(encoder.encode(sample.texts), sample, epochs=20, seed=1)
    save(TextParts(heads, meaning, Alone(1.0, heads.bias * 0, 0.9)), tmp_path / "model.npz")
    model = TextModel(load(tmp_path / "model.npz"), encoder)
    (result,) = evaluate(score(model, [Row(*row[:3], part="test") for row in rows]))
    assert result.macro_f1 > 0.9
    assert {entry.category for entry in result.categories} == set(CATEGORIES)


def test_best_temperature_cools_the_overconfident() -> None:
    chance = np.random.default_rng(1)
    columns = chance.integers(0, 2, 400)
    right = chance.random(400) < 0.8
    logits = np.where((columns == np.arange(2)[:, None]) == right, 6.0, -6.0).T.astype(np.float32)
    assert best_temperature(logits, Sample([], columns, np.ones(400))) == pytest.approx(12 / np.log(4), rel=0.2)


def test_command_wants_a_data_folder(tmp_path: Path) -> None:
    assert CliRunner().invoke(text_command, ["--data", str(tmp_path / "missing")]).exit_code == 2
