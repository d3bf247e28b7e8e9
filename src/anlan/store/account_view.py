"""What staff see of one account: everything that happened to it, its open cases, and who else uses its devices."""

from collections.abc import Sequence

import msgspec
from sqlalchemy import Connection, select, tuple_

from anlan.domain.ports import JournalView
from anlan.store.batch import storable
from anlan.store.tables import cases, decisions, events

MOST_NEIGHBOURS = 200
_CASES = 20


class Happening(msgspec.Struct, frozen=True, kw_only=True):
    """One event of an account with its latest decision; `time` is event time."""

    seq: int
    key: str
    type: str
    time: float
    verdict: str
    policy: str | None


class OpenCase(msgspec.Struct, frozen=True):
    """A case that waits for people; `opened_at` is wall-clock seconds."""

    id: str
    kind: str
    opened_at: float


class Neighbour(msgspec.Struct, frozen=True):
    """Another account that signed in on a device; `device` is the secret by which events name it."""

    device: str
    account: str
    sign_ins: int


def happenings(
    connection: Connection, account: str, types: Sequence[str], before_seq: int | None, limit: int
) -> list[Happening]:
    """What `account:<id>` did, or what was done to it, of these types, the latest first by event time.

    Args:
        before_seq: only what comes after this one on the list.
    """
    later = decisions.alias()
    is_latest = ~select(later.c.event_seq).where(
        later.c.event_seq == decisions.c.event_seq, later.c.pass_number > decisions.c.pass_number
    ).exists()
    columns = [(decisions if name in ("verdict", "policy") else events).c[name] for name in Happening.__struct_fields__]
    query = (
        select(*columns).join(decisions, decisions.c.event_seq == events.c.seq)
        .where(events.c.actor == storable(account), events.c.type.in_(types), is_latest)
    )
    if before_seq is not None:
        last_shown = select(events.c.time, events.c.seq).where(events.c.seq == before_seq).scalar_subquery()
        query = query.where(tuple_(events.c.time, events.c.seq) < last_shown)
    rows = connection.execute(query.order_by(events.c.time.desc(), events.c.seq.desc()).limit(limit))
    return [Happening(**row._mapping) for row in rows]


def open_cases_of(connection: Connection, account: str) -> list[OpenCase]:
    """Cases about `account:<id>` that wait for people, oldest first."""
    query = select(cases.c.id, cases.c.kind, cases.c.opened_at)
    query = query.where(cases.c.target == storable(account), cases.c.state == "open")
    return [OpenCase(*row) for row in connection.execute(query.order_by(cases.c.opened_at).limit(_CASES))]


def neighbours(view: JournalView, account: str, since: float, device: str = "") -> list[Neighbour]:
    """Who else signed in since `since` on devices on which the account (its id) did, or on `device`; the most first."""
    relation = view.relation(since)
    logins = f"SELECT device, account FROM {relation} WHERE _type = 'account.login' AND result = 'success'"
    sql = (
        f"WITH logins AS ({logins}), own AS (SELECT DISTINCT device FROM logins WHERE account = ? OR device = ?) "
        "SELECT device, account, count(*) FROM logins JOIN own USING (device) WHERE account <> ? "
        f"GROUP BY device, account ORDER BY 3 DESC, 2 LIMIT {MOST_NEIGHBOURS:d}"
    )
    return [Neighbour(*row) for row in view.run(sql, (account, device, account))]
