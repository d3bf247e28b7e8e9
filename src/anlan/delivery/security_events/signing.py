"""Making tokens: ES256 keys that are made once, kept sealed and replaced with an overlap, and claims signed by them."""

import secrets
from typing import Any

import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)
from jwt.algorithms import ECAlgorithm
from sqlalchemy import Connection

from anlan.errors import Conflict
from anlan.store.database import Database
from anlan.store.signing_keys import SigningKey, current_key, replace_key, shown_keys

ALGORITHM = "ES256"
TOKEN_TYPE = "secevent+jwt"  # noqa: S105 - the value of a header


class SigningKeys:
    """The house's own keys."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def current(self, now: float) -> SigningKey:
        """The key that signs; the first is made when it is first asked for."""
        with self._database.read() as connection:
            found = current_key(connection, self._database.vault)
        if found is not None:
            return found
        try:
            with self._database.write() as connection:
                self.rotate(connection, now)
        except Conflict:
            pass  # somebody else made the first one
        return self.current(now)

    def rotate(self, connection: Connection, now: float) -> str:
        """Sign with a new key from now on; its id. The former one stays in the key set.

        Raises:
            Conflict: somebody else did so at the same moment.
        """
        made = make_key()
        replace_key(connection, self._database.vault, made, now)
        return made.id

    def key_set(self, now: float) -> dict[str, Any]:
        """What receivers verify with: a JSON Web Key Set, with the key that the next token is signed with."""
        self.current(now)
        with self._database.read() as connection:
            return {"keys": [msgspec.json.decode(one) for one in shown_keys(connection, now)]}


def make_key() -> SigningKey:
    """A new pair on P-256."""
    private, name = ec.generate_private_key(ec.SECP256R1()), secrets.token_hex(8)
    public = ECAlgorithm.to_jwk(private.public_key(), as_dict=True)
    shown = {**public, "kid": name, "alg": ALGORITHM, "use": "sig"}
    body = private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    return SigningKey(id=name, public=msgspec.json.encode(shown), private=body)


def sign(key: SigningKey, claims: bytes) -> str:
    """The token (RFC 8417) that says `claims`, JSON."""
    private = load_der_private_key(key.private, None)
    headers = {"typ": TOKEN_TYPE, "kid": key.id}
    return jwt.encode(msgspec.json.decode(claims), private, algorithm=ALGORITHM, headers=headers)  # type: ignore[arg-type]  # ours are on P-256
