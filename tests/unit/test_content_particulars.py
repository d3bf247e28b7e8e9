"""What a text hides and carries reaches policies as signals."""

import pytest

from anlan.protections.content.extraction import Handle
from anlan.protections.content.lexicon import Lexicon
from anlan.protections.content.particulars import SIGNALS
from anlan.protections.content.signals import read_text

BY_NAME = {entry.name: entry for entry in SIGNALS}


def value(name: str, text: str) -> object:
    entry = BY_NAME[name]
    given = {"text_reading": read_text(text, Lexicon([]), None), "content_text": text}
    given["text_extracts"] = BY_NAME["text_extracts"].compute(text)
    return entry.compute(*(given[read] for read in entry.reads))


@pytest.mark.parametrize(
    ("text", "handle"),
    [
        ("薇❤ abc12345 了解", Handle("wechat", "abc12345")),
        ("加微亻言abc12345", Handle("wechat", "abc12345")),
        ("打一三八零零零零一一一一", Handle("phone", "13800001111")),
        ("叩叩 一二三四五六七", Handle("qq", "1234567")),
    ],
)
def test_handles_behind_evasive_spelling_are_contacts(text: str, handle: Handle) -> None:
    assert read_text(text, Lexicon([]), None).contacts.handles == (handle,)


@pytest.mark.parametrize(
    ("text", "category"),
    [("sha bi", "abuse"), ("加薇信", "contact"), ("bai家le", "gambling"), ("微信", None), ("", None)],
)
def test_restored_terms_are_counted_and_named(text: str, category: str | None) -> None:
    assert value("text_restored_category", text) == category
    assert value("text_restored_hits", text) == (1 if category else 0)
    assert (value("text_evasion_score", text) > 0.5) == bool(category)  # type: ignore[operator]


def test_an_ordinary_text_hides_and_carries_nothing() -> None:
    values = {name: value(name, "今天晚上一起去吃火锅吗") for name in BY_NAME}
    assert not any(values.values())
    assert values["text_amount_minor_max"] is None


def test_the_largest_sum_counts() -> None:
    assert value("text_amount_minor_max", "订金100元，尾款三千块，共3100元") == 310_000
