"""What lies in the journal's folder: complete, hashed Parquet files, scratch files of their making, nothing else."""

import hashlib
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkstemp

import msgspec

from anlan.clock import now
from anlan.domain.sql_text import literal, quoted
from anlan.errors import Damaged
from anlan.store.columnar import Row, cursor_of, open_columnar
from anlan.store.rows import Columns, CommittedRow

ROW_GROUP_EVENTS = 50_000
GRACE_S = 900.0
"""How long a file that no longer counts stays for those who are reading it, and one that does not count yet."""


class Segment(msgspec.Struct, frozen=True, kw_only=True):
    """One file of the journal: all events with first_seq <= seq <= last_seq.

    Attributes:
        file: name in the journal folder; made of the range and the hash, so the same content has the same name.
        first_time, last_time: least and greatest event time in it.
        is_redacted: no personal value is left in it.
    """

    first_seq: int
    last_seq: int
    file: str
    event_count: int
    first_time: float
    last_time: float
    byte_count: int
    sha256: str
    sealed_at: float
    is_redacted: bool


class SegmentFiles:
    """Writes, describes, checks and removes the files; which of them count is not decided here.

    Args:
        folder: made if it does not exist; belongs to this journal alone.
        memory_mb: DuckDB's limit for everything that uses `duckdb`; what does not fit is spilled to the folder.

    Attributes:
        duckdb: take a cursor of it to read the files.
    """

    def __init__(self, folder: Path, columns: Columns, memory_mb: int = 512) -> None:
        self.folder = folder.resolve()
        self._columns = columns
        self._partial = self.folder / "partial"
        self._partial.mkdir(parents=True, exist_ok=True)
        self.duckdb = open_columnar(self.folder, memory_mb)
        self._intact: dict[str, tuple[int, int]] = {}
        self._schemas: dict[str, dict[str, str]] = {}

    def close(self) -> None:
        """Give DuckDB's memory back."""
        self.duckdb.close()

    def select_all(self, segments: Iterable[Segment]) -> str:
        """A query for every column of all events in `segments`, in order; NULL where a segment lacks a column.

        A signal that had another type when a segment was sealed is NULL there.
        """
        groups: list[tuple[frozenset[str], list[str]]] = []
        for segment in segments:
            clashing = self._clashing(segment)
            if not groups or groups[-1][0] != clashing:
                groups.append((clashing, []))
            groups[-1][1].append(literal(str(self.folder / segment.file)))
        return " UNION ALL BY NAME ".join(_select_group(clashing, files) for clashing, files in groups)

    @contextmanager
    def encoded(self, stored: Iterable[CommittedRow]) -> Iterator[tuple[str, int]]:
        """(query for every column of `stored`, how many events); good until the context ends."""
        path = self._scratch(".ndjson")
        try:
            count = 0
            with path.open("wb") as file:
                for event in stored:
                    file.write(self._columns.encode(event) + b"\n")
                    count += 1
            yield self._columns.reader_sql(str(path)), count
        finally:
            path.unlink(missing_ok=True)

    def write(self, query: str, expected: int) -> Path:
        """A finished but still nameless Parquet file of the query's rows, on disk to stay.

        Raises:
            Damaged: it does not hold the `expected` number of events.
        """
        partial = self._scratch(".parquet")
        self._ask(
            f"COPY ({query}) TO {literal(str(partial))} "
            f"(FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {ROW_GROUP_EVENTS})"
        )
        ((written,),) = self._ask(f"SELECT count(*) FROM read_parquet({literal(str(partial))})")
        if written != expected:
            raise Damaged(f"wrote {written:,} events of {expected:,} to {partial.name}; nothing was sealed", files=[])
        with partial.open("rb") as file:
            os.fsync(file.fileno())
        return partial

    def name(self, partial: Path, *, is_redacted: bool) -> Segment:
        """Give a finished file its name; it does not count before it is registered."""
        digest = _sha256(partial)
        ((first, last, count, first_time, last_time),) = self._ask(
            "SELECT min(_seq), max(_seq), count(*), min(_time), max(_time) "
            f"FROM read_parquet({literal(str(partial))})"
        )
        made = Segment(
            first_seq=first, last_seq=last, file=f"{first:012d}-{last:012d}-{digest[:12]}.parquet", event_count=count,
            first_time=first_time, last_time=last_time, byte_count=partial.stat().st_size, sha256=digest,
            sealed_at=now(), is_redacted=is_redacted,
        )
        partial.replace(self.folder / made.file)
        _sync_folder(self.folder)
        return made

    def retire(self, segments: Iterable[Segment]) -> None:
        """Start the grace of files that no longer count."""
        for segment in segments:
            (self.folder / segment.file).touch()

    def sweep(self, counted: Iterable[Segment]) -> int:
        """Remove what does not count and is older than `GRACE_S`; returns how many files."""
        oldest = now() - GRACE_S
        names = {segment.file for segment in counted}
        found = [path for path in self.folder.glob("*.parquet") if path.name not in names]
        gone = [path for path in (*found, *self._partial.iterdir()) if path.stat().st_mtime < oldest]
        for path in gone:
            path.unlink(missing_ok=True)
        return len(gone)

    def check(self, segments: Iterable[Segment]) -> None:
        """Make sure that each file is what was sealed; a file is read once a process unless it changes.

        Raises:
            Damaged: naming every file that is missing or differs.
        """
        bad = [segment.file for segment in segments if not self.is_intact(segment)]
        if bad:
            raise Damaged(
                f"{', '.join(bad)} in {self.folder} is missing or was altered since it was sealed; restore it from a "
                "backup, or have it sealed anew from the record with `anlan journal rebuild`",
                files=bad,
            )

    def is_intact(self, segment: Segment) -> bool:
        """Whether the file is there and is what was sealed."""
        path = self.folder / segment.file
        try:
            stat = path.stat()
        except FileNotFoundError:
            return False
        seen = (stat.st_size, stat.st_mtime_ns)
        if self._intact.get(segment.file) != seen:
            if stat.st_size != segment.byte_count or _sha256(path) != segment.sha256:
                return False
            self._intact[segment.file] = seen
        return True

    def personal_in(self, segment: Segment, before: float) -> tuple[str, ...]:
        """The personal columns of a segment that hold any value of an event with time < `before`."""
        names = [name for name in self._schema(segment) if name in self._columns.personal]
        if not names:
            return ()
        counts = ", ".join(f"count({quoted(name)})" for name in names)
        path = literal(str(self.folder / segment.file))
        (row,) = self._ask(f"SELECT {counts} FROM read_parquet({path}) WHERE _time < {before!r}")
        return tuple(name for name, count in zip(names, row, strict=True) if count)

    def _clashing(self, segment: Segment) -> frozenset[str]:
        wanted, found = self._columns.duckdb_types, self._schema(segment)
        return frozenset(
            name for name in self._columns.readable if name in found and found[name] != wanted[name]
        )

    def _schema(self, segment: Segment) -> dict[str, str]:
        if segment.file not in self._schemas:
            path = literal(str(self.folder / segment.file))
            rows = self._ask(f"DESCRIBE SELECT * FROM read_parquet({path})")
            self._schemas[segment.file] = {row[0]: row[1] for row in rows}
        return self._schemas[segment.file]

    def _ask(self, sql: str) -> list[Row]:
        with cursor_of(self.duckdb) as cursor:
            return cursor.execute(sql).fetchall()

    def _scratch(self, suffix: str) -> Path:
        handle, name = mkstemp(suffix, dir=self._partial)
        os.close(handle)
        return Path(name)


def _select_group(clashing: frozenset[str], files: list[str]) -> str:
    left_out = f" EXCLUDE ({', '.join(map(quoted, sorted(clashing)))})" if clashing else ""
    return f"SELECT *{left_out} FROM read_parquet([{', '.join(files)}], union_by_name = true)"


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
