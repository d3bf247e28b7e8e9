"""What streams of security events hear of from the journal: passwords, bindings, sessions and proofs, each once.

An event that the platform was told to stop has not happened, and nobody hears of it.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
import structlog
from sqlalchemy import Connection, select

from anlan.center.security_events import SecurityEvents
from anlan.domain.event_data import BindingChanged, Data, PasswordChanged, SessionChanged, VerificationCompleted
from anlan.domain.security_events import (
    ASSURANCE_LEVEL_CHANGE,
    CREDENTIAL_CHANGE,
    CREDENTIAL_COMPROMISE,
    IDENTIFIER_CHANGED,
    RECOVERY_INFORMATION_CHANGED,
    SESSION_REVOKED,
    SecurityEvent,
)
from anlan.store.journal import StoredEvent, event_columns, last_seq, stored_event
from anlan.store.marks import SECURITY_EVENTS, raise_mark, read_mark
from anlan.store.own_events import SOURCE
from anlan.store.tables import decisions, events
from anlan.store.vault import Codec

ROUND_EVENTS = 500
"""To a transaction; the others wait for the next round."""

TAKEN: dict[str, type[Data]] = {
    "account.password_changed": PasswordChanged, "account.binding_changed": BindingChanged,
    "session.changed": SessionChanged, "verification.completed": VerificationCompleted,
}
SECOND_FACTORS = ("totp", "passkey", "recovery_code", "sms_code")
"""Passing one of these raises the assurance of a session to the second level of NIST."""
_HAPPENED = ("allow", "warn")

log = structlog.get_logger(__name__)


class SecurityEventJournal:
    """Follows the journal by a mark that moves in the transaction of what is sent."""

    def __init__(self, sender: SecurityEvents) -> None:
        self._sender = sender
        self._codec = Codec(sender.database.vault)

    def take_in(self, now: float) -> int:
        """Tell of what was committed since the last round; how many events of the journal were of interest."""
        with self._sender.database.read() as connection:
            if last_seq(connection) <= read_mark(connection, SECURITY_EVENTS):
                return 0
        with self._sender.database.write() as connection:
            done = raise_mark(connection, SECURITY_EVENTS, 0)  # locks it until the end
            found, newest = self._waiting(connection, done)
            for stored in found:
                for event in self._told_by(stored):
                    self._sender.emit(connection, event, now)
            raise_mark(connection, SECURITY_EVENTS, max(newest - done, 0))
        return len(found)

    def _waiting(self, connection: Connection, done: int) -> tuple[Sequence[StoredEvent], int]:
        newest = last_seq(connection)
        query = (
            select(*event_columns())
            .join(decisions, decisions.c.event_seq == events.c.seq)
            .where(events.c.seq > done, events.c.seq <= newest, events.c.type.in_(TAKEN))
            .where(decisions.c.pass_number == 1, decisions.c.verdict.in_(_HAPPENED), events.c.data.is_not(None))
            .order_by(events.c.seq).limit(ROUND_EVENTS)
        )
        found = [stored_event(row, self._codec) for row in connection.execute(query)]
        return found, found[-1].seq if len(found) == ROUND_EVENTS else newest

    def _told_by(self, stored: StoredEvent) -> Iterator[SecurityEvent]:
        try:
            data: Any = msgspec.json.decode(stored.data, type=TAKEN[stored.type])
        except msgspec.MsgspecError:  # of an older version, or what its retention left of it
            log.warning("security_event_passed", key=stored.key)
            return
        yield from told_by(data, stored)


def told_by(data: Data, stored: StoredEvent) -> Iterator[SecurityEvent]:
    """What one event of the journal tells streams."""
    match data:
        case PasswordChanged():
            by = "admin" if data.way == "recovery" else "user"
            yield _event(stored, CREDENTIAL_CHANGE, credential_type="password", change_type="update",
                         initiating_entity=by)
            if data.password_is_breached:
                yield _event(stored, CREDENTIAL_COMPROMISE, credential_type="password")
        case BindingChanged() if data.binding in ("phone", "email", "identity"):
            yield _event(stored, RECOVERY_INFORMATION_CHANGED)
            yield from _moved_identifier(data, stored)
        case BindingChanged() if data.binding == "factor" and stored.source != SOURCE:
            change = {"added": "create", "removed": "delete", "replaced": "update"}[data.change]
            yield _event(stored, CREDENTIAL_CHANGE, credential_type="app", change_type=change)
        case SessionChanged() if data.change == "ended":
            yield _event(stored, SESSION_REVOKED, session=data.session, initiating_entity="user")
        case VerificationCompleted() if data.result == "passed" and data.method in SECOND_FACTORS and data.session:
            yield _event(stored, ASSURANCE_LEVEL_CHANGE, session=data.session, namespace="NIST-AAL",
                         current_level="nist-aal2", previous_level="nist-aal1", change_direction="increase")


def _moved_identifier(data: BindingChanged, stored: StoredEvent) -> Iterator[SecurityEvent]:
    """A number or address gave way to another; the token is about the former one."""
    former, now = (data.former_phone, data.phone) if data.binding == "phone" else (data.former_email, data.email)
    if former and data.change == "replaced":
        event = _event(stored, IDENTIFIER_CHANGED, **({"new-value": now} if now else {}))
        yield msgspec.structs.replace(event, former=former)


def _event(stored: StoredEvent, type_: str, session: str = "", **payload: Any) -> SecurityEvent:
    return SecurityEvent(
        type=type_, account=stored.actor, at=stored.time, cause=f"event:{stored.key}", payload=payload, session=session
    )
