"""What signals may keep across events beyond declared counters: a state that a reading counts and recovery restores."""

from collections.abc import Mapping
from typing import Any, Protocol

from anlan.domain.events import Event
from anlan.domain.signals import Signal


class Accumulator(Protocol):
    """A bounded state of one installation, made of events and their signals; it never keeps a member's text.

    A live event is counted by computing the one of its `signals` that is declared with `counts`; a replayed one by
    `observe`. Both must leave the same state.
    """

    @property
    def name(self) -> str:
        """Under which its snapshots are stored; differs from every counter's."""

    @property
    def signals(self) -> tuple[Signal, ...]:
        """The readings through which signals see it."""

    def observe(self, event: Event, signals: Mapping[str, Any]) -> None:
        """Count an event of the journal, with the signals that were recorded with its decision."""

    def snapshot(self) -> bytes:
        """Everything that `restore` needs."""

    def restore(self, blob: bytes) -> bool:
        """Continue from a snapshot; False (and nothing changes) if it is of another meaning or format."""

    def clear(self) -> None:
        """Forget everything, to be counted again from the journal."""
