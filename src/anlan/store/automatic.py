"""Decisions as they are followed: everything that was found since the last look, and late second passes."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import groupby
from typing import TypeVar

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
_Name = TypeVar("_Name")
_Order = TypeVar("_Order")


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


def sort_orders(
    passes: Iterable[Sequence[Judged]], orders_of: Callable[[Judged], Mapping[_Name, _Order]]
) -> tuple[dict[_Name, _Order], dict[_Name, _Order]]:
    """What the last pass over each event orders, and what only an earlier one did: a closer look took it back.

    Args:
        orders_of: what one pass orders, by a name that is the same in every pass over the event.
    """
    stands: dict[_Name, _Order] = {}
    gone: dict[_Name, _Order] = {}
    for of_event in passes:
        last = orders_of(of_event[-1])
        for judged in of_event[:-1]:
            gone |= {name: order for name, order in orders_of(judged).items() if name not in last}
        stands |= last
    return stands, gone


def is_behind(connection: Connection, mark: str, newest: int) -> bool:
    """Whether there is something to pass."""
    return newest > read_mark(connection, mark)


def advance(connection: Connection, mark: str, newest: int) -> None:
    """Note that everything up to `newest` was followed; whoever got farther stays there."""
    gone = newest - read_mark(connection, mark)
    if gone > 0:
        raise_mark(connection, mark, gone)
