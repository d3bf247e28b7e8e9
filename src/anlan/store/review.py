"""What people said of cases and what is kept about their work: judgements, golden items, ties, tickets, wellbeing."""

import secrets
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import Connection, bindparam, delete, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from anlan.store.batch import storable
from anlan.store.cases import Case, write_history
from anlan.store.tables import (
    case_findings,
    case_history,
    case_judgements,
    case_tickets,
    cases,
    golden_cases,
    golden_items,
    staff_exposures,
    staff_ties,
    staff_wellbeing,
)

BREAK_S = 600.0
"""So long without a judgement is a break."""


class CaseJudgement(msgspec.Struct, frozen=True, kw_only=True):
    """What one person answered at one stage of a case; see `store.tables.case_judgements`."""

    id: str
    case_id: str
    stage: int
    by: str
    at: float
    answer: str
    category: str
    severity: str
    reason: str
    machine_answer: str
    saw_machine: bool
    took_s: float


class HistoryLine(msgspec.Struct, frozen=True, kw_only=True):
    """One line of what happened to a case."""

    at: float
    by: str
    act: str
    details: dict[str, Any]


class GoldenItem(msgspec.Struct, frozen=True, kw_only=True):
    """A check with a known answer, made from a closed case."""

    id: str
    case_id: str
    queue: str
    answer: str
    category: str
    note: str
    made_by: str
    made_at: float
    is_active: bool


class Tie(msgspec.Struct, frozen=True, kw_only=True):
    """An account or group that is close to a member of staff; `relation` is own or near."""

    by: str
    entity: str
    relation: str
    noted_by: str
    noted_at: float


class Ticket(msgspec.Struct, frozen=True, kw_only=True):
    """What a disagreement or a missed check asks for: a look at a policy, or training."""

    id: str
    kind: str
    case_id: str
    policy: str
    about: str
    why: str
    opened_at: float
    closed_at: float | None
    closed_by: str | None
    note: str


class Wellbeing(msgspec.Struct, frozen=True, kw_only=True):
    """How a person wants to work: categories that they are not given, looks of media, limits."""

    opted_out: tuple[str, ...] = ()
    media: str = "blurred"
    daily_limit: int = 800
    break_minutes: int = 60


class Exposure(msgspec.Struct, frozen=True, kw_only=True):
    """What a person has judged today, and since when without a break; times are wall-clock seconds."""

    judged: int = 0
    harmful: int = 0
    working_since: float | None = None


_JUDGEMENTS = (
    select(case_judgements).where(case_judgements.c.case_id == bindparam("case_id")).order_by(case_judgements.c.stage)
)
_WELLBEING = select(staff_wellbeing).where(staff_wellbeing.c.by == bindparam("by"))
_EXPOSURE = select(staff_exposures).where(
    staff_exposures.c.by == bindparam("by"), staff_exposures.c.day == bindparam("day")
)
"""Built once, because the page of the next case asks them all."""


def judgements_of(connection: Connection, case_id: str) -> list[CaseJudgement]:
    """What was answered, in order of stages."""
    return [CaseJudgement(**row) for row in connection.execute(_JUDGEMENTS, {"case_id": case_id}).mappings()]


def add_judgement(connection: Connection, judgement: CaseJudgement) -> None:
    """Write down an answer; the database refuses a second one of the same stage or person."""
    connection.execute(insert(case_judgements), msgspec.structs.asdict(judgement))


def history_of(connection: Connection, case_id: str) -> list[HistoryLine]:
    """What happened to a case, oldest first."""
    query = select(case_history).where(case_history.c.case_id == case_id).order_by(case_history.c.ordinal)
    return [
        HistoryLine(at=row.at, by=row.by, act=row.act, details=msgspec.json.decode(row.details))
        for row in connection.execute(query)
    ]


def has_finding(connection: Connection, case_id: str) -> bool:
    """Whether the machine found something in this case."""
    return connection.execute(
        select(case_findings.c.case_id).where(case_findings.c.case_id == case_id).limit(1)
    ).first() is not None


# ---- checks with a known answer ----


def add_golden(connection: Connection, item: GoldenItem) -> None:
    """Keep a check."""
    connection.execute(insert(golden_items), msgspec.structs.asdict(item))


def retire_golden(connection: Connection, item_id: str) -> bool:
    """Show a check to nobody any more; False when there is none by this id."""
    changed = connection.execute(update(golden_items).where(golden_items.c.id == item_id).values(is_active=False))
    return changed.rowcount == 1


def golden_list(connection: Connection) -> list[tuple[GoldenItem, int, int]]:
    """Every check, newest first, with how often it was judged and how often rightly."""
    judged = func.count(golden_cases.c.is_right)
    right = func.count().filter(golden_cases.c.is_right)
    rows = connection.execute(
        select(golden_items, judged.label("judged"), right.label("rightly"))
        .outerjoin(golden_cases).group_by(*golden_items.c).order_by(golden_items.c.made_at.desc())
    ).mappings()
    names = GoldenItem.__struct_fields__
    return [(GoldenItem(**{name: row[name] for name in names}), row["judged"], row["rightly"]) for row in rows]


def unseen_golden(connection: Connection, by: str, queue: str) -> GoldenItem | None:
    """A check that this person has never been shown and did not make."""
    seen = select(golden_cases.c.item_id).where(golden_cases.c.by == by)
    query = (
        select(golden_items)
        .where(golden_items.c.queue == queue, golden_items.c.is_active, golden_items.c.made_by != by)
        .where(golden_items.c.id.not_in(seen))
        .where(golden_items.c.case_id.not_in(
            select(case_judgements.c.case_id).where(case_judgements.c.by == by)
        ))
        .order_by(golden_items.c.made_at).limit(1)
    )
    row = connection.execute(query).mappings().one_or_none()
    return GoldenItem(**row) if row else None


def show_golden(connection: Connection, item: GoldenItem, by: str, now: float) -> str:
    """Open a case that looks like the one the check was made from, for this person only; returns its id.

    It holds no finding of the machine, so no permanent sanction can ever stand on it.
    """
    opened_by_policy = "." in item.case_id
    case_id = f"case_{secrets.token_hex(16)}.1.1" if opened_by_policy else f"case_{secrets.token_hex(12)}"
    copied = [column for column in cases.c if column.name not in _FRESH]
    source = select(*copied).where(cases.c.id == item.case_id)
    row = dict(connection.execute(source).mappings().one())
    fresh = {
        "id": case_id, "queue": item.queue, "opened_at": now, "state": "open", "stage": 1, "due_at": now + 86_400.0,
    }
    connection.execute(insert(cases), row | fresh)
    shown = {"case_id": case_id, "item_id": item.id, "by": by, "shown_at": now, "is_right": None}
    connection.execute(insert(golden_cases), shown)
    write_history(connection, case_id, "system", "opened", {"kind": row["kind"]}, now)
    return case_id


_FRESH = frozenset({"id", "queue", "opened_at", "state", "stage", "due_at", "escalated_at", "outcome", "closed_at",
                    "merged_into"})


def golden_of(connection: Connection, case_id: str) -> GoldenItem | None:
    """The check that this case shows, if it is one."""
    query = select(golden_items).join(golden_cases).where(golden_cases.c.case_id == case_id)
    row = connection.execute(query).mappings().one_or_none()
    return GoldenItem(**row) if row else None


def mark_golden(connection: Connection, case_id: str, *, is_right: bool) -> None:
    """Note whether a check was passed."""
    connection.execute(update(golden_cases).where(golden_cases.c.case_id == case_id).values(is_right=is_right))


# ---- ties ----


def add_tie(connection: Connection, tie: Tie) -> None:
    """Note that an entity is close to a member of staff, in place of what was noted before."""
    connection.execute(delete(staff_ties).where(staff_ties.c.by == tie.by, staff_ties.c.entity == tie.entity))
    connection.execute(insert(staff_ties), msgspec.structs.asdict(tie))


def remove_tie(connection: Connection, by: str, entity: str) -> None:
    """The entity is not close to this person any more."""
    connection.execute(delete(staff_ties).where(staff_ties.c.by == by, staff_ties.c.entity == entity))


def ties_of(connection: Connection, by: str) -> list[Tie]:
    """Whom this person must not judge."""
    query = select(staff_ties).where(staff_ties.c.by == by).order_by(staff_ties.c.entity)
    return [Tie(**row) for row in connection.execute(query).mappings()]


# ---- tickets ----


def open_ticket(connection: Connection, kind: str, case: Case, about: str, why: str, now: float) -> None:
    """Ask for a look at a policy or for training; the same cause asks once."""
    row = {
        "id": secrets.token_hex(16), "kind": kind, "case_id": case.id, "policy": case.policy, "about": storable(about),
        "why": why, "opened_at": now, "note": "",
    }
    kinds = postgresql if connection.dialect.name == "postgresql" else sqlite
    connection.execute(kinds.insert(case_tickets).values(row).on_conflict_do_nothing())


def close_ticket(connection: Connection, ticket_id: str, by: str, note: str, now: float) -> bool:
    """Settle a ticket; False when there is none by this id that is open."""
    changed = connection.execute(
        update(case_tickets)
        .where(case_tickets.c.id == ticket_id, case_tickets.c.closed_at.is_(None))
        .values(closed_at=now, closed_by=storable(by), note=storable(note))
    )
    return changed.rowcount == 1


def tickets(connection: Connection, *, is_open: bool, limit: int = 200) -> list[Ticket]:
    """Tickets, newest first."""
    closed_at = case_tickets.c.closed_at
    query = select(case_tickets).where(closed_at.is_(None) if is_open else closed_at.is_not(None))
    rows = connection.execute(query.order_by(case_tickets.c.opened_at.desc()).limit(limit)).mappings()
    return [Ticket(**row) for row in rows]


# ---- wellbeing ----


def wellbeing_of(connection: Connection, by: str) -> Wellbeing:
    """How this person wants to work; by the defaults when they never said."""
    row = connection.execute(_WELLBEING, {"by": by}).one_or_none()
    if row is None:
        return Wellbeing()
    return Wellbeing(
        opted_out=tuple(msgspec.json.decode(row.opted_out)), media=row.media, daily_limit=row.daily_limit,
        break_minutes=row.break_minutes,
    )


def put_wellbeing(connection: Connection, by: str, chosen: Wellbeing) -> None:
    """Keep how this person wants to work."""
    connection.execute(delete(staff_wellbeing).where(staff_wellbeing.c.by == by))
    row = msgspec.structs.asdict(chosen) | {
        "by": by, "opted_out": msgspec.json.encode(sorted(chosen.opted_out)).decode()
    }
    connection.execute(insert(staff_wellbeing), row)


def day_of(now: float, zone: str) -> int:
    """The day of a moment, counted from the epoch in the desk's zone."""
    local = datetime.fromtimestamp(now, UTC).astimezone(ZoneInfo(zone))
    return local.date().toordinal() - datetime(1970, 1, 1, tzinfo=UTC).toordinal()


def exposure_of(connection: Connection, by: str, day: int, now: float) -> Exposure:
    """What this person has judged on a day."""
    row = connection.execute(_EXPOSURE, {"by": by, "day": day}).one_or_none()
    if row is None:
        return Exposure()
    has_paused = now - row.last_at >= BREAK_S
    return Exposure(judged=row.judged, harmful=row.harmful, working_since=None if has_paused else row.working_since)


def note_exposure(connection: Connection, by: str, day: int, now: float, *, is_harmful: bool) -> None:
    """Count one more judgement of this person's day."""
    before = exposure_of(connection, by, day, now)
    connection.execute(delete(staff_exposures).where(staff_exposures.c.by == by, staff_exposures.c.day == day))
    row = {
        "by": by, "day": day, "judged": before.judged + 1, "harmful": before.harmful + is_harmful,
        "working_since": now if before.working_since is None else before.working_since, "last_at": now,
    }
    connection.execute(insert(staff_exposures), row)


def take_break(connection: Connection, by: str, day: int) -> None:
    """The clock of this person's work begins anew with the next judgement."""
    mine = staff_exposures.c.by == by, staff_exposures.c.day == day
    connection.execute(update(staff_exposures).where(*mine).values(last_at=0.0))


def categories_in_use(connection: Connection, known: Iterable[str] = ()) -> list[str]:
    """Every category that a case has had, and `known`."""
    found = connection.execute(select(cases.c.category).distinct()).scalars()
    return sorted({*found, *known} - {""})
