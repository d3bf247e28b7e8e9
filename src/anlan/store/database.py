"""Opens the one database, a SQLite file or a PostgreSQL server, keeps its schema current and hands out transactions."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import sqlalchemy
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DataError, DBAPIError, DisconnectionError, InterfaceError, OperationalError
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

from anlan import clock
from anlan.errors import AnlanError, InvalidRequest, InvalidSettings, Unavailable
from anlan.store.vault import Vault

MIGRATIONS = Path(__file__).with_name("migrations")
_MIGRATION_LOCK = 0x616E6C616E  # "anlan": only one process at a time may change the schema

SQLITE_WAIT_S = 15.0
"""How long a writer waits for another process that writes the same file."""

_SQLITE_PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA mmap_size = 268435456",
    "PRAGMA journal_size_limit = 67108864",
    "PRAGMA trusted_schema = OFF",
)
_READER_CACHE_KIB, _WRITER_CACHE_KIB = 8 * 1024, 64 * 1024


class Database:
    """The store's one door.

    Args:
        url: `sqlite:///relative.db`, `sqlite:////absolute.db` or `postgresql+psycopg://user:password@host/name`.
        key: 32 bytes that seal sensitive fields.
        older_keys: keys that were current before.

    Raises:
        InvalidSettings: a URL that is none of these, or a key of another length.
    """

    def __init__(self, url: str, key: bytes, older_keys: Sequence[bytes] = ()) -> None:
        self.url = _checked(url)
        self.vault = Vault(key, older_keys)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        if self.is_sqlite:
            self._reading = _open_sqlite(self.url, _READER_CACHE_KIB, pool_size=4, max_overflow=12)
            # One connection for all writers of this process: they queue here instead of spinning on the file's lock,
            # and its page and statement caches stay warm.
            self._writing = _open_sqlite(self.url, _WRITER_CACHE_KIB, pool_size=1, max_overflow=0, begin="IMMEDIATE")
        else:
            self._reading = self._writing = _open_postgres(self.url)
        self._broken_at = float("-inf")
        for engine in {self._reading, self._writing}:
            self._replace_broken(engine)
        self._driver: Any = self._writing.dialect.dbapi

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that only reads; on SQLite it sees one moment, on PostgreSQL each statement its own.

        Raises:
            Unavailable: the database cannot be reached or cannot work now.
        """
        with self._translated(), self._reading.begin() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that writes, committed on leaving and rolled back by an exception; do not nest.

        Raises:
            Unavailable: the database cannot be reached, is full, or is held by another writer. Nothing was written,
                unless the connection broke while committing: then it may have been.
        """
        with self._translated(), self._writing.begin() as connection:
            yield connection

    @contextmanager
    def write_directly(self) -> Iterator[Any]:
        """Like `write`, but hands out the driver's own cursor: SQLAlchemy costs more than a small commit itself.

        Raises:
            Unavailable: as `write`. What the driver raises comes out as SQLAlchemy's error of the same name.
        """
        with self._translated(), self._driver_connection(self._writing) as raw:
            cursor = raw.cursor()
            if self.is_sqlite:
                cursor.execute("BEGIN IMMEDIATE")
            yield cursor
            raw.commit()

    @contextmanager
    def read_directly(self) -> Iterator[Any]:
        """The driver's own cursor for one statement that reads, where an event waits for it.

        Raises:
            Unavailable: as `write_directly`.
        """
        with self._translated(), self._driver_connection(self._reading) as raw:
            yield raw.cursor()

    @contextmanager
    def _driver_connection(self, engine: Engine) -> Iterator[PoolProxiedConnection]:
        """A connection of the pool; the driver's errors become SQLAlchemy's, what is not committed is rolled back."""
        raw: PoolProxiedConnection | None = None
        try:
            raw = engine.raw_connection()
            yield raw
        except self._driver.Error as error:
            if raw is not None and engine.dialect.is_disconnect(error, raw.driver_connection, None):
                raw.invalidate(error)
                self._broken_at = clock.stopwatch()  # the other connections are as dead as this one
            raise DBAPIError.instance(None, None, error, self._driver.Error) from error
        finally:
            if raw is not None:
                raw.close()

    def _replace_broken(self, engine: Engine) -> None:
        """Let the pool close and replace, when it is next asked for, what was open before the server went away."""

        @event.listens_for(engine, "connect")
        def remember(_connection: Any, record: ConnectionPoolEntry) -> None:
            record.info["opened_at"] = clock.stopwatch()

        @event.listens_for(engine, "checkout")
        def check(_connection: Any, record: ConnectionPoolEntry, _proxy: object) -> None:
            if record.info["opened_at"] < self._broken_at:
                raise DisconnectionError("the server went away since this connection was opened")

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """A reading transaction that sees one moment throughout, on both databases."""
        with self._translated(), self._reading.connect() as connection:
            level = None if self.is_sqlite else "REPEATABLE READ"
            with connection.execution_options(**({"isolation_level": level} if level else {})).begin():
                yield connection

    def session(self) -> Connection:
        """A connection of one's own, outside any transaction; whoever asked closes it.

        Raises:
            Unavailable: the database cannot be reached.
        """
        with self._translated():
            return self._reading.connect().execution_options(isolation_level="AUTOCOMMIT")

    def migrate(self) -> None:
        """Bring the schema to this version of the code; does nothing when it is there already.

        Raises:
            InvalidSettings: the schema was made by newer code, or the file is not ours.
            Unavailable: the database cannot be reached.
        """
        with self.write() as connection:
            if not self.is_sqlite:
                connection.execute(sqlalchemy.select(sqlalchemy.func.pg_advisory_xact_lock(_MIGRATION_LOCK)))
            if self._revision(connection) == head_revision():
                return
            config = Config(attributes={"connection": connection})
            config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
            command.upgrade(config, "head")

    def check(self) -> None:
        """Make sure that the database answers and has exactly this version's schema.

        Raises:
            InvalidSettings: an older or newer schema, or a file that is not ours.
            Unavailable: the database cannot be reached.
        """
        with self.read() as connection:
            found = self._revision(connection)
        if found != head_revision():
            raise InvalidSettings(
                f"the schema of {self.name} is at {found or 'nothing'}, this version needs {head_revision()}; "
                "run `anlan migrate`"
            )

    def close(self) -> None:
        """Give all connections back; on SQLite the write-ahead log is folded into the file."""
        self._reading.dispose()
        self._writing.dispose()

    @property
    def name(self) -> str:
        """The URL without its password, for people and logs."""
        return self.url.render_as_string(hide_password=True)

    def _revision(self, connection: Connection) -> str | None:
        """The schema's revision; refuses one that this code does not know."""
        found = MigrationContext.configure(connection).get_current_revision()
        known = {script.revision for script in _scripts().walk_revisions()}
        if found is not None and found not in known:
            raise InvalidSettings(
                f"{self.name} has schema {found}, which this version does not know: it was made by a newer Anlan. "
                "Start that version, or restore a backup made by this one"
            )
        return found

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (OperationalError, InterfaceError) as error:
            raise self._explained(error) from error
        except (DataError, OverflowError) as error:
            if isinstance(error, OverflowError) and "SQLite" not in str(error):
                raise  # of the caller's own reckoning
            raise InvalidRequest(
                "it holds something that cannot be stored: a sign that is none, or a number that is too large",
                zh="其中有无法保存的字符，或过大的数字", en="It holds a sign or a number that cannot be stored.",
            ) from error
        except DBAPIError as error:
            if "file is not a database" in str(error.orig) or "malformed" in str(error.orig):
                raise InvalidSettings(
                    f"{self.name} is not an intact SQLite database; check the path, or restore a backup"
                ) from error
            raise
        except sqlalchemy.exc.TimeoutError as error:
            raise Unavailable(f"all connections to {self.name} are busy; try again in a moment") from error

    def _explained(self, error: DBAPIError) -> AnlanError:
        reason = " ".join(str(error.orig).split())
        if "unable to open database file" in reason or "readonly database" in reason:
            return InvalidSettings(f"cannot open {self.name}: {reason}; check that the folder exists and is writable")
        if "full" in reason or "No space left" in reason:
            return Unavailable(f"no space left for {self.name}; free some, then try again")
        return Unavailable(f"{self.name} does not answer: {reason}; try again in a moment")


@cache
def head_revision() -> str:
    """The schema revision of this version of the code."""
    head = _scripts().get_current_head()
    if head is None:
        raise InvalidSettings("no migrations are installed; the package is incomplete")
    return head


def _scripts() -> ScriptDirectory:
    return ScriptDirectory(str(MIGRATIONS))


def _checked(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise InvalidSettings(f"{url!r} is not a database URL; write sqlite:///path or {_POSTGRES_FORM}") from error
    if parsed.drivername in ("postgres", "postgresql"):
        parsed = parsed.set(drivername="postgresql+psycopg")
    if parsed.drivername not in ("sqlite", "sqlite+pysqlite", "postgresql+psycopg"):
        raise InvalidSettings(f"no support for {parsed.drivername} databases; use sqlite:///path or {_POSTGRES_FORM}")
    if parsed.get_backend_name() == "sqlite" and parsed.database in (None, "", ":memory:"):
        raise InvalidSettings("a SQLite database needs a file, e.g. sqlite:///var/anlan.db: memory would forget")
    return parsed


_POSTGRES_FORM = "postgresql+psycopg://user:password@host/name"


def _open_sqlite(url: URL, cache_kib: int, pool_size: int, max_overflow: int, begin: str = "") -> Engine:
    engine = sqlalchemy.create_engine(
        url,
        pool_size=pool_size,
        max_overflow=max_overflow,
        pool_use_lifo=True,
        connect_args={"timeout": SQLITE_WAIT_S, "cached_statements": 512, "check_same_thread": False},
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # the driver must not begin transactions behind our back
        for pragma in (*_SQLITE_PRAGMAS, f"PRAGMA cache_size = -{cache_kib}"):
            connection.execute(pragma)

    @event.listens_for(engine, "begin")
    def begin_transaction(connection: Connection) -> None:
        connection.exec_driver_sql(f"BEGIN {begin}")

    return engine


def _open_postgres(url: URL) -> Engine:
    engine = sqlalchemy.create_engine(
        url, pool_size=6, max_overflow=14, pool_use_lifo=True, pool_timeout=10, connect_args={"connect_timeout": 10}
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: object) -> None:
        connection.prepared_max = 512  # one statement for each table and number of rows

    return engine
