"""Partners that send security event tokens to us, and every token that was taken from them, each once."""

from hashlib import sha256
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, delete, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError

from anlan.domain.security_events import ReceivedEvent
from anlan.errors import Conflict, NotFound
from anlan.store.batch import storable
from anlan.store.tables import facts, received_tokens, transmitters
from anlan.store.vault import Vault

REMEMBERED_S = 60 * 86_400.0
"""A token's name is remembered longer than any is taken, so that none is taken twice."""


class Transmitter(msgspec.Struct, frozen=True, kw_only=True):
    """One partner.

    Attributes:
        issuer: `iss` of its tokens.
        audience: `aud` of its tokens: what it calls us.
        keys: its JSON Web Key Set; None until it was fetched from `keys_url`.
        keys_at: when it was handed over or fetched last.
        token_hash: SHA-256 of what it pushes with; None if it has no token of its own.
        poll_url: where we poll, for one that does not push.
        poll_authorization: the header that a poll carries; empty for none.
    """

    id: str
    issuer: str
    audience: str
    keys: bytes | None
    keys_url: str | None
    keys_at: float
    token_hash: str | None
    poll_url: str | None
    poll_authorization: str
    added_at: float
    polled_at: float | None = None
    poll_error: str | None = None

    def __repr__(self) -> str:
        return f"Transmitter({self.id!r}, {self.issuer!r})"


class ReceivedToken(msgspec.Struct, frozen=True, kw_only=True):
    """One token as staff see it; `outcome` is an effect, or `unknown_subject`."""

    issuer: str
    jti: str
    received_at: float
    issued_at: float
    types: tuple[str, ...]
    account: str | None
    outcome: str


def add_transmitter(connection: Connection, vault: Vault, new: Transmitter) -> None:
    """Register a partner; its URLs and keys have been checked.

    Raises:
        Conflict: there is one with this issuer.
    """
    header = vault.seal(new.poll_authorization.encode(), _context(new.id)) if new.poll_authorization else None
    try:
        connection.execute(insert(transmitters), msgspec.structs.asdict(new) | {"poll_authorization": header})
    except IntegrityError as error:
        raise Conflict(f"there is a transmitter with the issuer {new.issuer} already; remove it first") from error


def all_transmitters(connection: Connection, vault: Vault) -> list[Transmitter]:
    """Every partner, the first to be registered first."""
    query = select(transmitters).order_by(transmitters.c.added_at, transmitters.c.id)
    return [_read(row, vault) for row in connection.execute(query)]


def find_by_issuer(connection: Connection, vault: Vault, issuer: str) -> Transmitter | None:
    """The partner whose tokens say `iss` so."""
    row = connection.execute(select(transmitters).where(transmitters.c.issuer == storable(issuer))).one_or_none()
    return _read(row, vault) if row else None


def find_by_token(connection: Connection, vault: Vault, token: str) -> Transmitter | None:
    """The partner that pushes with `token`."""
    query = select(transmitters).where(transmitters.c.token_hash == digest(token))
    row = connection.execute(query).one_or_none()
    return _read(row, vault) if row else None


def delete_transmitter(connection: Connection, transmitter_id: str) -> None:
    """Take nothing more from a partner; what it sent stays.

    Raises:
        NotFound: there is none by that id.
    """
    if connection.execute(delete(transmitters).where(transmitters.c.id == transmitter_id)).rowcount != 1:
        raise NotFound(f"no transmitter {transmitter_id[:64]}; list them to see their ids")


def keep_keys(connection: Connection, transmitter_id: str, keys: bytes, now: float) -> None:
    """The key set as it was just fetched."""
    changes = {"keys": keys, "keys_at": now}
    connection.execute(update(transmitters).where(transmitters.c.id == transmitter_id).values(changes))


def note_poll(connection: Connection, transmitter_id: str, now: float, error: str | None) -> None:
    """How the latest poll ended; None for well."""
    changes = {"polled_at": now, "poll_error": error}
    connection.execute(update(transmitters).where(transmitters.c.id == transmitter_id).values(changes))


def keep_received(connection: Connection, vault: Vault, event: ReceivedEvent, now: float) -> bool:
    """Write a token down; False when it was here before. Whoever is told True gives it its outcome."""
    body = msgspec.json.encode({"events": event.events, "subject": event.subject})
    row = {
        "issuer": event.issuer, "jti": event.jti, "received_at": now, "issued_at": event.issued_at,
        "types": storable(",".join(event.events)), "outcome": "keep", "body": vault.seal(body, _token_context(event)),
    }
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    kept = dialect.insert(received_tokens).values(row).on_conflict_do_nothing().returning(received_tokens.c.jti)
    return connection.execute(kept).one_or_none() is not None


def note_outcome(connection: Connection, event: ReceivedEvent, account: str | None, outcome: str) -> None:
    """Whom a kept token is about and what followed."""
    is_this = (received_tokens.c.issuer == event.issuer) & (received_tokens.c.jti == event.jti)
    connection.execute(update(received_tokens).where(is_this).values(account=account, outcome=outcome))


def is_known(connection: Connection, account: str) -> bool:
    """Whether the journal has heard of an account."""
    query = select(facts.c.entity).where(facts.c.entity == storable(account)).limit(1)
    return connection.execute(query).first() is not None


def latest_received(connection: Connection, limit: int = 50) -> list[ReceivedToken]:
    """What was taken in, the latest first."""
    columns = [received_tokens.c[name] for name in ReceivedToken.__struct_fields__]
    query = select(*columns).order_by(received_tokens.c.received_at.desc(), received_tokens.c.jti).limit(limit)
    return [
        ReceivedToken(**dict(row._mapping) | {"types": tuple(row.types.split(","))})
        for row in connection.execute(query)
    ]


def forget_received(connection: Connection, before: float, limit: int, now: float) -> int:
    """Forget what tokens said and of whom that came before `before`, and all of them after `REMEMBERED_S`."""
    cut, gone = received_tokens.c.received_at < before, received_tokens.c.received_at < min(before, now - REMEMBERED_S)
    said = select(received_tokens.c.jti).where(cut, received_tokens.c.body.is_not(None)).limit(limit)
    silenced = connection.execute(
        update(received_tokens).where(cut, received_tokens.c.jti.in_(said)).values(body=None, account=None)
    ).rowcount
    old = select(received_tokens.c.jti).where(gone).limit(limit)
    return silenced + connection.execute(
        delete(received_tokens).where(gone, received_tokens.c.jti.in_(old))
    ).rowcount


def digest(token: str) -> str:
    """What is stored of a transmitter's token."""
    return sha256(token.strip().encode("latin-1", "replace")).hexdigest()


def _context(transmitter_id: str) -> bytes:
    return f"transmitter:{transmitter_id}".encode()


def _token_context(event: ReceivedEvent) -> bytes:
    return f"received:{event.issuer}:{event.jti}".encode()


def _read(row: Row[Any], vault: Vault) -> Transmitter:
    header = vault.open(row.poll_authorization, _context(row.id)).decode() if row.poll_authorization else ""
    return Transmitter(**dict(row._mapping) | {"poll_authorization": header})
