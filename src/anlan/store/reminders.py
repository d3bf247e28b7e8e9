"""What owners were told of sign-ins and changes, and what they answered; of the links only digests are kept."""

import secrets
from collections.abc import Sequence
from hashlib import sha256
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, Select, func, insert, select, update

from anlan.domain.sign_in_messages import Occasion
from anlan.domain.sign_ins import Answer, Cause
from anlan.store.batch import storable
from anlan.store.sign_ins import Particulars
from anlan.store.tables import sign_in_reminders
from anlan.store.vault import Vault

LINK_S = 7 * 86_400.0


class Reminder(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that an owner was told.

    Attributes:
        event_seq: of what it tells.
        detail: of a change of bindings: which; else empty.
        at: event time; `made_at`, `expires_at` and `answered_at` are wall-clock seconds.
        is_sent: False past the cap, when it stands on the owner's page only.
        client: `Client.stored`.
    """

    id: str
    account: str
    event_seq: int
    cause: Cause
    detail: str
    at: float
    made_at: float
    expires_at: float
    is_sent: bool
    country: str | None
    client: str
    particulars: Particulars
    answer: Answer | None
    answered_at: float | None
    containment_id: str | None


_particulars = msgspec.json.Decoder(Particulars)
_COLUMNS = [sign_in_reminders.c[name] for name in Reminder.__struct_fields__ if name != "particulars"]
_REMINDER: Select[Any] = select(*_COLUMNS, sign_in_reminders.c.sealed)


def add_reminder(
    connection: Connection, vault: Vault, occasion: Occasion, event_seq: int, particulars: Particulars, now: float,
    *, is_sent: bool,
) -> tuple[str, str]:
    """Keep a reminder; returns its id and the token of its link. The database refuses a second of one event."""
    token, reminder_id = secrets.token_urlsafe(32), f"reminder_{secrets.token_hex(11)}"
    row = {
        "id": reminder_id, "token_hash": _digest(token), "account": storable(occasion.account), "event_seq": event_seq,
        "cause": occasion.cause, "detail": occasion.detail, "at": occasion.at, "made_at": now,
        "expires_at": now + LINK_S, "is_sent": is_sent, "country": occasion.country, "client": occasion.client,
        "sealed": vault.seal(msgspec.json.encode(particulars), reminder_id.encode()),
    }
    connection.execute(insert(sign_in_reminders), row)
    return reminder_id, token


def count_sent(connection: Connection, account: str, causes: Sequence[Cause], since: float) -> int:
    """How many reminders for one of `causes` were sent since `since` (wall clock)."""
    query = select(func.count()).where(
        sign_in_reminders.c.account == storable(account), sign_in_reminders.c.made_at >= since,
        sign_in_reminders.c.is_sent, sign_in_reminders.c.cause.in_(causes),
    )
    return connection.execute(query).scalar_one()


def reminders_of(connection: Connection, vault: Vault, account: str, limit: int = 20) -> list[Reminder]:
    """What an owner was told, newest first."""
    mine = _REMINDER.where(sign_in_reminders.c.account == storable(account))
    newest = mine.order_by(sign_in_reminders.c.made_at.desc(), sign_in_reminders.c.event_seq.desc()).limit(limit)
    return [_reminder(row, vault) for row in connection.execute(newest)]


def find_by_token(connection: Connection, vault: Vault, token: str, now: float) -> Reminder | None:
    """The reminder that a link is about, while the link is good."""
    is_good = sign_in_reminders.c.expires_at > now
    return _find(connection, vault, is_good, sign_in_reminders.c.token_hash == _digest(token))


def find_reminder(connection: Connection, vault: Vault, reminder_id: str, account: str) -> Reminder | None:
    """A reminder of this account; None for one of somebody else."""
    return _find(
        connection, vault, sign_in_reminders.c.id == reminder_id, sign_in_reminders.c.account == storable(account)
    )


def record_answer(connection: Connection, reminder_id: str, answer: Answer, now: float) -> bool:
    """Note the owner's answer; False when it is there already, or was `not_own`, which a link does not take back."""
    unanswered = sign_in_reminders.c.answer.is_(None)
    may_answer = unanswered if answer == "own" else unanswered | (sign_in_reminders.c.answer == "own")
    answering = update(sign_in_reminders).where(sign_in_reminders.c.id == reminder_id, may_answer)
    return connection.execute(answering.values(answer=answer, answered_at=now)).rowcount == 1


def record_containment(connection: Connection, reminder_id: str, containment_id: str) -> None:
    """Note what "not me" began."""
    this = update(sign_in_reminders).where(sign_in_reminders.c.id == reminder_id)
    connection.execute(this.values(containment_id=containment_id))


def _find(connection: Connection, vault: Vault, *conditions: Any) -> Reminder | None:
    row = connection.execute(_REMINDER.where(*conditions)).one_or_none()
    return _reminder(row, vault) if row else None


def _reminder(row: Row[Any], vault: Vault) -> Reminder:
    known = {name: value for name, value in row._mapping.items() if name != "sealed"}
    return Reminder(**known, particulars=_particulars.decode(vault.open(bytes(row.sealed), row.id.encode())))


def _digest(token: str) -> str:
    return sha256(token.encode()).hexdigest()
