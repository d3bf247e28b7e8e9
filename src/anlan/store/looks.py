"""Who looked at what is kept of one member, out of the audit log; names stay there, members read roles."""

from collections.abc import Collection, Sequence
from string import hexdigits

import msgspec
from sqlalchemy import Connection, func, select

from anlan.domain.privacy import LATER_S, LOOKS
from anlan.store.batch import storable
from anlan.store.tables import audit, events, staff

SEARCHED = 50_000
"""So far back the audit log is searched for looks at one member's events, which it names by their keys alone."""
MOST_KEYS = 5_000

_LATER = tuple(act for act, look in LOOKS.items() if look.is_later)
_AT_ONCE = tuple(act for act, look in LOOKS.items() if not look.is_later)


class Looked(msgspec.Struct, frozen=True, kw_only=True):
    """One look, in wall-clock seconds.

    Attributes:
        roles: of the person today; empty for somebody who has none any more.
        by: `staff`, `platform` (an API key) or `operator` (who runs Anlan).
    """

    at: float
    act: str
    by: str
    roles: tuple[str, ...] = ()


def looks_at(connection: Connection, account: str, own: Collection[str], now: float, limit: int = 50) -> list[Looked]:
    """Looks at `account:<id>`, at its events and at what it handed in, newest first.

    Args:
        own: ids of appeals, applications, claims, containments and cases that are the member's own.
    """
    subjects = [storable(account), *own, *_own_events(connection, account)]
    is_told = audit.c.act.in_(_AT_ONCE) | (audit.c.act.in_(_LATER) & (audit.c.at < now - LATER_S))
    query = select(audit.c.at, audit.c.act, audit.c.actor).where(audit.c.subject.in_(subjects), is_told)
    rows = connection.execute(query.order_by(audit.c.seq.desc()).limit(limit)).all()
    found = select(staff.c.name, staff.c.roles).where(staff.c.name.in_([_name(row.actor) for row in rows]))
    roles = {name: tuple(filter(None, held.split(","))) for name, held in connection.execute(found)}
    return [
        Looked(at=row.at, act=row.act, by=_side(row.actor), roles=roles.get(_name(row.actor), ())) for row in rows
    ]


def count_acts(connection: Connection, subject: str, act: str, since: float) -> int:
    """How often the audit log notes `act` on `subject` after `since` (wall clock)."""
    query = select(func.count()).select_from(audit)
    query = query.where(audit.c.subject == storable(subject), audit.c.act == act, audit.c.at > since)
    return int(connection.execute(query).scalar_one())


def _own_events(connection: Connection, account: str) -> list[str]:
    """Subjects by which the audit log names events of this account that somebody looked at lately."""
    newest = connection.execute(select(func.max(audit.c.seq))).scalar_one() or 0
    lately = select(audit.c.subject).where(audit.c.seq > newest - SEARCHED, audit.c.act.in_(_LATER))
    lately = lately.order_by(audit.c.seq.desc()).limit(MOST_KEYS)
    keys = {subject.removeprefix("event:") for subject in connection.execute(lately).scalars()}
    mine: Sequence[str] = connection.execute(
        select(events.c.key).where(events.c.key.in_(list(filter(_is_key, keys))), events.c.actor == storable(account))
    ).scalars().all()
    return [f"event:{key}" for key in mine]


def _is_key(text: str) -> bool:
    return len(text) == 32 and set(text) <= set(hexdigits)


def _name(actor: str) -> str:
    return actor.removeprefix("staff:") if actor.startswith("staff:") else ""


def _side(actor: str) -> str:
    return {"staff": "staff", "key": "platform"}.get(actor.partition(":")[0], "operator")
