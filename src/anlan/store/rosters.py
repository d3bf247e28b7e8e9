"""Who runs a group and how many are in it: as the platform registered it, else as its events told."""

from collections.abc import Sequence

import msgspec
from sqlalchemy import ColumnElement, Connection, delete, func, insert, select

from anlan.store.batch import storable
from anlan.store.tables import facts, roster_people, rosters


class Runner(msgspec.Struct, frozen=True):
    """Somebody who runs a group; `role` is `owner` or `admin`."""

    account: str
    role: str


class Roster(msgspec.Struct, frozen=True, kw_only=True):
    """Who runs a group; those who are only in it are counted and not named.

    Attributes:
        member_count: everybody in it, owner and administrators included; None if never told.
        told_at: when the platform registered it; None when it was read from events.
    """

    group: str
    people: tuple[Runner, ...]
    member_count: int | None
    told_at: float | None


def register_roster(
    connection: Connection, group: str, people: Sequence[Runner], member_count: int, by: str, now: float
) -> None:
    """Keep what the platform says; it replaces what it said before."""
    group = storable(group)
    connection.execute(delete(roster_people).where(roster_people.c.group == group))
    connection.execute(delete(rosters).where(rosters.c.group == group))
    row = {"group": group, "member_count": member_count, "told_at": now, "told_by": by}
    connection.execute(insert(rosters), row)
    rows = [{"group": group, "account": storable(one.account), "role": one.role} for one in people]
    if rows:
        connection.execute(insert(roster_people), rows)


def take_off(connection: Connection, group: str, account: str) -> None:
    """Somebody was named among those who run the group and does not."""
    is_this = (roster_people.c.group == group) & (roster_people.c.account == account)
    connection.execute(delete(roster_people).where(is_this))


def read_roster(connection: Connection, group: str) -> Roster:
    """Who runs the group, the owner first."""
    stored = storable(group)
    told = connection.execute(select(rosters).where(rosters.c.group == stored)).one_or_none()
    if told is None:
        return Roster(group=group, people=_from_events(connection, stored), member_count=_counted(connection, stored),
                      told_at=None)
    query = select(roster_people.c.account, roster_people.c.role).where(roster_people.c.group == stored)
    people = connection.execute(query.order_by(roster_people.c.role.desc(), roster_people.c.account))
    return Roster(group=group, people=tuple(Runner(*row) for row in people), member_count=told.member_count,
                  told_at=told.told_at)


def _from_events(connection: Connection, group: str) -> tuple[Runner, ...]:
    """Whoever was last made owner or administrator by a `group.changed` event."""
    start = f"tie:{group}|"
    is_tied: ColumnElement[bool] = func.starts_with(facts.c.entity, start)
    if connection.dialect.name == "sqlite":
        is_tied = (facts.c.entity >= start) & (facts.c.entity < start[:-1] + chr(ord("|") + 1))
    running = {b'"owner"': "owner", b'"admin"': "admin"}
    ran = connection.execute(
        select(facts.c.entity).distinct().where(is_tied, facts.c.field == "role", facts.c.value.in_(running))
    ).scalars().all()
    latest = (
        select(facts.c.value)
        .where(facts.c.field == "role")
        .order_by(facts.c.since.desc())
        .limit(1)
    )
    found = ((name, connection.execute(latest.where(facts.c.entity == name)).scalar_one()) for name in ran)
    people = [Runner(name.removeprefix(start), running[bytes(value)]) for name, value in found if value in running]
    return tuple(sorted(people, key=lambda one: (one.role != "owner", one.account)))


def _counted(connection: Connection, group: str) -> int | None:
    query = (
        select(facts.c.value)
        .where(facts.c.entity == group, facts.c.field == "member_count")
        .order_by(facts.c.since.desc())
        .limit(1)
    )
    value = connection.execute(query).scalar_one_or_none()
    return None if value is None else msgspec.json.decode(value, type=int | None)
