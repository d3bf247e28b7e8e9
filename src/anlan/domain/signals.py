"""What a signal is: a named, typed fact about an event. Unknown (`None`) is a value of its own, never 0 or false."""

from collections.abc import Callable, Sequence
from typing import Any, Literal

import msgspec

SignalType = Literal["number", "text", "bool", "object"]
"""Condition types; an `object` is an intermediate reading that other signals share and no condition can name."""

Value = float | int | str | bool | None
Cost = Literal["inline", "deferred"]


class Signal(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of the signal catalogue.

    Attributes:
        name: unit and window in the name (`sender_age_days`, `ip_failed_logins_10m`).
        compute: function of the signals and inputs named in `reads`, in that order; may return None for unknown.
            For `deferred` signals it may be a coroutine function.
        type: what conditions may do with it.
        reads: other signals, event fields, or the inputs `event`, `content_text`, `profiles`, `lists`, `journal`.
        optional_reads: those of `reads` that may be unknown; any other unknown read makes this signal unknown
            without calling `compute`.
        part: the attribute of its only read, a reading, that is the value; `compute` gives the same. Several signals
            that one look answers share that look and cost nothing of their own.
        cost: `inline` is ready in microseconds and computed for every event it applies to, so that tomorrow's policy
            can be tested on today's journal; `deferred` is computed in the second pass and only when a policy asks.
        version: raised whenever the meaning of the value changes; stored with every decision.
        unit: `days`, `share`, `fen`, ...; empty for counts, names and claims.
        low, high: inclusive range; a value outside is a failure and turns into unknown.
        choices: the closed set of values of a text signal, if it has one.
        title: {"zh": ..., "en": ...}, one plain phrase each for people.
        examples: (inputs by name, expected value) pairs; the contract suite runs them.
        look_ahead: given the texts of several events that are judged next, prepares at once what is cheaper to compute
            for many; it gives nothing back, so that leaving it out changes no value.
        counts: computing it counts the event, so it is computed once, in the first pass, and never interrupted.
        applies_to: event types it can be asked on; None means wherever everything it reads exists.
    """

    name: str
    compute: Callable[..., Any]
    type: SignalType
    reads: tuple[str, ...]
    optional_reads: frozenset[str] = frozenset()
    part: str = ""
    cost: Cost = "inline"
    version: int = 1
    unit: str = ""
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    title: dict[str, str] = {}
    examples: tuple[tuple[dict[str, Any], Any], ...] = ()
    applies_to: tuple[str, ...] | None = None
    look_ahead: Callable[[Sequence[str]], None] | None = None
    counts: bool = False
