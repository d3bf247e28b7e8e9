"""Whom an OpenID Connect id token signs in: it must be the provider's, for us, of now, and answer our own question."""

import secrets
from typing import Any

import jwt
import msgspec

from anlan.domain.key_sets import ALGORITHMS
from anlan.errors import InvalidRequest

LEEWAY_S = 60.0
"""How far the provider's clock and ours may be apart."""
MAX_AGE_S = 600.0
"""A token that was issued longer ago answers no question that is still open."""
MAX_TOKEN_BYTES = 32 * 1024
MAX_ACCOUNT_CHARS = 256
MAX_SESSION_CHARS = 128


class Expected(msgspec.Struct, frozen=True, kw_only=True):
    """What a token must say.

    Attributes:
        nonce: of the question that it answers.
        account_claim: the claim that names the account as events name it.
    """

    issuer: str
    client_id: str
    nonce: str
    account_claim: str


class SignedIn(msgspec.Struct, frozen=True):
    """Whom a token signs in (`account:<id>`), and in which session of the platform; None where it does not say."""

    account: str
    session: str | None


def read_header(token: str) -> dict[str, Any]:
    """The header of a signed token, before anything is proved.

    Raises:
        InvalidRequest: it is not signed with an algorithm that is taken.
    """
    if len(token) > MAX_TOKEN_BYTES:
        raise InvalidRequest(f"the id token is longer than {MAX_TOKEN_BYTES:,} bytes")
    try:
        header: dict[str, Any] = jwt.get_unverified_header(token)
    except jwt.InvalidTokenError as error:
        raise InvalidRequest(f"this is not a signed token: {error}") from error
    if header.get("alg") not in ALGORITHMS or "crit" in header:
        raise InvalidRequest(f"an id token must be signed with one of {', '.join(ALGORITHMS)}")
    return header


def read_signed_in(token: str, key: jwt.PyJWK, expected: Expected, now: float) -> SignedIn:
    """Whom the token signs in.

    Args:
        key: one of the issuer's, named by the header that `read_header` gave.
        now: wall clock.

    Raises:
        InvalidRequest: saying which claim is wrong; for the log, never for the reader.
    """
    required = {"require": ["iss", "aud", "exp", "iat", "nonce"], "verify_exp": False, "verify_iat": False}
    try:
        claims = jwt.decode(
            token, key, algorithms=[str(key.algorithm_name)], audience=expected.client_id, issuer=expected.issuer,
            options={**required, "verify_nbf": False, "verify_sub": False},  # type: ignore[arg-type,typeddict-item,unused-ignore]  # a subset is meant
        )
    except (jwt.PyJWTError, ValueError, TypeError) as error:
        raise InvalidRequest(f"the id token is not taken: {error}") from error
    _check_party(claims, expected)
    _check_times(claims, now)
    session = claims.get("sid")
    is_named = isinstance(session, str) and 0 < len(session) <= MAX_SESSION_CHARS
    return SignedIn(f"account:{_account_in(claims, expected.account_claim)}", session if is_named else None)


def _check_party(claims: dict[str, Any], expected: Expected) -> None:
    audience = claims["aud"]
    is_shared = isinstance(audience, list) and len(audience) > 1
    if claims.get("azp", None if is_shared else expected.client_id) != expected.client_id:
        raise InvalidRequest("the id token was issued to another client: see its claims aud and azp")
    nonce = claims["nonce"]
    if not isinstance(nonce, str) or not secrets.compare_digest(nonce.encode(), expected.nonce.encode()):
        raise InvalidRequest("the id token answers another question: its nonce is not ours")


def _check_times(claims: dict[str, Any], now: float) -> None:
    ends_at, issued_at, begins_at = (claims.get(name, now) for name in ("exp", "iat", "nbf"))
    if not all(isinstance(one, int | float) and not isinstance(one, bool) for one in (ends_at, issued_at, begins_at)):
        raise InvalidRequest("the times of the id token are no numbers")
    if ends_at < now - LEEWAY_S or begins_at > now + LEEWAY_S:
        raise InvalidRequest("the id token is not for now: see its claims exp and nbf")
    if not now - MAX_AGE_S <= issued_at <= now + LEEWAY_S:
        raise InvalidRequest("the id token was issued too long ago or in the future: see its claim iat")


def _account_in(claims: dict[str, Any], name: str) -> str:
    found = claims.get(name)
    account = str(found) if isinstance(found, str | int) and not isinstance(found, bool) else ""
    if not 0 < len(account) <= MAX_ACCOUNT_CHARS or not account.isprintable():
        raise InvalidRequest(f"the id token does not name an account by its claim {name}")
    return account
