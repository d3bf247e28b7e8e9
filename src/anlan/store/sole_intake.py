"""Holds the right to take in events for a store: counters live in one process, so a second one must not start.

The operating system or PostgreSQL gives the right back when the holder dies, however it dies.
"""

import fcntl
import os
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import text

from anlan.errors import Conflict
from anlan.store.database import Database

_POSTGRES_LOCK = 0x616E6C616E02
_TAKEN = (
    "another Anlan process takes in events for this store; stop it first, or give this one a store of its own "
    "(ANLAN_DATA_DIR, ANLAN_DATABASE_URL)"
)


def hold_sole_intake(database: Database, data_dir: Path) -> Callable[[], None]:
    """Take the right; returns what gives it back.

    Raises:
        Conflict: somebody else holds it.
        Unavailable: the database cannot be reached.
    """
    return _hold_file(data_dir / "intake.lock") if database.is_sqlite else _hold_server_lock(database)


def _hold_file(path: Path) -> Callable[[], None]:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise Conflict(_TAKEN) from None
    return lambda: os.close(descriptor)


def _hold_server_lock(database: Database) -> Callable[[], None]:
    session = database.session()  # The lock is the session's, so it stays open for as long as the right is held.
    is_ours = session.execute(text("SELECT pg_try_advisory_lock(:name)"), {"name": _POSTGRES_LOCK}).scalar_one()
    if not is_ours:
        session.close()
        raise Conflict(_TAKEN)

    def give_back() -> None:
        session.execute(text("SELECT pg_advisory_unlock(:name)"), {"name": _POSTGRES_LOCK})
        session.close()

    return give_back
