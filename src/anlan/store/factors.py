"""Factors of accounts as they are kept: secrets sealed, codes as digests, and what counts once counted once."""

import math
import secrets
from collections.abc import Sequence
from hashlib import sha256

import msgspec
from sqlalchemy import ColumnElement, Connection, delete, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from anlan.domain.challenges import Held
from anlan.domain.factors import Channel, FactorKind, recovery_digest
from anlan.store.tables import account_channels, factor_enrolments, factors, recovery_codes
from anlan.store.vault import Vault

ENROLMENT_S = 900.0
"""How long a factor may take to be set up."""


class Factor(msgspec.Struct, frozen=True, kw_only=True):
    """A factor in force, without its secret; times are wall-clock seconds.

    Attributes:
        codes_left: of recovery codes that are not used yet; 0 for other kinds.
    """

    id: str
    kind: FactorKind
    added_at: float
    used_at: float | None
    codes_left: int


class Secret(msgspec.Struct, frozen=True, kw_only=True):
    """What is sealed of a factor.

    Attributes:
        title: what its owner calls it.
        totp: base32; empty for other kinds.
        credential: a passkey's id and public key, as WebAuthn packs them; empty for other kinds.
    """

    title: str = ""
    totp: str = ""
    credential: bytes = b""


_secret = msgspec.json.Decoder(Secret).decode


def factors_of(connection: Connection, account: str) -> list[Factor]:
    """Those in force, in the order in which they were added."""
    left = (
        select(func.count()).select_from(recovery_codes)
        .where(recovery_codes.c.factor_id == factors.c.id, recovery_codes.c.used_at.is_(None))
        .scalar_subquery()
    )
    query = select(factors.c.id, factors.c.kind, factors.c.added_at, factors.c.used_at, left.label("codes_left"))
    rows = connection.execute(query.where(*_in_force(account)).order_by(factors.c.added_at, factors.c.id))
    return [Factor(**row._mapping) for row in rows]


def secrets_of(
    connection: Connection, vault: Vault, account: str, before: float = math.inf
) -> dict[str, Secret]:
    """The secret of every factor in force that was added before `before`, by the factor's id."""
    query = select(factors.c.id, factors.c.sealed).where(*_in_force(account)).order_by(factors.c.added_at)
    rows = [row for row in connection.execute(query.add_columns(factors.c.added_at)) if row.added_at < before]
    return {row.id: _secret(vault.open(row.sealed, _context(row.id))) for row in rows}


def _in_force(account: str) -> tuple[ColumnElement[bool], ...]:
    return factors.c.account == account, factors.c.ended_at.is_(None), factors.c.suspended_by.is_(None)


def held_by(connection: Connection, account: str, before: float = math.inf) -> Held:
    """What the account can prove itself by.

    Args:
        before: leaves out what was added or changed since then, because a thief may have done it.
    """
    kinds = {
        one.kind for one in factors_of(connection, account)
        if one.added_at < before and (one.kind != "recovery_codes" or one.codes_left)
    }
    query = select(account_channels.c.channel).where(_bound(account, before))
    return Held(kinds=frozenset(kinds), channels=frozenset(connection.execute(query).scalars()))


def add_factor(
    connection: Connection, vault: Vault, account: str, kind: FactorKind, secret: Secret, now: float,
    step: int | None = None, credential_id: bytes | None = None, sign_count: int | None = None,
) -> str | None:
    """The new factor's id; None when the account has one of a kind that it can have once, or the passkey is known.

    Args:
        step: of the code by which an authenticator was confirmed; it counts as used.
        credential_id, sign_count: as a passkey told them when it was made.
    """
    name = f"fac_{secrets.token_hex(12)}"
    digest = None if credential_id is None else sha256(credential_id).hexdigest()
    row = {
        "id": name, "account": account, "kind": kind, "sealed": vault.seal(msgspec.json.encode(secret), _context(name)),
        "credential_digest": digest, "used_step": step, "sign_count": sign_count, "added_at": now,
    }
    new = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    made = new(factors).values(row).on_conflict_do_nothing().returning(factors.c.id)
    return connection.execute(made).scalar_one_or_none()


def end_factor(connection: Connection, account: str, factor_id: str, by: str, because: str, now: float) -> str | None:
    """Take a factor out of force and forget its secret; its kind, or None when the account has no such factor."""
    ended = connection.execute(
        update(factors)
        .where(factors.c.id == factor_id, factors.c.account == account, factors.c.ended_at.is_(None))
        .values(ended_at=now, ended_by=by, ended_because=because, sealed=None, credential_digest=None)
        .returning(factors.c.kind)
    ).scalar_one_or_none()
    if ended == "recovery_codes":
        connection.execute(delete(recovery_codes).where(recovery_codes.c.factor_id == factor_id))
    return ended


def suspend_factors(connection: Connection, account: str, since: float, containment_id: str) -> list[str]:
    """Take no more what was added at `since` or later, until the containment is over; returns the kinds."""
    suspended = connection.execute(
        update(factors).where(*_in_force(account), factors.c.added_at >= since)
        .values(suspended_by=containment_id)
        .returning(factors.c.kind)
    )
    return list(suspended.scalars())


def suspended_factors(connection: Connection, containment_id: str) -> list[tuple[str, FactorKind]]:
    """(id, kind) of what a containment suspended, oldest first."""
    query = select(factors.c.id, factors.c.kind).where(
        factors.c.suspended_by == containment_id, factors.c.ended_at.is_(None)
    )
    return [(row.id, row.kind) for row in connection.execute(query.order_by(factors.c.added_at))]


def resume_factor(connection: Connection, factor_id: str) -> None:
    """Take it again; the caller has made sure that nothing of its kind came in its place."""
    connection.execute(update(factors).where(factors.c.id == factor_id).values(suspended_by=None))


def forget_factors(connection: Connection, before: float, limit: int) -> int:
    """Delete factors over before `before`, enrolments never finished, and former channels; returns how many rows."""
    old = select(factors.c.id).where(factors.c.ended_at < before).limit(limit)
    names = connection.execute(old).scalars().all()
    connection.execute(delete(factors).where(factors.c.id.in_(names)))
    stale = connection.execute(delete(factor_enrolments).where(factor_enrolments.c.expires_at <= before))
    former = connection.execute(delete(account_channels).where(account_channels.c.until < before))
    return len(names) + stale.rowcount + former.rowcount


def take_step(connection: Connection, factor_id: str, step: int, now: float) -> bool:
    """Use up the code of a time step; False when that or a later one was used before."""
    taken = connection.execute(
        update(factors)
        .where(factors.c.id == factor_id, factors.c.ended_at.is_(None), factors.c.suspended_by.is_(None))
        .where(factors.c.used_step.is_(None) | (factors.c.used_step < step))
        .values(used_step=step, used_at=now)
    )
    return taken.rowcount == 1


def take_count(connection: Connection, factor_id: str, count: int, now: float) -> bool:
    """Note how often a passkey says it has signed; False when it should have said more: there are two of it."""
    is_growing = factors.c.sign_count < count
    if count == 0:  # passkeys that are kept in a cloud do not count at all
        is_growing = factors.c.sign_count == 0
    taken = connection.execute(
        update(factors)
        .where(factors.c.id == factor_id, factors.c.ended_at.is_(None), factors.c.suspended_by.is_(None), is_growing)
        .values(sign_count=count, used_at=now)
    )
    return taken.rowcount == 1


def add_recovery_codes(connection: Connection, factor_id: str, codes: Sequence[str]) -> None:
    """Keep the digests of a fresh set."""
    rows = [{"factor_id": factor_id, "code_hash": recovery_digest(factor_id, code)} for code in codes]
    connection.execute(insert(recovery_codes), rows)


def take_recovery_code(connection: Connection, factor_id: str, code: str, now: float) -> bool:
    """Use up a code; False when it is none of this set, or was used before."""
    taken = connection.execute(
        update(recovery_codes)
        .where(recovery_codes.c.factor_id == factor_id, recovery_codes.c.used_at.is_(None))
        .where(recovery_codes.c.code_hash == recovery_digest(factor_id, code))
        .values(used_at=now)
    )
    if taken.rowcount == 1:
        connection.execute(update(factors).where(factors.c.id == factor_id).values(used_at=now))
    return taken.rowcount == 1


def begin_enrolment(
    connection: Connection, vault: Vault, account: str, kind: FactorKind, state: bytes, now: float
) -> str:
    """Keep what was made for a factor that is being set up; returns the enrolment's name. What is too old goes."""
    connection.execute(delete(factor_enrolments).where(factor_enrolments.c.expires_at <= now))
    name = f"enr_{secrets.token_hex(12)}"
    row = {
        "id": name, "account": account, "kind": kind, "sealed": vault.seal(state, _context(name)),
        "expires_at": now + ENROLMENT_S,
    }
    connection.execute(insert(factor_enrolments), row)
    return name


def read_enrolment(connection: Connection, vault: Vault, account: str, enrolment_id: str, now: float) -> bytes | None:
    """What was kept for it, while it can still be finished."""
    query = select(factor_enrolments.c.sealed).where(
        factor_enrolments.c.id == enrolment_id, factor_enrolments.c.account == account,
        factor_enrolments.c.expires_at > now,
    )
    sealed = connection.execute(query).scalar_one_or_none()
    return None if sealed is None else vault.open(sealed, _context(enrolment_id))


def end_enrolment(connection: Connection, enrolment_id: str) -> bool:
    """Finish it; False when somebody else just did."""
    gone = connection.execute(delete(factor_enrolments).where(factor_enrolments.c.id == enrolment_id))
    return gone.rowcount == 1


def tell_channels(
    connection: Connection, vault: Vault, account: str, hints: dict[Channel, str], now: float
) -> None:
    """Keep where the platform can send codes to, and since when it is these addresses, going by the hints."""
    known = hints_of(connection, vault, account)
    over = [channel for channel, hint in known.items() if hints.get(channel) != hint]
    present = (account_channels.c.account == account) & account_channels.c.until.is_(None)
    connection.execute(
        update(account_channels).where(present, account_channels.c.channel.in_(over)).values(until=now)
    )
    new = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    for channel, hint in hints.items():
        if known.get(channel) != hint:
            sealed = vault.seal(hint.encode(), _channel_context(account, channel))
            row = {"account": account, "channel": channel, "hint": sealed, "since": now}
            connection.execute(new(account_channels).values(row).on_conflict_do_nothing())


def hints_of(
    connection: Connection, vault: Vault, account: str, before: float = math.inf
) -> dict[Channel, str]:
    """The channels of an account, each with the platform's masked form of its address; it may be empty.

    Args:
        before: asks for those that were bound at that time, and may have been replaced since.
    """
    query = select(account_channels.c.channel, account_channels.c.hint).where(_bound(account, before))
    return {
        row.channel: vault.open(row.hint, _channel_context(account, row.channel)).decode()
        for row in connection.execute(query.order_by(account_channels.c.channel))
    }


def _bound(account: str, before: float) -> ColumnElement[bool]:
    is_bound = (account_channels.c.account == account) & (account_channels.c.since <= before)
    return is_bound & (account_channels.c.until.is_(None) | (account_channels.c.until > before))


def _context(name: str) -> bytes:
    return b"factor:" + name.encode()


def _channel_context(account: str, channel: str) -> bytes:
    return f"channel:{channel}:{account}".encode()
