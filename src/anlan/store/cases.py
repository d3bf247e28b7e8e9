"""Work for people as it stands in the queues: opened by the journal's commit or here, each with its history."""

import secrets
from typing import Any

import msgspec
from sqlalchemy import Connection, delete, func, insert, select, update

from anlan.domain.cases import Answer, CaseKind, rank
from anlan.store.batch import storable
from anlan.store.tables import case_claims, case_findings, case_history, cases, decisions, events


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """One case.

    Attributes:
        kind: see `domain.cases`.
        priority: 1 is the most urgent.
        event_seq, event_key: the event that it began with, if any.
        policy: that opened it; empty if none did.
        target: `kind:id` of whom it is about.
        category: of the harm.
        ranked_at: its place in the queue, the smallest first.
        due_at: by the queue's service clock, wall-clock seconds.
        stage: which judgement is next: 1, 2 (blind) or 3 (senior).
        outcome: of a closed case.
    """

    id: str
    kind: CaseKind
    queue: str
    priority: int
    event_seq: int | None
    event_key: str | None
    policy: str
    target: str
    category: str
    opened_at: float
    ranked_at: float
    due_at: float | None
    stage: int
    state: str
    outcome: str | None
    closed_at: float | None
    merged_into: str | None


class NewCase(msgspec.Struct, frozen=True, kw_only=True):
    """What a case is opened with; `reach` is how many people the matter touches."""

    kind: CaseKind
    queue: str
    target: str
    priority: int = 3
    category: str = ""
    policy: str = ""
    event_seq: int | None = None
    reach: int = 1
    due_at: float | None = None


_CASE = select(
    *((events.c.key.label("event_key") if name == "event_key" else cases.c[name]) for name in Case.__struct_fields__)
).select_from(cases.outerjoin(events))


def open_case(connection: Connection, new: NewCase, by: str, now: float) -> str:
    """Open a case that no policy asked for; returns its id.

    What a machine found in the event stands in the case, so that a person's judgement can meet it (law 1).
    """
    case_id = f"case_{secrets.token_hex(12)}"
    kept = {name: getattr(new, name) for name in NewCase.__struct_fields__ if name != "reach"}
    row = kept | {
        "id": case_id, "target": storable(new.target), "opened_at": now, "state": "open", "stage": 1,
        "ranked_at": rank(now, new.priority, new.reach),
    }
    connection.execute(insert(cases), row)
    if new.event_seq is not None:
        add_findings(connection, case_id, new.event_seq)
    write_history(connection, case_id, by, "opened", {"kind": new.kind}, now)
    return case_id


def add_findings(connection: Connection, case_id: str, event_seq: int) -> int:
    """Let what the machine found first in each pass of an event stand in the case; how many findings were new."""
    found = connection.execute(
        select(decisions.c.pass_number, decisions.c.policy)
        .where(decisions.c.event_seq == event_seq, decisions.c.policy.is_not(None))
        .where(
            ~select(case_findings.c.case_id)
            .where(
                case_findings.c.case_id == case_id, case_findings.c.event_seq == event_seq,
                case_findings.c.pass_number == decisions.c.pass_number, case_findings.c.policy == decisions.c.policy,
            )
            .exists()
        )
    ).all()
    rows = [
        {"case_id": case_id, "event_seq": event_seq, "pass_number": row.pass_number, "policy": row.policy}
        for row in found
    ]
    if rows:
        connection.execute(insert(case_findings), rows)
    return len(rows)


def write_history(
    connection: Connection, case_id: str, by: str, act: str, details: dict[str, Any], now: float
) -> None:
    """Append one line to what happened to a case; whoever changes the case in the same transaction holds its row."""
    last = select(func.coalesce(func.max(case_history.c.ordinal), 0)).where(case_history.c.case_id == case_id)
    ordinal = connection.execute(last).scalar_one() + 1
    body = msgspec.json.encode(details)
    row = {"case_id": case_id, "ordinal": ordinal, "at": now, "by": storable(by), "act": act, "details": body}
    connection.execute(insert(case_history), row)


def hold_case(connection: Connection, case_id: str) -> None:
    """Let nobody else change the case until the transaction ends."""
    connection.execute(select(cases.c.id).where(cases.c.id == case_id).with_for_update())


def close_case(connection: Connection, case_id: str, outcome: Answer, now: float) -> None:
    """End an open case, whoever has taken it."""
    row = update(cases).where(cases.c.id == case_id, cases.c.state == "open")
    connection.execute(row.values(state="closed", outcome=outcome, closed_at=now))
    connection.execute(delete(case_claims).where(case_claims.c.case_id == case_id))


def find_case(connection: Connection, case_id: str) -> Case | None:
    """The case with this id."""
    row = connection.execute(_CASE.where(cases.c.id == case_id)).mappings().one_or_none()
    return Case(**row) if row else None


def list_cases(
    connection: Connection, state: str | None = "open", queue: str | None = None, limit: int = 100, offset: int = 0,
    kind: CaseKind | None = None,
) -> list[Case]:
    """Cases in the order in which they are to be worked."""
    query = _CASE
    if state is not None:
        query = query.where(cases.c.state == state)
    if queue is not None:
        query = query.where(cases.c.queue == queue)
    if kind is not None:
        query = query.where(cases.c.kind == kind)
    query = query.order_by(cases.c.ranked_at, cases.c.id).limit(limit).offset(offset)
    return [Case(**row) for row in connection.execute(query).mappings()]


def count_open(connection: Connection) -> dict[str, int]:
    """How many cases are open, by queue."""
    query = select(cases.c.queue, func.count()).where(cases.c.state == "open").group_by(cases.c.queue)
    return {row[0]: row[1] for row in connection.execute(query)}
