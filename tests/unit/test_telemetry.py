"""Log lines carry known keys and nothing that a member wrote; metrics count what was committed."""

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from anlan.domain.actions import Action
from anlan.domain.decisions import Decision, Finding, Judged
from anlan.domain.events import Catalogue
from anlan.errors import InvalidEvent
from anlan.telemetry import MAX_LOGGED_CHARS, Metrics, configure_logging

HOSTILE = "快看 \x1b[31m{}\r\n' OR 1=1 <script>\u202e"


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    before = root.handlers, root.level
    written = io.StringIO()
    configure_logging("INFO", written)
    yield written
    root.handlers, root.level = before
    structlog.reset_defaults()


def lines(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_known_keys_pass_and_unknown_ones_are_named_but_not_shown(stream: io.StringIO) -> None:
    structlog.get_logger("anlan.x").warning("delivery_failed", endpoint="e1", attempts=2, text=HOSTILE, **{HOSTILE: 1})
    (line,) = lines(stream)
    assert line["event"] == "delivery_failed"
    assert (line["endpoint"], line["attempts"], line["level"]) == ("e1", 2, "warning")
    assert "text" not in line
    assert "text" in str(line["left_out"])
    assert "OR 1=1" not in stream.getvalue()


def test_a_line_stays_one_ascii_line_whatever_is_logged(stream: io.StringIO) -> None:
    structlog.get_logger().info("x", subject=HOSTILE + "长" * 5000)
    assert stream.getvalue().count("\n") == 1
    assert stream.getvalue().isascii()
    assert "\x1b" not in stream.getvalue()
    structlog.get_logger().info("x", subject="长" * 5000)
    assert len(str(lines(stream)[1]["subject"])) == MAX_LOGGED_CHARS + 1


def test_an_exception_is_named_without_its_message(stream: io.StringIO) -> None:
    try:
        raise InvalidEvent(f"data of message.sent: {HOSTILE}")
    except InvalidEvent:
        structlog.get_logger().exception("request_failed")
    (line,) = lines(stream)
    assert (line["error"], line["code"]) == ("InvalidEvent", "invalid_event")
    assert str(line["where"]).startswith("test_telemetry.py:")
    assert "OR 1=1" not in stream.getvalue()


def test_libraries_log_through_the_same_door(stream: io.StringIO) -> None:
    try:
        raise ValueError(HOSTILE)
    except ValueError as error:
        logging.getLogger("asyncio").exception("Task exception was never retrieved\nfuture: %r", error)
    logging.getLogger("uvicorn.access").info("GET /?text=secret")
    (line,) = lines(stream)
    assert line["event"] == "Task exception was never retrieved"
    assert (line["logger"], line["error"]) == ("asyncio", "ValueError")
    assert "OR 1=1" not in stream.getvalue()


def judged(number: int) -> Judged:
    body = b'{"specversion":"1.0","id":"%d","source":"s","type":"message.sent","data":{"sender":"a"}}' % number
    finding = Finding(
        policy="p", version=1, verdict="hold", severity="low", category="fraud", because={}, values={}, is_unknown=True,
        actions=(Action(kind="mute", target="account:a", policy="p", parameters={"hours": 1}),), fuse="quota",
    )
    decision = Decision(
        id=f"k{number}.1", pass_number=1, verdict="hold", findings=(finding,), shadow=(finding, finding), actions=(),
        pending=(), signals={}, failed={"slow_signal": "late"}, policy_set="", models={}, took_us=40.0,
    )
    return Judged(Catalogue().decode(body, 0.0), decision, 0.0)


def test_a_commit_counts_everything_in_it() -> None:
    metrics = Metrics()
    metrics.note_commit([judged(1), judged(2)], 0.004)

    def value(name: str, **labels: str) -> float | None:
        return metrics.registry.get_sample_value(name, labels)

    assert value("anlan_events_total", type="message.sent", verdict="hold") == 2
    assert value("anlan_policy_hits_total", policy="p", state="live") == 2
    assert value("anlan_policy_hits_total", policy="p", state="shadow") == 4
    assert value("anlan_fuse_trips_total", policy="p", fuse="quota") == 2
    assert value("anlan_undecided_total", policy="p") == 2
    assert value("anlan_signal_failures_total", signal="slow_signal") == 2
    assert value("anlan_evaluation_seconds_sum", pass_number="1") == pytest.approx(40e-6)  # one of each commit
    assert value("anlan_commit_size_sum") == 2
    assert b"anlan_commit_seconds_bucket" in metrics.exposition()[0]


def test_two_registries_do_not_share_counts() -> None:
    first, second = Metrics(), Metrics()
    first.refused.labels("schema").inc()
    assert second.registry.get_sample_value("anlan_refused_events_total", {"reason": "schema"}) is None
