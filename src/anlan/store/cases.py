"""Work for people as it stands in the queues; cases are opened by the journal's commit."""

import msgspec
from sqlalchemy import Connection, func, select

from anlan.store.tables import cases, events


class Case(msgspec.Struct, frozen=True):
    """One case; `priority` 1 is the most urgent, `target` is `kind:id`, `event:<id>` or `staff`."""

    id: str
    queue: str
    priority: int
    event_seq: int
    event_key: str
    policy: str
    target: str
    opened_at: float
    state: str


def list_cases(
    connection: Connection, state: str | None = "open", queue: str | None = None, limit: int = 100, offset: int = 0
) -> list[Case]:
    """Cases, the most urgent first and the longest waiting first among equals."""
    query = select(
        cases.c.id, cases.c.queue, cases.c.priority, cases.c.event_seq, events.c.key, cases.c.policy, cases.c.target,
        cases.c.opened_at, cases.c.state,
    ).join(events)
    if state is not None:
        query = query.where(cases.c.state == state)
    if queue is not None:
        query = query.where(cases.c.queue == queue)
    query = query.order_by(cases.c.priority, cases.c.opened_at, cases.c.id).limit(limit).offset(offset)
    return [Case(*row) for row in connection.execute(query)]


def count_open(connection: Connection) -> dict[str, int]:
    """How many cases are open, by queue."""
    query = select(cases.c.queue, func.count()).where(cases.c.state == "open").group_by(cases.c.queue)
    return {row[0]: row[1] for row in connection.execute(query)}
