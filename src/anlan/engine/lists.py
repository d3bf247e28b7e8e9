"""Which entities somebody has put on an allow, block or watch list, as of event time."""

from collections.abc import Iterable

from anlan.domain.lists import ListEntry, Purpose


class Lists:
    """An immutable view of all entries; a change makes a new one.

    Attributes:
        in_use: (purpose, kind of entity) of the lists that hold anything.
    """

    def __init__(self, entries: Iterable[ListEntry] = ()) -> None:
        self._by_kind: dict[tuple[Purpose, str], dict[str, list[ListEntry]]] = {}
        for entry in entries:
            kind, _, id_ = entry.entity.partition(":")
            self._by_kind.setdefault((entry.purpose, kind), {}).setdefault(id_, []).append(entry)
        self.in_use = frozenset(self._by_kind)

    def holds(self, purpose: Purpose, kind: str, id: str, time: float) -> bool:  # noqa: A002 - the entity's own word
        """Whether the entity stood on a list of this purpose at `time`."""
        listed = self._by_kind.get((purpose, kind))
        return listed is not None and any(
            entry.created_at <= time and (entry.expires_at is None or time < entry.expires_at)
            for entry in listed.get(id, ())
        )
