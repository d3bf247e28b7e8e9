"""Closed groups: one row each, whatever their size."""

import msgspec
from sqlalchemy import Connection, insert, select

from anlan.store.tables import closures


class Closure(msgspec.Struct, frozen=True, kw_only=True):
    """The closing of one group; `member_count` is what the platform told, and punishes nobody."""

    id: str
    group: str
    case_id: str
    made_at: float
    made_by: str
    member_count: int


_CLOSURE = select(*(closures.c[name] for name in Closure.__struct_fields__))


def add_closure(connection: Connection, closure: Closure) -> None:
    """Write it.

    Raises:
        sqlalchemy.exc.IntegrityError: there is one with this id.
    """
    connection.execute(insert(closures), msgspec.structs.asdict(closure))


def find_closure(connection: Connection, closure_id: str) -> Closure | None:
    """The closing with this id."""
    row = connection.execute(_CLOSURE.where(closures.c.id == closure_id)).mappings().one_or_none()
    return Closure(**row) if row else None


def closures_of(connection: Connection, group: str) -> list[Closure]:
    """Every closing of a group, the latest first."""
    rows = connection.execute(_CLOSURE.where(closures.c.group == group).order_by(closures.c.made_at.desc())).mappings()
    return [Closure(**row) for row in rows]
