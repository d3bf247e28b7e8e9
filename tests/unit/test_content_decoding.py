"""Texts full of doubtful characters are read as they were meant; ordinary ones stay as they are."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anlan.protections.content.decoding import MAX_CHARACTERS, decode
from anlan.protections.content.folding import fold
from anlan.protections.content.tracing import trace

INNOCENT = Path(__file__).with_name("innocent.txt").read_text("utf-8").splitlines()


def deep(text: str) -> str:
    return trace(text).deep


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("别饔法律眺战人性", "别用法律挑战人性"), ("有点奇guai，还有莆田医yuan", "有点奇怪，还有莆田医院"),
        ("确shi有些dong北ren", "确实有些东北人"),
        ("真郜想强妍你", "真的想强奸你"), ("今 天 晚 上 吃 什 么", "今天晚上吃什么"),
    ],
)
def test_what_was_meant_is_read(written: str, meant: str) -> None:
    assert deep(written) == meant


@pytest.mark.parametrize(
    "text", ["my iphone has an app", "用ai写作", "我的iphone和app", "加zhang_wei2", "www.nihao.com", "she can", "e", ""]
)
def test_latin_that_is_no_pinyin_stays(text: str) -> None:
    assert decode(text) == []


def test_ordinary_texts_hardly_change() -> None:
    changed = [text for text in INNOCENT if decode(fold(text).tight)]
    assert len(changed) <= len(INNOCENT) * 0.03, changed


@given(st.text(st.one_of(st.sampled_from("别饔法律眺战人性shi gaoxing 加微信亻言"), st.characters()), max_size=30))
def test_guesses_are_in_order_apart_and_change_something(text: str) -> None:
    after = 0
    for guess in decode(text):
        assert after <= guess.start < guess.end <= len(text)
        assert guess.read not in ("", text[guess.start : guess.end])
        assert guess.kind in ("homophone", "shape", "pinyin")
        after = guess.end


@pytest.mark.parametrize("piece", ["饔", "shi", "shi ", "亻言", "眺战", "微信", "薇信", "加 ", "ⓥ", "一", "1一", "qq1"])
def test_long_hostile_texts_take_linear_time(piece: str) -> None:
    text = piece * (8_000 // len(piece))
    assert all(guess.end <= MAX_CHARACTERS for guess in decode(fold(text).tight))
    assert trace(text).deep is not None
