"""How the scores of each model lay when it was new in force: what later days are held against."""

from typing import NamedTuple

from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite

from anlan.store.database import Database
from anlan.store.tables import model_references


class Reference(NamedTuple):
    """One model's.

    Attributes:
        since: when it was first seen in force; wall-clock seconds.
        until: end of the window that `body` holds; None while that is not complete.
        body: JSON of the histograms.
    """

    since: float
    until: float | None
    body: bytes | None


class ModelReferences:
    """Keeps one reference for each model, for ever."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def see(self, model: str, at: float) -> Reference:
        """The reference of a model in force; begun now if it was never seen before."""
        c = model_references.c
        with self._database.write() as connection:
            dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
            new = dialect.insert(model_references).values(model=model, since=at)
            connection.execute(new.on_conflict_do_nothing())
            return Reference(*connection.execute(select(c.since, c.until, c.body).where(c.model == model)).one())

    def complete(self, model: str, until: float, body: bytes) -> None:
        """Keep the histograms up to `until`, unless there are some already."""
        is_open = (model_references.c.model == model) & model_references.c.until.is_(None)
        with self._database.write() as connection:
            connection.execute(update(model_references).where(is_open).values(until=until, body=body))
