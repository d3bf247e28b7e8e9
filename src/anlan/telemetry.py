"""What the outside may watch: JSON log lines that cannot carry what members wrote, and every metric by name."""

import logging
import sys
import traceback
from collections import Counter as Tally
from collections.abc import Iterable, MutableMapping, Sequence
from typing import Any, TextIO

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from anlan import clock
from anlan.domain.decisions import Judged
from anlan.errors import AnlanError

MAX_LOGGED_CHARS = 200

KNOWN_KEYS = frozenset({
    "event", "level", "logger", "at", "where",
    "event_key", "event_seq", "event_type", "decision", "verdict", "pass_number", "policy", "policy_set", "signal",
    "protection", "counter", "model", "fuse", "reason", "code", "error",
    "message_id", "endpoint", "kind", "state", "attempts", "status", "retry_in_s",
    "request_id", "method", "route", "api_key", "staff", "act", "subject",
    "count", "batch_size", "took_ms", "lag_s", "byte_count", "address", "version", "segment", "file", "line", "column",
})
"""A key that is not here is left out of the line and named in `left_out`, so a slip shows and leaks nothing."""

_Line = MutableMapping[str, Any]


def configure_logging(level: str = "INFO", stream: TextIO | None = None) -> None:
    """Send every log line of the process, libraries' included, to `stream` (stderr by default) as one JSON object.

    Args:
        level: DEBUG, INFO, WARNING or ERROR.
    """
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars, structlog.stdlib.add_log_level, structlog.stdlib.add_logger_name,
        stamp_time, name_error, keep_known_keys,
    ]
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    last: list[Any] = [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta, structlog.processors.JSONRenderer()
    ]
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(processors=last, foreign_pre_chain=shared))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    # Request lines hold addresses and query strings, which is members' data.
    for chatty in ("uvicorn.access", "httpx", "httpcore"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


def stamp_time(_logger: object, _method: str, line: _Line) -> _Line:
    """Add `at`, the wall-clock time in RFC 3339."""
    line["at"] = clock.to_rfc3339(clock.now())
    return line


def name_error(_logger: object, _method: str, line: _Line) -> _Line:
    """Turn exceptions into their names and places; their messages may quote what a member wrote."""
    carried = line.pop("exc_info", None)
    if isinstance(carried, tuple):
        carried = carried[1]
    elif carried is True:
        carried = sys.exception()
    error = carried if isinstance(carried, BaseException) else line.get("error")
    if isinstance(error, BaseException):
        line["error"] = type(error).__name__
        frames = traceback.extract_tb(error.__traceback__)[-4:]
        line["where"] = " < ".join(f"{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno}" for frame in reversed(frames))
        if isinstance(error, AnlanError):
            line["code"] = error.code
    return line


def keep_known_keys(_logger: object, _method: str, line: _Line) -> _Line:
    """Leave out unknown keys, and cut texts; what is left is escaped to ASCII by the JSON renderer."""
    kept: dict[str, Any] = {key: _cut(value) for key, value in line.items() if key in KNOWN_KEYS or key.startswith("_")}
    if unknown := sorted(key for key in line if key not in kept):
        kept["left_out"] = [_cut(key) for key in unknown[:8]]
    return kept


def _cut(value: object) -> object:
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, logging.LogRecord):
        return value
    # Libraries put representations of values after the first line.
    text = str(value).partition("\n")[0]
    return text if len(text) <= MAX_LOGGED_CHARS else f"{text[:MAX_LOGGED_CHARS]}…"


class Metrics:
    """Every metric of a process, in a registry of its own.

    Labels come from closed sets (the catalogue of events, policies, signals), never from what a platform sends.
    """

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        self.events = Counter("anlan_events", "Decisions committed", ["type", "verdict"], registry=registry)
        self.refused = Counter("anlan_refused_events", "Events refused", ["reason"], registry=registry)
        self.evaluation_seconds = Histogram(
            "anlan_evaluation_seconds", "Signals and policies of one event, one pass", ["pass_number"],
            buckets=(2e-5, 5e-5, 1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 0.01, 0.05, 0.2, 1, 5), registry=registry,
        )
        self.commit_seconds = Histogram(
            "anlan_commit_seconds", "One group commit",
            buckets=(5e-4, 1e-3, 2e-3, 5e-3, 0.01, 0.02, 0.05, 0.1, 0.5, 2), registry=registry,
        )
        self.commit_size = Histogram(
            "anlan_commit_size", "Decisions in one group commit",
            buckets=(1, 2, 5, 10, 20, 50, 100, 200, 500, 1000), registry=registry,
        )
        self.signal_failures = Counter(
            "anlan_signal_failures", "Signals that raised, hung or returned nonsense", ["signal"], registry=registry
        )
        self.undecided = Counter(
            "anlan_undecided", "Policies sent to review because a signal was unknown", ["policy"], registry=registry
        )
        self.policy_hits = Counter("anlan_policy_hits", "Findings", ["policy", "state"], registry=registry)
        self.fuse_trips = Counter(
            "anlan_fuse_trips", "Findings whose actions a blown fuse turned into a case", ["policy", "fuse"],
            registry=registry,
        )
        self.access_checks = Counter(
            "anlan_access_checks", "Acts that sessions asked for", ["act", "verdict"], registry=registry
        )
        self.deliveries = Counter("anlan_deliveries", "Attempts by what became of them", ["state"], registry=registry)
        self.delivery_backlog = Gauge(
            "anlan_delivery_backlog", "Messages that are unrouted, pending or dead", ["state"], registry=registry
        )
        self.delivery_oldest_seconds = Gauge(
            "anlan_delivery_oldest_seconds", "How long the longest-waiting message waits", registry=registry
        )
        self.deferred_backlog = Gauge("anlan_deferred_backlog", "Events that wait for a second pass", registry=registry)
        self.counter_keys = Gauge("anlan_counter_keys", "Keys held by a live counter", ["counter"], registry=registry)

    def note_commit(self, batch: Sequence[Judged], seconds: float) -> None:
        """Count one group commit and everything in it; grouped first, because it is on the path of every event."""
        self.commit_seconds.observe(seconds)
        self.commit_size.observe(len(batch))
        self._add(self.events, ((judged.event.type.name, judged.decision.verdict) for judged in batch))
        self._add(self.signal_failures, ((name,) for judged in batch for name in judged.decision.failed))
        findings = [finding for judged in batch for finding in judged.decision.findings]
        shadows = [finding for judged in batch for finding in judged.decision.shadow]
        self._add(self.policy_hits, ((finding.policy, "live") for finding in findings))
        self._add(self.policy_hits, ((finding.policy, "shadow") for finding in shadows))
        self._add(self.undecided, ((finding.policy,) for finding in findings if finding.is_unknown))
        self._add(self.fuse_trips, ((finding.policy, finding.fuse) for finding in findings if finding.fuse))
        sample = batch[0].decision  # one of each commit: observing every event would cost a tenth of judging it
        self.evaluation_seconds.labels(sample.pass_number).observe(sample.took_us / 1e6)

    @staticmethod
    def _add(counter: Counter, labels: Iterable[tuple[str, ...]]) -> None:
        for values, count in Tally(labels).items():
            counter.labels(*values).inc(count)

    def exposition(self) -> tuple[bytes, str]:
        """The text that a scraper gets, and its content type."""
        return generate_latest(self.registry), CONTENT_TYPE_LATEST
