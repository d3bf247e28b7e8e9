"""What an owner is shown of their account's sign-ins, and which of them they are told about at once."""

from hashlib import blake2b
from typing import Literal, get_args
from urllib.parse import unquote

import msgspec

SignInState = Literal["entered", "challenged", "stopped"]
"""The proof was right, and they came in, were asked for more and have not shown it, or were turned away."""

DeviceState = Literal["known", "own", "removed", "disowned"]
"""Came in once; its owner said that it is theirs; its owner took it away; it turned out to be a thief's."""

SessionState = Literal["open", "ending", "ended"]
"""`ending`: the platform was asked to end it and has not said that it did."""

Cause = Literal["new_device", "new_country", "risk", "stopped", "password", "binding", "factor"]
"""Why an owner is told: of a sign-in (the first four), or of a change."""

Answer = Literal["own", "not_own"]

SIGN_IN_STATES: tuple[SignInState, ...] = get_args(SignInState)
DEVICE_STATES: tuple[DeviceState, ...] = get_args(DeviceState)
SESSION_STATES: tuple[SessionState, ...] = get_args(SessionState)
CAUSES: tuple[Cause, ...] = get_args(Cause)
ANSWERS: tuple[Answer, ...] = get_args(Answer)
CHANGES = frozenset({"password", "binding", "factor"})

HOUR_S, DAY_S = 3_600.0, 86_400.0
STALE_DAYS = 90
"""A device that was not used for so long is better removed."""

MORE_NETWORKS = "more"
"""Where failures from further networks are counted, past the number that is kept apart."""


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """A sign-in with the right proof, beside what the account had before it.

    Attributes:
        risk: 0 to 1; None when unknown.
        is_first: nobody had signed in before, so nothing can be new.
    """

    is_stopped: bool
    is_first: bool
    is_new_device: bool
    is_new_country: bool
    risk: float | None


def cause_of(seen: Seen, risk_threshold: float) -> Cause | None:
    """Why the owner must hear of it at once; None when it is like the others."""
    if seen.is_stopped:
        return "stopped"
    if seen.is_first:
        return None
    if seen.risk is not None and seen.risk >= risk_threshold:
        return "risk"
    if seen.is_new_country:
        return "new_country"
    return "new_device" if seen.is_new_device else None


def device_name(account: str, device: str) -> str:
    """What pages call a device: its own name is a secret that lets it in."""
    return f"device_{_digest(account, device)}"


SESSION_PATH = "/me/security/at/"
"""A link of the platform that leads here names the session that its member uses now."""


def session_in(path: str) -> str | None:
    """The session of the platform that a member's link names by where it leads."""
    return unquote(path.removeprefix(SESSION_PATH)) if path.startswith(SESSION_PATH) else None


def session_name(account: str, session: str) -> str:
    """What pages call a session of the platform."""
    return f"session_{_digest(account, session)}"


def _digest(account: str, name: str) -> str:
    return blake2b(f"{len(account)}:{account}{name}".encode(), digest_size=12).hexdigest()
