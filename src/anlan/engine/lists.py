"""Which entities somebody has put on an allow, block or watch list, as of event time."""

from collections.abc import Iterable
from typing import Literal

import msgspec

Purpose = Literal["allow", "block", "watch"]


class ListEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One entry: who put which entity on which list, from where, until when.

    `entity` is `kind:id`; `expires_at` is event time in seconds, None for no end.
    """

    list: str
    entity: str
    purpose: Purpose
    owner: str
    source: str
    note: str = ""
    created_at: float = 0.0
    expires_at: float | None = None


class Lists:
    """An immutable view of all entries; a change makes a new one."""

    def __init__(self, entries: Iterable[ListEntry] = ()) -> None:
        self._entries: dict[tuple[str, str], tuple[ListEntry, ...]] = {}
        for entry in entries:
            key = (entry.purpose, entry.entity)
            self._entries[key] = (*self._entries.get(key, ()), entry)

    def holds(self, purpose: Purpose, entity: str, time: float) -> bool:
        """Whether `entity` stood on a list of this purpose at `time`."""
        return any(
            entry.created_at <= time and (entry.expires_at is None or time < entry.expires_at)
            for entry in self._entries.get((purpose, entity), ())
        )
