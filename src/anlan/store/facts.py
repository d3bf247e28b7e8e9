"""What the journal knows of entities, read for many at once."""

from collections.abc import Sequence

from sqlalchemy import select

from anlan.domain.facts import Fact
from anlan.store.batch import storable
from anlan.store.database import Database
from anlan.store.tables import facts
from anlan.store.vault import Codec

_AT_ONCE = 500
"""Entities to a statement, well under SQLite's limit of bound values."""


class Facts:
    """Reads facts; they are written in the commit of the event that establishes them."""

    def __init__(self, database: Database, codec: Codec) -> None:
        self._database = database
        self._codec = codec

    def load(self, names: Sequence[str]) -> list[Fact]:
        """Every version of every fact of these entities, oldest first."""
        found: list[Fact] = []
        asked = {storable(name): name for name in names}
        stored = list(asked)
        with self._database.read() as connection:
            for start in range(0, len(stored), _AT_ONCE):
                wanted = facts.c.entity.in_(stored[start : start + _AT_ONCE])
                for row in connection.execute(select(facts).where(wanted).order_by(facts.c.since)):
                    entity = asked[row.entity]
                    value = self._codec.open_value(row.value, entity, row.field)
                    found.append(Fact(entity, row.field, row.since, value, row.privacy))
        return found
