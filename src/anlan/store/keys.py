"""The API keys of platforms: a secret is shown once and kept only as a digest."""

import secrets
from collections.abc import Iterable
from hashlib import sha256

import msgspec
from sqlalchemy import RowMapping, insert, select, update

from anlan.clock import now
from anlan.store.database import Database
from anlan.store.tables import api_keys

PREFIX = "anlan_"


class ApiKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key without its secret; `rate_per_s` is events a second."""

    id: str
    name: str
    secret_hash: str
    scopes: tuple[str, ...]
    rate_per_s: float
    created_at: float
    revoked_at: float | None


class ApiKeys:
    """Makes, finds and ends keys."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(self, name: str, scopes: Iterable[str], rate_per_s: float) -> tuple[ApiKey, str]:
        """A new key and its secret, which cannot be read again."""
        secret = f"{PREFIX}{secrets.token_urlsafe(32)}"
        key = ApiKey(
            id=secrets.token_hex(8), name=name, secret_hash=digest(secret), scopes=tuple(sorted(set(scopes))),
            rate_per_s=rate_per_s, created_at=now(), revoked_at=None,
        )
        with self._database.write() as connection:
            connection.execute(insert(api_keys), msgspec.structs.asdict(key) | {"scopes": ",".join(key.scopes)})
        return key, secret

    def find(self, secret: str) -> ApiKey | None:
        """The key with this secret, unless it was revoked."""
        query = select(api_keys).where(api_keys.c.secret_hash == digest(secret), api_keys.c.revoked_at.is_(None))
        with self._database.read() as connection:
            row = connection.execute(query).mappings().one_or_none()
        return _key(row) if row else None

    def active(self) -> list[ApiKey]:
        """Keys that were not revoked, in order of creation."""
        return [key for key in self.all() if key.revoked_at is None]

    def all(self) -> list[ApiKey]:
        """Keys in order of creation."""
        query = select(api_keys).order_by(api_keys.c.created_at, api_keys.c.id)
        with self._database.read() as connection:
            return [_key(row) for row in connection.execute(query).mappings()]

    def revoke(self, key_id: str) -> bool:
        """End a key; False when there is no such key, or it had ended."""
        is_live = (api_keys.c.id == key_id) & api_keys.c.revoked_at.is_(None)
        with self._database.write() as connection:
            return connection.execute(update(api_keys).where(is_live).values(revoked_at=now())).rowcount == 1


def digest(secret: str) -> str:
    """What is stored of a secret: it is random enough that a plain hash does."""
    return sha256(secret.strip().encode("latin-1", "replace")).hexdigest()


def _key(row: RowMapping) -> ApiKey:
    return ApiKey(**dict(row) | {"scopes": tuple(filter(None, row["scopes"].split(",")))})
