"""When a message is tried again and where it may go: pure rules, without a network."""

import asyncio
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anlan.clock import to_datetime
from anlan.delivery.posting import Receipt, settle, sign
from anlan.delivery.registration import check_kinds, new_secret
from anlan.delivery.retries import (
    DELAYS_S,
    FAILURES_BEFORE_PAUSE,
    GIVE_UP_AFTER_S,
    JITTER_SHARE,
    MAX_RETRY_AFTER_S,
    PROBE_FIRST_S,
    PROBE_MOST_S,
    next_delay_s,
    probe_delay_s,
    retry_after_s,
)
from anlan.delivery.targets import check_url, resolve
from anlan.errors import InvalidRequest
from anlan.store.outbox import Due, is_wanted


def due(attempts: int, waiting_since: float = 0.0) -> Due:
    return Due("msg_1", "action.mute", b"{}", attempts, waiting_since)


def test_ten_attempts_in_about_three_days_then_none() -> None:
    delays = [next_delay_s(attempts, 0.0) for attempts in range(1, 11)]
    assert delays[-1] is None
    assert len(DELAYS_S) + 1 == 10
    assert 72 <= sum(DELAYS_S) / 3600 <= 80
    assert sum(DELAYS_S) * (1 + JITTER_SHARE) < GIVE_UP_AFTER_S


@given(attempts=st.integers(1, 9), draw=st.floats(0, 1, exclude_max=True))
def test_jitter_only_lengthens_and_by_a_tenth_at_most(attempts: int, draw: float) -> None:
    delay = next_delay_s(attempts, draw)
    assert delay is not None
    assert DELAYS_S[attempts - 1] <= delay <= DELAYS_S[attempts - 1] * (1 + JITTER_SHARE)


def test_an_endpoint_is_probed_ever_more_slowly_up_to_a_limit() -> None:
    assert probe_delay_s(FAILURES_BEFORE_PAUSE - 1, 0.5) is None
    delays = [probe_delay_s(failures, 0.0) for failures in range(FAILURES_BEFORE_PAUSE, 5000, 7)]
    assert delays[0] == PROBE_FIRST_S
    assert delays == sorted(d for d in delays if d is not None)
    assert delays[-1] == PROBE_MOST_S


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, None), ("120", 120.0), (" 5 ", 5.0), ("0", 0.0), ("9" * 400, MAX_RETRY_AFTER_S), ("-3", None),
        ("1e9", None), ("soon", None), ("", None), ("٣", None),
        (format_datetime(to_datetime(1_000_060.0), usegmt=True), 60.0),
        (format_datetime(to_datetime(999_000.0), usegmt=True), 0.0),
    ],
)
def test_retry_after_is_read_as_seconds_or_date(header: str | None, expected: float | None) -> None:
    assert retry_after_s(header, 1_000_000.0) == expected


def test_any_2xx_is_delivered_and_nothing_else_is() -> None:
    for status in (200, 202, 204):
        assert settle(due(1), Receipt(status), 10.0, 0.0).state == "delivered"
    for status in (301, 404, 410, 429, 500):
        assert settle(due(1), Receipt(status), 10.0, 0.0).state == "pending"
    assert settle(due(1), Receipt(None, "timeout"), 10.0, 0.0).state == "pending"


def test_a_message_is_dead_after_the_last_attempt_or_after_waiting_too_long() -> None:
    assert settle(due(9), Receipt(500), 10.0, 0.0).state == "pending"
    assert settle(due(10), Receipt(500), 10.0, 0.0).state == "dead"
    assert settle(due(2), Receipt(500), GIVE_UP_AFTER_S, 0.0).state == "dead"
    assert settle(due(2), Receipt(204), GIVE_UP_AFTER_S, 0.0).state == "delivered"


def test_retry_after_can_lengthen_the_wait_but_not_shorten_it() -> None:
    assert settle(due(1), Receipt(429, "", "3600"), 10.0, 0.0).next_at == 3610.0
    assert settle(due(2), Receipt(429, "", "1"), 10.0, 0.0).next_at == 10.0 + DELAYS_S[1]


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd", "gopher://example.com/", "http://example.com/hook", "https://", "//example.com", "hook",
        "https://user:secret@example.com/", "https://example.com/#part", "https://[::1", "https://169.254.169.254/latest",
        "https://127.0.0.1/", "https://10.1.2.3/", "https://[::1]/", "https://[::ffff:10.0.0.1]/", "https://0.0.0.0/",
        "https://[64:ff9b::a9fe:a9fe]/", "https://[fe80::1]/", "https://224.0.0.1/", "https://[2002:7f00:1::]/",
        "https://example.com/" + "a" * 3000, "https://exa mple.com/", "https://example.com:99999/", "\x00https://a.example",
    ],
)
def test_hostile_urls_are_refused(url: str) -> None:
    with pytest.raises(InvalidRequest):
        check_url(url, allows_private=False)


@pytest.mark.parametrize(
    "url", ["http://169.254.169.254/latest", "http://8.8.8.8/", "file:///x", "http://0.0.0.0/", "http://a:b@10.0.0.1/"]
)
def test_allowing_private_hosts_opens_neither_metadata_services_nor_plain_http_to_the_world(url: str) -> None:
    with pytest.raises(InvalidRequest):
        check_url(url, allows_private=True)


def test_good_urls_pass() -> None:
    assert check_url("https://hooks.example.com:8443/a?b=c", allows_private=False).host == "hooks.example.com"
    assert check_url("http://127.0.0.1:9/hook", allows_private=True).port == 9
    assert check_url("https://[::1]/", allows_private=True).host == "::1"


@pytest.mark.parametrize("host", ["localhost", "2130706433", "0x7f.1", "127.1"])
def test_a_name_that_leads_to_a_private_address_is_refused_when_it_is_resolved(host: str) -> None:
    url = check_url(f"https://{host}/hook", allows_private=False)
    with pytest.raises(InvalidRequest, match="not a public address"):
        asyncio.run(resolve(url, 0, allows_private=False))


def test_resolving_walks_through_the_addresses() -> None:
    url = check_url("http://127.0.0.1/", allows_private=True)
    assert {str(asyncio.run(resolve(url, turn, allows_private=True))) for turn in range(3)} == {"127.0.0.1"}


@pytest.mark.parametrize(
    ("kind", "kinds", "expected"),
    [
        ("action.mute", "", True), ("action.mute", "action", True), ("action.mute", "action.", True),
        ("action.mute", "staff,action.mute", True), ("action.mute", "action.mut", False),
        ("action.mute", "staff,decision", False), ("actionable", "action", False),
    ],
)
def test_kinds_match_by_dotted_prefix(kind: str, kinds: str, expected: bool) -> None:
    assert is_wanted(kind, kinds) is expected


def test_prefixes_that_no_message_has_are_refused() -> None:
    assert check_kinds((" action. ", "staff.dead_letter")) == ("action", "staff.dead_letter")
    for wrong in (("actoin",), ("",), ("action,staff",), ("action." + "x" * 80,)):
        with pytest.raises(InvalidRequest):
            check_kinds(wrong)


def test_two_secrets_give_two_signatures_in_one_header() -> None:
    headers = sign([new_secret(), new_secret()], "msg_1", "{\"a\":\"长\"}".encode(), 1_000_000.7)
    assert headers["webhook-timestamp"] == "1000000"
    assert [part.partition(",")[0] for part in headers["webhook-signature"].split(" ")] == ["v1", "v1"]
