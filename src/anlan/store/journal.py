"""The one commit: an event, its decision and everything that follows from it are written together or not at all.

Sequence numbers are drawn inside the transaction from one row that stays locked until it ends. So they have no gaps,
and whoever reads event n can already read every event before n, however many processes write. Second passes come when
they come, so they are numbered likewise on their own.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
from msgspec import structs
from sqlalchemy import Column, ColumnElement, Connection, Select, func, select
from sqlalchemy.exc import IntegrityError

from anlan.domain.decisions import Decision, Judged
from anlan.errors import DuplicateEvent, NotFound
from anlan.store.batch import SECOND_LOOKS as LOOKS
from anlan.store.batch import SNAPSHOTS, Batch, insert_rows
from anlan.store.database import Database
from anlan.store.marks import JOURNAL, RAISE, SECOND_LOOKS
from anlan.store.tables import decisions, events
from anlan.store.vault import Codec


class Snapshot(msgspec.Struct, frozen=True):
    """The state of one group of counters after every event committed so far, the batch it comes with included."""

    name: str
    taken_at: float
    body: bytes


class StoredEvent(msgspec.Struct, frozen=True):
    """An event as the journal keeps it.

    Attributes:
        seq: order of commit, from 1 without gaps.
        actor: `kind:id`.
        data: the JSON of its data with sensitive fields open; what has passed its retention is missing.
    """

    seq: int
    key: str
    source: str
    id: str
    type: str
    type_version: int
    time: float
    received_at: float
    subject: str | None
    actor: str
    data: bytes


class JudgedEvent(StoredEvent, frozen=True):
    """An event with the signals that its first pass recorded."""

    signals: dict[str, Any]


class StoredDecision(msgspec.Struct, frozen=True):
    """A decision as the journal keeps it; `decided_at` is wall-clock seconds."""

    seq: int
    key: str
    decided_at: float
    decision: Decision


class _Signals(msgspec.Struct, frozen=True):
    """That part of a stored decision."""

    signals: dict[str, Any]


class Explanation(msgspec.Struct, frozen=True):
    """An event with its decisions, first pass first."""

    event: StoredEvent
    decisions: tuple[StoredDecision, ...]


class Filters(msgspec.Struct, frozen=True, kw_only=True):
    """What a list of recent decisions is narrowed to; None for anything.

    Attributes:
        is_notable: only verdicts other than `allow`.
        actor: `kind:id`.
    """

    is_notable: bool = False
    verdict: str | None = None
    category: str | None = None
    policy: str | None = None
    type: str | None = None
    actor: str | None = None


EVERYTHING = Filters()


class Line(msgspec.Struct, frozen=True):
    """One line of the stream of decisions: the latest pass of one event."""

    seq: int
    key: str
    source: str
    id: str
    type: str
    time: float
    received_at: float
    actor: str
    pass_number: int
    verdict: str
    category: str | None
    policy: str | None
    decided_at: float


class Journal:
    """Writes judged events and reads them back.

    Args:
        codec: seals and opens the sensitive fields of events.
    """

    def __init__(self, database: Database, codec: Codec) -> None:
        self._database = database
        self._codec = codec
        self._mark = "?" if database.is_sqlite else "%s"
        self._draw = RAISE.format(mark=self._mark)

    def commit(self, judged: Sequence[Judged], snapshots: Sequence[Snapshot] = ()) -> list[int]:
        """Write everything in one transaction; returns the sequence number of each event, in order.

        Raises:
            DuplicateEvent: names the events (or second passes) that are decided already; nothing was written.
            NotFound: a second pass of an event that is not in the journal; nothing was written.
            Unavailable: see `Database.write`.
        """
        batch = Batch(judged, self._codec)
        is_sqlite = self._database.is_sqlite
        try:
            with self._database.write_directly() as cursor:
                seqs = self._number(cursor, batch)
                batch.write(cursor, seqs, is_sqlite=is_sqlite)
                if batch.second:
                    self._note_second(cursor, [seqs[index] for index in batch.second])
                if snapshots:
                    self._write_snapshots(cursor, snapshots)
        except IntegrityError as error:
            if repeats := self._decided(batch):
                raise DuplicateEvent(repeats) from error
            raise
        return seqs

    def find(self, key: str) -> StoredDecision | None:
        """The latest pass of the event with this key (see `domain.keys.event_key`)."""
        query = _DECISION.where(events.c.key == key).order_by(decisions.c.pass_number.desc()).limit(1)
        with self._database.read() as connection:
            row = connection.execute(query).one_or_none()
        return _stored_decision(row) if row else None

    def explain(self, key: str) -> Explanation | None:
        """The event with this key and all its decisions."""
        with self._database.snapshot() as connection:
            event = connection.execute(_EVENT.where(events.c.key == key)).one_or_none()
            query = _DECISION.where(events.c.key == key).order_by(decisions.c.pass_number)
            passes = connection.execute(query).all()
        return Explanation(stored_event(event, self._codec), tuple(map(_stored_decision, passes))) if event else None

    def events(self, keys: Sequence[str]) -> list[StoredEvent]:
        """Those of the events with these keys (a few hundred at most) that there are, in no order."""
        with self._database.read() as connection:
            rows = connection.execute(_EVENT.where(events.c.key.in_(keys))).all()
        return [stored_event(row, self._codec) for row in rows]

    def recent(
        self, limit: int = 50, before_seq: int | None = None, filters: Filters = EVERYTHING, look_back: int = 200_000
    ) -> list[Line]:
        """The newest events before `before_seq`, newest first.

        Args:
            look_back: how many events are searched at most; older ones are found in the Parquet segments.
        """
        with self._database.read() as connection:
            end = before_seq if before_seq is not None else last_seq(connection) + 1
            query = _LINE.where(events.c.seq < end, events.c.seq >= end - look_back, *_conditions(filters))
            rows = connection.execute(query.order_by(events.c.seq.desc()).limit(limit)).all()
        return [Line(*row) for row in rows]

    def since(self, seq: int, chunk: int = 2000) -> Iterator[JudgedEvent]:
        """The events after `seq` in order of commit, each with its first decision's signals."""
        while True:
            query = _JUDGED.where(events.c.seq > seq).order_by(events.c.seq).limit(chunk)
            with self._database.read() as connection:
                rows = connection.execute(query).all()
            if not rows:
                return
            for *event, body in rows:
                values = (*event, _decode_signals(body).signals)
                found = JudgedEvent(*values)
                yield structs.replace(found, data=self._codec.open_data(found.data, found.key))
            seq = rows[-1].seq

    def known_keys(self, since_seq: int = 0, chunk: int = 20_000) -> Iterator[str]:
        """The keys of all events after `since_seq`, in order of commit."""
        while True:
            query = select(events.c.seq, events.c.key).where(events.c.seq > since_seq).order_by(events.c.seq)
            with self._database.read() as connection:
                rows = connection.execute(query.limit(chunk)).all()
            if not rows:
                return
            yield from (row.key for row in rows)
            since_seq = rows[-1].seq

    def last_seq(self) -> int:
        """The sequence number of the newest event; 0 when there is none."""
        with self._database.read() as connection:
            return last_seq(connection)

    def _number(self, cursor: Any, batch: Batch) -> list[int]:
        seqs = [0] * len(batch.keys)
        seq_of: dict[str, int] = {}
        if batch.first:
            for seq, index in enumerate(batch.first, self._draw_numbers(cursor, JOURNAL, len(batch.first))):
                seqs[index] = seq_of[batch.keys[index]] = seq
        for index in batch.second:
            seqs[index] = seq_of.get(batch.keys[index]) or self._seq_of(cursor, batch.keys[index])
        return seqs

    def _draw_numbers(self, cursor: Any, mark: str, count: int) -> int:
        """The first of `count` numbers that are nobody else's."""
        cursor.execute(self._draw, (mark, count))
        return int(cursor.fetchone()[0]) - count + 1

    def _note_second(self, cursor: Any, seqs: Sequence[int]) -> None:
        """Number these second passes, and let none of them wait any more."""
        first = self._draw_numbers(cursor, SECOND_LOOKS, len(seqs))
        numbered = [value for row in enumerate(seqs, first) for value in row]
        insert_rows(cursor, LOOKS, numbered, is_sqlite=self._database.is_sqlite)
        for seq in seqs:
            cursor.execute(f"DELETE FROM deferred WHERE event_seq = {seq:d}")

    def _seq_of(self, cursor: Any, key: str) -> int:
        cursor.execute(f"SELECT seq FROM events WHERE key = {self._mark}", (bytes.fromhex(key),))
        row = cursor.fetchone()
        if row is None:
            raise NotFound(f"no event {key} in the journal; commit its first pass before its second")
        return int(row[0])

    def _write_snapshots(self, cursor: Any, snapshots: Sequence[Snapshot]) -> None:
        cursor.execute("SELECT coalesce(max(seq), 0) FROM events")
        last = cursor.fetchone()[0]
        values = [value for s in snapshots for value in (s.name, last, s.taken_at, s.body)]
        insert_rows(cursor, SNAPSHOTS, values, is_sqlite=self._database.is_sqlite)

    def _decided(self, batch: Batch) -> dict[int, str]:
        """Those keys of a batch that collide with what is stored, by position."""
        passes = select(events.c.key, decisions.c.pass_number).join(decisions)
        with self._database.read() as connection:
            stored = {tuple(row) for row in connection.execute(passes.where(events.c.key.in_(batch.keys)))}
        names = zip(batch.keys, batch.passes, strict=True)
        return {position: name[0] for position, name in enumerate(names) if name in stored}


def event_columns() -> list[Column[Any]]:
    """The columns of a `StoredEvent`, in its order."""
    return [events.c[name] for name in StoredEvent.__struct_fields__]


def stored_event(row: Sequence[Any], codec: Codec) -> StoredEvent:
    """A row of `event_columns`, its sensitive fields opened."""
    found = StoredEvent(*row)
    return structs.replace(found, data=codec.open_data(found.data, found.key))


_EVENT: Select[*tuple[Any, ...]] = select(*event_columns())
_JUDGED = select(*event_columns(), decisions.c.body).join(decisions).where(decisions.c.pass_number == 1)
_DECISION = select(events.c.seq, events.c.key, decisions.c.decided_at, decisions.c.body).join(decisions)
_later = decisions.alias("later")
_is_latest = ~(
    select(_later.c.event_seq)
    .where(_later.c.event_seq == decisions.c.event_seq, _later.c.pass_number > decisions.c.pass_number)
    .exists()
)
_LINE: Select[*tuple[Any, ...]] = (
    select(*((events.c if name in events.c else decisions.c)[name] for name in Line.__struct_fields__))
    .join(decisions)
    .where(_is_latest)
)
_decode_signals = msgspec.json.Decoder(_Signals).decode
_decode_decision = msgspec.json.Decoder(Decision).decode


def _stored_decision(row: Any) -> StoredDecision:
    return StoredDecision(row.seq, row.key, row.decided_at, _decode_decision(row.body))


def _conditions(filters: Filters) -> list[ColumnElement[bool]]:
    wanted = {
        decisions.c.verdict: filters.verdict, decisions.c.category: filters.category,
        decisions.c.policy: filters.policy, events.c.type: filters.type, events.c.actor: filters.actor,
    }
    found = [column == value for column, value in wanted.items() if value is not None]
    return [*found, decisions.c.verdict != "allow"] if filters.is_notable else found


def last_seq(connection: Connection) -> int:
    """The sequence number of the newest event; 0 when there is none."""
    return int(connection.execute(select(func.coalesce(func.max(events.c.seq), 0))).scalar_one())
