"""What tests of the store agree on: the backends, the key that seals their sensitive fields, and a migrated file."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from anlan.store.database import Database

KEY = bytes(range(32))
BACKENDS = ("sqlite", "postgres")


@cache
def migrated_sqlite() -> bytes:
    """A migrated, empty SQLite file to copy."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "anlan.db"
        migrate(f"sqlite:///{path}")
        return path.read_bytes()


def migrate(url: str) -> None:
    """Bring one database to the current schema and close it."""
    opened = Database(url, KEY)
    opened.migrate()
    opened.close()
