"""Decisions as they are followed: everything that was found since the last look, and late second passes."""

from itertools import groupby

import msgspec
from sqlalchemy import Connection, select

from anlan.domain.decisions import Decision
from anlan.store.journal import last_seq
from anlan.store.marks import raise_mark, read_mark
from anlan.store.tables import decisions

ROUND_EVENTS = 5_000
LATE_EVENTS = 5_000
"""So many events back a second pass may still come."""

_decode = msgspec.json.Decoder(Decision).decode


class Judged(msgspec.Struct, frozen=True):
    """One pass over one event; `decided_at` is wall-clock seconds."""

    event_seq: int
    decided_at: float
    decision: Decision


def decisions_since(connection: Connection, mark: str) -> tuple[list[list[Judged]], int]:
    """The passes of each event with a finding, first to last, and how far that reaches; at most `ROUND_EVENTS` new.

    What was passed already comes again only where a second pass may have come late.

    Args:
        mark: of whoever follows, one of `store.marks`.
    """
    done = read_mark(connection, mark)
    newest = min(last_seq(connection), done + ROUND_EVENTS)
    seqs = decisions.c.event_seq
    seconds = select(seqs).where(seqs > done - LATE_EVENTS, seqs <= done, decisions.c.pass_number > 1)
    late = connection.execute(seconds).scalars().all()
    query = (
        select(seqs, decisions.c.decided_at, decisions.c.body)
        .where(((seqs > done) & (seqs <= newest)) | seqs.in_(late))
        .where(decisions.c.policy.is_not(None) | (decisions.c.pass_number > 1))
        .order_by(seqs, decisions.c.pass_number)
    )
    found = [Judged(row.event_seq, row.decided_at, _decode(row.body)) for row in connection.execute(query)]
    return [list(passes) for _, passes in groupby(found, key=lambda one: one.event_seq)], newest


def is_behind(connection: Connection, mark: str, newest: int) -> bool:
    """Whether there is something to pass."""
    return newest > read_mark(connection, mark)


def advance(connection: Connection, mark: str, newest: int) -> None:
    """Note that everything up to `newest` was followed; whoever got farther stays there."""
    gone = newest - read_mark(connection, mark)
    if gone > 0:
        raise_mark(connection, mark, gone)
