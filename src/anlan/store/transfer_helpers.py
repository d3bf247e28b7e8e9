"""Who of a payer's circle was asked about a payment that waits, or came by themselves, and what they said."""

import msgspec
from sqlalchemy import Connection, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from anlan.domain.transfers import HelpAnswer
from anlan.store.batch import storable
from anlan.store.tables import transfer_helpers, transfers


class Helper(msgspec.Struct, frozen=True, kw_only=True):
    """One of the circle, for one payment; times in seconds since the epoch.

    Attributes:
        guardian: `account:<id>`.
        asked_at: None when they came by themselves.
    """

    transfer_id: str
    guardian: str
    asked_at: float | None
    answer: HelpAnswer | None = None
    answered_at: float | None = None


_HELPER = select(*(transfer_helpers.c[name] for name in Helper.__struct_fields__))


def helpers_of(connection: Connection, transfer_id: str) -> list[Helper]:
    """Who helps with a payment, first asked first."""
    query = _HELPER.where(transfer_helpers.c.transfer_id == transfer_id)
    rows = connection.execute(query.order_by(transfer_helpers.c.asked_at, transfer_helpers.c.guardian)).mappings()
    return [Helper(**row) for row in rows]


def find_helper(connection: Connection, transfer_id: str, guardian: str) -> Helper | None:
    """What one of the circle has to do with a payment."""
    query = _HELPER.where(
        transfer_helpers.c.transfer_id == transfer_id, transfer_helpers.c.guardian == storable(guardian)
    )
    row = connection.execute(query).mappings().one_or_none()
    return Helper(**row) if row else None


def add_helper(connection: Connection, helper: Helper) -> bool:
    """Note that somebody helps; False when they do already."""
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    row = msgspec.structs.asdict(helper) | {"guardian": storable(helper.guardian)}
    added = dialect.insert(transfer_helpers).values(row).on_conflict_do_nothing()
    return connection.execute(added.returning(transfer_helpers.c.guardian)).first() is not None


def answer_help(connection: Connection, transfer_id: str, guardian: str, answer: HelpAnswer, now: float) -> bool:
    """Note what a helper says, once; False when they said something already."""
    helpers = transfer_helpers.c
    said = update(transfer_helpers).where(
        helpers.transfer_id == transfer_id, helpers.guardian == storable(guardian), helpers.answer.is_(None)
    )
    return connection.execute(said.values(answer=answer, answered_at=now)).rowcount == 1


def count_asked(connection: Connection, payer: str, since: float) -> int:
    """How often a payer asked somebody since `since` (wall clock)."""
    query = select(func.count()).select_from(transfer_helpers.join(transfers)).where(
        transfers.c.payer == storable(payer), transfers.c.paused_at >= since - 7 * 86_400.0,
        transfer_helpers.c.asked_at >= since,
    )
    return connection.execute(query).scalar_one()


def count_pauses(connection: Connection, payer: str, guardian: str, since: float) -> int:
    """How many payments of one member a guardian held since `since` (wall clock)."""
    query = select(func.count()).select_from(transfer_helpers.join(transfers)).where(
        transfer_helpers.c.guardian == storable(guardian), transfer_helpers.c.answer == "paused",
        transfer_helpers.c.answered_at >= since, transfers.c.payer == storable(payer),
    )
    return connection.execute(query).scalar_one()
