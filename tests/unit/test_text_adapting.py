"""How a model moves towards what people judged, and no further; what of it can be loaded."""

from pathlib import Path

import pytest

from anlan.domain.judgements import JudgedText, is_kept_back
from anlan.domain.model_cards import ModelCard
from anlan.domain.text_scores import TEXT_CATEGORIES
from anlan.errors import Damaged, InvalidRequest
from anlan.models.text_model import TextModel
from anlan.protections.content.model_card import card_in_force
from anlan.protections.content.model_shelf import ModelShelf, load_candidate
from anlan.protections.content.signals import MODEL_PATH, model_input, shipped_model
from anlan.protections.content.training.candidates import adapt, judged_rows

OURS = "今晚云顶副本缺一个奶妈，二十金一局来不来"
TWINS = ("云顶副本来个奶妈，十金一局", "缺奶妈，副本二十金一局", "副本开荒缺一，三十金", "今晚副本来不来，十五金一局")
ORDINARY = ("明天几点开会", "晚上一起吃火锅吗", "你的快递放在门口了", "see you at the station")


def judged(*rows: tuple[str, str], weight: int = 1) -> list[JudgedText]:
    subjects = [f"{number:032x}" for number in range(1_000)]
    taught = [subject for subject in subjects if not is_kept_back(subject)]
    return [
        JudgedText(subject, text, category, weight, number, "test")
        for number, (subject, (text, category)) in enumerate(zip(taught, rows, strict=False), 1)
    ]


@pytest.fixture(scope="module")
def shipped() -> TextModel:
    found = shipped_model()
    assert found
    return found


def probability(model: TextModel, text: str, category: str) -> float:
    return model.probabilities(model_input(text))[TEXT_CATEGORIES.index(category)]


def test_an_adapted_model_learns_what_was_judged_and_keeps_the_rest(shipped: TextModel, tmp_path: Path) -> None:
    rows = judged(*((text, "gambling") for text in TWINS), (ORDINARY[0], "normal"))
    made = adapt(rows, tmp_path)
    found = load_candidate(made.version, tmp_path)
    assert (made.parent, made.texts, found.version) == (shipped.version, 5, made.version)
    assert probability(found, OURS, "gambling") > max(0.6, probability(shipped, OURS, "gambling"))
    for text in ORDINARY:
        assert probability(found, text, "normal") > probability(shipped, text, "normal") - 0.05
    for name in ("text_model.md", "text_model.zh.md"):
        assert made.version in (tmp_path / made.version / name).read_text("utf-8")


def test_the_same_judgements_make_the_same_model_and_others_another(tmp_path: Path) -> None:
    rows = judged((TWINS[0], "normal"))
    first, again = adapt(rows, tmp_path / "a"), adapt(rows, tmp_path / "b")
    assert first == again
    assert adapt(judged((TWINS[0], "normal"), weight=2), tmp_path / "c").version != first.version


def test_texts_that_are_kept_back_measure_and_never_teach(tmp_path: Path) -> None:
    kept = next(f"{number:032x}" for number in range(100) if is_kept_back(f"{number:032x}"))
    back = JudgedText(kept, TWINS[1], "fraud", 3, 9, "test")
    with pytest.raises(InvalidRequest, match="no judged texts"):
        adapt([back], tmp_path)
    made = adapt([*judged((TWINS[0], "normal")), back], tmp_path)
    assert made.texts == 1
    card: ModelCard = card_in_force(tmp_path, made.version)
    assert card.curves
    assert [(one.name, one.texts) for one in card.curves.sets] == [("judgements", 1)]
    assert set(card.texts) == {"en", "zh"}
    assert {(row.text, row.part) for row in judged_rows([*judged((TWINS[0], "normal"), weight=2), back])} == {
        (TWINS[0], "train"), (TWINS[1], "test"),
    }
    assert len(judged_rows(judged((TWINS[0], "normal"), weight=2))) == 2


def test_what_cannot_be_loaded_changes_nothing(tmp_path: Path) -> None:
    shelf = ModelShelf()
    before = shelf.model
    made = adapt(judged((TWINS[0], "normal")), tmp_path)
    (tmp_path / "other").mkdir()
    for name in (MODEL_PATH.name, "text_model.json"):
        (tmp_path / "other" / name).write_bytes((tmp_path / made.version / name).read_bytes())
    artefact = tmp_path / made.version / MODEL_PATH.name
    artefact.write_bytes(b"0" + artefact.read_bytes()[1:])
    for version in ("gone", "other", made.version):
        with pytest.raises(Damaged, match=version):
            shelf.put(version, tmp_path)
        with pytest.raises(Damaged, match=version):
            shelf.put_in_shadow(version, 1.0, tmp_path)
    assert shelf.model is before
    assert (shelf.shadow_version, shelf.score_in_shadow([OURS]), shelf.score_with_both([OURS])) == ("", ("", []), [])
