"""The queue between a commit and a receiver: which messages wait, which are due, and what became of each.

Every function works inside the caller's transaction. Several workers may call them at once on PostgreSQL (rows in
another worker's hands are skipped); on SQLite the single writer takes turns. Order of delivery is not promised.
"""

from collections.abc import Iterable, Sequence

import msgspec
from sqlalchemy import Connection, Select, bindparam, delete, exists, func, insert, select, tuple_, update

from anlan.domain.messages import OutgoingMessage
from anlan.store.batch import OUTBOX, add_rows
from anlan.store.tables import deliveries, endpoints, outbox

CLAIM_S = 120.0
"""A claim that is not answered within this time lapses and the message is sent again under the same id."""


class Due(msgspec.Struct, frozen=True):
    """One claimed delivery.

    Attributes:
        attempts: how many have been made, this one included.
    """

    message_id: str
    kind: str
    body: bytes
    attempts: int
    waiting_since: float


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one attempt.

    Attributes:
        state: `delivered`, `pending` (again, at `next_at`) or `dead`.
        status: HTTP status, or None when there was no answer.
        error: short and printable; None when delivered.
    """

    message_id: str
    attempts: int
    state: str
    next_at: float
    status: int | None = None
    error: str | None = None


class DeadLetter(msgspec.Struct, frozen=True):
    """A message that was given up, as staff see it."""

    message_id: str
    endpoint_id: str
    kind: str
    event_seq: int | None
    created_at: float
    attempts: int
    last_status: int | None
    last_error: str | None
    done_at: float


class Backlog(msgspec.Struct, frozen=True):
    """What waits for one endpoint.

    Attributes:
        oldest_at: since when its longest-waiting message waits (wall clock); None when nothing waits.
    """

    pending: int
    dead: int
    oldest_at: float | None


def put(connection: Connection, messages: Iterable[OutgoingMessage], now: float, event_seq: int | None = None) -> None:
    """Add `messages`; the caller has made sure that their cause is new."""
    add_rows(connection, OUTBOX, (
        {"id": m.id, "created_at": now, "kind": m.kind, "event_seq": event_seq, "body": m.body, "is_routed": False}
        for m in messages
    ))


def route(connection: Connection, now: float, limit: int = 500) -> int:
    """Make a delivery for every enabled endpoint that asked for a message's kind; returns how many were looked at."""
    waiting = connection.execute(
        select(outbox.c.id, outbox.c.kind)
        .where(~outbox.c.is_routed)
        .order_by(outbox.c.created_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    if not waiting:
        return 0
    takers = connection.execute(select(endpoints.c.id, endpoints.c.kinds).where(endpoints.c.is_enabled)).all()
    rows = [
        _fresh(message.id, taker.id, now)
        for message in waiting
        for taker in takers
        if is_wanted(message.kind, taker.kinds)
    ]
    if rows:
        connection.execute(insert(deliveries), rows)
    connection.execute(update(outbox).where(outbox.c.id.in_([row.id for row in waiting])).values(is_routed=True))
    return len(waiting)


def is_wanted(kind: str, kinds: str) -> bool:
    """Whether an endpoint with these comma-separated dotted prefixes takes `kind`; no prefix takes everything."""
    return not kinds or any(f"{kind}.".startswith(f"{prefix.rstrip('.')}.") for prefix in kinds.split(","))


def _fresh(message_id: str, endpoint_id: str, now: float) -> dict[str, object]:
    return {
        "message_id": message_id, "endpoint_id": endpoint_id, "state": "pending", "attempts": 0,
        "next_at": now, "waiting_since": now,
    }


def claim(connection: Connection, endpoint_id: str, now: float, limit: int) -> list[Due]:
    """Take up to `limit` due deliveries of an endpoint, longest due first, for `CLAIM_S`; the attempt counts at once.

    An endpoint that is being probed gives one message when its time has come, to one worker.
    """
    state = connection.execute(
        select(endpoints.c.is_enabled, endpoints.c.probe_at).where(endpoints.c.id == endpoint_id)
    ).one_or_none()
    if state is None or not state.is_enabled:
        return []
    if state.probe_at is not None:
        if not _takes_probe(connection, endpoint_id, now):
            return []
        limit = 1
    found = connection.execute(_due(endpoint_id, now, limit)).all()
    if found:
        connection.execute(
            update(deliveries)
            .where(deliveries.c.endpoint_id == endpoint_id)
            .where(deliveries.c.message_id.in_([row.message_id for row in found]))
            .values(attempts=deliveries.c.attempts + 1, next_at=now + CLAIM_S)
        )
    return [Due(row.message_id, row.kind, row.body, row.attempts + 1, row.waiting_since) for row in found]


def _due(endpoint_id: str, now: float, limit: int) -> Select[tuple[str, str, bytes, int, float]]:
    return (
        select(deliveries.c.message_id, outbox.c.kind, outbox.c.body, deliveries.c.attempts, deliveries.c.waiting_since)
        .join(outbox, outbox.c.id == deliveries.c.message_id)
        .where(deliveries.c.state == "pending", deliveries.c.endpoint_id == endpoint_id, deliveries.c.next_at <= now)
        .order_by(deliveries.c.next_at)
        .limit(limit)
        .with_for_update(skip_locked=True, of=deliveries)
    )


def _takes_probe(connection: Connection, endpoint_id: str, now: float) -> bool:
    taken = connection.execute(
        update(endpoints)
        .where(endpoints.c.id == endpoint_id, endpoints.c.probe_at <= now)
        .values(probe_at=now + CLAIM_S)
    )
    return taken.rowcount == 1


def record(connection: Connection, endpoint_id: str, outcomes: Sequence[Outcome], now: float) -> None:
    """Write down what became of claimed deliveries.

    A delivery stays delivered whatever a slower worker reports; a failure counts only for the attempt that it is about.
    """
    is_this = (deliveries.c.endpoint_id == endpoint_id) & (deliveries.c.message_id == bindparam("this_message"))
    if arrived := [_columns(outcome, now) for outcome in outcomes if outcome.state == "delivered"]:
        connection.execute(update(deliveries).where(is_this, deliveries.c.state != "delivered"), arrived)
    if failed := [_columns(outcome, now) for outcome in outcomes if outcome.state != "delivered"]:
        is_current = (deliveries.c.state == "pending") & (deliveries.c.attempts == bindparam("this_attempt"))
        rows = [
            columns | {"this_attempt": outcome.attempts}
            for columns, outcome in zip(failed, (o for o in outcomes if o.state != "delivered"), strict=True)
        ]
        connection.execute(update(deliveries).where(is_this, is_current), rows)


def _columns(outcome: Outcome, now: float) -> dict[str, object]:
    return {
        "this_message": outcome.message_id,
        "state": outcome.state,
        "next_at": outcome.next_at,
        "last_status": outcome.status,
        "last_error": outcome.error,
        "done_at": None if outcome.state == "pending" else now,
    }


def give_up(connection: Connection, waiting_since: float, now: float, limit: int = 1000) -> dict[str, int]:
    """Declare dead what has waited since before `waiting_since`; returns how many by endpoint, `limit` at most."""
    late = connection.execute(
        select(deliveries.c.message_id, deliveries.c.endpoint_id)
        .where(deliveries.c.state == "pending", deliveries.c.waiting_since < waiting_since)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    if not late:
        return {}
    names = tuple_(deliveries.c.message_id, deliveries.c.endpoint_id)
    connection.execute(
        update(deliveries)
        .where(names.in_([tuple(row) for row in late]))
        .values(state="dead", done_at=now, last_error=func.coalesce(deliveries.c.last_error, "waited too long"))
    )
    counts: dict[str, int] = {}
    for row in late:
        counts[row.endpoint_id] = counts.get(row.endpoint_id, 0) + 1
    return counts


def dead_letters(
    connection: Connection, endpoint_id: str | None = None, limit: int = 100, offset: int = 0
) -> list[DeadLetter]:
    """Dead messages, the latest to die first."""
    query = (
        select(
            deliveries.c.message_id, deliveries.c.endpoint_id, outbox.c.kind, outbox.c.event_seq, outbox.c.created_at,
            deliveries.c.attempts, deliveries.c.last_status, deliveries.c.last_error, deliveries.c.done_at,
        )
        .join(outbox, outbox.c.id == deliveries.c.message_id)
        .where(deliveries.c.state == "dead")
        .order_by(deliveries.c.done_at.desc(), deliveries.c.message_id)
        .limit(limit)
        .offset(offset)
    )
    if endpoint_id is not None:
        query = query.where(deliveries.c.endpoint_id == endpoint_id)
    return [DeadLetter(*row) for row in connection.execute(query)]


def replay(
    connection: Connection, now: float, endpoint_id: str | None = None, message_id: str | None = None
) -> int:
    """Send dead messages again from the first attempt: all, those of one endpoint, or one; returns how many."""
    query = update(deliveries).where(deliveries.c.state == "dead")
    if endpoint_id is not None:
        query = query.where(deliveries.c.endpoint_id == endpoint_id)
    if message_id is not None:
        query = query.where(deliveries.c.message_id == message_id)
    revived = connection.execute(
        query.values(state="pending", attempts=0, next_at=now, waiting_since=now, done_at=None)
    )
    return revived.rowcount


def backfill(connection: Connection, endpoint_id: str, since: float, now: float) -> int:
    """Send an endpoint what it would have got since `since`, had it been enabled; returns how many messages."""
    kinds = connection.execute(select(endpoints.c.kinds).where(endpoints.c.id == endpoint_id)).scalar_one()
    has_it = exists().where(deliveries.c.message_id == outbox.c.id, deliveries.c.endpoint_id == endpoint_id)
    missed = connection.execute(
        select(outbox.c.id, outbox.c.kind).where(outbox.c.created_at >= since, outbox.c.is_routed, ~has_it)
    )
    rows = [_fresh(row.id, endpoint_id, now) for row in missed if is_wanted(row.kind, kinds)]
    if rows:
        connection.execute(insert(deliveries), rows)
    return len(rows)


def has_unrouted(connection: Connection) -> bool:
    """Whether `route` would find anything."""
    return connection.execute(select(outbox.c.id).where(~outbox.c.is_routed).limit(1)).first() is not None


def count_unrouted(connection: Connection) -> int:
    """Messages that no worker has looked at yet."""
    return connection.execute(select(func.count()).select_from(outbox).where(~outbox.c.is_routed)).scalar_one()


def backlogs(connection: Connection) -> dict[str, Backlog]:
    """What waits and what is dead, by endpoint; an endpoint with neither is not listed."""
    is_pending = deliveries.c.state == "pending"
    rows = connection.execute(
        select(
            deliveries.c.endpoint_id,
            func.count().filter(is_pending),
            func.count().filter(deliveries.c.state == "dead"),
            func.min(deliveries.c.waiting_since).filter(is_pending),
        )
        .where(deliveries.c.state.in_(("pending", "dead")))
        .group_by(deliveries.c.endpoint_id)
    )
    return {endpoint_id: Backlog(pending, dead, oldest_at) for endpoint_id, pending, dead, oldest_at in rows}


def forget(connection: Connection, before: float, limit: int = 1000) -> int:
    """Delete messages made before `before` that no endpoint waits for; returns how many, `limit` at most."""
    is_awaited = exists().where(deliveries.c.message_id == outbox.c.id, deliveries.c.state == "pending")
    old = select(outbox.c.id).where(outbox.c.created_at < before, outbox.c.is_routed, ~is_awaited).limit(limit)
    ids = connection.execute(old.with_for_update(skip_locked=True, of=outbox)).scalars().all()
    connection.execute(delete(deliveries).where(deliveries.c.message_id.in_(ids)))
    connection.execute(delete(outbox).where(outbox.c.id.in_(ids)))
    return len(ids)
