"""What staff must hear about: kept for the console, and sent once to the endpoints that take `staff.*`."""

from collections.abc import Callable, Iterable

import msgspec
from sqlalchemy import Connection, Table, select, update
from sqlalchemy.dialects import postgresql, sqlite

from anlan.domain.facts import StaffNotice
from anlan.domain.messages import outgoing_notice
from anlan.store.outbox import put
from anlan.store.tables import staff_notices

_INSERT: dict[str, Callable[[Table], postgresql.Insert | sqlite.Insert]] = {
    "postgresql": postgresql.insert,
    "sqlite": sqlite.insert,
}


def tell_staff(connection: Connection, notices: Iterable[StaffNotice], now: float) -> int:
    """Keep and send the notices whose id is new; the others have been told already. Returns how many were new."""
    fresh = [notice for notice in notices if _keep(connection, notice)]
    put(connection, [outgoing_notice(notice) for notice in fresh], now)
    return len(fresh)


def _keep(connection: Connection, notice: StaffNotice) -> bool:
    row = _INSERT[connection.dialect.name](staff_notices).values(
        id=notice.id, at=notice.at, kind=notice.kind, subject=notice.subject, body=msgspec.json.encode(notice.details)
    )
    return connection.execute(row.on_conflict_do_nothing().returning(staff_notices.c.id)).first() is not None


def latest_notices(connection: Connection, limit: int = 100, *, unseen_only: bool = False) -> list[StaffNotice]:
    """Notices, newest first."""
    query = select(staff_notices).order_by(staff_notices.c.at.desc()).limit(limit)
    if unseen_only:
        query = query.where(staff_notices.c.seen_by.is_(None))
    return [
        StaffNotice(id=row.id, at=row.at, kind=row.kind, subject=row.subject, details=msgspec.json.decode(row.body))
        for row in connection.execute(query)
    ]


def mark_seen(connection: Connection, notice_id: str, staff_name: str) -> bool:
    """Note who saw a notice first; False when it does not exist or somebody else was first."""
    seen = connection.execute(
        update(staff_notices)
        .where(staff_notices.c.id == notice_id, staff_notices.c.seen_by.is_(None))
        .values(seen_by=staff_name)
    )
    return seen.rowcount == 1
