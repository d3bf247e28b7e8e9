"""Both languages say everything, and say it with the same values."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_file
from babel.messages.pofile import read_po

import anlan.web
from anlan import clock
from anlan.web.languages import LOCALES, language, negotiate

WEB = Path(anlan.web.__file__).parent
NOON_UTC = 1_795_262_400.0
PLACES = re.compile(r"\{(\w+)\}")


def messages_in(path: Path) -> Iterator[str]:
    """The literals that a file marks for people to read."""
    if path.suffix == ".html":
        found = extract_from_file("jinja2.ext:babel_extract", path, keywords={"_": None, "_n": (1, 2)})
    else:
        found = extract_from_file("python", path, keywords={"mark": None, "say": None})
    for _, message, _, _ in found:
        yield from message if isinstance(message, tuple) else (message,)


def all_messages() -> set[str]:
    paths = [*WEB.rglob("*.html"), *WEB.rglob("*.py")]
    return {message for path in paths for message in messages_in(path)}


def chinese() -> dict[str, str]:
    with (LOCALES / "zh.po").open("rb") as file:
        return {str(entry.id): str(entry.string) for entry in read_po(file) if entry.id}


def test_the_extraction_sees_templates_and_code() -> None:
    in_template, in_table, in_code = "Sign in", "Overview", "There is nobody by this id."
    assert {in_template, in_table, in_code} <= all_messages()


def test_every_message_is_said_in_chinese_and_none_is_left_over() -> None:
    said, known = all_messages(), chinese()
    assert sorted(said - {message for message, text in known.items() if text.strip()}) == []
    assert sorted(known.keys() - said) == []


def test_translations_hold_the_same_places() -> None:
    for message, text in chinese().items():
        assert set(PLACES.findall(message)) == set(PLACES.findall(text)), message


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("", "zh"), ("en-GB,en;q=0.9", "en"), ("zh-CN,zh;q=0.9,en;q=0.8", "zh"), ("en;q=0.4, zh-TW;q=0.5", "zh"),
        ("fr, de;q=0.5", "zh"), ("en;q=nonsense, zh;q=0.1", "zh"), ("," * 5_000, "zh"),
    ],
)
def test_the_browser_may_ask_for_a_language(header: str, expected: str) -> None:
    assert negotiate(header) == expected


def test_times_are_shown_in_the_zone_and_numbers_in_the_language() -> None:
    zh, en = language("zh", "Asia/Shanghai"), language("en", "Europe/London")
    assert zh.moment(NOON_UTC) == "2026-11-21 20:00:00"
    assert en.moment(NOON_UTC) == "2026-11-21 12:00:00"
    assert (zh.day(NOON_UTC), en.day(NOON_UTC)) == ("11月21日 星期六", "Saturday 21 November")
    assert zh.midnight(NOON_UTC) == NOON_UTC - 20 * 3_600
    assert (en.number(1234.5678, 2), en.share(0.12345), en.size(12_345_678)) == ("1,234.57", "12.3%", "12.3 MB")
    assert [en.count("{n} event", "{n} events", n) for n in (1, 2_000)] == ["1 event", "2,000 events"]


def test_members_read_days_as_one_says_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOON_UTC)
    zh, en = language("zh", "Asia/Shanghai"), language("en", "Europe/London")
    assert [en.when(NOON_UTC - hours * 3_600) for hours in (0, 12, 13, 37)] == [
        "today 12:00", "today 00:00", "yesterday 23:00", "19 November, 23:00",
    ]
    assert [zh.when(NOON_UTC - hours * 3_600) for hours in (0, 20, 21, 45)] == [
        "今天 20:00", "今天 00:00", "昨天 23:00", "11月19日 23:00",
    ]
    last_year = NOON_UTC - 365 * 86_400
    assert (zh.date_time(last_year), en.date_time(last_year)) == ("2025年11月21日 20:00", "21 November 2025, 12:00")
    assert zh.date(NOON_UTC + 86_400) == "11月22日"


def test_the_young_are_spoken_to_as_such_and_what_was_quoted_stays() -> None:
    grown, young = (language("zh", "UTC", is_familiar=one) for one in (False, True))
    assert (grown.say("Cards for you"), young.say("Cards for you")) == ("给您的卡片", "给你的卡片")
    assert young.say("to {name}", name="您好") == "付给 您好"
    assert young.pick({"zh": "您先别付", "en": "Do not pay yet"}) == "你先别付"


def test_a_message_without_translation_is_shown_as_it_is() -> None:
    assert language("zh", "UTC").say("not {in} the catalogue") == "not {in} the catalogue"
    assert language("zh", "UTC").pick({"en": "only English"}) == "only English"
    assert language("zh", "UTC").pick({}) == ""
