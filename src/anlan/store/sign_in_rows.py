"""Writes what owners see of their sign-ins, so much of each account at most, and forgets it when its time is over."""

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

import msgspec
from sqlalchemy import (
    ColumnElement,
    Connection,
    Delete,
    Table,
    bindparam,
    case,
    delete,
    exists,
    func,
    insert,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from anlan.domain.sign_ins import HOUR_S, MORE_NETWORKS, DeviceState, device_name, session_name
from anlan.store.batch import storable
from anlan.store.members import end_sessions_from, end_sessions_from_others
from anlan.store.sign_ins import Failure, SignIn, sign_in_context
from anlan.store.tables import (
    account_devices,
    account_sessions,
    account_standings,
    sign_in_failures,
    sign_in_reminders,
    sign_ins,
)
from anlan.store.vault import Vault

MAX_SIGN_INS, MAX_DEVICES, MAX_SESSIONS = 200, 50, 100
"""Kept of one account; the oldest go first."""
MAX_NETWORKS = 50
"""Networks that are told apart within an hour of one account's failures."""


def add_sign_in(connection: Connection, vault: Vault, new: SignIn) -> None:
    """Keep a sign-in; beyond `MAX_SIGN_INS` of the account the oldest goes."""
    row = {name: getattr(new, name) for name in SignIn.__struct_fields__ if name != "particulars"}
    sealed = vault.seal(msgspec.json.encode(new.particulars), sign_in_context(new.seq))
    account = storable(new.account)
    connection.execute(_ADD_SIGN_IN, row | {"account": account, "sealed": sealed})
    connection.execute(_CUT_SIGN_INS, {"of": account})


def admit(connection: Connection, seq: int) -> bool:
    """Note that somebody who was asked for more has shown it; False when they had before."""
    waiting = update(sign_ins).where(sign_ins.c.seq == seq, sign_ins.c.state != "entered")
    return connection.execute(waiting.values(state="entered")).rowcount == 1


def give_up(connection: Connection, seq: int) -> bool:
    """Note that somebody who was asked for more has not shown it; False when that was settled before."""
    waiting = update(sign_ins).where(sign_ins.c.seq == seq, sign_ins.c.state == "challenged")
    return connection.execute(waiting.values(state="stopped")).rowcount == 1


def add_failures(connection: Connection, failures: Iterable[Failure]) -> None:
    """Count tries with a wrong proof; past `MAX_NETWORKS` of an hour, further networks are counted together."""
    for failure in failures:
        row = {name: getattr(failure, name) for name in Failure.__struct_fields__}
        row["account"] = storable(failure.account)
        networks = connection.execute(_NETWORKS, {"of": row["account"], "at": failure.hour}).scalars().all()
        if failure.network not in networks and len(networks) >= MAX_NETWORKS:
            row |= {"network": MORE_NETWORKS, "country": None}
        connection.execute(_failure_again(connection.dialect.name), row)


@cache
def _failure_again(dialect: str) -> Any:
    new = _insert(dialect, sign_in_failures)
    return new.on_conflict_do_update(
        index_elements=["account", "hour", "network"],
        set_={"count": sign_in_failures.c.count + new.excluded.count},
    )


def hour_of(at: float) -> float:
    """When the hour of `at` began."""
    return at // HOUR_S * HOUR_S


def put_device(connection: Connection, vault: Vault, account: str, device: str, seen: SignIn) -> None:
    """Note that a device came in; one that had been taken away is known again, since it was let in."""
    name = device_name(account, device)
    row = {
        "id": name, "account": storable(account), "sealed": vault.seal(device.encode(), name.encode()),
        "client": seen.client, "country": seen.country, "first_seen_at": seen.at, "seen_at": seen.at, "state": "known",
    }
    connection.execute(_device_again(connection.dialect.name), row)
    connection.execute(_CUT_DEVICES, {"of": row["account"]})


@cache
def _device_again(dialect: str) -> Any:
    new = _insert(dialect, account_devices)
    was, now = account_devices.c, new.excluded
    is_later = now.seen_at >= was.seen_at
    return new.on_conflict_do_update(
        index_elements=["id"],
        set_={
            "seen_at": _later(was.seen_at, now.seen_at),
            "first_seen_at": _earlier(was.first_seen_at, now.first_seen_at),
            "client": case((is_later & (now.client != ""), now.client), else_=was.client),
            "country": case((is_later, now.country), else_=was.country),
            "state": case((was.state == "own", "own"), else_="known"),
        },
    )


def put_session(
    connection: Connection, vault: Vault, account: str, session: str, seen: SignIn, device_id: str | None
) -> None:
    """Note that a session began or was used again; an ended one stays ended."""
    name = session_name(account, session)
    row = {
        "id": name, "account": storable(account), "sealed": vault.seal(session.encode(), name.encode()),
        "device_id": device_id, "client": seen.client, "country": seen.country, "started_at": seen.at,
        "seen_at": seen.at, "state": "open",
    }
    connection.execute(_session_again(connection.dialect.name), row)
    connection.execute(_CUT_SESSIONS, {"of": row["account"]})


@cache
def _session_again(dialect: str) -> Any:
    new = _insert(dialect, account_sessions)
    was, now = account_sessions.c, new.excluded
    return new.on_conflict_do_update(
        index_elements=["id"],
        set_={
            "seen_at": _later(was.seen_at, now.seen_at), "started_at": _earlier(was.started_at, now.started_at),
            "client": case((now.client != "", now.client), else_=was.client),
            "country": func.coalesce(now.country, was.country),
            "device_id": func.coalesce(now.device_id, was.device_id),
        },
    )


def mark_device(connection: Connection, device_id: str, state: DeviceState, among: Sequence[DeviceState]) -> bool:
    """Move a device into `state` from one of `among`; False when it is not there."""
    there = update(account_devices).where(account_devices.c.id == device_id, account_devices.c.state.in_(among))
    return connection.execute(there.values(state=state)).rowcount == 1


def mark_ending(connection: Connection, account: str, session_ids: Sequence[str]) -> list[str]:
    """Note that the platform is asked to end sessions; returns those of `session_ids` that were open.

    What members opened their pages with from there ends at once.
    """
    end_sessions_from(connection, account, session_ids)
    is_open = (
        account_sessions.c.account == storable(account), account_sessions.c.id.in_(session_ids),
        account_sessions.c.state == "open",
    )
    return list(connection.execute(
        update(account_sessions).where(*is_open).values(state="ending").returning(account_sessions.c.id)
    ).scalars())


def mark_ended(connection: Connection, account: str, session_ids: Sequence[str], at: float) -> int:
    """Note that sessions ended, with what members opened from there; returns how many had not before."""
    end_sessions_from(connection, account, session_ids)
    is_this = (account_sessions.c.account == storable(account), account_sessions.c.id.in_(session_ids))
    going = update(account_sessions).where(*is_this, account_sessions.c.state != "ended")
    return connection.execute(going.values(state="ended", ended_at=at)).rowcount


def mark_others_ended(connection: Connection, account: str, kept_id: str, at: float) -> int:
    """Note that every session but one ended that had begun by `at`, with what members opened from there."""
    end_sessions_from_others(connection, account, kept_id, at)
    others = update(account_sessions).where(
        account_sessions.c.account == storable(account), account_sessions.c.id != kept_id,
        account_sessions.c.state != "ended", account_sessions.c.started_at <= at,
    )
    return connection.execute(others.values(state="ended", ended_at=at)).rowcount


def put_standing(connection: Connection, account: str, **known: float | bool | None) -> None:
    """Keep what the platform told of how an account is secured; the columns that are not named stay."""
    new = _insert(connection.dialect.name, account_standings).values(account=storable(account), **known)
    connection.execute(new.on_conflict_do_update(index_elements=["account"], set_=known))


class Before(msgspec.Struct, frozen=True):
    """Whether an account had signed in before, with this device, and from this country."""

    has_any: bool
    has_device: bool
    has_country: bool


def before(connection: Connection, new: SignIn) -> Before:
    """What is kept of the account beside `new`; without a device's name, its client speaks for it."""
    asked = {
        "of": storable(new.account), "this": new.seq, "device": new.device_id, "client": new.client,
        "country": new.country,
    }
    found = connection.execute(_BEFORE_BY_DEVICE if new.device_id else _BEFORE_BY_CLIENT, asked).one()
    return Before(found[0], found[1], found[2] or new.country is None)


def forget_sign_ins(connection: Connection, older: float, limit: int) -> int:
    """Delete what has not been touched since `older` (epoch seconds), `limit` rows of each kind; returns how many."""
    ended = account_sessions.c.seen_at
    return sum((
        _forget(connection, sign_ins, (sign_ins.c.seq,), sign_ins.c.at < older, limit),
        _forget(connection, sign_in_reminders, (sign_in_reminders.c.id,), sign_in_reminders.c.made_at < older, limit),
        _forget(connection, account_devices, (account_devices.c.id,), account_devices.c.seen_at < older, limit),
        _forget(connection, account_sessions, (account_sessions.c.id,), ended < older, limit),
        _forget(
            connection, sign_in_failures, tuple(sign_in_failures.primary_key), sign_in_failures.c.hour < older, limit
        ),
    ))


def _forget(
    connection: Connection, table: Table, key: Sequence[Any], is_old: ColumnElement[bool], limit: int
) -> int:
    old = [tuple(row) for row in connection.execute(select(*key).where(is_old).limit(limit))]
    if old:
        connection.execute(delete(table).where(tuple_(*key).in_(old)))
    return len(old)


def _insert(dialect: str, table: Table) -> Any:
    return (sqlite if dialect == "sqlite" else postgresql).insert(table)


def _cut(table: Table, order: Sequence[Any], most: int) -> Delete:
    """Deletes what comes after the first `most` rows of the account `of`."""
    key, mine = next(iter(table.primary_key)), table.c.account == bindparam("of")
    kept = select(key).where(mine).order_by(*order).limit(most)
    return delete(table).where(mine, key.not_in(kept))


# Built once: building a statement costs more than running it.
_ADD_SIGN_IN = insert(sign_ins)
_CUT_SIGN_INS = _cut(sign_ins, [sign_ins.c.seq.desc()], MAX_SIGN_INS)
_CUT_DEVICES = _cut(account_devices, [account_devices.c.seen_at.desc(), account_devices.c.id], MAX_DEVICES)
_CUT_SESSIONS = _cut(account_sessions, [account_sessions.c.seen_at.desc(), account_sessions.c.id], MAX_SESSIONS)
_NETWORKS = select(sign_in_failures.c.network).where(
    sign_in_failures.c.account == bindparam("of"), sign_in_failures.c.hour == bindparam("at")
)
_ENTERED = (
    sign_ins.c.account == bindparam("of"), sign_ins.c.state == "entered", sign_ins.c.seq != bindparam("this"),
)
_HAS_DEVICE = exists().where(
    account_devices.c.id == bindparam("device"), account_devices.c.state.in_(("known", "own"))
)
_HAS_CLIENT = exists().where(*_ENTERED, sign_ins.c.client == bindparam("client"))
_HAS_COUNTRY = exists().where(*_ENTERED, sign_ins.c.country == bindparam("country"))
_BEFORE_BY_DEVICE = select(exists().where(*_ENTERED), _HAS_DEVICE, _HAS_COUNTRY)
_BEFORE_BY_CLIENT = select(exists().where(*_ENTERED), _HAS_CLIENT, _HAS_COUNTRY)


def _later(was: Any, now: Any) -> ColumnElement[float]:
    return case((now > was, now), else_=was)


def _earlier(was: Any, now: Any) -> ColumnElement[float]:
    return case((now < was, now), else_=was)
