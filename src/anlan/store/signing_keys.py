"""The keys that sign security event tokens: one is current, former ones are shown while their tokens may be read."""

import msgspec
from sqlalchemy import Connection, delete, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from anlan.errors import Conflict
from anlan.store.tables import signing_keys
from anlan.store.vault import Vault

SHOWN_S = 30 * 86_400.0
"""How long a former key stays in the key set: as long as a token may wait to be fetched."""


class SigningKey(msgspec.Struct, frozen=True, kw_only=True):
    """One key pair.

    Attributes:
        id: the `kid`.
        public: JWK as JSON.
        private: PKCS 8 in DER.
    """

    id: str
    public: bytes
    private: bytes

    def __repr__(self) -> str:
        return f"SigningKey({self.id!r})"


def current_key(connection: Connection, vault: Vault) -> SigningKey | None:
    """The key that signs; None before the first was made."""
    row = connection.execute(select(signing_keys).where(signing_keys.c.is_current)).one_or_none()
    if row is None:
        return None
    return SigningKey(id=row.id, public=row.public_key, private=vault.open(row.private_key, _context(row.id)))


def replace_key(connection: Connection, vault: Vault, key: SigningKey, now: float) -> None:
    """Sign with `key` from now on; the one before it is shown for `SHOWN_S` more.

    Raises:
        Conflict: somebody else made a key at the same moment.
    """
    former = {"is_current": False, "shown_until": now + SHOWN_S}
    connection.execute(update(signing_keys).where(signing_keys.c.is_current).values(former))
    row = {
        "id": key.id, "public_key": key.public, "private_key": vault.seal(key.private, _context(key.id)),
        "made_at": now, "is_current": True,
    }
    try:
        connection.execute(insert(signing_keys), row)
    except IntegrityError as error:
        raise Conflict("a signing key was made at the same moment; that one is in force now") from error


def shown_keys(connection: Connection, now: float) -> list[bytes]:
    """The JWKs that receivers may need, the newest first."""
    is_shown = or_(signing_keys.c.is_current, signing_keys.c.shown_until > now)
    query = select(signing_keys.c.public_key).where(is_shown).order_by(signing_keys.c.made_at.desc())
    return list(connection.execute(query).scalars())


def forget_keys(connection: Connection, now: float) -> int:
    """Delete keys that are no longer shown; returns how many."""
    return connection.execute(delete(signing_keys).where(signing_keys.c.shown_until <= now)).rowcount


def _context(key_id: str) -> bytes:
    return f"signing_key:{key_id}".encode()
