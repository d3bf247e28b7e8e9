"""Which key of a JSON Web Key Set verifies a token: a public one, whose algorithm asks more of a signer."""

from typing import Any

import jwt
import msgspec

from anlan.errors import InvalidRequest

ALGORITHMS = ("ES256", "ES384", "ES512", "EdDSA", "PS256", "PS384", "PS512", "RS256", "RS384", "RS512")
"""All asymmetric: nobody can sign with what a key set makes public."""


def read_key_set(body: bytes) -> bytes:
    """A JSON Web Key Set with at least one key that can verify; what cannot is left out.

    Raises:
        InvalidRequest: there is none.
    """
    try:
        found = msgspec.json.decode(body, type=dict[str, Any]).get("keys")
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidRequest(f"this is not a JSON Web Key Set: {error}") from error
    usable = [one for one in found if _is_usable(one)] if isinstance(found, list) else []
    if not usable:
        raise InvalidRequest("the key set has no public key (EC, RSA or OKP) to verify signatures with")
    return msgspec.json.encode({"keys": usable})


def find_key(keys: bytes, header: dict[str, Any]) -> jwt.PyJWK | None:
    """The one key of a set that `read_key_set` gave which a token's header names; None when it names none of them.

    Raises:
        InvalidRequest: the key is there and is not for the algorithm that the header names.
    """
    known = msgspec.json.decode(keys)["keys"]
    name, algorithm = header.get("kid"), str(header["alg"])
    named = [one for one in known if one.get("kid") == name] if name is not None else known
    if len(named) != 1:
        return None
    found = named[0]
    if found.get("alg", algorithm) != algorithm:
        raise InvalidRequest("the key is for another algorithm")
    try:
        return jwt.PyJWK(_public(found), algorithm)
    except (jwt.PyJWTError, ValueError, TypeError) as error:
        raise InvalidRequest("the key does not fit the algorithm") from error


def _is_usable(key: object) -> bool:
    if not isinstance(key, dict) or key.get("kty") not in ("EC", "RSA", "OKP") or key.get("use", "sig") != "sig":
        return False
    try:
        made = jwt.PyJWK(_public(key))
    except (jwt.PyJWTError, ValueError, TypeError):
        return False
    return made.algorithm_name in ALGORITHMS


def _public(key: dict[str, Any]) -> dict[str, Any]:
    """Without private parts, should a partner have sent them."""
    return {name: value for name, value in key.items() if name not in ("d", "p", "q", "dp", "dq", "qi", "oth")}
