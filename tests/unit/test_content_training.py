"""Rebuilding the text models: what the corpora become, and a training from start to artefact on a few made-up texts."""

import csv
import gzip
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from anlan.commands.learning import train_text_command
from anlan.domain.text_scores import TEXT_CATEGORIES
from anlan.models.sentence_encoder import SentenceEncoder
from anlan.models.text_model import Alone, TextModel, TextParts, load, save
from anlan.models.training.meaning_head import fit_meaning
from anlan.models.training.text_heads import Sample, best_temperature, fit
from anlan.protections.content.model_lines import further_lines
from anlan.protections.content.signals import model_input
from anlan.protections.content.training.card import Measured, Training, write_cards
from anlan.protections.content.training.corpora import Row, caller_turns, spam_category
from anlan.protections.content.training.evaluation import EVASIONS, Scored, evaluate, evaluate_evasions, score
from anlan.protections.content.training.evasions import Disguise
from anlan.protections.content.training.sentences import Writer


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


def _write_variants(folder: Path, rows: list[tuple[str, str, str]]) -> None:
    (folder / "char_variants_zh").mkdir()
    with gzip.open(folder / "char_variants_zh/variants.csv.gz", "wt", encoding="utf-8", newline="") as out:
        csv.writer(out).writerows(rows)


def test_disguise_changes_only_chinese(tmp_path: Path) -> None:
    _write_variants(tmp_path, [("char", "variants", "kind"), ("信", "芯", "sound"), ("信", "亻 言", "split")])
    made = {Disguise(tmp_path, seed).disguise("加信abc", 1.0) for seed in range(20)}
    assert {"加芯abc", "加亻言abc"} <= made
    assert all(text.endswith("abc") for text in made)


def test_fit_save_and_evaluate(tmp_path: Path) -> None:
    writer = Writer(1, {"porn": ["某词"], "abuse": ["某词"]})
    rows = [row for category in TEXT_CATEGORIES for row in writer.write(category, 60)]
    columns = np.array([TEXT_CATEGORIES.index(row.label) for row in rows])
    words = [model_input(row.text) for row in rows]
    sample = Sample([(text, *further_lines(text)) for text in words], columns, np.ones(len(rows)))
    encoder = SentenceEncoder.load()
    heads = fit(sample, TEXT_CATEGORIES, "test", strength=1.0)
    meaning = fit_meaning(encoder.encode(words), sample, epochs=20, seed=1)
    save(TextParts(heads, meaning, Alone(1.0, heads.bias * 0, 0.9)), tmp_path / "model.npz")
    model = TextModel(load(tmp_path / "model.npz"), encoder, further_lines)
    tested = [Row(row.text, row.label, "cold", "test") for row in rows[::4]]
    (result,) = evaluate(score(model, tested))
    assert result.macro_f1 > 0.9
    assert result.harm_auc > 0.9
    table = [("char", "variants", "kind"), ("信", "芯", "sound"), ("信", "亻 言", "split")]
    _write_variants(tmp_path, table)
    evasions = evaluate_evasions(model, tested, tmp_path)
    assert [entry.kind for entry in evasions] == ["", *EVASIONS]
    assert evasions[0].macro_f1 == result.macro_f1
    assert {entry.category for entry in result.categories} == set(TEXT_CATEGORIES)


def test_recall_is_read_where_one_harmless_text_in_a_hundred_alarms() -> None:
    calm = np.concatenate([np.linspace(0.5, 1.0, 101), [0.2, 0.4, 0.502, 0.9]])
    scores = np.stack([calm, 1 - calm], axis=1)
    (result,) = evaluate(Scored(("normal", "fraud"), scores, np.array([0] * 101 + [1] * 4), ["s"] * 105))
    assert result.recall_at_1 == 0.75
    assert result.false_alarms == 0.0


def test_cards_say_the_same_in_both_languages(tmp_path: Path) -> None:
    scored = Scored(("normal", "fraud"), np.array([[0.9, 0.1], [0.2, 0.8]]), np.array([0, 1]), ["cold", "cold"])
    training = Training("v7", "abc123", 1_500_000, [Row("x", "fraud", "cold", "train")], 0.8, (-0.25, 1.25), 12)
    write_cards(tmp_path / "m.npz", training, Measured(evaluate(scored), [], []))
    english, chinese = ((tmp_path / f"m{end}").read_text("utf-8") for end in (".md", ".zh.md"))
    for card in (english, chinese):
        assert "`v7`" in card
        assert "`abc123`" in card
        assert "| cold | 2 | 1.000 |" in card
        assert "{" not in card
    assert english.count("\n## ") == chinese.count("\n## ")
    assert "not measured in this training" in english
    assert "本次训练未测" in chinese


def test_best_temperature_cools_the_overconfident() -> None:
    chance = np.random.default_rng(1)
    columns = chance.integers(0, 2, 400)
    right = chance.random(400) < 0.8
    logits = np.where((columns == np.arange(2)[:, None]) == right, 6.0, -6.0).T.astype(np.float32)
    assert best_temperature(logits, Sample([], columns, np.ones(400))) == pytest.approx(12 / np.log(4), rel=0.2)


def test_command_wants_a_data_folder(tmp_path: Path) -> None:
    assert CliRunner().invoke(train_text_command, ["--data", str(tmp_path / "missing")]).exit_code == 2
