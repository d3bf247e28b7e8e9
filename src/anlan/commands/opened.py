"""What commands open to do their work: the store, as the settings name it."""

from collections.abc import Iterator
from contextlib import contextmanager

from anlan.secrets_file import load_or_make_key
from anlan.settings import Settings
from anlan.store.database import Database

OPERATOR = "system"
"""Who the audit log says did what was done on the command line of the server."""


@contextmanager
def opened_database(settings: Settings) -> Iterator[Database]:
    """The store, which must have this version's schema.

    Raises:
        InvalidSettings, Unavailable: see `Database.check`.
    """
    database = Database(settings.store_url, load_or_make_key(settings.data_dir / "secret.key"))
    try:
        database.check()
        yield database
    finally:
        database.close()
