"""Whether a token is what a partner said, is meant for us and is of our time; refusals speak the words of RFC 8935."""

from typing import Any, Literal

import jwt
import msgspec

from anlan.domain.key_sets import ALGORITHMS, find_key
from anlan.domain.security_events import ReceivedEvent
from anlan.errors import InvalidRequest

MAX_TOKEN_BYTES = 64 * 1024
MAX_EVENTS = 10
MAX_JTI_CHARS = 256
LEEWAY_S = 300.0
"""How far a partner's clock may be ahead of ours."""
OLDEST_S = 31 * 86_400.0
"""A token that was issued longer ago is no news; its name may be forgotten."""

TOKEN_TYPES = ("secevent+jwt", "application/secevent+jwt")

Refusal = Literal[
    "invalid_request", "invalid_key", "invalid_issuer", "invalid_audience", "authentication_failed", "access_denied"
]
"""Error codes of RFC 8935, section 2.4."""


class Refused(InvalidRequest):
    """A token that is not taken; `err` is the word for its sender."""

    code = "token_refused"

    def __init__(self, err: Refusal, message: str) -> None:
        super().__init__(message, err=err)
        self.err = err


class UnknownKey(Refused):
    """Signed with a key that is not in the key set as we have it."""

    code = "token_key_unknown"


class Unverified(msgspec.Struct, frozen=True):
    """What a token says of itself before anything is proved.

    Attributes:
        header, claims: as they were sent.
    """

    header: dict[str, Any]
    claims: dict[str, Any]


def read_unverified(token: str) -> Unverified:
    """A token's parts, to find out whose keys to try.

    Raises:
        Refused: it is not a signed token, or not a security event.
    """
    if len(token) > MAX_TOKEN_BYTES:
        raise Refused("invalid_request", f"the token is longer than {MAX_TOKEN_BYTES:,} bytes")
    try:
        found = jwt.decode_complete(token, options={"verify_signature": False})
        msgspec.json.encode(found["payload"])  # refuses halves of signs, which no store takes
    except (jwt.InvalidTokenError, ValueError, RecursionError) as error:
        raise Refused("invalid_request", f"this is not a signed token: {error}") from error
    header, claims = found["header"], found["payload"]
    if str(header.get("typ", "")).lower() not in TOKEN_TYPES:
        raise Refused("invalid_request", f"the header must say that its type is {TOKEN_TYPES[0]}")
    if header.get("alg") not in ALGORITHMS:
        raise Refused("invalid_key", f"sign with one of {', '.join(ALGORITHMS)}")
    if "crit" in header:
        raise Refused("invalid_request", "the header asks for an extension that is not understood here")
    return Unverified(header, claims)


def verify(token: str, keys: bytes, issuer: str, audience: str, now: float) -> ReceivedEvent:
    """What a token says, once its signature, issuer, audience, times and shape are right.

    Args:
        keys: the partner's JSON Web Key Set.

    Raises:
        Refused: with the word for what is wrong.
        UnknownKey: a newer key set may have the key.
    """
    said = read_unverified(token)
    if said.claims.get("iss") != issuer:
        raise Refused("invalid_issuer", "the token's issuer is not the one that these keys belong to")
    key = _find_key(keys, said.header)
    own_times = {"verify_exp": False, "verify_iat": False, "verify_nbf": False, "verify_sub": False}
    try:
        claims = jwt.decode(
            token, key, algorithms=[str(said.header["alg"])], audience=audience, issuer=issuer, options=own_times  # type: ignore[arg-type]  # a subset is meant
        )
    except (jwt.InvalidAudienceError, jwt.MissingRequiredClaimError) as error:
        raise Refused("invalid_audience", "the token is not meant for us: see its claim aud") from error
    except (jwt.InvalidTokenError, jwt.PyJWTError, ValueError, TypeError) as error:
        raise Refused("invalid_key", f"the signature does not verify: {error}") from error
    _check_times(claims, now)
    return _read(claims, issuer)


def _find_key(keys: bytes, header: dict[str, Any]) -> jwt.PyJWK:
    try:
        found = find_key(keys, header)
    except InvalidRequest as error:
        raise Refused("invalid_key", error.message) from error
    if found is None:
        raise UnknownKey("invalid_key", "the token names no key of the key set")
    return found


def _check_times(claims: dict[str, Any], now: float) -> None:
    issued_at = _number(claims, "iat")
    if issued_at is None:
        raise Refused("invalid_request", "the claim iat is missing or is no number")
    if issued_at > now + LEEWAY_S:
        raise Refused("invalid_request", "the token was issued in the future; set the clock")
    if issued_at < now - OLDEST_S:
        raise Refused("invalid_request", f"the token was issued more than {OLDEST_S / 86_400:.0f} days ago")
    for name, is_past in (("exp", True), ("nbf", False)):
        moment = _number(claims, name)
        if name in claims and (moment is None or (now - moment > LEEWAY_S if is_past else moment - now > LEEWAY_S)):
            raise Refused("invalid_request", f"the claim {name} says that this token is not for now")


def _number(claims: dict[str, Any], name: str) -> float | None:
    value: Any = claims.get(name)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and abs(value) < 1e12 else None


def _read(claims: dict[str, Any], issuer: str) -> ReceivedEvent:
    jti, events, subject = claims.get("jti"), claims.get("events"), claims.get("sub_id", {})
    if not isinstance(jti, str) or not 0 < len(jti) <= MAX_JTI_CHARS or "\0" in jti:
        raise Refused("invalid_request", "the claim jti must be text of 1 to 256 characters")
    if not isinstance(events, dict) or not 0 < len(events) <= MAX_EVENTS or not _are_objects(events):
        raise Refused("invalid_request", f"the claim events must be an object of 1 to {MAX_EVENTS} objects")
    if not isinstance(subject, dict):
        raise Refused("invalid_request", "the claim sub_id must be a subject identifier")
    return ReceivedEvent(
        issuer=issuer, jti=jti, issued_at=float(claims["iat"]), events=events,
        subject=subject or _older_subject(events), txn=str(claims.get("txn", ""))[:128],
    )


def _are_objects(events: dict[str, Any]) -> bool:
    return all(isinstance(one, dict) and "\0" not in name for name, one in events.items())


def _older_subject(events: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Before `sub_id` was settled, the subject stood inside the event."""
    for payload in events.values():
        if isinstance(found := payload.get("subject"), dict):
            return {"format": str(found.get("subject_type", "")).replace("-", "_"), **found}
    return {}
