"""How many, how much and how long ago within a sliding window of event time: the states that counters keep per key.

A state is exact while small; a hot key falls back to buckets of a sixtieth of the window. A window object holds no
state itself: `add` returns the state to store, which may be the one it was given.
"""

from array import array
from bisect import bisect_left, bisect_right, insort
from typing import Any, Protocol

import msgspec

MIN_LATENESS_S = 600.0
MAX_LATENESS_S = 86_400.0
EXACT_EVENTS = 64
BUCKETS = 60
_SLACK = 32
_FEW = 8


class Window(Protocol):
    """What a counter asks of its states.

    Attributes:
        over_s: a read at time t covers (t - over_s, t].
        retention_s: what lies further behind the newest event of a key cannot be read any more.
        empty: the reading of a key without a state.
        least: the reading of a key right after an event was added to it can be no less.
    """

    over_s: float
    retention_s: float
    empty: float | None
    least: float

    def add(self, state: Any, time: float, value: Any) -> Any:
        """The state (None: a new key) with one more event."""

    def read(self, state: Any, time: float) -> float | None:
        """The value at `time`; None where it lies too far behind the newest event of the key to be known."""

    def pack(self, state: Any) -> Any:
        """The state as msgpack can hold it."""

    def unpack(self, packed: Any) -> Any:
        """The state that was packed."""


def lateness_s(over_s: float) -> float:
    """How far behind the newest event of its key an event may come and still be read.

    At least ten minutes, because an event's time may lie that far ahead of the clock; at most a day, because keys are
    kept for the window and this.
    """
    return max(MIN_LATENESS_S, min(over_s, MAX_LATENESS_S))


class Series(msgspec.Struct, gc=False):
    """A running total over time.

    Attributes:
        times: of each entry's newest event, ascending.
        totals: of all entries up to this one, so that a sum over a range is one subtraction.
        is_coarse: entries are buckets; otherwise each distinct time has its own.
    """

    times: "array[float]"
    totals: "array[float]"
    is_coarse: bool = False


class SumWindow:
    """Sum of amounts; exact while a key has at most `EXACT_EVENTS` events within its retention.

    Beyond that, a read is off by at most the events of one bucket (a sixtieth of the window): too high by the part of
    the oldest bucket that has just left the window, or, for a late read, too low by the bucket that it falls into.
    Sums are doubles: exact for whole amounts up to 2**53. A single event is kept as (time, amount).
    """

    empty: float | None = 0.0
    least = float("-inf")

    def __init__(self, over_s: float) -> None:
        self.over_s = over_s
        self.lateness_s = lateness_s(over_s)
        self.retention_s = over_s + self.lateness_s
        self.bucket_s = over_s / BUCKETS
        self._coarse_capacity = int(self.retention_s / self.bucket_s) + 2 + _SLACK

    def add(self, state: Any, time: float, value: float) -> Any:
        """The state with `value` added at `time`."""
        if state is None:
            return (time, float(value))
        if state.__class__ is tuple:
            state = Series(array("d", (state[0],)), array("d", (state[1],)))
        times, totals = state.times, state.totals
        newest = times[-1]
        if time < newest:
            self._add_late(state, time, value)
        elif time == newest or (state.is_coarse and time // self.bucket_s == newest // self.bucket_s):
            times[-1] = time
            totals[-1] += value
        else:
            times.append(time)
            totals.append(totals[-1] + value)
        if len(times) > (self._coarse_capacity if state.is_coarse else EXACT_EVENTS + _SLACK):
            self._shrink(state)
        return state

    def read(self, state: Any, time: float) -> float | None:
        """The sum over (time - over_s, time]."""
        if state.__class__ is tuple:
            newest, amount = state
            if time < newest - self.lateness_s:
                return None
            return amount if time - self.over_s < newest <= time else 0.0
        times, totals = state.times, state.totals
        newest = times[-1]
        if time >= newest:
            end = len(times)
        elif time < newest - self.lateness_s:
            return None
        else:
            end = bisect_right(times, time)
        start = bisect_right(times, time - self.over_s)
        return (totals[end - 1] if end else 0.0) - (totals[start - 1] if start else 0.0)

    def coarse(self, times: list[float]) -> Series:
        """Buckets that count each of `times` (ascending, not empty) once."""
        series = Series(array("d", times), array("d", range(1, len(times) + 1)))
        self._coarsen(series)
        return series

    def pack(self, state: Any) -> Any:
        """(time, amount), or the two arrays as bytes with the flag."""
        if state.__class__ is tuple:
            return state
        return (state.times.tobytes(), state.totals.tobytes(), state.is_coarse)

    def unpack(self, packed: Any) -> Any:
        """The state that was packed."""
        if len(packed) == 2:
            return tuple(packed)
        return Series(array("d", packed[0]), array("d", packed[1]), packed[2])

    def _add_late(self, series: Series, time: float, value: float) -> None:
        times, totals = series.times, series.totals
        if time <= times[-1] - self.retention_s:
            return
        at = bisect_left(times, time)
        if not self._belongs(series, at, time):
            if at and series.is_coarse and self._belongs(series, at - 1, time):
                at -= 1
                times[at] = time
            else:
                times.insert(at, time)
                totals.insert(at, totals[at - 1] if at else 0.0)
        for index in range(at, len(totals)):
            totals[index] += value

    def _belongs(self, series: Series, at: int, time: float) -> bool:
        label = series.times[at]
        return label == time or (series.is_coarse and label // self.bucket_s == time // self.bucket_s)

    def _shrink(self, series: Series) -> None:
        gone = bisect_right(series.times, series.times[-1] - self.retention_s)
        if gone:
            before = series.totals[gone - 1]
            series.times = series.times[gone:]
            series.totals = array("d", (total - before for total in series.totals[gone:]))
        if not series.is_coarse and len(series.times) > EXACT_EVENTS:
            self._coarsen(series)

    def _coarsen(self, series: Series) -> None:
        buckets: dict[float, tuple[float, float]] = {}
        for time, total in zip(series.times, series.totals, strict=True):
            buckets[time // self.bucket_s] = (time, total)
        series.times = array("d", (time for time, _ in buckets.values()))
        series.totals = array("d", (total for _, total in buckets.values()))
        series.is_coarse = True


class CountWindow:
    """Number of events; exact while a key has at most `EXACT_EVENTS` of them within its retention.

    Beyond that as `SumWindow`. The times of a few events are a tuple, which the cyclic garbage collector soon stops
    tracking; of more, an array of doubles.
    """

    empty: float | None = 0.0
    least = 1.0

    def __init__(self, over_s: float) -> None:
        self._buckets = SumWindow(over_s)
        self.over_s = over_s
        self.lateness_s = self._buckets.lateness_s
        self.retention_s = self._buckets.retention_s

    def add(self, state: Any, time: float, value: Any) -> Any:
        """The state with one more event at `time`; `value` is not looked at."""
        if state is None:
            return (time,)
        kind = state.__class__
        if kind is Series:
            return self._buckets.add(state, time, 1.0)
        if time < state[-1]:
            return self._add_late(state, time)
        if kind is tuple and len(state) < _FEW:
            return (*state, time)
        if kind is array and len(state) < EXACT_EVENTS + _SLACK:
            state.append(time)
            return state
        return self._regroup([*state, time])

    def read(self, state: Any, time: float) -> float | None:
        """The number of events in (time - over_s, time]."""
        if state.__class__ is Series:
            return self._buckets.read(state, time)
        after = time - self.over_s
        newest = state[-1]
        if time >= newest:
            return len(state) if state[0] > after else len(state) - bisect_right(state, after)
        if time < newest - self.lateness_s:
            return None
        return bisect_right(state, time) - bisect_right(state, after)

    def pack(self, state: Any) -> Any:
        """Times as a tuple or as bytes, or a packed series."""
        if state.__class__ is Series:
            return self._buckets.pack(state)
        return state if state.__class__ is tuple else state.tobytes()

    def unpack(self, packed: Any) -> Any:
        """The state that was packed."""
        if isinstance(packed, bytes):
            return array("d", packed)
        return self._buckets.unpack(packed) if isinstance(packed[0], bytes) else tuple(packed)

    def _add_late(self, state: Any, time: float) -> Any:
        if time <= state[-1] - self.retention_s:
            return state
        times = list(state)
        insort(times, time)
        return self._regroup(times)

    def _regroup(self, times: list[float]) -> Any:
        kept = times[bisect_right(times, times[-1] - self.retention_s) :]
        if len(kept) <= _FEW:
            return tuple(kept)
        return array("d", kept) if len(kept) <= EXACT_EVENTS else self._buckets.coarse(kept)


class LastSeenWindow:
    """Seconds since the newest event at or before the asked time, if that lies within the window; else unknown.

    Keeps the newest `_FEW` times of a key, ascending; a read before all of them (late by that many events) is
    unknown.
    """

    empty: float | None = None
    least = 0.0

    def __init__(self, over_s: float) -> None:
        self.over_s = over_s
        self.retention_s = over_s + lateness_s(over_s)

    def add(self, state: Any, time: float, value: Any) -> Any:
        """The newest times with `time` among them; `value` is not looked at."""
        if state is None:
            return (time,)
        if time >= state[-1]:
            return (*state[1 - _FEW :], time)
        return tuple(sorted((*state, time)))[-_FEW:]

    def read(self, state: Any, time: float) -> float | None:
        """Seconds since the last event; events at exactly `time` count as 0 seconds ago."""
        at = bisect_right(state, time)
        ago = time - state[at - 1] if at else self.over_s
        return ago if ago < self.over_s else None

    def pack(self, state: Any) -> Any:
        """The tuple itself."""
        return state

    def unpack(self, packed: Any) -> Any:
        """The tuple again; msgpack gave a list."""
        return tuple(packed)
