"""Sanctions as staff look through them: by where they stand, and how many of each."""

from collections.abc import Mapping

from sqlalchemy import ColumnElement, Connection, and_, case, func, select

from anlan.domain.sanctions import STANDING_STATES
from anlan.store.sanctions import Sanction, read_sanctions
from anlan.store.tables import sanctions

ENDING_SOON_S = 2 * 86_400.0
_DAY_S = 86_400.0
_state = sanctions.c.state


def groups(now: float) -> Mapping[str, ColumnElement[bool]]:
    """The ways of looking, each with its condition, in the order in which they are shown."""
    soon = sanctions.c.ends_at <= now + ENDING_SOON_S
    return {
        "standing": _state.in_(STANDING_STATES),
        "waiting": _state.in_(("ordered", "lifting")),
        "ending": and_(_state.in_(STANDING_STATES), soon),
        "scheduled": _state == "scheduled",
        "refused": _state == "refused",
        "taken_back": _state.in_(("lifting", "reversed")),
        "ended": _state == "ended",
    }


def list_group(
    connection: Connection, group: str, now: float, limit: int = 50, offset: int = 0, target: str = ""
) -> list[Sanction]:
    """Sanctions of one group, newest first; those that end soon, the earliest end first."""
    condition = groups(now)[group]
    if target:
        condition = and_(condition, sanctions.c.target == target)
    order = sanctions.c.ends_at if group == "ending" else sanctions.c.ordered_at.desc()
    return read_sanctions(connection, condition, order, limit, offset)


def count_groups(connection: Connection, now: float) -> dict[str, int]:
    """How many stand in each group."""
    counted = [func.count().filter(condition).label(name) for name, condition in groups(now).items()]
    return dict(connection.execute(select(*counted).select_from(sanctions)).mappings().one())


def count_by_day(connection: Connection, since: float) -> list[tuple[float, int, int]]:
    """(start of the day in UTC, ordered, of them taken back since) for each day that has any."""
    day = func.floor(sanctions.c.ordered_at / _DAY_S) * _DAY_S
    undone = func.sum(case((_state.in_(("lifting", "reversed")), 1), else_=0))
    query = select(day, func.count(), undone).where(sanctions.c.ordered_at >= since).group_by(day).order_by(day)
    return [(float(row[0]), row[1], int(row[2])) for row in connection.execute(query)]


def count_standing_by_kind(connection: Connection) -> list[tuple[str, int]]:
    """How many of each kind stand, the commonest first."""
    count = func.count()
    query = select(sanctions.c.kind, count).where(_state.in_(STANDING_STATES)).group_by(sanctions.c.kind)
    return [(row[0], row[1]) for row in connection.execute(query.order_by(count.desc()))]
