"""What only the console asks of the record: lines with reasons, deliveries of one event, counts for its figures."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Connection, func, select

from anlan.domain.decisions import Finding
from anlan.store.database import Database
from anlan.store.journal import Line
from anlan.store.lexicon import count_proposed
from anlan.store.tables import (
    cases,
    decisions,
    deferred,
    deliveries,
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
    def because(self) -> dict[str, str]:
        """The reviewers' sentence by language; empty when no policy held."""
        return self.finding.because if self.finding else {}


_decode_body = msgspec.json.Decoder(_Body).decode


class _MessageData(msgspec.Struct):
    kind: str
    target: str
    parameters: dict[str, Any]


class _Message(msgspec.Struct):
    data: _MessageData


_decode_message = msgspec.json.Decoder(_Message).decode


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


class Waiting(NamedTuple):
    """Work that waits for people."""

    open_cases: int
    oldest_case_at: float | None
    notices: int
    dead_letters: int
    drafts: int
    shadow: int
    lexicon_changes: int


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
        proposed = count_proposed(connection)
    return Waiting(
        open_cases, oldest, notices, dead_letters, states.get("draft", 0), states.get("shadow", 0), proposed
    )


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
