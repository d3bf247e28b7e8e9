"""What the catalogue accepts, what it refuses and why, and how versions and declared types stand side by side."""

from contextlib import suppress
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from spine import NOON, envelope

from anlan.domain.declarations import declare
from anlan.domain.events import CATALOGUE, MAX_EVENT_BYTES, Catalogue
from anlan.domain.keys import event_key
from anlan.engine.event_types import read_event_types
from anlan.errors import InvalidEvent, InvalidSettings

CATALOG = Catalogue()
HELLO = {"sender": "ann", "text": "hello"}


def refusal(body: bytes, catalogue: Catalogue = CATALOG) -> tuple[str, str]:
    """(reason code, message) of a body that must not be accepted."""
    with pytest.raises(InvalidEvent) as caught:
        catalogue.decode(body, NOON)
    return str(caught.value.details["reason"]), caught.value.message


def raw(data: bytes, more: bytes = b"") -> bytes:
    """An envelope around bytes that no encoder would write."""
    return b'{"specversion":"1.0","id":"1","source":"im","type":"message.sent"' + more + b',"data":' + data + b"}"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "malformed"), (b"null", "malformed"), (b"[" * 60_000, "malformed"),
        (envelope("x", "1", {})[:-1], "malformed"),
        (envelope("message.sent", "1", HELLO) + b"x", "malformed"),
        (envelope("message.sent", "", HELLO), "malformed"),
        (envelope("message.sent", "x" * 257, HELLO), "malformed"),
        (envelope("message.sent", "1", HELLO, specversion="0.3"), "malformed"),
        (envelope("message.sent", "1", HELLO, time="2026-11-21 noon"), "malformed"),
        (envelope("message.sent", "1", HELLO, time="2026-02-30T00:00:00Z"), "malformed"),
        (envelope("message.sent", "1", HELLO, time=NOON), "malformed"),
        (raw(b'{"sender":"ann","x":' + b"[" * 30_000 + b"]" * 30_000 + b"}"), "malformed"),
        (raw(b'{"sender":"ann"}', b',"x":' + b"[" * 30_000 + b"]" * 30_000), "malformed"),
        (raw(b'{"sender":"\\ud800"}'), "malformed"), (raw(b'{"sender":"\\udc00"}'), "malformed"),
        (raw(b'{"sender":"ann","media_count":NaN}'), "malformed"),
        (raw(b'{"sender":"ann","text":"\xff\xfe"}'), "schema"),
        (raw(b'{"sender":"ann","text":"\xed\xa0\x80"}'), "schema"),
        (raw(b'{"sender":"ann","media_count":1e400}'), "schema"),
        (raw(b'{"sender":"ann","media_count":' + b"9" * 400 + b"}"), "schema"),
        (raw(b'{"sender":"ann","media_count":-1}'), "schema"),
        (raw(b'{"sender":""}'), "schema"), (raw(b'{"text":"no sender"}'), "schema"), (raw(b'"text"'), "schema"),
        (raw(b'{"sender":"ann","text":"' + b"x" * 20_001 + b'"}'), "schema"),
        (b"{" + b" " * MAX_EVENT_BYTES + b"}", "too_large"),
        (envelope("message.set", "1", HELLO), "unknown_type"),
        (envelope("message.sent", "1", HELLO, dataschema="urn:anlan:event:message.sent:9"), "unknown_version"),
        (envelope("message.sent", "1", HELLO, dataschema="urn:anlan:event:account.login:1"), "unknown_version"),
        (envelope("message.sent", "1", HELLO, time="1969-12-31T23:59:59Z"), "time_out_of_range"),
        (envelope("message.sent", "1", HELLO, time="9999-12-31T23:59:59-14:00"), "time_out_of_range"),
    ],
)
def test_what_is_malformed_is_refused_with_a_reason(body: bytes, reason: str) -> None:
    assert refusal(body)[0] == reason


def test_a_time_needs_a_zone_and_may_lie_only_a_little_ahead() -> None:
    reason, message = refusal(envelope("message.sent", "1", HELLO, time="2026-11-21T08:00:00"))
    assert (reason, "needs a zone" in message) == ("malformed", True)
    ahead = "2026-11-21T12:{}:00Z"
    assert CATALOG.decode(envelope("message.sent", "1", HELLO, time=ahead.format("10")), NOON).time == NOON + 600
    reason, message = refusal(envelope("message.sent", "1", HELLO, time=ahead.format("11")))
    assert (reason, "sender's clock" in message) == ("time_out_of_range", True)
    assert CATALOG.decode(envelope("message.sent", "1", HELLO, time="2026-11-21T20:00:00+08:00"), NOON + 9).time == NOON


def test_without_a_time_it_happened_when_it_came() -> None:
    assert CATALOG.decode(envelope("message.sent", "1", HELLO), NOON + 0.25).time == NOON + 0.25


def test_what_we_do_not_read_is_let_through() -> None:
    event = CATALOG.decode(envelope("message.sent", "1", {**HELLO, "font": "serif"}, traceparent="00-ab"), NOON)
    assert event.raw == msgspec.json.encode({**HELLO, "font": "serif"})


def test_nul_and_emoji_are_text_like_any_other() -> None:
    event = CATALOG.decode(envelope("message.sent", "\0", {"sender": "a\0n", "text": "👩‍👩‍👧‍👦"}), NOON)
    assert event.actor.name == "account:a\0n"
    assert len(event_key(event.source, event.id)) == 32


@given(st.text(min_size=1, max_size=9), st.text(min_size=1, max_size=9), st.text(min_size=1, max_size=9))
def test_two_pairs_of_source_and_id_never_share_a_key(source: str, middle: str, id: str) -> None:
    assert event_key(source, id) == event_key(source, id)
    assert event_key(source + middle, id) != event_key(source, middle + id)


@given(st.binary(max_size=300))
def test_any_bytes_are_accepted_or_refused_and_nothing_else(body: bytes) -> None:
    for form in (body, raw(body)):
        with suppress(InvalidEvent):
            CATALOG.decode(form, NOON)


MOODY = declare("message.sent", "author", {"author": "account", "mood": "word", "text": "text?"}, version=2)


def test_an_earlier_version_stands_beside_the_newest_and_lacks_its_fields() -> None:
    both = Catalogue((*CATALOGUE, MOODY))
    new = both.decode(envelope("message.sent", "1", {"author": "ann", "mood": "merry"}), NOON)
    old = both.decode(envelope("message.sent", "2", HELLO, dataschema="urn:anlan:event:message.sent:1"), NOON)
    assert (new.type.version, new.actor.id, old.type.version, old.actor.id) == (2, "ann", 1, "ann")
    assert (old.data.mood, old.data.author, old.data.text) == (None, None, "hello")  # type: ignore[attr-defined]
    assert both.restore("message.sent", 1, "2", "im", NOON, old.raw).data == old.data
    assert refusal(envelope("message.sent", "3", HELLO), both)[0] == "schema"


def test_a_type_that_is_gone_cannot_be_restored() -> None:
    with pytest.raises(InvalidEvent, match="no longer declared"):
        CATALOG.restore("gift.sent", 1, "1", "im", NOON, b"{}")
    with pytest.raises(InvalidEvent, match="stored data"):
        CATALOG.restore("message.sent", 1, "1", "im", NOON, b"{}")


@pytest.mark.parametrize(
    ("name", "actor", "fields", "says"),
    [
        ("gift.sent", "sender", {"sender": "account", "class": "text"}, "no word of Python's"),
        ("gift.sent", "sender", {"sender": "account", "__init__": "text"}, "no word of Python's"),
        ("gift.sent", "sender", {"sender": "account", "Amount": "number"}, "a-z"),
        ("gift.sent", "sender", {"sender": "account", "a": "decimal"}, "is not one of"),
        ("gift.sent", "sender", {"sender": "account?"}, "must be a required field"),
        ("gift.sent", "giver", {"sender": "account"}, "must be a required field"),
        ("gift.sent", "word", {"word": "word"}, "must be a required field"),
        ("gift", "sender", {"sender": "account"}, "such as stream.gift_sent"),
        ("gift.<b>", "sender", {"sender": "account"}, "such as stream.gift_sent"),
    ],
)
def test_a_declaration_that_cannot_work_is_refused(name: str, actor: str, fields: dict[str, str], says: str) -> None:
    with pytest.raises(InvalidSettings, match=says):
        declare(name, actor, fields)


def test_types_that_contradict_each_other_are_refused() -> None:
    with pytest.raises(InvalidSettings, match="declared twice"):
        Catalogue((*CATALOGUE, declare("message.sent", "sender", {"sender": "account"})))
    with pytest.raises(InvalidSettings, match="rename one"):
        Catalogue((*CATALOGUE, declare("gift.sent", "sender", {"sender": "account", "text": "number"})))


def test_operators_declare_types_in_yaml(tmp_path: Path) -> None:
    path = tmp_path / "types.yaml"
    path.write_text("- {type: gift.sent, actor: sender, fields: {sender: account, note: 'text?', coins: count}}")
    (gift,) = read_event_types(path)
    event = Catalogue((*CATALOGUE, gift)).decode(envelope("gift.sent", "1", {"sender": "ann", "coins": 3}), NOON)
    assert (event.actor.name, event.data.note, gift.text_fields) == ("account:ann", None, ("note",))  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "text",
    ["{", "type: gift.sent", "- [gift.sent]", "- {type: gift.sent}", "- {type: 3, actor: a, fields: {}}", "\udc80"],
)
def test_a_broken_file_of_types_says_so(text: str, tmp_path: Path) -> None:
    path = tmp_path / "types.yaml"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(InvalidSettings, match=r"types\.yaml|event types"):
        read_event_types(path)
    with pytest.raises(InvalidSettings):
        read_event_types(path.with_name("missing.yaml"))
