"""When committed events leave the record for immutable Parquet segments, and which segments count.

A segment is a file that exists in full before one transaction makes it count. A crash in between leaves a file that
nobody knows, which `sweep` removes later. A segment only takes events whose decision is final.
"""

from collections.abc import Iterator
from math import log
from pathlib import Path
from threading import Lock

import msgspec
from sqlalchemy import Connection, and_, delete, func, insert, select
from sqlalchemy.exc import IntegrityError

from anlan.clock import now
from anlan.domain.sql_text import quoted
from anlan.errors import Conflict, Damaged
from anlan.store import tables
from anlan.store.database import Database
from anlan.store.rows import Columns, CommittedRow
from anlan.store.segment_files import Segment, SegmentFiles

PAGE_EVENTS = 5_000


class SegmentLimits(msgspec.Struct, frozen=True, kw_only=True):
    """When to seal and when to merge.

    Attributes:
        events: as many waiting events make a segment.
        age_s: so does one event that has waited this long (wall clock).
        fan_in: as many neighbours of about one size are merged into one.
        largest_events: a merged segment has at most this many.
    """

    events: int = 50_000
    age_s: float = 3_600.0
    fan_in: int = 8
    largest_events: int = 1_000_000


class Waiting(msgspec.Struct, frozen=True):
    """What is committed but not sealed.

    Attributes:
        sealed: last sealed seq, 0 when none is.
        final: last seq up to which no decision can change any more (a second pass may still come after it).
        last: last committed seq.
    """

    sealed: int
    final: int
    last: int


class Segments:
    """The sealed part of the analytic journal; folder and memory as in `SegmentFiles`."""

    def __init__(
        self, database: Database, folder: Path, columns: Columns, limits: SegmentLimits | None = None,
        memory_mb: int = 512,
    ) -> None:
        self.columns = columns
        self.files = SegmentFiles(folder, columns, memory_mb)
        self._database = database
        self._limits = limits or SegmentLimits()
        self._lock = Lock()

    def close(self) -> None:
        """Give DuckDB's memory back; open views end with an error."""
        self.files.close()

    def listed(self) -> list[Segment]:
        """Every segment that counts, in order of seq."""
        with self._database.read() as connection:
            rows = connection.execute(select(tables.segments).order_by(tables.segments.c.first_seq)).mappings().all()
        return [Segment(**row) for row in rows]

    def waiting(self) -> Waiting:
        """Where sealing stands."""
        with self._database.snapshot() as connection:
            held = connection.scalar(select(func.min(tables.deferred.c.event_seq)))
            sealed = connection.scalar(select(func.max(tables.segments.c.last_seq))) or 0
            last = connection.scalar(select(func.max(tables.events.c.seq))) or 0
        return Waiting(sealed, last if held is None else min(last, held - 1), last)

    def read(self, after: int, upto: int) -> Iterator[CommittedRow]:
        """Committed events with after < seq <= upto and their latest decisions, in order of seq."""
        while after < upto:
            with self._database.read() as connection:
                page = _read_page(connection, after, upto)
            yield from page
            if not page:
                return
            after = page[-1].seq

    def maintain(self) -> int:
        """Seal what is due, merge small segments, sweep; returns how many segments were sealed."""
        sealed = self.seal()
        self.compact()
        self.files.sweep(self.listed())
        return sealed

    def seal(self, *, everything: bool = False) -> int:
        """Seal full segments, and a last smaller one if its oldest event has waited long enough or `everything` goes.

        Returns how many segments were sealed. When another process seals the same events meanwhile, it wins.
        """
        made = 0
        with self._lock:
            while (upto := self._due(everything=everything)) is not None and self._seal_range(*upto):
                made += 1
        return made

    def compact(self) -> int:
        """Merge runs of small neighbours; returns how many merged segments were made."""
        made = 0
        with self._lock:
            while (run := _run_to_merge(self.listed(), self._limits)) and self._rewrite(
                run, "*", is_redacted=run[0].is_redacted
            ):
                made += 1
        return made

    def redact(self, before: float) -> int:
        """Drop the personal values of events with time < `before`; returns how many segments were rewritten.

        The old files are gone with the first sweep after their grace.

        Raises:
            Damaged: some files could not be rewritten; all others were.
        """
        with self._lock:
            due = [one for one in self.listed() if one.first_time < before and not one.is_redacted]
            made = sum(self._redact_one(segment, before) for segment in due if self.files.is_intact(segment))
            self.files.check(one for one in self.listed() if one in due)
        return made

    def rebuild(self, file: str) -> Segment:
        """Seal the events of a damaged segment anew from the record.

        Raises:
            Damaged: the record no longer holds all of them; only a backup can help.
            Conflict: there is no such segment, or it was replaced meanwhile.
        """
        with self._lock:
            old = next((segment for segment in self.listed() if segment.file == file), None)
            made = self._seal_range(old.first_seq - 1, old.last_seq, old) if old else None
        if made is None:
            raise Conflict(f"there is no segment {file} any more; list the journal again")
        return made

    def _due(self, *, everything: bool) -> tuple[int, int] | None:
        """(after, upto) of the next segment to seal."""
        waiting = self.waiting()
        events = tables.events.c
        query = select(events.seq).where(events.seq > waiting.sealed, events.seq <= waiting.final).order_by(events.seq)
        with self._database.read() as connection:
            full = connection.scalar(query.offset(self._limits.events - 1).limit(1))
            oldest = connection.scalar(query.with_only_columns(events.received_at).limit(1))
        if full is not None:
            return waiting.sealed, full
        is_due = oldest is not None and (everything or oldest <= now() - self._limits.age_s)
        return (waiting.sealed, waiting.final) if is_due else None

    def _seal_range(self, after: int, upto: int, replaces: Segment | None = None) -> Segment | None:
        with self.files.encoded(self.read(after, upto)) as (query, count):
            if replaces is not None and count != replaces.event_count:
                raise Damaged(
                    f"the record holds only {count:,} of the {replaces.event_count:,} events of {replaces.file}; "
                    "restore the file from a backup",
                    files=[replaces.file],
                )
            partial = self.files.write(query, count)
        return self._register(self.files.name(partial, is_redacted=False), [replaces] if replaces else [])

    def _rewrite(self, run: list[Segment], picked: str, *, is_redacted: bool) -> Segment | None:
        self.files.check(run)
        query = f"SELECT {picked} FROM ({self.files.select_all(run)})"
        partial = self.files.write(query, sum(segment.event_count for segment in run))
        return self._register(self.files.name(partial, is_redacted=is_redacted), run)

    def _redact_one(self, segment: Segment, before: float) -> bool:
        is_whole = segment.last_time < before
        personal = self.files.personal_in(segment, before)
        if not personal and not is_whole:
            return False
        kept = (f"CASE WHEN _time >= {before!r} THEN {quoted(n)} END AS {quoted(n)}" for n in personal)
        picked = f"* REPLACE ({', '.join(kept)})" if personal else "*"
        return self._rewrite([segment], picked, is_redacted=is_whole) is not None

    def _register(self, made: Segment, replaced: list[Segment]) -> Segment | None:
        """Make a file count in place of `replaced`; None if somebody else was first."""
        try:
            with self._database.write() as connection:
                _swap(connection, made, replaced)
        except (IntegrityError, Conflict):
            return None
        self.files.retire(one for one in replaced if one.file != made.file)
        return made


def _read_page(connection: Connection, after: int, upto: int) -> list[CommittedRow]:
    event, decision = tables.events.c, tables.decisions.c
    later = tables.decisions.alias()
    is_latest = decision.pass_number == (
        select(func.max(later.c.pass_number)).where(later.c.event_seq == event.seq).scalar_subquery()
    )
    query = (
        select(
            event.seq, event.key, event.source, event.id, event.type, event.type_version, event.time,
            event.received_at, event.actor, event.data, decision.verdict, decision.category, decision.policy_set,
            decision.body,
        )
        .select_from(tables.events.outerjoin(tables.decisions, and_(decision.event_seq == event.seq, is_latest)))
        .where(event.seq > after, event.seq <= upto)
        .order_by(event.seq)
        .limit(PAGE_EVENTS)
    )
    return [CommittedRow._make(row) for row in connection.execute(query)]


def _swap(connection: Connection, made: Segment, replaced: list[Segment]) -> None:
    table = tables.segments
    for segment in replaced:
        gone = connection.execute(
            delete(table).where(table.c.first_seq == segment.first_seq, table.c.file == segment.file)
        )
        if gone.rowcount != 1:
            raise Conflict(f"segment {segment.file} was replaced meanwhile")
    connection.execute(insert(table).values(msgspec.structs.asdict(made)))


def _run_to_merge(segments: list[Segment], limits: SegmentLimits) -> list[Segment]:
    """The first run of `fan_in` neighbours of one tier of size or below; so an event is rewritten once a tier."""
    for tier in range(1 + int(log(limits.largest_events, limits.fan_in))):
        for start in range(len(segments) - limits.fan_in + 1):
            run = segments[start : start + limits.fan_in]
            is_small = all(one.event_count < limits.fan_in ** (tier + 1) for one in run)
            is_alike = len({one.is_redacted for one in run}) == 1
            if is_small and is_alike and sum(one.event_count for one in run) <= limits.largest_events:
                return run
    return []
