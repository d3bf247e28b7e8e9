"""What the platform says is in force on each target, and where that differs from what was ordered."""

from typing import Any

import msgspec
from sqlalchemy import Connection, Row, delete, func, insert, select

from anlan.store.batch import storable
from anlan.store.tables import platform_states


class InForce(msgspec.Struct, frozen=True):
    """One sanction that the platform has in force; `ends_at` in epoch seconds, None for without end."""

    kind: str
    feature: str = ""
    ends_at: float | None = None


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """One difference.

    Attributes:
        what: `missing` there, in force there and `over` here, another `end`, or `foreign`: never ordered by us.
        sanction_id: ours that it is about; None for a foreign one.
        is_resent: the platform was told again.
    """

    what: str
    kind: str
    feature: str
    sanction_id: str | None
    is_resent: bool


class PlatformState(msgspec.Struct, frozen=True, kw_only=True):
    """What the platform last said of one target."""

    target: str
    told_at: float
    told_by: str
    in_force: tuple[InForce, ...]
    differences: tuple[Difference, ...]


_in_force = msgspec.json.Decoder(tuple[InForce, ...]).decode
_differences = msgspec.json.Decoder(tuple[Difference, ...]).decode


def keep_state(connection: Connection, state: PlatformState) -> None:
    """Keep what the platform says of a target; it replaces what it said before."""
    target = storable(state.target)
    connection.execute(delete(platform_states).where(platform_states.c.target == target))
    row = {
        "target": target, "told_at": state.told_at, "told_by": state.told_by,
        "body": msgspec.json.encode(state.in_force), "differences": msgspec.json.encode(state.differences),
        "has_drift": bool(state.differences),
    }
    connection.execute(insert(platform_states), row)


def drifting(connection: Connection, limit: int = 100) -> list[PlatformState]:
    """Targets on which the platform differs from what was ordered, the latest first."""
    query = select(platform_states).where(platform_states.c.has_drift)
    return [_state(row) for row in connection.execute(query.order_by(platform_states.c.told_at.desc()).limit(limit))]


def count_drifting(connection: Connection) -> int:
    """On how many targets the platform differs."""
    query = select(func.count()).select_from(platform_states).where(platform_states.c.has_drift)
    return connection.execute(query).scalar_one()


def find_state(connection: Connection, target: str) -> PlatformState | None:
    """What the platform last said of this target."""
    row = connection.execute(select(platform_states).where(platform_states.c.target == storable(target))).one_or_none()
    return _state(row) if row else None


def _state(row: Row[Any]) -> PlatformState:
    return PlatformState(
        target=row.target, told_at=row.told_at, told_by=row.told_by, in_force=_in_force(row.body),
        differences=_differences(row.differences),
    )
