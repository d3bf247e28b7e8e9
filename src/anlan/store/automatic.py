"""Decisions as they are followed: every pass over every event once, however late it comes, by as many as follow.

Events and second passes are numbered in the transaction that commits them (see `journal.py`). So whoever keeps how far
they have come in both misses nothing; and since what follows from a step is written together with that, by whoever
comes first, nothing happens twice.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any, NamedTuple, TypeVar

import msgspec
from sqlalchemy import Connection, Row, Select, bindparam, select

from anlan.domain.decisions import Decision
from anlan.store.database import Database
from anlan.store.marks import JOURNAL, SECOND_LOOKS, move_mark, read_marks
from anlan.store.tables import decisions, second_looks

STEP_EVENTS = 5_000
STEP_FINDINGS = 100
"""Of so many decisions at most is written at once what follows, for verdicts wait to be written too."""

_decode = msgspec.json.Decoder(Decision).decode
_Name = TypeVar("_Name")
_Order = TypeVar("_Order")
_Found = TypeVar("_Found")


class Step(NamedTuple):
    """Events after `after` up to `upto`, and those whose second passes have such a number."""

    after: int
    upto: int
    looks_after: int
    looks_upto: int
    is_last: bool


class Judged(msgspec.Struct, frozen=True):
    """One pass over one event; `decided_at` is wall-clock seconds."""

    event_seq: int
    decided_at: float
    decision: Decision


class _Overtaken(Exception):
    """Somebody else was faster; nothing was written."""


def follow(
    database: Database, mark: str, look: Callable[[Connection, Step], _Found],
    keep: Callable[[Connection, _Found], int],
) -> int:
    """Follow decisions to their end; returns the sum of what was kept. Safe in several threads and processes.

    Args:
        mark: of whoever follows, one of `store.marks`.
        look: what a step asks for. It only reads, so that nobody waits for it.
        keep: writes that down, in the transaction that notes the step as followed; returns how much was new.
    """
    total = 0
    while True:
        with database.read() as connection:
            step = _next_step(connection, mark)
            if step is None:
                return total
            found = look(connection, step)
        try:
            with database.write() as connection:
                _pass(connection, mark, step)
                total += keep(connection, found)
        except _Overtaken:
            continue
        if step.is_last:
            return total


def _next_step(connection: Connection, mark: str) -> Step | None:
    marks = read_marks(connection, (JOURNAL, SECOND_LOOKS, mark, _looks(mark)))
    after, looks_after = marks.get(mark, 0), marks.get(_looks(mark), 0)
    newest, newest_look = marks.get(JOURNAL, 0), marks.get(SECOND_LOOKS, 0)
    if newest <= after and newest_look <= looks_after:
        return None
    upto, looks_upto = min(newest, after + STEP_EVENTS), min(newest_look, looks_after + STEP_FINDINGS)
    if upto - after > STEP_FINDINGS:
        first_left = connection.execute(_LEFT, {"after": after, "upto": upto}).scalar_one_or_none()
        upto = upto if first_left is None else first_left - 1
    return Step(after, upto, looks_after, looks_upto, is_last=(upto, looks_upto) == (newest, newest_look))


def _pass(connection: Connection, mark: str, step: Step) -> None:
    """Note that a step was followed; whoever else follows waits here.

    Raises:
        _Overtaken: somebody else has followed some of it.
    """
    is_ours = move_mark(connection, mark, step.after, step.upto)
    if is_ours and step.looks_after < step.looks_upto:
        is_ours = move_mark(connection, _looks(mark), step.looks_after, step.looks_upto)
    if not is_ours:
        raise _Overtaken


def _looks(mark: str) -> str:
    return f"{mark}.looks"


_SEQ = decisions.c.event_seq
_IS_NEW = (decisions.c.event_seq > bindparam("after")) & (decisions.c.event_seq <= bindparam("upto"))
_LEFT = (
    select(_SEQ).where(_IS_NEW, decisions.c.policy.is_not(None)).order_by(_SEQ).offset(STEP_FINDINGS).limit(1)
)
_LATE = select(second_looks.c.event_seq).where(
    second_looks.c.number > bindparam("looks_after"), second_looks.c.number <= bindparam("looks_upto"),
    (second_looks.c.event_seq <= bindparam("after")) | (second_looks.c.event_seq > bindparam("upto")),
)


class Passes:
    """Reads of a step the passes over each event that has a finding, first to last, or had one before a closer look.

    Args:
        query: what of `decisions`, and of tables joined to it, is read.
    """

    def __init__(self, query: Select[Any]) -> None:
        may_order = query.where(decisions.c.policy.is_not(None) | (decisions.c.pass_number > 1))
        in_order = may_order.order_by(_SEQ, decisions.c.pass_number)
        self._new, self._late = in_order.where(_IS_NEW), in_order.where(_SEQ.in_(_LATE))

    def of(self, connection: Connection, step: Step) -> list[Row[Any]]:
        """Rows in order of events and passes, those whose second pass came late behind all others."""
        found = list(connection.execute(self._new, step._asdict()))
        if step.looks_after < step.looks_upto:
            found += connection.execute(self._late, step._asdict())
        return found


_PASSES = Passes(select(_SEQ, decisions.c.decided_at, decisions.c.body))


def passes_in(connection: Connection, step: Step) -> list[list[Judged]]:
    """The passes over each event of a step, first to last."""
    found = [Judged(row.event_seq, row.decided_at, _decode(row.body)) for row in _PASSES.of(connection, step)]
    return [list(passes) for _, passes in groupby(found, key=lambda one: one.event_seq)]


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
