"""Counters and fuses after a start or a failed commit: the last snapshots, then the journal's events since then."""

from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

from anlan.domain.events import Catalogue
from anlan.engine.counters import Counters
from anlan.engine.fuses import Fuses
from anlan.errors import InvalidEvent

FUSES = "fuses"
"""The name under which the fuses are snapshotted beside the counters."""


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


def recover(
    counters: Counters,
    fuses: Fuses,
    saved: Mapping[str, SavedState],
    events_since: Callable[[int], Iterable[JournaledEvent]],
    catalogue: Catalogue,
) -> int:
    """Bring counters and fuses to the journal's last event; returns how many events were counted again.

    Fuses are saved with every round of snapshots and not replayed: after a crash they miss a few seconds of hits.

    Args:
        saved: snapshots by counter name, and `FUSES`.
        events_since: the journal's events after a sequence number, in order of commit.
    """
    counted_to = {name: _restore(counters, name, saved) for name in counters.by_name}
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
        counted += 1
    return counted


def _restore(counters: Counters, name: str, saved: Mapping[str, SavedState]) -> int:
    """The sequence number up to which the counter now counts; 0 when it must begin anew."""
    state = saved.get(name)
    if state is not None and counters.restore(name, state.body):
        return state.event_seq
    counters.by_name[name].clear()
    return 0


class SnapshotRound:
    """Names the counter whose turn it is, one after the other, so that no save holds up the stream for long."""

    def __init__(self, counters: Counters, fuses: Fuses) -> None:
        self._counters = counters
        self._fuses = fuses
        self._names = list(counters.by_name)
        self._next = 0

    def take(self) -> list[tuple[str, bytes]]:
        """(name, state) of the next counter and of the fuses, as of the event judged last."""
        taken = [(FUSES, self._fuses.snapshot())]
        if self._names:
            name = self._names[self._next % len(self._names)]
            self._next += 1
            taken.append((name, self._counters.snapshot(name)))
        return taken

    def take_all(self) -> list[tuple[str, bytes]]:
        """Everything, for a clean stop."""
        return [(FUSES, self._fuses.snapshot()), *((name, self._counters.snapshot(name)) for name in self._names)]
