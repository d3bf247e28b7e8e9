"""What is known of an account for its recovery: what the platform registered, and what the journal has seen.

What is younger than `SETTLED_S` is left out: a thief who is inside may have taught it.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, delete, func, insert, select, update

from anlan.domain.claims import ValueClass
from anlan.domain.places import network_of
from anlan.domain.recovery_answers import Known, Payment, Registered, normalised
from anlan.domain.vouching import Candidate
from anlan.store.batch import storable
from anlan.store.journal import StoredEvent, event_columns, last_seq, stored_event
from anlan.store.marks import RECOVERY_TRACES, raise_mark, read_mark
from anlan.store.recovery import lock_account
from anlan.store.tables import containments, events, facts, recovery_accounts, recovery_traces, sanctions
from anlan.store.vault import Codec, Vault

DAY_S = 86_400.0
YEAR_S = 365.25 * DAY_S
SETTLED_S = 7 * DAY_S
SHAKEN_S = 30 * DAY_S
MAX_TRACES = 40
"""Of one kind to an account; the newest stay."""
KEPT_TRACES_YEARS = 5.0
ROUND_EVENTS = 2_000
DECOYS_AMONG = 20
"""So many accounts, those told of last, are looked through for a digest of a password."""

_registered = msgspec.json.Decoder(Registered).decode


class _Trace(msgspec.Struct, frozen=True):
    """What an event leaves: names of a group, or an amount."""

    names: tuple[str, ...] = ()
    amount_minor: int = 0


class _Said(msgspec.Struct, frozen=True):
    change: str = ""
    group: str = ""
    group_name: str | None = None
    amount_minor: int = 0


_trace = msgspec.json.Decoder(_Trace).decode
_said = msgspec.json.Decoder(_Said).decode


def register(
    connection: Connection, vault: Vault, account: str, value_class: ValueClass, told: Registered, by: str, now: float
) -> None:
    """Take over what the platform tells of an account; all that it told before is replaced."""
    lock_account(connection, account)
    sealed = vault.seal(msgspec.json.encode(told), _context(account))
    row = update(recovery_accounts).where(recovery_accounts.c.account == storable(account))
    connection.execute(row.values(value_class=value_class, sealed=sealed, told_at=now, told_by=by))


def read_registered(connection: Connection, vault: Vault, account: str) -> tuple[ValueClass, Registered | None]:
    """What `register` was told; `ordinary` and None of an account of which nothing was."""
    query = select(recovery_accounts.c.value_class, recovery_accounts.c.sealed)
    row = connection.execute(query.where(recovery_accounts.c.account == storable(account))).one_or_none()
    if row is None or row.sealed is None:
        return (row.value_class if row else "ordinary"), None
    return row.value_class, _registered(vault.open(row.sealed, _context(account)))


def _decoy(connection: Connection, vault: Vault) -> str | None:
    """A digest of the account that was told of last with one; claimants' words meet it where their account has none."""
    table = recovery_accounts.c
    told = select(table.account, table.sealed).where(table.told_at.is_not(None)).order_by(table.told_at.desc())
    for account, sealed in connection.execute(told.limit(DECOYS_AMONG)):
        if sealed is not None and (passwords := _registered(vault.open(sealed, _context(account))).passwords):
            return passwords[0].digest
    return None


def watch(connection: Connection, account: str, until: float) -> None:
    """The account was given back; it is not yet trusted."""
    row = update(recovery_accounts).where(recovery_accounts.c.account == storable(account))
    connection.execute(row.values(watched_until=until))


def watched_until(connection: Connection, account: str) -> float | None:
    """Until when an account is under watch after it was given back; None if it never was."""
    query = select(recovery_accounts.c.watched_until).where(recovery_accounts.c.account == storable(account))
    return connection.execute(query).scalar_one_or_none()


def known_of(connection: Connection, codec: Codec, vault: Vault, account: str, now: float) -> Known:
    """What answers about an account are compared with."""
    _, told = read_registered(connection, vault, account)
    told = told or Registered()
    seen = [value for _, value in versions_of(connection, codec, account, "sign_in", now - SETTLED_S)]
    first = next((at for _, at in versions_of(connection, codec, account, "registered_at", now)), None)
    groups, payments = _traces_of(connection, vault, account, now - SETTLED_S)
    friends = _friends_since(connection, codec, account, now)
    settled = frozenset(normalised(name.removeprefix("account:")) for name, at in friends if at <= now - SHAKEN_S)
    return Known(
        registered_at=told.registered_at if told.registered_at is not None else first, city=told.city,
        inviter=told.inviter, nickname=told.nickname, contacts=settled or None,
        groups=frozenset(normalised(name) for name in groups) or None, payments=tuple(payments) or None,
        passwords=told.passwords, phones=told.phones, mails=told.mails,
        networks=frozenset(net for value in seen if value.get("ip") and (net := network_of(value["ip"]))),
        clients=frozenset(value["agent"] for value in seen if value.get("agent")), decoy=_decoy(connection, vault),
    )


def dormant_years(connection: Connection, codec: Codec, account: str, now: float) -> float:
    """How long since the last sign-in, or the registration where there was none; 0 where neither is known."""
    for field in ("last_login_at", "registered_at"):
        if versions := versions_of(connection, codec, account, field, now):
            return max(now - float(versions[0][1]), 0.0) / YEAR_S
    return 0.0


def is_own_device(connection: Connection, codec: Codec, account: str, device: str, before: float) -> bool:
    """Whether the account was used with a device before then, and the device was not disowned since."""
    versions = versions_of(connection, codec, f"tie:{account}|device:{device}", "is_known", float("inf"))
    return bool(versions) and bool(versions[0][1]) and versions[-1][0] <= before


def candidate(
    connection: Connection, codec: Codec, account: str, friend: str, others: Sequence[str],
    vouched_at: Sequence[float], now: float,
) -> Candidate:
    """What decides whether a friend who was named may vouch; `others` are the other ones who were named."""
    seen = [value for _, value in versions_of(connection, codec, friend, "sign_in", now)]
    registered = next((at for _, at in versions_of(connection, codec, friend, "registered_at", now)), None)
    ties = [other for other in others if other != friend and tied_since(connection, codec, friend, other, now)]
    return Candidate(
        account=friend, friends_since=tied_since(connection, codec, account, friend, now), registered_at=registered,
        networks=frozenset(net for value in seen if value.get("ip") and (net := network_of(value["ip"]))),
        devices=frozenset(value["device"] for value in seen if value.get("device")), vouched_at=tuple(vouched_at),
        is_shaken=_is_shaken(connection, friend, now), friends=frozenset(ties),
    )


def _is_shaken(connection: Connection, account: str, now: float) -> bool:
    """Whether the account was contained, recovered or sanctioned of late, and so may be in other hands."""
    contained = select(containments.c.id).where(
        containments.c.account == storable(account), containments.c.opened_at >= now - SHAKEN_S
    )
    sanctioned = select(sanctions.c.id).where(sanctions.c.target == storable(account), sanctions.c.state == "in_force")
    if any(connection.execute(query.limit(1)).first() for query in (contained, sanctioned)):
        return True
    until = watched_until(connection, account)
    return until is not None and until > now - SHAKEN_S


def tied_since(connection: Connection, codec: Codec, account: str, other: str, now: float) -> float | None:
    """Since when the two are friends; None when they are not."""
    versions = versions_of(connection, codec, f"tie:{account}|{other}", "friends_since", now)
    return None if not versions or versions[0][1] is None else float(versions[0][1])


def _friends_since(connection: Connection, codec: Codec, account: str, now: float) -> list[tuple[str, float]]:
    """(friend, since) of everybody who is a friend now."""
    start = storable(f"tie:{account}|")
    query = select(facts.c.entity, facts.c.value).where(
        facts.c.entity >= start, facts.c.entity < start + "\U0010ffff", facts.c.field == "friends_since",
        facts.c.since <= now,
    )
    newest = dict[str, Any]()
    for row in connection.execute(query.order_by(facts.c.entity, facts.c.since)):
        newest[row.entity] = codec.open_value(bytes(row.value), row.entity, "friends_since")
    return [(name[len(start):], float(since)) for name, since in newest.items() if since is not None]


def versions_of(connection: Connection, codec: Codec, entity: str, field: str, until: float) -> list[tuple[float, Any]]:
    """(since, value) of a field, newest first, 16 at most."""
    query = select(facts.c.since, facts.c.value).where(
        facts.c.entity == storable(entity), facts.c.field == field, facts.c.since <= min(until, 1e15)
    )
    rows = connection.execute(query.order_by(facts.c.since.desc()).limit(16))
    return [(row.since, codec.open_value(bytes(row.value), entity, field)) for row in rows]


def _traces_of(
    connection: Connection, vault: Vault, account: str, before: float
) -> tuple[list[str], list[Payment]]:
    query = select(recovery_traces.c.kind, recovery_traces.c.at, recovery_traces.c.sealed).where(
        recovery_traces.c.account == storable(account), recovery_traces.c.at <= before
    )
    groups, payments = list[str](), list[Payment]()
    for row in connection.execute(query):
        trace = _trace(vault.open(row.sealed, _context(account)))
        if row.kind == "group":
            groups += trace.names
        else:
            payments.append(Payment(trace.amount_minor, row.at))
    return groups, payments


def events_to_trace(connection: Connection, codec: Codec) -> tuple[list[StoredEvent], int]:
    """Events since the last round that an owner may remember, and how far that reaches; 0 for no further."""
    newest, done = last_seq(connection), read_mark(connection, RECOVERY_TRACES)
    if newest <= done:
        return [], 0
    query = select(*event_columns()).where(
        events.c.seq > done, events.c.seq <= newest,
        events.c.type.in_(("group.changed", "payment.initiated")),
    )
    found = connection.execute(query.order_by(events.c.seq).limit(ROUND_EVENTS)).all()
    reached = found[-1].seq if len(found) == ROUND_EVENTS else newest
    return [stored_event(row, codec) for row in found], reached


def keep_traces(connection: Connection, vault: Vault, found: Iterable[StoredEvent], reached: int) -> int:
    """Keep what events leave, each once; returns how many. Only `MAX_TRACES` of a kind stay to an account."""
    done = raise_mark(connection, RECOVERY_TRACES, 0)
    if done >= reached:
        return 0
    raise_mark(connection, RECOVERY_TRACES, reached - done)
    rows = [row for event in found if event.seq > done and (row := _trace_row(vault, event)) is not None]
    if rows:
        connection.execute(insert(recovery_traces), rows)
    for account, kind in {(row["account"], row["kind"]) for row in rows}:
        _trim(connection, account, kind)
    return len(rows)


def _trace_row(vault: Vault, event: StoredEvent) -> dict[str, Any] | None:
    said, is_payment = _said(event.data), event.type == "payment.initiated"
    if not is_payment and said.change != "created":
        return None
    names = tuple(name for name in (said.group, said.group_name) if name)
    trace = _Trace(amount_minor=said.amount_minor) if is_payment else _Trace(names=names)
    return {
        "seq": event.seq, "account": storable(event.actor), "kind": "payment" if is_payment else "group",
        "at": event.time, "sealed": vault.seal(msgspec.json.encode(trace), _context(event.actor)),
    }


def _trim(connection: Connection, account: str, kind: str) -> None:
    of_account = (recovery_traces.c.account == account) & (recovery_traces.c.kind == kind)
    counted = select(func.count()).select_from(recovery_traces).where(of_account)
    if connection.execute(counted).scalar_one() <= MAX_TRACES:
        return
    kept = select(recovery_traces.c.seq).where(of_account).order_by(recovery_traces.c.at.desc()).limit(MAX_TRACES)
    newest = connection.execute(kept).scalars().all()
    connection.execute(delete(recovery_traces).where(of_account, recovery_traces.c.seq.not_in(newest)))


def forget_traces(connection: Connection, now: float, limit: int) -> int:
    """Remove at most `limit` traces that are older than `KEPT_TRACES_YEARS`; returns how many."""
    is_over = recovery_traces.c.at < now - KEPT_TRACES_YEARS * YEAR_S
    old = connection.execute(select(recovery_traces.c.seq).where(is_over).limit(limit)).scalars().all()
    return connection.execute(delete(recovery_traces).where(recovery_traces.c.seq.in_(old))).rowcount


def _context(account: str) -> bytes:
    return f"recovery:{account}".encode()
