"""The last snapshot of each counter; they are written by `Journal.commit`, behind the events they count."""

from typing import NamedTuple

from sqlalchemy import select

from anlan.store.database import Database
from anlan.store.tables import counter_snapshots


class SavedSnapshot(NamedTuple):
    """A counter's state; it counts every event up to `event_seq`."""

    event_seq: int
    body: bytes


def load_snapshots(database: Database) -> dict[str, SavedSnapshot]:
    """Every stored snapshot, by counter name."""
    with database.read() as connection:
        rows = connection.execute(select(counter_snapshots)).all()
    return {row.name: SavedSnapshot(row.event_seq, row.body) for row in rows}
