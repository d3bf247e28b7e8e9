"""Attacks on sign-in: attempts as the journal has them, the attack that stands, and what it touched.

At most one attack stands at a time; the database says so.
"""

import uuid
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Connection, Select, Table, case, delete, func, insert, select, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError

from anlan.domain.attacks import AttackSize, shape_of
from anlan.store.journal import last_seq
from anlan.store.marks import ATTACKS, read_mark
from anlan.store.tables import attack_accounts, attack_minutes, attack_networks, attacks, decisions, events
from anlan.store.vault import Codec

ROUND_EVENTS = 2_000
MINUTE_S = 60.0


class Attempt(msgspec.Struct, frozen=True):
    """One attempt to sign in, as it was judged.

    Attributes:
        account: `account:<id>`.
        is_free: it was simply let in, if its proof was right.
        level: of attack, as the door saw it then.
    """

    seq: int
    time: float
    account: str
    ip: str | None
    is_success: bool
    is_free: bool
    is_known: bool
    level: int
    risk: float


class Attack(msgspec.Struct, frozen=True):
    """One attack; `size` as of its latest attempt. Times as in `store.tables.attacks`."""

    id: str
    state: str
    shape: str
    began_at: float
    last_at: float
    noticed_at: float
    touched_at: float
    ended_at: float | None
    size: AttackSize


class Origin(NamedTuple):
    """Where attempts came from; None is unknown."""

    country: str | None
    asn: int | None
    networks: int
    attempts: int


class Touched(NamedTuple):
    """An account that an attack tried; `opened_at` when a right proof was let in."""

    account: str
    attempts: int
    last_at: float
    opened_at: float | None


class _Data(msgspec.Struct, frozen=True):
    account: str = ""
    result: str = "failure"
    ip: str | None = None


class _Body(msgspec.Struct, frozen=True):
    verdict: str
    signals: dict[str, Any]


_decode_data = msgspec.json.Decoder(_Data).decode
_decode_body = msgspec.json.Decoder(_Body).decode


def attempts_since_mark(connection: Connection, codec: Codec) -> tuple[list[Attempt], int]:
    """The attempts that no round has looked at, oldest first, and how far that reaches."""
    mark = read_mark(connection, ATTACKS)
    newest = last_seq(connection)
    found = _attempts(connection, codec, _ATTEMPTS.where(events.c.seq > mark, events.c.seq <= newest))
    return found, found[-1].seq if len(found) == ROUND_EVENTS else newest


def attempts_before(connection: Connection, codec: Codec, seq: int, since: float) -> list[Attempt]:
    """The last attempts before event `seq`, from event time `since` on, oldest first."""
    query = _ATTEMPTS.where(events.c.seq < seq, events.c.seq >= seq - 10 * ROUND_EVENTS, events.c.time >= since)
    return _attempts(connection, codec, query)


def _attempts(connection: Connection, codec: Codec, query: Select[*tuple[Any, ...]]) -> list[Attempt]:
    rows = connection.execute(query.order_by(events.c.seq).limit(ROUND_EVENTS)).all()
    return [_attempt(row, codec) for row in rows]


def _attempt(row: Any, codec: Codec) -> Attempt:
    said = _decode_data(codec.open_data(row.data, row.key))
    body = _decode_body(row.body)
    signals = body.signals
    return Attempt(
        row.seq, row.time, row.actor, said.ip, said.result == "success", body.verdict in ("allow", "warn"),
        bool(signals.get("login_device_is_known")), int(signals.get("login_attack_level", 0)),
        float(signals.get("login_risk", 0.0)),
    )


_ATTEMPTS: Select[*tuple[Any, ...]] = (
    select(events.c.seq, events.c.key, events.c.time, events.c.actor, events.c.data, decisions.c.body)
    .join(decisions)
    .where(events.c.type == "account.login", decisions.c.pass_number == 1)
)


def open_attack(connection: Connection, began_at: float, now: float) -> str | None:
    """A new attack's id; None when one stands already."""
    made = uuid.uuid4().hex
    counts = dict.fromkeys(AttackSize._fields, 0)
    row = {"id": made, "state": "standing", "shape": "brute_force", "began_at": began_at, "last_at": began_at,
           "noticed_at": now, "touched_at": now, **counts}
    try:
        with connection.begin_nested():
            connection.execute(insert(attacks), row)
    except IntegrityError:
        return None
    return made


def standing_attack(connection: Connection) -> Attack | None:
    """The attack that goes on."""
    row = connection.execute(select(attacks).where(attacks.c.state == "standing")).one_or_none()
    return _attack(row) if row else None


def add_attempts(
    connection: Connection, attack: str, attempts: Sequence[Attempt], networks: Mapping[str, tuple[str, Any, Any]],
    now: float,
) -> None:
    """Count attempts as part of an attack.

    Args:
        networks: by address, (network, country, autonomous system).
    """
    _add_minutes(connection, attack, attempts)
    _add_accounts(connection, attack, attempts)
    counts = Counter(networks[one.ip] for one in attempts if one.ip and one.ip in networks)
    rows = [
        {"attack": attack, "network": network, "country": country, "asn": asn, "attempts": count}
        for (network, country, asn), count in counts.items()
    ]
    _upsert(connection, attack_networks, rows, ("attempts",))
    _sum_up(connection, attack, max((one.time for one in attempts), default=0.0), now)


def _add_minutes(connection: Connection, attack: str, attempts: Iterable[Attempt]) -> None:
    minutes: dict[int, Counter[str]] = {}
    for one in attempts:
        counts = minutes.setdefault(int(one.time // MINUTE_S), Counter())
        counts.update(attempts=1, failures=not one.is_success, stopped=not one.is_free)
    rows = [
        {"attack": attack, "minute": minute, **{name: counts[name] for name in ("attempts", "failures", "stopped")}}
        for minute, counts in minutes.items()
    ]
    _upsert(connection, attack_minutes, rows, ("attempts", "failures", "stopped"))


def _add_accounts(connection: Connection, attack: str, attempts: Iterable[Attempt]) -> None:
    rows: dict[str, dict[str, Any]] = {}
    opened: dict[str, float] = {}
    for one in attempts:
        row = rows.setdefault(one.account, {"attack": attack, "account": one.account, "attempts": 0})
        row["attempts"] += 1
        row["last_at"] = one.time
        if one.is_success and one.is_free:
            opened.setdefault(one.account, one.time)
    _upsert(connection, attack_accounts, list(rows.values()), ("attempts",), ("last_at",))
    for account, at in opened.items():
        connection.execute(
            update(attack_accounts)
            .where(attack_accounts.c.attack == attack, attack_accounts.c.account == account)
            .where(attack_accounts.c.opened_at.is_(None))
            .values(opened_at=at)
        )


def _upsert(
    connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]], added: Sequence[str],
    replaced: Sequence[str] = (),
) -> None:
    if not rows:
        return
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    row = dialect.insert(table)
    changes = {name: table.c[name] + row.excluded[name] for name in added}
    changes |= {name: row.excluded[name] for name in replaced}
    statement = row.on_conflict_do_update(index_elements=list(table.primary_key.columns), set_=changes)
    connection.execute(statement, list(rows))


def _sum_up(connection: Connection, attack: str, last_at: float, now: float) -> None:
    minutes, accounts, networks = attack_minutes.c, attack_accounts.c, attack_networks.c
    tries = connection.execute(
        select(
            func.coalesce(func.sum(minutes.attempts), 0), func.coalesce(func.sum(minutes.failures), 0),
            func.coalesce(func.sum(minutes.stopped), 0),
        ).where(minutes.attack == attack)
    ).one()
    touched = connection.execute(
        select(func.count(), func.count(accounts.opened_at)).where(accounts.attack == attack)
    ).one()
    origins = connection.execute(
        select(func.count(), func.count(networks.country.distinct())).where(networks.attack == attack)
    ).one()
    size = AttackSize(*map(int, (*tries, *touched, *origins)))
    latest = case((attacks.c.last_at < last_at, last_at), else_=attacks.c.last_at)
    connection.execute(
        update(attacks)
        .where(attacks.c.id == attack)
        .values(shape=shape_of(size), last_at=latest, touched_at=now, **size._asdict())
    )


def end_attack(connection: Connection, attack: str, now: float) -> bool:
    """It is over; False when it was already."""
    ended = connection.execute(
        update(attacks).where(attacks.c.id == attack, attacks.c.state == "standing").values(state="over", ended_at=now)
    )
    return ended.rowcount == 1


def list_attacks(connection: Connection, limit: int = 100) -> list[Attack]:
    """Attacks, the latest first."""
    query = select(attacks).order_by(attacks.c.began_at.desc(), attacks.c.id).limit(limit)
    return [_attack(row) for row in connection.execute(query)]


def find_attack(connection: Connection, attack: str) -> Attack | None:
    """The attack with this id."""
    row = connection.execute(select(attacks).where(attacks.c.id == attack)).one_or_none()
    return _attack(row) if row else None


def minutes_of(connection: Connection, attack: str) -> list[tuple[float, int, int]]:
    """(event time, attempts, stopped) by minute, oldest first; minutes without attempts are left out."""
    columns = attack_minutes.c
    query = select(columns.minute, columns.attempts, columns.stopped).where(columns.attack == attack)
    return [(row[0] * MINUTE_S, row[1], row[2]) for row in connection.execute(query.order_by(columns.minute))]


def origins_of(connection: Connection, attack: str, limit: int = 20) -> list[Origin]:
    """Where most attempts came from, by country and autonomous system."""
    columns = attack_networks.c
    attempts = func.sum(columns.attempts)
    query = (
        select(columns.country, columns.asn, func.count(), attempts)
        .where(columns.attack == attack)
        .group_by(columns.country, columns.asn)
        .order_by(attempts.desc(), columns.country, columns.asn)
        .limit(limit)
    )
    return [Origin(row[0], row[1], int(row[2]), int(row[3])) for row in connection.execute(query)]


def opened_accounts(connection: Connection, attack: str, limit: int = 200) -> list[Touched]:
    """Accounts whose right proof was let in during an attack, the earliest first."""
    columns = attack_accounts.c
    query = (
        select(columns.account, columns.attempts, columns.last_at, columns.opened_at)
        .where(columns.attack == attack, columns.opened_at.is_not(None))
        .order_by(columns.opened_at, columns.account)
        .limit(limit)
    )
    return [Touched(*row) for row in connection.execute(query)]


def forget_parts(connection: Connection, before: float, limit: int) -> int:
    """Delete accounts and networks of attacks that ended before `before`; returns how many rows."""
    is_old = select(attacks.c.id).where(attacks.c.ended_at < before)
    count = 0
    for table, key in ((attack_accounts, attack_accounts.c.account), (attack_networks, attack_networks.c.network)):
        rows = connection.execute(select(table.c.attack, key).where(table.c.attack.in_(is_old)).limit(limit)).all()
        connection.execute(delete(table).where(tuple_(table.c.attack, key).in_([tuple(row) for row in rows])))
        count += len(rows)
    return count


def _attack(row: Any) -> Attack:
    size = AttackSize(*(getattr(row, name) for name in AttackSize._fields))
    return Attack(
        row.id, row.state, row.shape, row.began_at, row.last_at, row.noticed_at, row.touched_at, row.ended_at, size
    )
