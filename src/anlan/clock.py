"""The only place that asks the wall what time it is; everything else works in event time."""

import time
from datetime import UTC, datetime


def now() -> float:
    """Wall-clock time in seconds since the Unix epoch (UTC)."""
    return time.time()


def stopwatch() -> float:
    """Monotonic seconds for measuring how long something took; never stored."""
    return time.perf_counter()


def thread_seconds() -> float:
    """CPU seconds that this thread has used; stands still while others have the processor."""
    return time.thread_time()


def to_datetime(seconds: float) -> datetime:
    """An aware UTC datetime for `seconds` since the epoch."""
    return datetime.fromtimestamp(seconds, UTC)


def to_rfc3339(seconds: float) -> str:
    """RFC 3339 text in UTC with microseconds, as CloudEvents wants it."""
    return to_datetime(seconds).isoformat(timespec="microseconds").replace("+00:00", "Z")
