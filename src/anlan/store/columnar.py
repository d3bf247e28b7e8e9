"""How DuckDB is opened for the journal: one thread, bounded memory, no way out of the journal's folder."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import Any

import duckdb

from anlan.clock import stopwatch
from anlan.domain.sql_text import literal
from anlan.errors import TookTooLong

Connection = duckdb.DuckDBPyConnection
Row = tuple[Any, ...]


def open_columnar(folder: Path, memory_mb: int = 512, threads: int = 1) -> Connection:
    """An in-memory DuckDB that reads and writes files below `folder` only and spills there when memory runs out."""
    spill = folder / "spill"
    spill.mkdir(parents=True, exist_ok=True)
    connection = duckdb.connect(
        ":memory:",
        config={
            "threads": threads,
            "memory_limit": f"{memory_mb}MB",
            "temp_directory": str(spill),
            "autoload_known_extensions": False,
            "autoinstall_known_extensions": False,
            "allow_community_extensions": False,
        },
    )
    connection.execute("SET parquet_metadata_cache = true")
    # In this order: neither can be changed after the one below it.
    connection.execute(f"SET allowed_directories = [{literal(str(folder))}]")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")
    return connection


@contextmanager
def cursor_of(connection: Connection) -> Iterator[Connection]:
    """A connection of one's own to the same database, closed afterwards with its temporary tables."""
    cursor = connection.cursor()
    try:
        yield cursor
    finally:
        cursor.close()


class Deadline:
    """Runs statements on one connection until the time given to all of them together is used up; use as a context."""

    def __init__(self, connection: Connection, within_s: float) -> None:
        self._connection = connection
        self._within_s = within_s
        self._ends_at = stopwatch() + within_s
        self._is_over = Event()
        self._watch = Thread(target=self._interrupt, name="journal deadline", daemon=True)

    def __enter__(self) -> "Deadline":
        self._watch.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._watch.join()

    def run(self, sql: str, parameters: Sequence[object] = ()) -> list[Row]:
        """All rows of one statement.

        Raises:
            TookTooLong: the time was used up; the statement was stopped.
        """
        try:
            if stopwatch() >= self._ends_at:
                raise duckdb.InterruptException
            return list(self._connection.execute(sql, list(parameters)).fetchall())
        except duckdb.InterruptException as error:
            raise TookTooLong(
                f"the journal did not answer within {self._within_s:g} s; "
                "choose a shorter time range, or a condition that fewer events meet"
            ) from error

    def _interrupt(self) -> None:
        wait_s = self._within_s
        # More than once: DuckDB forgets an interrupt that comes between two statements.
        while not self._is_over.wait(wait_s):
            self._connection.interrupt()
            wait_s = 0.1
