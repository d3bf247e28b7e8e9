"""Moves of fraud: what shows them, what cancels them, in both languages and however the text is spelt."""

import pytest

from anlan.errors import InvalidSettings
from anlan.protections.content.folding import fold
from anlan.protections.dialogue.moves import Move, built_in_moves, read_moves

BOOK = built_in_moves()
HITS = [(move, text) for move in BOOK.moves for text in move.hits]
NEAR_MISSES = [(move, text) for move in BOOK.moves for text in move.near_misses]


def moves_in(text: str) -> set[str]:
    return {shown.move.name for shown in BOOK.find(fold(text).tight)}


@pytest.mark.parametrize(("move", "text"), HITS, ids=lambda value: getattr(value, "name", ""))
def test_an_example_shows_its_move(move: Move, text: str) -> None:
    assert move.name in moves_in(text)


@pytest.mark.parametrize(("move", "text"), NEAR_MISSES, ids=lambda value: getattr(value, "name", ""))
def test_a_near_miss_does_not(move: Move, text: str) -> None:
    assert move.name not in moves_in(text)


def test_every_move_speaks_both_languages_and_has_examples_of_both_kinds() -> None:
    for move in BOOK.moves:
        assert set(move.title) == {"zh", "en"}
        assert any(text.isascii() for text in move.hits), move.name
        assert any(not text.isascii() for text in move.hits), move.name
        assert move.near_misses, move.name


@pytest.mark.parametrize("text", [
    "提醒大家，让你把钱转到安全账户的都是骗子",
    "刚接到电话说我快递丢了要双倍理赔让我下载软件，一听就是诈骗",
    "heads up: they ask you to share your screen and transfer money to a safe account",
])
def test_whoever_warns_makes_no_move(text: str) -> None:
    assert moves_in(text) == set()


@pytest.mark.parametrize(("said", "negated", "move"), [
    ("请共享屏幕", "千万别共享屏幕", "app_or_screen_share_requested"),
    ("请提供银行卡号", "不需要提供银行卡号", "code_requested"),
    ("share your screen please", "never share your screen", "app_or_screen_share_requested"),
])
def test_what_is_negated_is_not_asked(said: str, negated: str, move: str) -> None:
    assert move in moves_in(said)
    assert move not in moves_in(negated)


def test_parts_of_a_cue_stand_in_order_and_near_each_other() -> None:
    assert "code_requested" in moves_in("请把验证码发给我")
    far = "验证码我昨天就收到过一次了，后来那个网站又打不开，今天我在地铁上，你有空的话把照片发给我"
    assert "code_requested" not in moves_in(far)


def test_a_move_says_which_words_showed_it() -> None:
    text = fold("這是偵查秘密，不要告訴任何人").tight
    (shown,) = [one for one in BOOK.find(text) if one.move.name == "secrecy_asked"]
    assert {"不要", "告诉", "任何人"} <= set(shown.words)
    assert [text[start:end] for start, end in shown.spans] == list(shown.words)


def test_evasive_spelling_is_seen_through() -> None:
    assert "transfer_requested" in moves_in("把钱转到 安.全.账.户")
    assert "app_or_screen_share_requested" in moves_in("共 享 屏 幕 一下")


def test_latin_words_are_matched_whole() -> None:
    assert "transfer_requested" not in moves_in("please resend me the invoice to this accountant")


def test_weak_cues_need_company() -> None:
    assert moves_in("尽快") == set()
    assert "urgency" in moves_in("尽快，今天之内")


def test_a_contact_handle_counts_like_a_word() -> None:
    assert not BOOK.find("详聊")
    assert [one.move.name for one in BOOK.find("详聊", has_handle=True)] == ["off_platform_move"]


@pytest.mark.parametrize("text", ["moves: 3", "warnings: []\nmoves: [{name: x}]", "a: [", "warnings: []\nmore: 1"])
def test_a_file_that_cannot_be_used_is_refused_by_name(text: str) -> None:
    with pytest.raises(InvalidSettings, match=r"ours\.yaml"):
        read_moves(text, "ours.yaml")


def test_hostile_text_is_read_in_linear_time() -> None:
    assert len(BOOK.find("验证码" * 3_000 + "告诉我" * 3_000)) >= 1
