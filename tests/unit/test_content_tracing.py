"""The traced forms are the folded ones, and every range leads back to what stands in the text as written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anlan.protections.content.folding import fold
from anlan.protections.content.tracing import LEVELS, trace

NASTY = st.text(
    st.one_of(
        st.sampled_from("加微信傻逼妈的你ⓥⓧ１２３Ⅷ🅰🀄➕薇❤ａаеİΣςßﬁ㎏㈱臺灣髮乾著"
                        "\u200b\u200d\u202e\u0301\ufe0f\ud800.*_-· \n\u3000aaab"),
        st.characters(),
    ),
    max_size=40,
)


@given(NASTY)
def test_the_forms_are_those_of_folding(text: str) -> None:
    traced, folded = trace(text), fold(text)
    assert (traced.plain, traced.tight) == (folded.plain, folded.tight)


@given(NASTY)
def test_every_character_has_a_place_in_order(text: str) -> None:
    for form in trace(text).forms.values():
        assert len(form.text) == len(form.starts) == len(form.ends)
        assert all(0 <= start < end <= len(text) for start, end in zip(form.starts, form.ends, strict=True))
        assert list(form.starts) == sorted(form.starts)


@given(NASTY, st.integers(0, 40), st.integers(0, 40))
def test_what_a_range_leads_to_folds_to_the_same(text: str, start: int, length: int) -> None:
    """A slice of `plain` is the plain of its slice, but for words and phrases that fold only as a whole."""
    traced = trace(text)
    wanted = traced.plain[start : start + length]
    first, after = traced.span("plain", start, min(start + length, len(traced.plain)))
    assert 0 <= first <= after <= len(text)
    again = fold(text[first:after]).plain
    if not any(fold.kind in ("look_alike", "traditional") for fold in traced.folds) and len(again) == len(wanted):
        assert again.replace("ς", "σ") == wanted.replace("ς", "σ")


@given(NASTY)
def test_folds_quote_the_text(text: str) -> None:
    for found in trace(text).folds:
        assert text[found.start : found.end] == found.written != found.read
        assert found.level == LEVELS[found.kind]
        assert 0 < found.score <= 1


@pytest.mark.parametrize(
    ("text", "form", "part", "written"),
    [
        ("快，加 微 信", "tight", "加微信", "加 微 信"),
        ("请加薇\u200b信", "tight", "薇信", "薇\u200b信"),
        ("号ⓥⓧ１２３", "plain", "vx", "ⓥⓧ"),
        ("好啊啊啊啊嗯", "tight", "啊啊", "啊啊"),
        ("在臺灣", "plain", "台湾", "臺灣"),
    ],
)
def test_spans_show_what_was_written(text: str, form: str, part: str, written: str) -> None:
    traced = trace(text)
    start = traced.forms[form].text.index(part)  # type: ignore[index]
    first, after = traced.span(form, start, start + len(part))  # type: ignore[arg-type]
    assert text[first:after] == written


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("１２３", ["width"]), ("a\u200bb", ["invisible"]), ("a\u202eb", ["bidi"]), ("f\u0301", ["mark"]),
        ("ⓥ", ["enclosed"]), ("аdmin", ["look_alike"]), ("➕", ["emoji"]), ("臺", ["traditional"]),
        ("soooo", ["repeated"]), ("傻*逼", ["wedged"]), ("加 微 信", ["spaced"]), ("ﬁ", ["compatibility"]),
        ("Hello，你好", []),
    ],
)
def test_each_kind_of_fold_is_named(text: str, kinds: list[str]) -> None:
    assert [found.kind for found in trace(text).folds] == kinds


@pytest.mark.parametrize(
    ("text", "kind", "written", "read"),
    [
        ("加微亻言聊", "split", "加微亻言", "加微信"),
        ("快加薇\u200b信", "homophone", "薇\u200b信", "微信"),
        ("这里ＶＸ聊", "initials", "ＶＸ", "微信"),
        ("ni ma si le", "pinyin", "ni ma si le", "你妈死了"),
        ("打138一二三四00〇0", "digit_word", "138一二三四00〇0", "13812340000"),
    ],
)
def test_guesses_stand_in_the_deep_form_and_raise_suspicion_only(text: str, kind: str, written: str, read: str) -> None:
    traced = trace(text)
    guess = next(found for found in traced.folds if found.kind == kind)
    assert (guess.written, guess.read, guess.level) == (written, read, "suspicion")
    start = traced.deep.index(read)
    first, after = traced.span("deep", start, start + len(read))
    assert text[first:after] == written
