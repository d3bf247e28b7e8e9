"""Who looked at or did what: a chain in which every row seals the one before, so that none can change unnoticed."""

from collections.abc import Iterator
from typing import Any

import msgspec
from sqlalchemy import Connection, Select, bindparam, func, insert, select

from anlan.clock import now
from anlan.domain.audit_chain import BEGINNING, Anchor, SealedRow, Walk, seal
from anlan.store.batch import storable
from anlan.store.marks import AUDIT, raise_mark, read_mark
from anlan.store.tables import audit

_encoder = msgspec.json.Encoder(order="sorted")
_HASH = select(audit.c.hash).where(audit.c.seq == bindparam("of"))


class Entry(msgspec.Struct, frozen=True):
    """One row; `at` is wall-clock seconds, `actor` is `staff:<name>`, `key:<id>` or `system`."""

    seq: int
    at: float
    actor: str
    act: str
    subject: str
    details: dict[str, Any]


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which rows are asked for; an empty field asks for all.

    Attributes:
        act: that act, or all below it: `sanction` also means `sanction.order`.
        since: wall-clock seconds.
    """

    actor: str = ""
    act: str = ""
    since: float | None = None

    @property
    def is_unbroken(self) -> bool:
        """Whether the rows form one unbroken chain, from any row on."""
        return not self.actor and not self.act


def note(connection: Connection, actor: str, act: str, subject: str, details: dict[str, Any]) -> None:
    """Append one row in the caller's transaction, so that the act and its trace are written together or not at all."""
    actor, subject = storable(actor), storable(subject)
    seq = raise_mark(connection, AUDIT)  # also the lock that keeps two writers from continuing the same row
    previous = connection.execute(_HASH, {"of": seq - 1}).scalar_one_or_none() or BEGINNING
    at, body = now(), _encoder.encode(details)
    connection.execute(
        insert(audit),
        {
            "seq": seq, "at": at, "actor": actor, "act": act, "subject": subject, "details": body,
            "previous": previous, "hash": seal(previous, seq, at, actor, act, subject, body),
        },
    )


def read_head(connection: Connection) -> Anchor:
    """The last row's number and hash, to be kept where nobody who can write the database can change it."""
    row = connection.execute(select(audit.c.seq, audit.c.hash).order_by(audit.c.seq.desc()).limit(1)).one_or_none()
    return Anchor(row.seq, row.hash) if row else Anchor(0, BEGINNING)


def sealed_rows(
    connection: Connection, wanted: Wanted | None = None, after_seq: int | None = None, limit: int | None = None
) -> Iterator[SealedRow]:
    """Rows with their seals, oldest first, read as they are asked for."""
    query = _narrowed(select(audit).order_by(audit.c.seq).limit(limit), wanted or Wanted())
    if after_seq is not None:
        query = query.where(audit.c.seq > after_seq)
    with connection.execute(query.execution_options(yield_per=1000)) as rows:
        for row in rows:
            details = msgspec.Raw(row.details)
            yield SealedRow(row.seq, row.at, row.actor, row.act, row.subject, details, row.previous, row.hash)


def first_break(connection: Connection) -> int | None:
    """Number of the first row that was altered, removed or put in; None when the chain is whole."""
    walk = Walk()
    for _ in walk.follow(sealed_rows(connection)):
        pass
    walk.end(read_mark(connection, AUDIT))
    return walk.broken.seq if walk.broken else None


def latest_entries(
    connection: Connection, limit: int = 100, before_seq: int | None = None, actor: str | None = None,
    wanted: Wanted | None = None,
) -> list[Entry]:
    """Rows, newest first; `actor` is short for a `wanted` that names only that."""
    query = _narrowed(select(audit), wanted or Wanted(actor=actor or ""))
    if before_seq is not None:
        query = query.where(audit.c.seq < before_seq)
    rows = connection.execute(query.order_by(audit.c.seq.desc()).limit(limit))
    return [
        Entry(row.seq, row.at, row.actor, row.act, row.subject, msgspec.json.decode(row.details)) for row in rows
    ]


def _narrowed(query: Select[Any], wanted: Wanted) -> Select[Any]:
    if wanted.actor:
        query = query.where(audit.c.actor == storable(wanted.actor))
    if wanted.act:
        act = storable(wanted.act)
        query = query.where((audit.c.act == act) | audit.c.act.startswith(f"{act}.", autoescape=True))
    if wanted.since is not None:
        first = select(func.min(audit.c.seq)).where(audit.c.at >= wanted.since)
        query = query.where(audit.c.seq >= first.scalar_subquery())
    return query
