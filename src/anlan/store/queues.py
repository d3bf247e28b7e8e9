"""Queues as they are set up, and how much waits in each; a queue that nobody set up works by the defaults."""

import msgspec
from sqlalchemy import Connection, bindparam, delete, func, insert, select

from anlan.store.tables import cases, golden_cases, queues


class Queue(msgspec.Struct, frozen=True, kw_only=True):
    """How one queue works.

    Attributes:
        ordinal: its condition is asked in this order.
        condition: which cases it takes; empty for those that name it.
        priority: of the cases that its condition takes; None leaves theirs.
        is_blind: the machine's opinion is hidden until the judgement.
        second_share: random share (0 to 1) that a second person judges too.
        golden_share: share (0 to 0.5) of work that is a check with a known answer.
        is_working_time: service hours count in working time only.
    """

    name: str
    title_zh: str = ""
    title_en: str = ""
    ordinal: int = 100
    condition: str = ""
    priority: int | None = None
    is_blind: bool = True
    second_share: float = 0.1
    golden_share: float = 0.03
    service_hours: float = 24.0
    is_working_time: bool = False
    claim_minutes: int = 15
    is_paused: bool = False


class Load(msgspec.Struct, frozen=True, kw_only=True):
    """What waits in a queue; `oldest_at` is wall-clock seconds."""

    open: int = 0
    overdue: int = 0
    escalated: int = 0
    oldest_at: float | None = None


_COLUMNS = [queues.c[name] for name in Queue.__struct_fields__]
_BY_NAME = select(*_COLUMNS).where(queues.c.name == bindparam("name"))


def all_queues(connection: Connection) -> list[Queue]:
    """Every queue that somebody set up, in the order in which conditions are asked."""
    return [Queue(**row) for row in
            connection.execute(select(*_COLUMNS).order_by(queues.c.ordinal, queues.c.name)).mappings()]


def find_queue(connection: Connection, name: str) -> Queue:
    """How this queue works; by the defaults when nobody set it up."""
    row = connection.execute(_BY_NAME, {"name": name}).mappings().one_or_none()
    return Queue(**row) if row else Queue(name=name)


def put_queue(connection: Connection, queue: Queue) -> None:
    """Set a queue up, in place of what was there."""
    connection.execute(delete(queues).where(queues.c.name == queue.name))
    connection.execute(insert(queues), {name: getattr(queue, name) for name in Queue.__struct_fields__})


def loads(connection: Connection, now: float) -> dict[str, Load]:
    """What waits in each queue that holds open cases; checks with a known answer are not counted."""
    is_golden = select(golden_cases.c.case_id).where(golden_cases.c.case_id == cases.c.id).exists()
    rows = connection.execute(
        select(
            cases.c.queue, func.count().label("open"), func.min(cases.c.opened_at).label("oldest_at"),
            func.count().filter(cases.c.due_at < now).label("overdue"),
            func.count(cases.c.escalated_at).label("escalated"),
        )
        .where(cases.c.state == "open", ~is_golden)
        .group_by(cases.c.queue)
    )
    return {
        row.queue: Load(open=row.open, overdue=row.overdue, escalated=row.escalated, oldest_at=row.oldest_at)
        for row in rows
    }
