"""Counters, accumulators and fuses after a start or a failed commit: snapshots, then the journal's later events."""

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any, Protocol

from anlan.domain.events import Catalogue
from anlan.engine.accumulators import Accumulator
from anlan.engine.counters import Counters
from anlan.engine.fuses import Fuses
from anlan.errors import InvalidEvent

FUSES = "fuses"
"""The name under which the fuses are snapshotted beside the counters."""
NONE: Mapping[str, Accumulator] = MappingProxyType({})


class SavedState(Protocol):
    """A stored snapshot: `body` counts every event up to `event_seq`."""

    @property
    def event_seq(self) -> int: ...
    @property
    def body(self) -> bytes: ...


class JournaledEvent(Protocol):
    """An event as the journal keeps it."""

    @property
    def seq(self) -> int: ...
    @property
    def source(self) -> str: ...
    @property
    def id(self) -> str: ...
    @property
    def type(self) -> str: ...
    @property
    def type_version(self) -> int: ...
    @property
    def time(self) -> float: ...
    @property
    def data(self) -> bytes: ...
    @property
    def signals(self) -> Mapping[str, Any]:
        """What the first pass recorded."""


class State(Protocol):
    """What is counted: a counter or an accumulator."""

    def snapshot(self) -> bytes: ...
    def restore(self, blob: bytes) -> bool: ...
    def clear(self) -> None: ...


def recover(
    counters: Counters,
    fuses: Fuses,
    saved: Mapping[str, SavedState],
    events_since: Callable[[int], Iterable[JournaledEvent]],
    catalogue: Catalogue,
    accumulators: Mapping[str, Accumulator] = NONE,
) -> int:
    """Bring everything to the journal's last event; returns how many events were counted again.

    Fuses are saved with every round of snapshots and not replayed: after a crash they miss a few seconds of hits.

    Args:
        saved: snapshots by name of counter or accumulator, and `FUSES`.
        events_since: the journal's events after a sequence number, in order of commit.
        accumulators: by name.
    """
    counted_to = {name: _restore(state, saved.get(name)) for name, state in _states(counters, accumulators).items()}
    if FUSES in saved:
        fuses.restore(saved[FUSES].body)
    else:
        fuses.clear()
    counted = 0
    for stored in events_since(min(counted_to.values(), default=0)):
        behind = {name for name, seq in counted_to.items() if seq < stored.seq}
        try:
            event = catalogue.restore(
                stored.type, stored.type_version, stored.id, stored.source, stored.time, stored.data
            )
        except InvalidEvent:
            continue  # Its type is no longer declared, or its fields have passed their retention: nothing to count.
        counters.observe(event, behind)
        for name in behind & accumulators.keys():
            accumulators[name].observe(event, stored.signals)
        counted += 1
    return counted


def _states(counters: Counters, accumulators: Mapping[str, Accumulator]) -> dict[str, State]:
    return {**counters.by_name, **accumulators}


def _restore(state: State, saved: SavedState | None) -> int:
    """The sequence number up to which the state now counts; 0 when it must begin anew."""
    if saved is not None and state.restore(saved.body):
        return saved.event_seq
    state.clear()
    return 0


class SnapshotRound:
    """Names the state whose turn it is, one after the other, so that no save holds up the stream for long."""

    def __init__(self, counters: Counters, fuses: Fuses, accumulators: Mapping[str, Accumulator] = NONE) -> None:
        self._states = _states(counters, accumulators)
        self._fuses = fuses
        self._names = list(self._states)
        self._next = 0

    def take(self) -> list[tuple[str, bytes]]:
        """(name, state) of the next one and of the fuses, as of the event judged last."""
        taken = [(FUSES, self._fuses.snapshot())]
        if self._names:
            name = self._names[self._next % len(self._names)]
            self._next += 1
            taken.append((name, self._states[name].snapshot()))
        return taken

    def take_all(self) -> list[tuple[str, bytes]]:
        """Everything, for a clean stop."""
        return [(FUSES, self._fuses.snapshot()), *((name, state.snapshot()) for name, state in self._states.items())]
