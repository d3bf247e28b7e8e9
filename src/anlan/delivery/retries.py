"""When a message that did not arrive is tried again, and when an endpoint that fails is probed; pure arithmetic.

Nothing here knows of HTTP or SQL. Randomness is passed in as a draw in [0, 1).
"""

from email.utils import parsedate_to_datetime

_MINUTE, _HOUR = 60.0, 3600.0

DELAYS_S = (
    5.0, 5 * _MINUTE, 30 * _MINUTE, 2 * _HOUR, 5 * _HOUR, 10 * _HOUR, 14 * _HOUR, 20 * _HOUR, 24 * _HOUR,
)
"""Waits after the first, second ... failed attempt: ten attempts in 75.6 hours, as Standard Webhooks proposes."""

GIVE_UP_AFTER_S = 84 * _HOUR
"""A message that has waited this long is dead, even if an outage kept most of its attempts from being made."""

MAX_RETRY_AFTER_S = 24 * _HOUR
"""No receiver may park a message for longer."""

FAILURES_BEFORE_PAUSE = 5
"""So many failures in a row, and the endpoint is only probed, one message at a time, until one arrives."""

PROBE_FIRST_S, PROBE_MOST_S = 15.0, 10 * _MINUTE

JITTER_SHARE = 0.1


def next_delay_s(attempts: int, draw: float) -> float | None:
    """Seconds to wait after `attempts` failed attempts (1 or more), up to a tenth longer; None when none is left."""
    if attempts > len(DELAYS_S):
        return None
    return DELAYS_S[attempts - 1] * (1 + JITTER_SHARE * draw)


def probe_delay_s(failures: int, draw: float) -> float | None:
    """Seconds until an endpoint with `failures` in a row is probed; None while it still gets its normal flow."""
    if failures < FAILURES_BEFORE_PAUSE:
        return None
    doublings = min(failures - FAILURES_BEFORE_PAUSE, 16)
    return min(PROBE_FIRST_S * 2.0**doublings, PROBE_MOST_S) * (1 + JITTER_SHARE * draw)


def retry_after_s(header: str | None, now: float) -> float | None:
    """Seconds asked for by a `Retry-After` header (RFC 9110: seconds or an HTTP date), in [0, MAX_RETRY_AFTER_S].

    None when it is missing or is neither.
    """
    if header is None:
        return None
    header = header.strip()
    if header.isascii() and header.isdigit():
        return min(float(header[:9]), MAX_RETRY_AFTER_S)
    try:
        moment = parsedate_to_datetime(header[:64]).timestamp()
    except (ValueError, OverflowError):
        return None
    return min(max(moment - now, 0.0), MAX_RETRY_AFTER_S)
