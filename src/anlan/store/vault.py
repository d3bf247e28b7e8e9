"""Decides how sensitive values rest on disk: sealed with AES-256-GCM, under a key that can be rotated."""

from collections.abc import Sequence
from functools import cache
from hashlib import sha256
from os import urandom
from typing import Any

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from anlan.domain.event_data import Data
from anlan.domain.events import Event, fields_of
from anlan.domain.facts import Fact
from anlan.errors import InvalidSettings

KEY_BYTES = 32
_KEY_ID_BYTES = 4
_NONCE_BYTES = 12
_SEALED = b"\x01"
"""First byte of a stored value with a sealed part; JSON never starts with it."""


class Vault:
    """Seals with the current key, opens with any that is still known.

    Args:
        key: 32 random bytes; everything new is sealed with it.
        older: keys that were current before, so that what they sealed can still be read.

    Raises:
        InvalidSettings: a key of another length.
    """

    def __init__(self, key: bytes, older: Sequence[bytes] = ()) -> None:
        for one in (key, *older):
            if len(one) != KEY_BYTES:
                raise InvalidSettings(f"the encryption key has {len(one)} bytes; it must be {KEY_BYTES} random bytes")
        self._current = key_id(key)
        self._ciphers = {key_id(one): AESGCM(one) for one in (*older, key)}

    def seal(self, plain: bytes, context: bytes) -> bytes:
        """Key id, nonce and ciphertext; it opens only under the same `context` (what the value belongs to)."""
        nonce = urandom(_NONCE_BYTES)
        return self._current + nonce + self._ciphers[self._current].encrypt(nonce, plain, context)

    def open(self, sealed: bytes, context: bytes) -> bytes:
        """What `seal` was given.

        Raises:
            InvalidSettings: the key is not among ours, or the value was altered or moved from another context.
        """
        name, rest = sealed[:_KEY_ID_BYTES], sealed[_KEY_ID_BYTES:]
        cipher = self._ciphers.get(name)
        if cipher is None:
            raise InvalidSettings(
                f"a stored value is sealed with key {name.hex()}, which is not in the settings; add it as an older key"
            )
        try:
            return cipher.decrypt(rest[:_NONCE_BYTES], rest[_NONCE_BYTES:], context)
        except (InvalidTag, ValueError) as error:
            raise InvalidSettings("a sealed value was altered or belongs elsewhere; restore a backup") from error


def key_id(key: bytes) -> bytes:
    """Four bytes that name a key without telling it."""
    return sha256(b"anlan vault key" + key).digest()[:_KEY_ID_BYTES]


@cache
def _fields_of_class(data: type[Data], *privacy: str) -> frozenset[str]:
    return frozenset(field.name for field in fields_of(data) if field.privacy in privacy)


_members = msgspec.json.Decoder(dict[str, msgspec.Raw])


class Codec:
    """Between an event's data (or a fact's value) and the bytes in its column.

    Data without sensitive fields is stored as received. Otherwise the sensitive fields are sealed together in front of
    the others: a marker byte, four bytes of length, the sealed JSON object, the JSON object of the rest.
    """

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    def seal_data(self, event: Event, key: str) -> bytes:
        """`event.raw` with its sensitive fields sealed; `key` is the event's key."""
        sensitive = _fields_of_class(event.type.data, "sensitive")
        if not sensitive:
            return event.raw
        members = _members.decode(event.raw)
        hidden = {name: value for name, value in members.items() if name in sensitive}
        if not hidden:
            return event.raw
        shown = {name: value for name, value in members.items() if name not in sensitive}
        sealed = self._vault.seal(msgspec.json.encode(hidden), key.encode())
        return _SEALED + len(sealed).to_bytes(4) + sealed + msgspec.json.encode(shown)

    def open_data(self, stored: bytes, key: str) -> bytes:
        """The whole data object as JSON, for those who may see it; the order of fields may differ from the original."""
        if not stored.startswith(_SEALED):
            return stored
        sealed, shown = _parts(stored)
        hidden = _members.decode(self._vault.open(sealed, key.encode()))
        return msgspec.json.encode(_members.decode(shown) | hidden)

    def seal_value(self, fact: Fact) -> bytes:
        """A fact's value as JSON, sealed when it is sensitive."""
        value = msgspec.json.encode(fact.value)
        if fact.privacy != "sensitive":
            return value
        return _SEALED + self._vault.seal(value, _fact_context(fact.entity, fact.field))

    def open_value(self, stored: bytes, entity: str, field: str) -> Any:
        """The value of a fact."""
        if stored.startswith(_SEALED):
            stored = self._vault.open(stored[1:], _fact_context(entity, field))
        return msgspec.json.decode(stored)


def shown_data(stored: bytes) -> bytes:
    """Stored event data without its sealed fields, as JSON; needs no key."""
    return _parts(stored)[1] if stored.startswith(_SEALED) else stored


def redacted_data(stored: bytes, data: type[Data] | None) -> bytes:
    """Stored event data with nothing left but public and internal fields.

    What the type does not declare has no class and goes too; so does everything when the type is not known any more.
    """
    kept = _fields_of_class(data, "public", "internal") if data else frozenset()
    members = _members.decode(shown_data(stored))
    return msgspec.json.encode({name: value for name, value in members.items() if name in kept})


def _parts(stored: bytes) -> tuple[bytes, bytes]:
    end = 5 + int.from_bytes(stored[1:5])
    return stored[5:end], stored[end:]


def _fact_context(entity: str, field: str) -> bytes:
    return f"{len(entity)}:{entity}{field}".encode()
