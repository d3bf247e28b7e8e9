"""Lists of cases as the console asks for them."""

from typing import NamedTuple

import msgspec
from sqlalchemy import Connection, select

from anlan.store.tables import case_claims, case_judgements, cases, golden_cases


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What a list is narrowed to; empty for anything. `state` is open, overdue, escalated or closed."""

    queue: str = ""
    kind: str = ""
    state: str = "open"
    target: str = ""


class Row(NamedTuple):
    """One case in a list; `held_by` is who works on it now."""

    id: str
    kind: str
    queue: str
    priority: int
    target: str
    category: str
    opened_at: float
    due_at: float | None
    escalated_at: float | None
    stage: int
    state: str
    outcome: str | None
    held_by: str | None


def find_cases(connection: Connection, asked: Asked, now: float, limit: int, offset: int) -> list[Row]:
    """Cases in the order in which they are to be worked, closed ones newest first; no checks with a known answer."""
    query = (
        select(*(cases.c[name] for name in Row._fields[:-1]), case_claims.c.by)
        .outerjoin(case_claims, (case_claims.c.case_id == cases.c.id) & (case_claims.c.expires_at > now))
        .where(~select(golden_cases.c.case_id).where(golden_cases.c.case_id == cases.c.id).exists())
        .where(cases.c.state == ("closed" if asked.state == "closed" else "open"))
    )
    if asked.state == "overdue":
        query = query.where(cases.c.due_at < now)
    if asked.state == "escalated":
        query = query.where(cases.c.escalated_at.is_not(None))
    for name in ("queue", "kind", "target"):
        if wanted := getattr(asked, name):
            query = query.where(cases.c[name] == wanted)
    order = [cases.c.closed_at.desc()] if asked.state == "closed" else [cases.c.ranked_at, cases.c.id]
    return [Row._make(row) for row in connection.execute(query.order_by(*order).limit(limit).offset(offset))]


class Judged(NamedTuple):
    """An answer that somebody gave."""

    case_id: str
    kind: str
    target: str
    at: float
    answer: str
    stage: int


def judged_by(connection: Connection, by: str, limit: int) -> list[Judged]:
    """What this person judged, newest first; a check among it looks like any other case."""
    query = (
        select(cases.c.id, cases.c.kind, cases.c.target, case_judgements.c.at, case_judgements.c.answer,
               case_judgements.c.stage)
        .join(case_judgements, case_judgements.c.case_id == cases.c.id)
        .where(case_judgements.c.by == by).order_by(case_judgements.c.at.desc()).limit(limit)
    )
    return [Judged(*row) for row in connection.execute(query)]
