"""Tells owners of sign-ins that are unlike theirs and of changes to their account, and takes their answer."""

from typing import Protocol
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from anlan.center.sessions import own_device
from anlan.domain.containment import Ground
from anlan.domain.sign_in_messages import Occasion, reminder_message
from anlan.domain.sign_ins import CAUSES, CHANGES, DAY_S, HOUR_S, Answer, device_name
from anlan.errors import NotFound
from anlan.store import outbox
from anlan.store.audit import note
from anlan.store.database import Database
from anlan.store.reminders import (
    LINK_S,
    Reminder,
    add_reminder,
    count_sent,
    find_by_token,
    find_reminder,
    record_answer,
    record_containment,
)
from anlan.store.sign_ins import Particulars

MAX_SENT_A_DAY = {"sign_in": 5, "change": 10}
"""Past it a reminder stands on the owner's page only, so that nobody can bury the owner in messages."""
FRESH_S = HOUR_S
"""What happened longer ago than this is kept and not sent: a journal that is caught up on would send old news."""
GROUND: Ground = "owner"
_CHANGES = tuple(cause for cause in CAUSES if cause in CHANGES)
_SIGN_INS = tuple(cause for cause in CAUSES if cause not in CHANGES)


class Containing(Protocol):
    """What limits the damage of a theft."""

    def open(
        self, connection: Connection, account: str, ground: Ground, now: float, *, by: str, since: float,
        device: str | None = None, session: str | None = None, event_seq: int | None = None,
    ) -> str:
        """Contain the account as of `since`; returns the id of the containment that stands then."""


class Reminders:
    """What owners are told and answer.

    Args:
        address: how browsers reach Anlan.
        zone: IANA name of the zone that times are told in.
    """

    def __init__(self, database: Database, containing: Containing, address: str, zone: str) -> None:
        self._database = database
        self._containing = containing
        self._address = address
        self._zone = ZoneInfo(zone)

    def tell(
        self, connection: Connection, occasion: Occasion, event_seq: int, particulars: Particulars, now: float
    ) -> None:
        """Keep a reminder and send it, unless it is old news or the owner had many today."""
        is_change = occasion.cause in CHANGES
        causes, most = (_CHANGES, "change") if is_change else (_SIGN_INS, "sign_in")
        sent = count_sent(connection, occasion.account, causes, now - DAY_S)
        is_sent = now - occasion.at <= FRESH_S and sent < MAX_SENT_A_DAY[most]
        vault = self._database.vault
        name, token = add_reminder(connection, vault, occasion, event_seq, particulars, now, is_sent=is_sent)
        if is_sent:
            link = f"{self._address}/public/sign-in/{token}"
            outbox.put(connection, [reminder_message(name, occasion, link, now + LINK_S, self._zone, now)], now)

    def look(self, token: str, now: float) -> Reminder:
        """The reminder behind a link; nothing changes.

        Raises:
            NotFound: the link is forged or over.
        """
        with self._database.read() as connection:
            found = find_by_token(connection, self._database.vault, token, now)
        if found is None:
            raise _over()
        return found

    def answer(self, token: str, answer: Answer, now: float) -> Reminder:
        """Take the answer of whoever holds the link; the same answer again changes nothing.

        Raises:
            NotFound: the link is forged or over.
        """
        with self._database.write() as connection:
            found = find_by_token(connection, self._database.vault, token, now)
            if found is None:
                raise _over()
            return self._take(connection, found, answer, now)

    def answer_own(self, account: str, reminder_id: str, answer: Answer, now: float) -> Reminder:
        """Take the answer of a member on their own pages.

        Raises:
            NotFound: there is no such reminder of this account.
        """
        with self._database.write() as connection:
            found = find_reminder(connection, self._database.vault, reminder_id, account)
            if found is None:
                raise _over()
            return self._take(connection, found, answer, now)

    def _take(self, connection: Connection, found: Reminder, answer: Answer, now: float) -> Reminder:
        if record_answer(connection, found.id, answer, now):
            note(connection, found.account, f"sign_in.{answer}", found.account, {"reminder": found.id})
            if answer == "not_own":
                self._contain(connection, found, now)
            elif found.particulars.device is not None:
                own_device(connection, device_name(found.account, found.particulars.device))
        after = find_reminder(connection, self._database.vault, found.id, found.account)
        return after or found

    def _contain(self, connection: Connection, found: Reminder, now: float) -> None:
        began = self._containing.open(
            connection, found.account, GROUND, now, by=found.account, since=found.at,
            device=found.particulars.device, session=found.particulars.session,
        )
        record_containment(connection, found.id, began)


def _over() -> NotFound:
    return NotFound(
        "this link is over; open the security page from the app", zh="这个链接已失效，请从应用内打开“账号安全”页面。",
        en="This link is over. Open the security page from the app.",
    )
