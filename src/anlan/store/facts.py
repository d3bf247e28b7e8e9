"""What the journal knows of entities, read for many at once."""

from collections.abc import Iterator, Sequence
from typing import get_args

from sqlalchemy import select

from anlan.domain.entities import Privacy
from anlan.domain.facts import MAX_VERSIONS, Fact
from anlan.store.batch import storable
from anlan.store.database import Database
from anlan.store.tables import facts
from anlan.store.vault import Codec

_AT_ONCE = 500
"""Entities to a statement, well under SQLite's limit of bound values."""

_SELECT = (
    "SELECT entity, field, since, value, privacy FROM (SELECT *, row_number() OVER "
    f"(PARTITION BY entity, field ORDER BY since DESC) AS age FROM facts WHERE entity IN ({{}})) AS newest "
    f"WHERE age <= {MAX_VERSIONS:d} ORDER BY since"
)
_PRIVACY: dict[str, Privacy] = {word: word for word in get_args(Privacy)}


class Facts:
    """Reads facts; they are written in the commit of the event that establishes them."""

    def __init__(self, database: Database, codec: Codec) -> None:
        self._database = database
        self._codec = codec
        self._mark = "?" if database.is_sqlite else "%s"

    def entities(self, chunk: int = 20_000) -> Iterator[str]:
        """Every entity of which a fact is stored, in order of name."""
        last = ""
        while True:
            query = select(facts.c.entity).where(facts.c.entity > last).distinct().order_by(facts.c.entity)
            with self._database.read() as connection:
                names = connection.execute(query.limit(chunk)).scalars().all()
            if not names:
                return
            yield from names
            last = names[-1]

    def load(self, names: Sequence[str]) -> list[Fact]:
        """The newest versions of every fact of these entities, oldest first for each.

        Raises:
            Unavailable: see `Database.read_directly`.
        """
        asked = {storable(name): name for name in names}
        stored = list(asked)
        rows = []
        with self._database.read_directly() as cursor:
            for start in range(0, len(stored), _AT_ONCE):
                some = stored[start : start + _AT_ONCE]
                cursor.execute(_SELECT.format(", ".join([self._mark] * len(some))), some)
                rows += cursor.fetchall()
        return [
            Fact(name, field, since, self._codec.open_value(bytes(value), name, field), _PRIVACY[privacy])
            for entity, field, since, value, privacy in rows
            for name in (asked[entity],)
        ]
