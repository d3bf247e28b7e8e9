"""What made a text's scores: sums that are exact, places in the text as written, and texts that try to break it."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from anlan.domain.text_evidence import TextExplained
from anlan.domain.text_scores import TEXT_CATEGORIES
from anlan.models.text_model import TextModel
from anlan.protections.content.alignment import mask_in_place
from anlan.protections.content.evidence import MAX_SEGMENTS, segments, weigh
from anlan.protections.content.explaining import MAX_TERMS, explain_text
from anlan.protections.content.extraction import extract
from anlan.protections.content.lexicon import Lexicon, Term
from anlan.protections.content.nearest import EXAMPLES_EACH, examples_for
from anlan.protections.content.signals import model_input, shipped_model
from anlan.protections.content.tracing import trace

LEXICON = Lexicon([Term("刷单", "fraud", 2), Term("加微信", "illicit_ad", 1)])
TEXTS = [
    "兼职刷 单日结３００，加薇❤ abc12345 了解", "你 这 个 傻*逼", "今天天气不错，我们去爬山吧",
    "hello, you won a prize! call 13800138000 or http://a.b.com/x now", "➕V信：qwe12345，穩賺不賠",
    "刷\u200b单\u202e加微信\u202c", "👩‍👩‍👧‍👦🇨🇳刷单👍🏽", "مرحبا 刷单 שלום", "😀" * 3000 + "刷单" * 3000, "x" * 32_768,
    "a@b.co," * 4000, "\ud800刷单\udfff", "\x00\n\r\t刷单", " ", "",
]


@pytest.fixture(scope="module")
def model() -> TextModel:
    found = shipped_model()
    assert found
    return found


def places_in(found: TextExplained) -> list[tuple[int, int]]:
    lights = [light for score in found.scores for light in (*score.highlights, *score.against)]
    return [
        *((each.start, each.end) for each in lights), *((each.start, each.end) for each in found.terms),
        *((each.start, each.end) for each in found.extracted), *((each.start, each.end) for each in found.folds),
    ]


@pytest.mark.parametrize("text", TEXTS, ids=lambda text: ascii(text)[:30])
def test_parts_add_up_to_the_score_and_stand_in_the_text(model: TextModel, text: str) -> None:
    found, reading = explain_text(text, LEXICON, model, with_nearest=False)
    assert found.text == text
    assert all(0 <= start <= end <= len(text) for start, end in places_in(found))
    if not text:
        assert found.scores == ()
        return
    assert {score.category for score in found.scores} == {*TEXT_CATEGORIES[1:], "harm"}
    assert found.probabilities == reading.scores
    for score in found.scores:
        assert score.log_odds == pytest.approx(score.base + score.spelling + score.meaning)
        if score.category != "harm":
            expected = np.log(found.probabilities[score.category]) - np.log(found.probabilities["normal"])
            assert score.log_odds == pytest.approx(expected, abs=0.02)
    harm = found.scores[-1]
    assert harm.score == pytest.approx(1 / (1 + np.exp(-harm.log_odds)), abs=0.001)


@pytest.mark.parametrize("text", [text for text in TEXTS if text])
def test_every_weight_of_spelling_lands_on_a_character(model: TextModel, text: str) -> None:
    traced = trace(text)
    masked = mask_in_place(traced.deep)
    breakdown = model.breakdown(masked.text)
    places = [traced.span("deep", *place) for place in masked.ranges]
    weights = weigh(model, masked.text, breakdown, places, len(text))
    lost = breakdown.by_character - breakdown.by_character[:, :1]
    assert np.allclose(weights.spelling.sum(axis=0), lost.sum(axis=0), atol=1e-6 * max(1, np.abs(lost).sum()))


def test_the_words_that_matter_are_shown_where_they_were_written(model: TextModel) -> None:
    text = "晚上好呀，你 这 个 傻*逼，在吗"
    found, _ = explain_text(text, Lexicon([Term("傻逼", "abuse", 3)]), model)
    (term,) = found.terms
    assert text[term.start : term.end] == "傻*逼"
    abuse = next(score for score in found.scores if score.category == "abuse")
    strongest = {character for light in abuse.highlights[:4] for character in text[light.start : light.end]}
    assert strongest & set("傻逼")
    assert not strongest & set("晚上在吗")
    assert {fold.kind for fold in found.folds} >= {"wedged"}


def test_terms_are_found_once_whatever_form_shows_them(model: TextModel) -> None:
    text = "刷单，刷 单 返 利"
    found, _ = explain_text(text, LEXICON, model, with_nearest=False)
    assert [text[term.start : term.end] for term in found.terms] == ["刷单", "刷 单"]
    many, _ = explain_text("刷单" * 4000, LEXICON, None)
    assert len(many.terms) == MAX_TERMS


def test_without_a_model_scores_are_unknown_and_the_rest_is_there() -> None:
    found, _ = explain_text("刷单加微信 abc12345", LEXICON, None)
    assert (found.model, found.meaning, found.category, found.scores, found.nearest) == (
        "unavailable", "unavailable", "", (), ()
    )
    assert len(found.terms) == 2
    assert [(each.kind, each.value) for each in found.extracted] == [("wechat", "abc12345")]


def test_sure_ngrams_spare_the_encoder(model: TextModel) -> None:
    found, _ = explain_text("今天天气不错", LEXICON, model, with_nearest=False)
    assert found.meaning == "spared"
    assert all(light.meaning == 0 for score in found.scores for light in score.highlights)


@example("\U0001e2f0")
@example("\U0001e2f0 a")
@settings(max_examples=100)
@given(st.text(alphabet=st.sampled_from("刷单 0189a.@/:信微qh\ue001\ue002，\n") | st.characters(), max_size=60))
def test_masked_characters_lead_back_in_order(text: str) -> None:
    tight = trace(text).tight
    masked = mask_in_place(tight)
    assert masked.text == extract(tight).masked
    assert len(masked.ranges) == len(masked.text)
    assert [place for one in masked.ranges for place in range(*one)] == list(range(len(tight)))


def test_masks_stand_for_what_they_hide() -> None:
    text = "看 https://a.example.com/x 加微信 abc12345 电话13800138000 编号 12345678901 完"
    tight = trace(text).tight
    masked = mask_in_place(tight)
    shown = [tight[start:end] for start, end in masked.ranges]
    assert {"https://a.example.com/x", "abc12345", "13800138000", "5678901"} <= set(shown)
    assert shown[-1] == "完"
    assert masked.text == model_input(text)


def test_segments_make_up_the_text() -> None:
    text = "今天天气不错，我们去爬山吧 hello world " * 10
    found = segments(text)
    assert len(found) <= MAX_SEGMENTS
    assert "".join(text[start:end] for start, end in found) == text
    assert segments("") == []


def test_examples_are_of_every_category(model: TextModel) -> None:
    examples = examples_for(model)
    assert set(examples.categories) == set(TEXT_CATEGORIES)
    assert len(examples.texts) <= EXAMPLES_EACH * len(TEXT_CATEGORIES)
    assert np.allclose(np.linalg.norm(examples.vectors, axis=1), 1, atol=1e-3)
    text, category = examples.texts[200], examples.categories[200]
    found, _ = explain_text(text, LEXICON, model)
    assert found.nearest[0].category == category
    assert found.nearest[0].similarity == pytest.approx(1.0, abs=1e-3)
