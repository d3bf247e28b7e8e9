"""Turns judged events into the rows of one commit, and writes each table's rows in as few statements as it can.

SQLite steps through a statement without the interpreter lock and takes it back after each, so one statement for many
rows leaves the event loop alone; PostgreSQL takes many rows by binary COPY. Encoding happens before any lock is held.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import BigInteger, Boolean, Connection, Double, Integer, LargeBinary, String, Table, Text
from sqlalchemy.types import TypeEngine

from anlan.clock import now
from anlan.domain.actions import Action
from anlan.domain.cases import LEAST_PRIORITY, URGENT_PRIORITY, rank
from anlan.domain.decisions import Decision, Judged
from anlan.domain.event_data import Data
from anlan.domain.events import Event, entity_fields
from anlan.domain.keys import key_of
from anlan.domain.messages import outgoing, outgoing_notice
from anlan.errors import DuplicateEvent
from anlan.store import tables
from anlan.store.vault import Codec

_CHUNKS = (256, 128, 64, 32)
"""Rows to a statement; what is left over (at most 31) gets a statement of its own, so about 35 texts exist a table."""

_COPY_ROWS = 8
"""From this many rows on, COPY costs PostgreSQL and us less than a statement."""

CASE_PRIORITY = 3
"""Of a case whose policy names none; 1 is the most urgent."""


class Insert(NamedTuple):
    """How rows of one table are written.

    Attributes:
        types: PostgreSQL's names of the columns' types.
        sequence_column: index of the column that takes the event's sequence number; -1 for none.
        on_conflict: what happens to a row that is there already; empty for an error.
    """

    table: str
    columns: tuple[str, ...]
    types: tuple[str, ...]
    sequence_column: int = -1
    on_conflict: str = ""


_TYPE_NAMES: dict[type[TypeEngine[Any]], str] = {
    BigInteger: "int8", Integer: "int4", Double: "float8", String: "text", Text: "text", LargeBinary: "bytea",
    tables.HexDigest: "bytea", Boolean: "bool",
}


def insert_into(table: Table, sequence: str = "", on_conflict: str = "") -> Insert:
    """How whole rows of `table` are written."""
    columns = tuple(column.name for column in table.columns)
    types = tuple(_TYPE_NAMES[type(column.type)] for column in table.columns)
    return Insert(table.name, columns, types, columns.index(sequence) if sequence else -1, on_conflict)


EVENTS = insert_into(tables.events, "seq")
DECISIONS = insert_into(tables.decisions, "event_seq")
OUTBOX = insert_into(tables.outbox, "event_seq")
CASES = insert_into(tables.cases, "event_seq")
CASE_FINDINGS = insert_into(tables.case_findings, "event_seq")
DEFERRED = insert_into(tables.deferred, "event_seq")
SECOND_LOOKS = insert_into(tables.second_looks)
FACTS = insert_into(
    tables.facts, "event_seq",
    "ON CONFLICT (entity, field, since) DO UPDATE SET value = excluded.value, privacy = excluded.privacy, "
    "event_seq = excluded.event_seq",
)
NOTICES = insert_into(tables.staff_notices, "", "ON CONFLICT (id) DO NOTHING")
NOTICE_MESSAGES = insert_into(tables.outbox, "", "ON CONFLICT (id) DO NOTHING")
SNAPSHOTS = insert_into(
    tables.counter_snapshots, "event_seq",
    "ON CONFLICT (name) DO UPDATE SET "
    "event_seq = excluded.event_seq, taken_at = excluded.taken_at, body = excluded.body",
)


class Rows:
    """Rows of one table in one flat list, with the index in the batch of the event that each belongs to."""

    def __init__(self, insert: Insert) -> None:
        self.insert = insert
        self.values: list[Any] = []
        self.owners: list[int] = []

    def add(self, owner: int, row: tuple[Any, ...]) -> None:
        """One row in order of the table's columns; the sequence number is filled in by `write`."""
        self.values += row
        self.owners.append(owner)

    def write(self, cursor: Any, seqs: Sequence[int], *, is_sqlite: bool) -> None:
        """Insert everything; `seqs` holds the sequence number of each event of the batch."""
        width = len(self.insert.columns)
        if self.insert.sequence_column >= 0:
            self.values[self.insert.sequence_column :: width] = [seqs[owner] for owner in self.owners]
        insert_rows(cursor, self.insert, self.values, is_sqlite=is_sqlite)


def insert_rows(cursor: Any, insert: Insert, values: list[Any], *, is_sqlite: bool) -> None:
    """Write rows that lie flat in `values` through the driver's cursor."""
    if not is_sqlite and not insert.on_conflict and len(values) >= _COPY_ROWS * len(insert.columns):
        _copy(cursor, insert, values)
        return
    for statement, some in _statements(insert, values, "?" if is_sqlite else "%s"):
        cursor.execute(statement, some)


def add_rows(connection: Connection, insert: Insert, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write rows in the transaction of `connection`, where SQLAlchemy would step through them one by one.

    Args:
        rows: by column; what is left out is NULL.
    """
    values = [row.get(column) for row in rows for column in insert.columns]
    for statement, some in _statements(insert, values, "?" if connection.dialect.name == "sqlite" else "%s"):
        connection.exec_driver_sql(statement, tuple(some))


def _statements(insert: Insert, values: list[Any], mark: str) -> Iterator[tuple[str, list[Any]]]:
    """What writes rows that lie flat in `values`, with the values of each."""
    width = len(insert.columns)
    start, left = 0, len(values) // width
    while left:
        count = next((chunk for chunk in _CHUNKS if chunk <= left), left)
        end = start + count * width
        yield _statement(insert, count, mark), values[start:end]
        start, left = end, left - count


def _copy(cursor: Any, insert: Insert, values: list[Any]) -> None:
    width = len(insert.columns)
    with cursor.copy(f"COPY {insert.table} ({', '.join(insert.columns)}) FROM STDIN (FORMAT binary)") as copy:
        copy.set_types(insert.types)
        for start in range(0, len(values), width):
            copy.write_row(values[start : start + width])


@cache
def _statement(insert: Insert, count: int, mark: str) -> str:
    row = f"({', '.join([mark] * len(insert.columns))})"
    columns, values = ", ".join(insert.columns), ", ".join([row] * count)
    return f"INSERT INTO {insert.table} ({columns}) VALUES {values} {insert.on_conflict}"


class Batch:
    """Everything that one commit writes for `judged`, encoded and waiting for sequence numbers.

    Attributes:
        keys: the event key of each, in order.
        passes: the pass number of each, in order.
        first, second: indexes of those whose event is new, and of those whose event is in the journal.

    Raises:
        DuplicateEvent: two of them are the same pass of the same event.
    """

    def __init__(self, judged: Sequence[Judged], codec: Codec) -> None:
        self.decided_at = now()
        self.keys = [key_of(one.decision.id) for one in judged]
        self.passes = [one.decision.pass_number for one in judged]
        self.first = [index for index, number in enumerate(self.passes) if number == 1]
        self.second = [index for index, number in enumerate(self.passes) if number != 1]
        self._check_unique()
        self._codec = codec
        self._events, self._decisions = Rows(EVENTS), Rows(DECISIONS)
        self._outbox, self._deferred = Rows(OUTBOX), Rows(DEFERRED)
        self._cases, self._case_findings = Rows(CASES), Rows(CASE_FINDINGS)
        self._notices, self._notice_messages = Rows(NOTICES), Rows(NOTICE_MESSAGES)
        self._facts: dict[tuple[str, str, float], tuple[int, tuple[Any, ...]]] = {}
        for index, one in enumerate(judged):
            self._add(index, one)

    def write(self, cursor: Any, seqs: Sequence[int], *, is_sqlite: bool) -> None:
        """Insert all rows; `seqs` are the sequence numbers of the events, in order."""
        facts = Rows(FACTS)
        for owner, row in self._facts.values():
            facts.add(owner, row)
        for rows in (
            self._events, self._decisions, self._outbox, self._cases, self._case_findings, self._deferred, facts,
            self._notices, self._notice_messages,
        ):
            if rows.owners:
                rows.write(cursor, seqs, is_sqlite=is_sqlite)

    def _check_unique(self) -> None:
        names = list(zip(self.keys, self.passes, strict=True))
        if len(set(names)) < len(names):
            raise DuplicateEvent({i: name[0] for i, name in enumerate(names) if name in names[:i]})

    def _add(self, index: int, judged: Judged) -> None:
        decision = judged.decision
        if decision.pass_number == 1:
            self._events.add(index, self._event_row(judged, self.keys[index]))
            if decision.pending or decision.shadow_pending:
                self._deferred.add(index, (None, self.decided_at, 0, None))
        self._decisions.add(index, self._decision_row(decision))
        if decision.actions or judged.earlier is not None:
            self._add_consequences(index, judged)
        for fact in judged.facts:
            name = storable(fact.entity), fact.field, fact.since
            self._facts[name] = index, (*name, self._codec.seal_value(fact), fact.privacy, None)
        for notice in judged.notices:
            body, message = msgspec.json.encode(notice.details), outgoing_notice(notice)
            self._notices.add(index, (notice.id, notice.at, notice.kind, notice.subject, body, None))
            self._notice_messages.add(index, (message.id, self.decided_at, message.kind, None, message.body, False))

    def _event_row(self, judged: Judged, key: str) -> tuple[Any, ...]:
        event = judged.event
        return (
            None, bytes.fromhex(key), storable(event.source), storable(event.id), event.type.name, event.type.version,
            event.time, judged.received_at, event.subject and storable(event.subject),
            storable(_actor(event)), self._codec.seal_data(event, key),
        )

    def _decision_row(self, decision: Decision) -> tuple[Any, ...]:
        worst = decision.findings[0] if decision.findings else None
        return (
            None, decision.pass_number, decision.verdict, worst and worst.category, worst and worst.policy,
            self.decided_at, decision.policy_set, msgspec.json.encode(decision),
        )

    def _add_consequences(self, index: int, judged: Judged) -> None:
        for message in outgoing(judged):
            self._outbox.add(index, (message.id, self.decided_at, message.kind, None, message.body, False))
        known = judged.earlier.actions if judged.earlier else ()
        for ordinal, action in enumerate(judged.decision.actions):
            if action.kind == "case" and action not in known:
                self._add_case(index, judged, action, f"case_{judged.decision.id}.{ordinal}")

    def _add_case(self, index: int, judged: Judged, action: Action, name: str) -> None:
        """A case about whom the policy names, else about who acted; what the machine found stands in it."""
        decision = judged.decision
        priority = min(max(action.parameters.get("priority", CASE_PRIORITY), URGENT_PRIORITY), LEAST_PRIORITY)
        category = next((found.category for found in decision.findings if found.policy == action.policy), "")
        target = storable(_actor(judged.event) if action.target.startswith("event:") else action.target)
        self._cases.add(index, (
            name, action.parameters["queue"], priority, None, action.policy, target, self.decided_at, "open", "review",
            category, rank(self.decided_at, priority), None, None, 1, None, None, None,
        ))
        self._case_findings.add(index, (name, None, decision.pass_number, action.policy))


def _actor(event: Event) -> str:
    """`kind:id` of who acted."""
    return _prefix(event.type.data, event.type.actor) + str(getattr(event.data, event.type.actor))


@cache
def _prefix(data: type[Data], role: str) -> str:
    return f"{dict(entity_fields(data))[role]}:"


def storable(text: str) -> str:
    """`text` as both databases take it: PostgreSQL has no NUL in text. Identity is by key, so nothing is confused."""
    return text.replace("\0", "\ufffd") if "\0" in text else text
