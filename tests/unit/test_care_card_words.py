"""Care cards as data and as pictures: words for every age, nothing that blames or frightens, drawings that hold."""

import re
from xml.etree import ElementTree

import pytest

from anlan.center.card_file import CARDS_FOLDER, load_cards, read_card
from anlan.domain.care_cards import BANDS, DAY_S, MAX_A_DAY, NEVERS, CareCard, Earlier, band_of, may_show
from anlan.errors import InvalidSettings
from anlan.protections.minors.cues import built_in_themes
from anlan.web.card_drawings import LINE_EMS, draw_card, draw_picture, wrap
from anlan.web.languages import language
from anlan.workshop import built_in_policies

CARDS = load_cards()
BULLYING = (CARDS_FOLDER / "bullying.yaml").read_text("utf-8")
MAX_BYTES = 6_000
MAX_CHARS = {"zh": 80, "en": 280}
BLAMES = (
    "你不该",
    "你不应该",
    "你怎么能",
    "都怪你",
    "谁让你",
    "你活该",
    "你太傻",
    "早知道",
    "should have known",
    "you should not have",
    "how could you",
    "because of you",
    "you asked for",
)
ALARMS = (
    "!!",
    "！！",
    "危险！",
    "警告",
    "立刻报警",
    "马上报警",
    "会坐牢",
    "后果自负",
    "warning",
    "danger",
    "immediately",
    "or else",
)
TELLS = (
    "已通知你的父母",
    "会通知你的家长",
    "告诉了你爸妈",
    "we told your parents",
    "we will tell your parents",
    "inform your parents",
)


def all_words(card: CareCard) -> list[str]:
    return [text for words in (card.title, *card.says.values()) for text in words.values()]


def offends(text: str) -> list[str]:
    return [phrase for phrase in (*BLAMES, *ALARMS, *TELLS) if phrase in text.lower()]


def test_there_are_cards_for_every_theme_that_policies_order_and_the_other_way_round() -> None:
    ordered = {
        parameters["theme"]
        for policy, _ in built_in_policies()
        for kind, parameters in policy.actions
        if kind == "care_card"
    }
    assert len(CARDS) >= 18
    assert ordered == set(CARDS)
    assert {one.theme for one in built_in_themes().themes} <= ordered


@pytest.mark.parametrize("theme", CARDS)
def test_no_card_blames_frightens_or_tells_parents(theme: str) -> None:
    card = CARDS[theme]
    assert set(card.never) == set(NEVERS)
    assert not [found for text in all_words(card) if (found := offends(text))]
    assert "trusted_adult" in card.offers or "talk" in card.offers


@pytest.mark.parametrize("text", ["你不该发照片", "Warning: danger", "我们已通知你的父母"])
def test_words_that_would_are_seen(text: str) -> None:
    assert offends(text)


@pytest.mark.parametrize("theme", CARDS)
def test_words_are_short_and_the_youngest_read_the_simplest(theme: str) -> None:
    for code, most in MAX_CHARS.items():
        assert all(len(CARDS[theme].says[band][code]) <= most for band in BANDS)
    assert len({CARDS[theme].says[band]["zh"] for band in BANDS}) == len(BANDS)
    assert max(map(len, re.split(r"[，。！？：；、]", CARDS[theme].says["under_12"]["zh"]))) <= 20


def test_only_a_card_about_a_life_calls_a_person_and_its_first_line_is_the_crisis_line() -> None:
    assert [card.theme for card in CARDS.values() if card.needs_person] == ["self_harm"]
    assert CARDS["self_harm"].hotlines[0] == "crisis"


@pytest.mark.parametrize(
    ("shipped", "written", "fault"),
    [
        ("under_12:", "under_9:", "under_9"),
        ("  16_to_17:\n", "  adult:\n", "adult"),
        ("never: [blame, alarm, tell_parents]", "never: [blame]", "never names each of"),
        ("offers: [block", "offers: [punish", "punish"),
        ("title: {zh: 这些话伤到你了吗, en:", "title: {zh: '', en:", "zh and in en"),
        ("owner: minors", "owner: [minors", "while parsing"),
    ],
)
def test_a_card_that_cannot_be_used_says_why(shipped: str, written: str, fault: str) -> None:
    assert shipped in BULLYING
    with pytest.raises(InvalidSettings, match=re.escape(fault)):
        read_card(BULLYING.replace(shipped, written, 1), "bullying.yaml")


@pytest.mark.parametrize("theme", CARDS)
def test_a_card_is_one_small_picture_with_its_words_for_those_who_cannot_see_it(theme: str) -> None:
    for code in ("zh", "en"):
        for band in BANDS:
            drawn = draw_card(CARDS[theme], band, language(code, "UTC"))
            root = ElementTree.fromstring(drawn)
            assert len(drawn.encode()) <= MAX_BYTES
            assert root.get("role") == "img"
            shown = "".join(part for text in root.iter("{http://www.w3.org/2000/svg}tspan") for part in text.itertext())
            assert shown.replace(" ", "") == CARDS[theme].says[band][code].replace(" ", "")
            assert CARDS[theme].says[band][code] in "".join(root.itertext())


@pytest.mark.parametrize("theme", CARDS)
def test_pictures_hold_no_words_no_style_and_no_script(theme: str) -> None:
    picture = draw_picture(theme)
    root = ElementTree.fromstring(f"<svg>{picture}</svg>")
    assert {part.tag for part in root.iter()} <= {"svg", "g", "path", "rect", "circle", "ellipse"}
    assert not "".join(root.itertext()).strip()
    assert "style" not in picture


def test_pictures_differ() -> None:
    assert len({draw_picture(theme) for theme in CARDS}) == len(CARDS)


def test_lines_break_where_each_language_may() -> None:
    chinese = list(wrap("有人说了难听的话，难过是正常的，这不是你的错。可以不回他，也可以给大人看。" * 2))
    assert all(len(line) <= LINE_EMS + 1 for line in chinese)
    assert not [line for line in chinese if line[0] in "，。！？"]
    english = "Somebody said mean words. Feeling sad is normal, and it is not your fault."
    assert " ".join(wrap(english, 12.0)) == english
    assert len(list(wrap(english, 12.0))) > 2


def test_bands_are_read_and_never_guessed() -> None:
    assert [band_of(fact) for fact in ("under_12", "16_to_17", "adult", None, 11)] == [
        "under_12",
        "16_to_17",
        None,
        None,
        None,
    ]


def test_measure_of_cards() -> None:
    calm, urgent = CARDS["dare"], CARDS["self_harm"]
    today = [Earlier(f"t{number}", 0.0) for number in range(MAX_A_DAY)]
    assert may_show(calm, today[1:], 10.0)
    assert not may_show(calm, today, 10.0)
    assert may_show(calm, today, DAY_S + 1)
    assert not may_show(calm, [Earlier("dare", 0.0)], 6 * DAY_S)
    assert may_show(urgent, [*today, Earlier("self_harm", 0.0)], 10.0)
    assert not may_show(urgent, [Earlier("self_harm", 0.0, is_waiting=True)], 60 * DAY_S)
