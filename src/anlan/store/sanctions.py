"""Sanctions as they stand: written once, moved from state to state by whoever comes first, read by target and clock."""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, Select, func, insert, select, update

from anlan.domain.sanctions import STANDING_STATES, Ground, SanctionState
from anlan.store.tables import sanctions


class Sanction(msgspec.Struct, frozen=True, kw_only=True):
    """One punishment; times are wall-clock seconds.

    Attributes:
        target: `account:<id>`, `group:<id>` or `event:<id>`.
        kind, feature: see `domain.sanctions`; the feature is empty unless one is limited.
        ends_at: None until reversed, or for what happens and is over.
        rule: the policy or rule that was broken.
        strikes: counted against the target until `strikes_until`, unless reversed.
        grounds: what weighed for and against, step by step.
        case_id: None for an automatic one.
        finding_seq, finding_pass, finding_policy: what a machine found in that case.
        judgement_id, judged_by: the person's judgement that confirmed it; `second_id`, `second_by` of another person.
        closure_id, closure_role: of the closing of a group that it belongs to.
        ordered_by: `staff:<name>` or `policy:<id>`.
    """

    id: str
    target: str
    kind: str
    feature: str = ""
    starts_at: float
    ends_at: float | None
    is_permanent: bool
    rule: str
    category: str
    severity: str
    strikes: int = 0
    strikes_until: float
    grounds: tuple[Ground, ...] = ()
    case_id: str | None = None
    case_target: str | None = None
    finding_seq: int | None = None
    finding_pass: int | None = None
    finding_policy: str | None = None
    judgement_id: str | None = None
    judgement_answer: str | None = None
    judged_by: str | None = None
    needs_second: bool = False
    second_id: str | None = None
    second_answer: str | None = None
    second_by: str | None = None
    closure_id: str | None = None
    closure_role: str | None = None
    ordered_by: str
    ordered_at: float
    state: SanctionState
    lifted_at: float | None = None
    lifted_by: str | None = None
    lift_reason: str | None = None


_SANCTION = select(*(sanctions.c[name] for name in Sanction.__struct_fields__))
_grounds = msgspec.json.Decoder(tuple[Ground, ...]).decode


def add_sanction(connection: Connection, sanction: Sanction) -> None:
    """Write a new sanction; the database refuses one that breaks a law.

    Raises:
        sqlalchemy.exc.IntegrityError: it does, or there is one with this id.
    """
    row = {name: getattr(sanction, name) for name in Sanction.__struct_fields__}
    connection.execute(insert(sanctions), row | {"grounds": msgspec.json.encode(sanction.grounds)})


def move_sanction(
    connection: Connection, sanction_id: str, before: Sequence[SanctionState], after: SanctionState, **values: Any
) -> bool:
    """Bring a sanction from one of the states `before` to `after`; False when somebody else was first."""
    moved = connection.execute(
        update(sanctions)
        .where(sanctions.c.id == sanction_id, sanctions.c.state.in_(before))
        .values(state=after, **values)
    )
    return moved.rowcount == 1


def find_sanction(connection: Connection, sanction_id: str) -> Sanction | None:
    """The sanction with this id."""
    return next(iter(_read(connection, _SANCTION.where(sanctions.c.id == sanction_id))), None)


def states_of(connection: Connection, sanction_ids: Sequence[str]) -> dict[str, SanctionState]:
    """The states of those of these sanctions that there are."""
    query = select(sanctions.c.id, sanctions.c.state).where(sanctions.c.id.in_(sanction_ids))
    return {row.id: row.state for row in connection.execute(query)}


def sanctions_of(connection: Connection, target: str, limit: int = 200) -> list[Sanction]:
    """All sanctions on a target, newest first."""
    query = _SANCTION.where(sanctions.c.target == target)
    return _read(connection, query.order_by(sanctions.c.ordered_at.desc(), sanctions.c.id).limit(limit))


def in_force(connection: Connection, target: str) -> list[Sanction]:
    """What we want to be in force on a target now, hardest to end first: ordered and not over, confirmed or not."""
    query = _SANCTION.where(sanctions.c.target == target, sanctions.c.state.in_(STANDING_STATES))
    return _read(connection, query.order_by(sanctions.c.is_permanent.desc(), sanctions.c.ends_at.desc()))


def sanctions_of_case(connection: Connection, case_id: str) -> list[Sanction]:
    """All sanctions that a case led to, in order."""
    query = _SANCTION.where(sanctions.c.case_id == case_id)
    return _read(connection, query.order_by(sanctions.c.ordered_at, sanctions.c.id))


def beginning(connection: Connection, now: float, limit: int = 200) -> list[Sanction]:
    """Scheduled ones whose time has come, the earliest first."""
    query = _SANCTION.where(sanctions.c.state == "scheduled", sanctions.c.starts_at <= now)
    return _read(connection, query.order_by(sanctions.c.starts_at).limit(limit))


def ending(connection: Connection, now: float, limit: int = 200) -> list[Sanction]:
    """Those that have run out and still stand, the earliest first."""
    query = _SANCTION.where(sanctions.c.state.in_((*STANDING_STATES, "refused")), sanctions.c.ends_at <= now)
    return _read(connection, query.order_by(sanctions.c.ends_at).limit(limit))


def read_sanctions(
    connection: Connection, condition: ColumnElement[bool], order: ColumnElement[Any], limit: int, offset: int = 0
) -> list[Sanction]:
    """Sanctions that fulfil a condition, in that order."""
    query = _SANCTION.where(condition).order_by(order, sanctions.c.id).limit(limit).offset(offset)
    return _read(connection, query)


def count_ordered_by(connection: Connection, by: str, since: float) -> int:
    """How many somebody ordered since, those aside that were lifted at once."""
    query = select(func.count()).select_from(sanctions).where(sanctions.c.ordered_by == by)
    query = query.where(sanctions.c.ordered_at > since, sanctions.c.lifted_at.is_(None))
    return connection.execute(query).scalar_one()


def count_alike(connection: Connection, case_id: str, target: str, kind: str, feature: str) -> int:
    """How many of the same kind this case led to for this target and were taken back."""
    query = (
        select(func.count())
        .select_from(sanctions)
        .where(sanctions.c.case_id == case_id, sanctions.c.target == target, sanctions.c.kind == kind)
        .where(sanctions.c.feature == feature, sanctions.c.state.in_(("lifting", "reversed")))
    )
    return connection.execute(query).scalar_one()


def _read(connection: Connection, query: Select[Any]) -> list[Sanction]:
    rows = connection.execute(query).mappings()
    return [Sanction(**{**row, "grounds": _grounds(row["grounds"])}) for row in rows]
