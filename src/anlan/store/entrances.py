"""Remembers which ways in were used, so that none lets in twice; who came in by them is not kept."""

from hashlib import sha256

from sqlalchemy import Connection, delete
from sqlalchemy.dialects import postgresql, sqlite

from anlan.store.tables import spent_entrances


def spend_entrance(connection: Connection, state: str, expires_at: float, now: float) -> bool:
    """Use up a way in; False when it was used before. Those that are over of themselves are forgotten."""
    connection.execute(delete(spent_entrances).where(spent_entrances.c.expires_at <= now))
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    row = {"state_hash": sha256(state.encode()).hexdigest(), "expires_at": expires_at}
    added = dialect.insert(spent_entrances).values(row).on_conflict_do_nothing().returning(spent_entrances.c.state_hash)
    return connection.execute(added).first() is not None
