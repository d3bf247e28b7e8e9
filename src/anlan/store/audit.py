"""Who looked at or did what: a chain in which every row seals the one before, so that none can change unnoticed."""

import hashlib
from typing import Any

import msgspec
from sqlalchemy import Connection, insert, select

from anlan.clock import now
from anlan.store.batch import storable
from anlan.store.marks import AUDIT, raise_mark, read_mark
from anlan.store.tables import audit

BEGINNING = "0" * 64
_encoder = msgspec.json.Encoder(order="sorted")


class Entry(msgspec.Struct, frozen=True):
    """One row; `at` is wall-clock seconds, `actor` is `staff:<name>`, `key:<id>` or `system`."""

    seq: int
    at: float
    actor: str
    act: str
    subject: str
    details: dict[str, Any]


def note(connection: Connection, actor: str, act: str, subject: str, details: dict[str, Any]) -> None:
    """Append one row in the caller's transaction, so that the act and its trace are written together or not at all."""
    actor, subject = storable(actor), storable(subject)
    seq = raise_mark(connection, AUDIT)  # also the lock that keeps two writers from continuing the same row
    previous = connection.execute(select(audit.c.hash).where(audit.c.seq == seq - 1)).scalar_one_or_none() or BEGINNING
    at, body = now(), _encoder.encode(details)
    connection.execute(
        insert(audit),
        {
            "seq": seq, "at": at, "actor": actor, "act": act, "subject": subject, "details": body,
            "previous": previous, "hash": _seal(previous, seq, at, actor, act, subject, body),
        },
    )


def first_break(connection: Connection) -> int | None:
    """Number of the first row that was altered, removed or put in; None when the chain is whole."""
    previous, expected = BEGINNING, 1
    with connection.execute(select(audit).order_by(audit.c.seq).execution_options(yield_per=1000)) as rows:
        for row in rows:
            sealed = _seal(previous, row.seq, row.at, row.actor, row.act, row.subject, row.details)
            if row.seq != expected or row.previous != previous or row.hash != sealed:
                return expected
            previous, expected = row.hash, expected + 1
    return None if read_mark(connection, AUDIT) == expected - 1 else expected


def latest_entries(
    connection: Connection, limit: int = 100, before_seq: int | None = None, actor: str | None = None
) -> list[Entry]:
    """Rows, newest first."""
    query = select(audit.c.seq, audit.c.at, audit.c.actor, audit.c.act, audit.c.subject, audit.c.details)
    if before_seq is not None:
        query = query.where(audit.c.seq < before_seq)
    if actor is not None:
        query = query.where(audit.c.actor == actor)
    rows = connection.execute(query.order_by(audit.c.seq.desc()).limit(limit))
    return [Entry(*row[:-1], details=msgspec.json.decode(row.details)) for row in rows]


def _seal(previous: str, seq: int, at: float, actor: str, act: str, subject: str, details: bytes) -> str:
    row = msgspec.json.encode([previous, seq, at, actor, act, subject])
    return hashlib.sha256(row + details).hexdigest()
