"""What sounds alike looks alike in the sound view; characters in pieces come together again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anlan.protections.content.forms import Edit, Form
from anlan.protections.content.sounds import FIRST_SIGN, merge, sound_view, syllables
from anlan.protections.content.splits import find_splits


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("薇信", "微信"), ("加wei xin", "加微信"), ("jia wei xin", "加微信"), ("薇❤", "微信"), ("shabi", "傻逼"),
        ("sha bi", "傻逼"), ("ni ma si le", "你妈死了"), ("煞笔", "傻逼"), ("xi'an", "西安"),
        ("你nv儿", "你女儿"), ("山", "上"), ("泥", "你"), ("走吧qq见", "走吧qq见"),
        ("快 加  薇/信", "快加微信"), ("傻~逼", "傻逼"),
    ],
)
def test_sounds_alike(written: str, meant: str) -> None:
    assert sound_view(written) == sound_view(meant)


@pytest.mark.parametrize("text", ["are you coming", "can you", "i love new york", "", "123 !", "e", "https://x.com/a"])
def test_english_stays_as_it_is(text: str) -> None:
    assert sound_view(text) == text


def test_latin_words_beside_chinese_stay_unless_they_are_pinyin() -> None:
    assert "iphone" in sound_view("我的iphone呢")
    assert "a" in sound_view("a股")
    assert "hao" not in sound_view("你hao呀")


@given(st.text(st.one_of(st.sampled_from("加微信你好abceioz' 的❤"), st.characters()), max_size=30))
def test_the_view_never_fails_and_is_stable(text: str) -> None:
    view = sound_view(text)
    assert sound_view(view) == view or any(character.isascii() for character in view)


def test_the_signs_stay_where_models_learnt_them() -> None:
    """A change here changes what trained heads see: retrain them with it."""
    assert sound_view("啊") == chr(FIRST_SIGN)
    assert [hex(ord(sign)) for sign in sound_view("加微信做")] == ["0xe162", "0xe1f4", "0xe1fd", "0xe221"]


@pytest.mark.parametrize(("syllable", "merged"), [("zhang", "zan"), ("ni", "li"), ("n", "n"), ("lü", "lv")])
def test_merge(syllable: str, merged: str) -> None:
    assert merge(syllable) == merged


def test_every_common_character_has_a_syllable() -> None:
    common = [bytes((high, low)).decode("gb2312", "ignore") for high in range(0xB0, 0xD7) for low in range(0xA1, 0xFF)]
    assert [character for character in common if character and character not in syllables()] == []


def rejoin(text: str) -> str:
    return Form.of(text).edited(Edit(*split) for split in find_splits(text)).text


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("加微亻言", "加微信"), ("礻畐利", "福利"), ("氵去车仑工力", "法轮功"), ("你个马扁子", "你个骗子"),
        ("亻言亻言", "信信"), ("", ""), ("讠果禾呈", "课程"),
    ],
)
def test_pieces_come_together(written: str, meant: str) -> None:
    assert rejoin(written) == meant


@pytest.mark.parametrize(
    "text", ["女子足球", "日月如梭", "妇女马上到", "员工力量大", "人言可畏", "木木的", "口口相传", "十口人", "今天天气",
             "立早上的车", "自心里觉得"],
)
def test_ordinary_neighbours_stay_apart(text: str) -> None:
    assert find_splits(text) == []


def test_usual_neighbours_join_in_a_text_full_of_pieces() -> None:
    assert rejoin("日月如梭，马扁子") == "日月如梭，骗子"
    assert rejoin("又鸟口乞此二") == "鸡吃些"


def test_splits_say_where() -> None:
    assert [(split.start, split.end, split.character) for split in find_splits("加微亻言吧")] == [(2, 4, "信")]
