"""What only the console asks of the record: lines with reasons, deliveries of one event, counts for its figures."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Connection, func, select

from anlan.domain.decisions import Finding
from anlan.store.database import Database
from anlan.store.journal import Line
from anlan.store.tables import (
    cases,
    decisions,
    deferred,
    deliveries,
    events,
    outbox,
    policy_versions,
    refused,
    staff_notices,
)


class Outcome(NamedTuple):
    """How one message fares at one endpoint; `state` is pending, delivered or dead."""

    endpoint: str
    state: str
    attempts: int


class Order(msgspec.Struct, frozen=True):
    """What was asked of the platform because of one event."""

    kind: str
    target: str
    parameters: dict[str, Any]
    outcomes: tuple[Outcome, ...]


class _Body(msgspec.Struct):
    findings: tuple[Finding, ...]
    pending: tuple[str, ...]


class ShownLine(msgspec.Struct, frozen=True):
    """A line of the stream with the finding that explains it, if there is one."""

    line: Line
    finding: Finding | None
    is_pending: bool

    @property
    def because(self) -> str:
        """The reviewers' sentence; empty when no policy held."""
        return self.finding.because if self.finding else ""


_decode_body = msgspec.json.Decoder(_Body).decode


class _MessageData(msgspec.Struct):
    kind: str
    target: str
    parameters: dict[str, Any]


class _Message(msgspec.Struct):
    data: _MessageData


_decode_message = msgspec.json.Decoder(_Message).decode


_LAST_SEQ = select(func.coalesce(func.max(events.c.seq), 0))


def with_reasons(database: Database, lines: Sequence[Line]) -> list[ShownLine]:
    """Each line with its first finding, read from the decision's body."""
    wanted = select(decisions.c.event_seq, decisions.c.pass_number, decisions.c.body)
    with database.read() as connection:
        rows = connection.execute(wanted.where(decisions.c.event_seq.in_([line.seq for line in lines])))
        bodies = {(row.event_seq, row.pass_number): _decode_body(row.body) for row in rows}
    found = [bodies[line.seq, line.pass_number] for line in lines]
    return [
        ShownLine(line, body.findings[0] if body.findings else None, bool(body.pending))
        for line, body in zip(lines, found, strict=True)
    ]


def orders_of(database: Database, key: str) -> list[Order]:
    """The actions sent because of the event with this key, in order, with what became of each."""
    is_ours = outbox.c.id.between(f"msg_{key}.", f"msg_{key}/") & outbox.c.kind.startswith("action.")
    with database.read() as connection:
        messages = connection.execute(select(outbox.c.id, outbox.c.body).where(is_ours).order_by(outbox.c.id)).all()
        ids = [row.id for row in messages]
        attempts = connection.execute(select(deliveries).where(deliveries.c.message_id.in_(ids))).all()
    made = []
    for row in messages:
        data = _decode_message(row.body).data
        outcomes = tuple(Outcome(a.endpoint_id, a.state, a.attempts) for a in attempts if a.message_id == row.id)
        made.append(Order(data.kind, data.target, data.parameters, outcomes))
    return made


class _ReceivedAt(Sequence[float]):
    """When each event was received, by seq - 1; looked up on demand, so that it is searched like a sorted list."""

    def __init__(self, connection: Connection, length: int) -> None:
        self._connection = connection
        self._length = length

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, index: Any) -> Any:
        found = select(events.c.received_at).where(events.c.seq > index).order_by(events.c.seq).limit(1)
        return self._connection.execute(found).scalar_one()


def seqs_at(connection: Connection, moments: Sequence[float]) -> list[int]:
    """For each moment the last seq received before it, in about 20 point reads each, however long the journal is.

    Events are committed in the order of their reception but for a fraction of a second.
    """
    last = connection.execute(_LAST_SEQ).scalar_one()
    received = _ReceivedAt(connection, last)
    made: list[int] = []
    for moment in moments:
        made.append(bisect_left(received, moment, lo=made[-1] if made else 0))
    return made


def notable_seqs(connection: Connection, after: int) -> list[int]:
    """The seqs after `after` of decisions that were not simply allowed, in order; read from a partial index alone."""
    rows = select(decisions.c.event_seq).where(decisions.c.event_seq > after, decisions.c.verdict != "allow")
    return list(connection.execute(rows.order_by(decisions.c.event_seq)).scalars())


def verdict_counts(connection: Connection, after: int) -> dict[str, int]:
    """Decisions after seq `after` by verdict, `allow` left out."""
    rows = (
        select(decisions.c.verdict, func.count().label("held"))
        .where(decisions.c.event_seq > after, decisions.c.verdict != "allow")
        .group_by(decisions.c.verdict)
    )
    return {row.verdict: row.held for row in connection.execute(rows)}


def policy_counts(connection: Connection, after: int, limit: int) -> list[tuple[str, int]]:
    """The policies that explained most verdicts other than `allow` after seq `after`."""
    count = func.count()
    rows = (
        select(decisions.c.policy, count)
        .where(decisions.c.event_seq > after, decisions.c.verdict != "allow")
        .group_by(decisions.c.policy)
        .order_by(count.desc(), decisions.c.policy)
        .limit(limit)
    )
    return [(policy, hits) for policy, hits in connection.execute(rows) if policy]


class Figures(NamedTuple):
    """How the day goes.

    Attributes:
        total: events received since midnight.
        verdicts: counts of verdicts other than `allow` since midnight.
        minutes: (start, events, those not simply allowed) of each minute up to now, oldest first.
        policies: (policy, verdicts that it explains) since midnight, most first.
    """

    total: int
    verdicts: dict[str, int]
    minutes: tuple[tuple[float, int, int], ...]
    policies: tuple[tuple[str, int], ...]


def figures(connection: Connection, midnight: float, now: float, minute_count: int) -> Figures:
    """What the overview shows; its cost grows with what was not allowed, not with the journal."""
    starts = [now - 60.0 * back for back in range(minute_count, 0, -1)]
    edges = seqs_at(connection, starts)
    today = seqs_at(connection, [midnight])[0]
    last = connection.execute(_LAST_SEQ).scalar_one()
    notable = notable_seqs(connection, edges[0])
    minutes = []
    for index, start in enumerate(starts):
        end = edges[index + 1] if index + 1 < minute_count else last
        part = bisect_right(notable, end) - bisect_right(notable, edges[index])
        minutes.append((start, end - edges[index], part))
    return Figures(
        last - today, verdict_counts(connection, today), tuple(minutes), tuple(policy_counts(connection, today, 6))
    )


class Waiting(NamedTuple):
    """Work that waits for people."""

    open_cases: int
    oldest_case_at: float | None
    notices: int
    dead_letters: int
    drafts: int
    shadow: int


def count_waiting(database: Database) -> Waiting:
    """What waits now; policies in shadow wait for somebody to judge whether they should go live."""
    with database.read() as connection:
        open_cases, oldest = connection.execute(
            select(func.count(), func.min(cases.c.opened_at)).where(cases.c.state == "open")
        ).one()
        unseen = select(func.count()).select_from(staff_notices).where(staff_notices.c.seen_by.is_(None))
        dead = select(func.count()).select_from(deliveries).where(deliveries.c.state == "dead")
        by_state = select(policy_versions.c.state, func.count().label("held")).group_by(policy_versions.c.state)
        states = {row.state: row.held for row in connection.execute(by_state)}
        notices, dead_letters = (connection.execute(query).scalar_one() for query in (unseen, dead))
    return Waiting(open_cases, oldest, notices, dead_letters, states.get("draft", 0), states.get("shadow", 0))


class Refused(NamedTuple):
    """An input that was not accepted."""

    received_at: float
    reason: str
    detail: str
    api_key: str | None


def latest_refused(connection: Connection, limit: int = 50) -> list[Refused]:
    """Refused inputs, newest first; what was in them is not read."""
    columns = (refused.c.received_at, refused.c.reason, refused.c.detail, refused.c.api_key)
    rows = connection.execute(select(*columns).order_by(refused.c.id.desc()).limit(limit))
    return [Refused(*row) for row in rows]


def count_deferred(connection: Connection) -> int:
    """Events that wait for their second look."""
    return connection.execute(select(func.count()).select_from(deferred)).scalar_one()
