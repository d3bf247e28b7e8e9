"""What follows from a partner's token: an account that we know is contained, the platform is told, or it is kept."""

from hashlib import sha256
from typing import Any

import msgspec
from sqlalchemy import Connection

from anlan.center.containment import Containments
from anlan.domain.messages import seal_message
from anlan.domain.security_events import ReceivedEvent, account_in, effect_of, session_in
from anlan.store import audit
from anlan.store.outbox import put
from anlan.store.transmitters import is_known, note_outcome

MESSAGE = "security_event.received"


class SecurityEventTold(msgspec.Struct, frozen=True, kw_only=True):
    """`data` of `security_event.received`: what a partner said about one of our accounts.

    Attributes:
        types: URIs of event types.
        effect: what Anlan did: `contain`, or `pass_on` for nothing beyond this message.
        session: where it is about one session.
    """

    issuer: str
    jti: str
    types: tuple[str, ...]
    account: str
    session: str | None
    effect: str


class ReceivedEvents:
    """Acts on verified tokens, in the transaction that writes them down.

    Args:
        issuer: our own, in whose name partners may call accounts.
    """

    def __init__(self, containments: Containments, issuer: str) -> None:
        self._containments = containments
        self._issuer = issuer

    def take(self, connection: Connection, event: ReceivedEvent, now: float) -> None:
        """Do what the table `REACTIONS` says."""
        effects = {effect_of(type_, payload) for type_, payload in event.events.items()}
        effect = "contain" if "contain" in effects else "pass_on" if "pass_on" in effects else "keep"
        account = account_in(event.subject, (self._issuer, event.issuer))
        if effect != "keep" and (account is None or not is_known(connection, account)):
            note_outcome(connection, event, account, "unknown_subject")
            return
        note_outcome(connection, event, account, effect)
        if effect == "keep" or account is None:
            return
        session = session_in(event.subject)
        if effect == "contain":
            self._containments.open(
                connection, account, "partner", now, by=f"partner:{event.issuer}", since=happened_at(event, now),
                session=session,
            )
        told = SecurityEventTold(
            issuer=event.issuer, jti=event.jti, types=tuple(event.events), account=account.removeprefix("account:"),
            session=session, effect=effect,
        )
        name = sha256(f"{event.issuer}\0{event.jti}".encode()).hexdigest()[:32]
        put(connection, [seal_message(f"security_event.{name}", MESSAGE, now, told)], now)
        audit.note(
            connection, f"partner:{event.issuer}", "security_event.take", account,
            {"types": list(event.events), "effect": effect, "jti": event.jti},
        )


def happened_at(event: ReceivedEvent, now: float) -> float:
    """When it began, as the earliest `event_timestamp` says (seconds, or milliseconds as drafts had it); never later
    than the token or now.
    """
    told = [_seconds(payload.get("event_timestamp")) for payload in event.events.values()]
    return min([event.issued_at, now, *(one for one in told if one is not None)])


def _seconds(value: Any) -> float | None:
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 < value < 1e14:
        return None
    return value / 1000 if value > 1e11 else float(value)
