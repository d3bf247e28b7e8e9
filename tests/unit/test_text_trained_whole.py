"""A training on public sets and judgements together, from start to a candidate that loads, on very small sets."""

import csv
import gzip
from pathlib import Path

import pytest

from anlan.domain.judgements import JudgedText, is_kept_back
from anlan.domain.text_scores import TEXT_CATEGORIES
from anlan.protections.content.model_card import card_in_force
from anlan.protections.content.model_shelf import load_candidate
from anlan.protections.content.signals import model_input
from anlan.protections.content.training import recipe
from anlan.protections.content.training.command import learn_text

Table = list[tuple[str, ...]]
FEW = dict.fromkeys(TEXT_CATEGORIES, 36)
JUDGED = "云顶副本来个奶妈，十金一局"


def write_sets(folder: Path) -> None:
    """Every file that a training reads, with a few harmless and harmful sentences in each."""
    normal = [f"第{number}次例会改到周三，记得带材料" for number in range(29)]
    abuse = [f"你们第{number}组全是没脑子的蠢货" for number in range(12)]
    two = [*((text, "0", f"n/{text}") for text in normal[:8]), *((text, "1", f"a/{text}") for text in abuse[:8])]
    spoken = [(f"A：{text}\nB：好\nA：请尽快办理", label) for label in ("normal", "fraud") for text in normal[8:14]]
    write(folder, "cold/train", [("text", "label", "source"), *two])
    write(folder, "cold/dev", [("text", "label"), *((text, "0") for text in normal[14:18]), (abuse[9], "1")])
    write(folder, "swsr/comments", [("text", "label", "source"), *((f"{a}。", b, c) for a, b, c in two)])
    write(folder, "swsr/SexHateLex", [("text",), ("傻某",)])
    tweets = [("see you at noon", "neither"), ("you are an idiot", "offensive_language")]
    write(folder, "davidson/tweets", [("text", "label"), *tweets])
    messages = [("ok see you soon", "ham"), ("you have won a cash prize, call now", "spam")]
    write(folder, "sms_spam_collection/sms", [("text", "label"), *messages])
    write(folder, "teleantifraud_dialogues/dialogues", [("text", "label"), *spoken])
    write(folder, "cfever_dev_a/claims", [("text",), *((text,) for text in normal[18:26])])
    write(folder, "dxy_rumours/rumours", [("text", "body"), (normal[26], normal[27])])
    posts = [("a day at the lake", "normal"), ("shut up moron", "hatespeech")]
    write(folder, "hatexplain_val/val", [("text", "label"), *posts])
    write(folder, "chineseharm_dev/dev", [("text", "label"), (normal[28], "normal"), (abuse[11], "abuse")])
    write(folder, "lexicons_zh/lexicon", [("text", "label", "source"), ("某某某", "porn", "test")])
    variants = [("信", "芯", "sound"), ("信", "亻 言", "split")]
    write(folder, "char_variants_zh/variants", [("char", "variants", "kind"), *variants])


def write(folder: Path, name: str, rows: Table) -> None:
    path = folder / f"{name}.csv.gz"
    path.parent.mkdir(parents=True, exist_ok=True)
    with gzip.open(path, "wt", encoding="utf-8", newline="") as out:
        csv.writer(out).writerows(rows)


def judgements() -> list[JudgedText]:
    """Three taught texts, and one that is kept back."""
    subjects = [f"{number:032x}" for number in range(100)]
    taught = [subject for subject in subjects if not is_kept_back(subject)][:3]
    kept = next(filter(is_kept_back, subjects))
    texts = (JUDGED, "缺奶妈，副本二十金一局", "副本开荒缺一，三十金", "今晚副本来不来，十五金一局")
    return [
        JudgedText(subject, text, "gambling", 3, number, "test")
        for number, (subject, text) in enumerate(zip((*taught, kept), texts, strict=True), 1)
    ]


def test_a_whole_training_makes_a_candidate_that_loads_and_says_what_taught_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recipe, "SENTENCES", FEW)  # of the sentences of ours, whose full number takes minutes
    write_sets(tmp_path / "data")
    candidates = tmp_path / "candidates"
    made = learn_text(judgements(), tmp_path / "data", candidates)
    assert (made.parent, made.texts) == ("", 3)
    assert [entry.name for entry in candidates.iterdir()] == [made.version]
    model = load_candidate(made.version, candidates)
    scores = dict(zip(model.categories, model.probabilities(model_input(JUDGED)), strict=True))
    assert max(scores, key=scores.__getitem__) == "gambling"
    card = card_in_force(candidates, made.version)
    assert card.curves
    assert ("judgements", 1) in {(one.name, one.texts) for one in card.curves.sets}
    assert "3 texts that people judged here" in card.texts["en"]
    assert "3 条文本" in card.texts["zh"]
    assert not (candidates / made.version / "lexicon.csv").exists()
