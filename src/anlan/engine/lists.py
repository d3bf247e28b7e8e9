"""Which entities somebody has put on an allow, block or watch list, as of event time."""

from collections.abc import Iterable
from typing import NamedTuple

from anlan.domain.lists import ListEntry, Purpose


class Listed(NamedTuple):
    """On lists of which purpose an entity stands."""

    is_allowed: bool = False
    is_blocked: bool = False
    is_watched: bool = False


_NOWHERE = Listed()


class Lists:
    """An immutable view of all entries; a change makes a new one."""

    def __init__(self, entries: Iterable[ListEntry] = ()) -> None:
        self._by_kind: dict[str, dict[str, list[ListEntry]]] = {}
        for entry in entries:
            kind, _, id_ = entry.entity.partition(":")
            self._by_kind.setdefault(kind, {}).setdefault(id_, []).append(entry)

    def about(self, kind: str, id: str, time: float) -> Listed:
        """Where the entity stood at `time`."""
        entries = self._by_kind[kind].get(id) if kind in self._by_kind else None
        if entries is None:
            return _NOWHERE
        held: set[Purpose] = {
            entry.purpose
            for entry in entries
            if entry.created_at <= time and (entry.expires_at is None or time < entry.expires_at)
        }
        return Listed("allow" in held, "block" in held, "watch" in held)
