"""Cues: parts in order and near each other, negation, whole Latin words, what cancels, and sums of weights."""

import pytest

from anlan.engine.cues import ACCOUNT, ADDRESS, GAP_CHARS, LATIN_GAP_CHARS, Cue, CueBook


def shown(text: str, *cues: str, has_address: bool = False) -> bool:
    return bool(CueBook([Cue(cue, 0) for cue in cues]).find(text, has_address=has_address))


@pytest.mark.parametrize(
    ("text", "cue", "is_shown"),
    [
        ("请转账到安全账户", "转账|汇款 .. 安全账户", True),
        ("安全账户请转账", "转账|汇款 .. 安全账户", False),
        ("转账" + "很" * GAP_CHARS + "安全账户", "转账 .. 安全账户", True),
        ("转账" + "很" * (GAP_CHARS + 1) + "安全账户", "转账 .. 安全账户", False),
        ("不要转账到安全账户", "转账 .. 安全账户", False),
        ("不要，转账到安全账户", "转账 .. 安全账户", True),
        ("the aaron scheme", "aa", False),
        ("go aa today", "aa", True),
        ("see a page", f"see .. {ADDRESS}", False),
        ("pay" + " " * LATIN_GAP_CHARS + "the fee", "pay .. the fee", True),
        ("pay" + " " * (LATIN_GAP_CHARS + 1) + "the fee", "pay .. the fee", False),
        ("pay" + " " * LATIN_GAP_CHARS + "手续费", "pay .. 手续费", True),
        ("转1500到账户", "转 .. 1|2 .. 到账户", True),
        ("转15a到账户", "转 .. 15 .. 到账户", False),
        ("转51到账户", "转 .. 1 .. 到账户", False),
        ("请付到wallet-9700001吧", f"付 .. {ACCOUNT} .. 吧", True),
        ("请付12345吧", f"付 .. {ACCOUNT}", False),
        ("pay &#128514;", f"pay .. {ACCOUNT}", False),
    ],
)
def test_where_a_cue_is_shown(text: str, cue: str, *, is_shown: bool) -> None:
    assert shown(text, cue) == is_shown


def test_an_address_is_a_part_like_any_other() -> None:
    assert shown("see a page", f"see .. {ADDRESS}", has_address=True)


def test_different_cues_add_up_and_one_counts_once() -> None:
    book = CueBook([Cue("红包|奖金", 3, 0.5), Cue("马上", 3, 0.75), Cue("点击", 4)])
    found = book.find("红包红包奖金，马上领")
    assert set(found) == {3}
    assert found[3].weight == 1.25
    assert [text for start, end in found[3].spans for text in ["红包红包奖金，马上领"[start:end]]] == ["红包", "马上"]


def test_what_cancels_an_owner_leaves_the_others() -> None:
    book = CueBook([Cue("转账", 0), Cue("饭钱", 0, cancels=True), Cue("转账", 1)])
    assert set(book.find("饭钱转账给你")) == {1}


def test_a_book_without_cues_finds_nothing() -> None:
    assert CueBook([]).find("转账") == {}
