"""The whole journal as one relation for DuckDB: sealed segments, and an open tail up to the last commit."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from threading import Lock

from anlan.domain.signals import SignalType
from anlan.domain.sql_text import quoted
from anlan.store.columnar import Deadline, Row, cursor_of
from anlan.store.segment_files import Segment
from anlan.store.segments import Segments


class Analysis:
    """Answers questions over everything that is committed; safe to use from several threads.

    The tail is a table in memory: at most what waits to be sealed. Events whose decision may still change are read
    again for every view.
    """

    def __init__(self, segments: Segments) -> None:
        self._segments = segments
        self._duckdb = segments.files.duckdb
        declared = ", ".join(f"{quoted(name)} {kind}" for name, kind in segments.columns.duckdb_types.items())
        self._duckdb.execute(f"CREATE OR REPLACE TABLE tail ({declared})")
        self._lock = Lock()
        self._final = 0

    @contextmanager
    def view(self, within_s: float = 60.0) -> Iterator["View"]:
        """See `domain.ports.AnalyticJournal`."""
        with cursor_of(self._duckdb) as cursor:
            with self._lock:
                self._refresh_tail()
                segments = self._segments.listed()
                cursor.execute("BEGIN")
                cursor.execute("SELECT 1 FROM tail LIMIT 1")  # DuckDB takes its snapshot with the first read
            self._segments.files.check(segments)
            with Deadline(cursor, within_s) as deadline:
                yield View(deadline, self._segments, segments)

    def forget_tail(self) -> None:
        """Read the tail anew for the next view, because the record changed below it (retention)."""
        with self._lock, cursor_of(self._duckdb) as cursor:
            cursor.execute("DELETE FROM tail")
            self._final = 0

    def _refresh_tail(self) -> None:
        waiting = self._segments.waiting()
        start = max(self._final, waiting.sealed)
        with cursor_of(self._duckdb) as cursor:
            cursor.execute("BEGIN")
            cursor.execute(f"DELETE FROM tail WHERE _seq <= {waiting.sealed:d} OR _seq > {start:d}")
            if waiting.last > start:
                with self._segments.files.encoded(self._segments.read(start, waiting.last)) as (query, _):
                    cursor.execute(f"INSERT INTO tail BY NAME {query}")
            cursor.execute("COMMIT")
        self._final = max(waiting.final, waiting.sealed)


class View:
    """One moment of the journal; see `domain.ports.JournalView`."""

    def __init__(self, deadline: Deadline, segments: Segments, listed: Sequence[Segment]) -> None:
        self.columns: Mapping[str, SignalType] = segments.columns.readable
        self._files = segments.files
        self._listed = listed
        self._sealed = listed[-1].last_seq if listed else 0
        self._deadline = deadline

    def relation(self, start: float | None = None, end: float | None = None) -> str:
        """See `domain.ports.JournalView`."""
        wanted = [
            segment
            for segment in self._listed
            if (start is None or segment.last_time >= start) and (end is None or segment.first_time < end)
        ]
        bounds = [f"_time >= {start!r}"] * (start is not None) + [f"_time < {end!r}"] * (end is not None)
        tail = f"SELECT * FROM tail WHERE _seq > {self._sealed:d}"
        everything = f"{tail} UNION ALL BY NAME {self._files.select_all(wanted)}" if wanted else tail
        where = f" WHERE {' AND '.join(bounds)}" if bounds else ""
        return f"(SELECT * FROM ({everything}){where})"

    def run(self, sql: str, parameters: Sequence[object] = ()) -> list[Row]:
        """See `domain.ports.JournalView`."""
        return self._deadline.run(sql, parameters)
