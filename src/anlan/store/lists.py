"""Who stands on which list; every change raises the lists' version, so that running processes notice and reload."""

from collections.abc import Iterable

import msgspec
from sqlalchemy import ColumnElement, Connection, delete, func, select
from sqlalchemy.dialects import postgresql, sqlite

from anlan.domain.lists import ListEntry, Purpose
from anlan.errors import NotFound
from anlan.store.batch import storable
from anlan.store.database import Database
from anlan.store.marks import LISTS, raise_mark, read_mark
from anlan.store.tables import list_entries

_OVERWRITTEN = ("purpose", "owner", "source", "note", "created_at", "expires_at")
_ROWS_PER_STATEMENT = 500


class ListBook:
    """Reads and changes the lists."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, entries: Iterable[ListEntry]) -> int:
        """Put entries on their lists; one that stands there already is replaced. Returns how many."""
        # By name, because PostgreSQL refuses a statement that writes a row twice.
        rows = {(entry.list, storable(entry.entity)): _row(entry) for entry in entries}
        values = list(rows.values())
        with self._database.write() as connection:
            for start in range(0, len(values), _ROWS_PER_STATEMENT):
                _put(connection, values[start : start + _ROWS_PER_STATEMENT])
            if values:
                raise_mark(connection, LISTS)
        return len(values)

    def remove(self, list_name: str, entity: str) -> bool:
        """Take an entity off a list; False when it was not on it."""
        is_it = (list_entries.c.list == list_name) & (list_entries.c.entity == storable(entity))
        with self._database.write() as connection:
            return _delete(connection, is_it) == 1

    def forget_expired(self, before: float) -> int:
        """Delete entries that ended before `before` (event time); returns how many."""
        with self._database.write() as connection:
            return _delete(connection, list_entries.c.expires_at < before)

    def all(self) -> list[ListEntry]:
        """Every entry, by list and entity."""
        query = select(list_entries).order_by(list_entries.c.list, list_entries.c.entity)
        with self._database.read() as connection:
            return [ListEntry(**row) for row in connection.execute(query).mappings()]

    def get(self, list_name: str, entity: str) -> ListEntry:
        """One entry.

        Raises:
            NotFound: the entity is not on that list.
        """
        is_it = (list_entries.c.list == list_name) & (list_entries.c.entity == storable(entity))
        with self._database.read() as connection:
            row = connection.execute(select(list_entries).where(is_it)).mappings().one_or_none()
        if row is None:
            raise NotFound(f"{entity} is not on the list {list_name}")
        return ListEntry(**row)

    def entries(self, list_name: str, limit: int, after: str = "") -> list[ListEntry]:
        """Entries of one list in order of entity, those after `after`."""
        query = select(list_entries).where(list_entries.c.list == list_name, list_entries.c.entity > storable(after))
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(list_entries.c.entity).limit(limit)).mappings()
            return [ListEntry(**row) for row in rows]

    def sizes(self) -> list[tuple[str, Purpose, int]]:
        """(list, purpose, entries) in order of name."""
        names = (list_entries.c.list, list_entries.c.purpose)
        query = select(*names, func.count()).group_by(*names).order_by(*names)
        with self._database.read() as connection:
            return [(name, purpose, count) for name, purpose, count in connection.execute(query)]

    def version(self) -> int:
        """A number that grows with every change; read it before `all`, so that no change is missed."""
        with self._database.read() as connection:
            return read_mark(connection, LISTS)


def _row(entry: ListEntry) -> dict[str, object]:
    return {**msgspec.structs.asdict(entry), "entity": storable(entry.entity), "note": storable(entry.note)}


def _put(connection: Connection, rows: list[dict[str, object]]) -> None:
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    new = dialect.insert(list_entries).values(rows)
    overwritten = {name: new.excluded[name] for name in _OVERWRITTEN}
    connection.execute(new.on_conflict_do_update(index_elements=["list", "entity"], set_=overwritten))


def _delete(connection: Connection, condition: ColumnElement[bool]) -> int:
    removed = connection.execute(delete(list_entries).where(condition)).rowcount
    if removed:
        raise_mark(connection, LISTS)
    return removed
