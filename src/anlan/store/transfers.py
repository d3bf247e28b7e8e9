"""Payments that wait for a second thought, from the event that paused one to what the platform says became of it.

Every move is an UPDATE that says from which state: of two who decide at once, the database lets one through.
"""

from collections.abc import Collection
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, Select, and_, delete, exists, func, insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from anlan.domain.event_data import PaymentInitiated, PaymentSettled
from anlan.domain.scenarios import Strength
from anlan.domain.transfers import Answer, Reason, TransferState
from anlan.store.batch import storable
from anlan.store.journal import StoredEvent, event_columns, last_seq, stored_event
from anlan.store.marks import TRANSFER_SETTLEMENTS, raise_mark
from anlan.store.tables import alerts, events, own_events, transfer_helpers, transfer_pauses, transfers
from anlan.store.vault import Codec, Vault

SCAN_EVENTS = 20_000


class Transfer(msgspec.Struct, frozen=True, kw_only=True):
    """One payment that waits or waited; times in seconds since the epoch, wall clock but for `happened_at`.

    Attributes:
        payer: `account:<id>`.
        event_seq, event: the event that was held: its place in the journal, its id on the platform.
        until: when the cool-down ends.
        answered_by: the payer, `key:<id>` on their behalf, or `policy:<id>` whose closer look saw no risk.
        has_doubt: the payer answered the question against the payment.
        guarded_by: `account:<id>` of who holds it, until `guarded_until` at most.
        asked_again_at, told_at: when the platform was told that the cool-down is over, and of the release.
        tellings: how often it was told of the release.
        regretted_at: when the payer said that it was a fraud after all.
    """

    id: str
    payer: str
    payee: str
    payee_account: str | None
    amount_minor: int
    currency: str
    payment_id: str | None
    event_seq: int
    event: str
    scenario: str
    strength: Strength
    policy: str
    happened_at: float
    paused_at: float
    until: float
    state: TransferState = "waiting"
    answer: Answer | None = None
    answered_at: float | None = None
    answered_by: str | None = None
    reason: str | None = None
    has_doubt: bool = False
    guarded_by: str | None = None
    guarded_until: float | None = None
    asked_again_at: float | None = None
    told_at: float | None = None
    tellings: int = 0
    settled_at: float | None = None
    regretted_at: float | None = None

    @property
    def other(self) -> str:
        """`kind:id` of who would get it."""
        return f"account:{self.payee_account}" if self.payee_account is not None else f"payee:{self.payee}"


class Payment(msgspec.Struct, frozen=True):
    """A payment of the journal as it was about to be made; `time` is event time."""

    event: StoredEvent
    said: PaymentInitiated


class Settlement(msgspec.Struct, frozen=True):
    """What the platform says became of a payment."""

    event_seq: int
    said: PaymentSettled


class Warned(msgspec.Struct, frozen=True):
    """The alert that goes with a paused payment."""

    id: str
    scenario: str
    strength: Strength


_TRANSFER: Select[Any] = select(*(transfers.c[name] for name in Transfer.__struct_fields__))
_initiated = msgspec.json.Decoder(PaymentInitiated).decode
_settled = msgspec.json.Decoder(PaymentSettled).decode


def payments_at(connection: Connection, codec: Codec, seqs: Collection[int]) -> dict[int, Payment]:
    """The payments among these events of the journal, by their place."""
    query = select(*event_columns()).where(events.c.seq.in_(seqs), events.c.type == "payment.initiated")
    found = [stored_event(row, codec) for row in connection.execute(query.where(events.c.data.is_not(None)))]
    return {event.seq: Payment(event, _initiated(event.data)) for event in found}


def settlements_since(connection: Connection, codec: Codec, done: int) -> tuple[list[Settlement], int]:
    """What came of payments after a place of the journal, in order, and how far that reaches."""
    newest = min(last_seq(connection), done + SCAN_EVENTS)
    query = select(*event_columns()).where(
        events.c.seq > done, events.c.seq <= newest, events.c.type == "payment.settled", events.c.data.is_not(None)
    )
    found = [stored_event(row, codec) for row in connection.execute(query.order_by(events.c.seq))]
    return [Settlement(event.seq, _settled(event.data)) for event in found], newest


def lock_settlements(connection: Connection) -> int:
    """How far settlements were followed; nobody else follows until the transaction ends."""
    return raise_mark(connection, TRANSFER_SETTLEMENTS, 0)


def pass_settlements(connection: Connection, by: int) -> None:
    """Note that so many more events were followed."""
    raise_mark(connection, TRANSFER_SETTLEMENTS, by)


def warning_of(connection: Connection, event_seq: int, payer: str) -> Warned | None:
    """What a payer was warned of by the decision that paused a payment; None when nobody has warned them yet."""
    query = select(*(alerts.c[name] for name in Warned.__struct_fields__)).where(
        alerts.c.event_seq == event_seq, alerts.c.account == storable(payer)
    )
    row = connection.execute(query.order_by(alerts.c.id).limit(1)).one_or_none()
    return Warned(*row) if row else None


def taken_pauses(connection: Connection, seqs: Collection[int]) -> dict[int, str | None]:
    """Which of these events were taken in, and the payment that each paused; None for one that was over already."""
    query = select(transfer_pauses.c.event_seq, transfer_pauses.c.transfer_id)
    return {row[0]: row[1] for row in connection.execute(query.where(transfer_pauses.c.event_seq.in_(seqs)))}


def take_pause(connection: Connection, event_seq: int, transfer_id: str | None, policy: str, now: float) -> None:
    """Note that an event was taken in; each is once."""
    row = {"event_seq": event_seq, "transfer_id": transfer_id, "policy": policy, "taken_at": now}
    connection.execute(insert(transfer_pauses), row)


def drop_pause(connection: Connection, event_seq: int, transfer_id: str | None) -> int:
    """Forget that an event paused a payment, which a closer look took back; how many other events pause it still."""
    pauses = transfer_pauses.c
    connection.execute(delete(transfer_pauses).where(pauses.event_seq == event_seq))
    query = select(func.count()).where(pauses.transfer_id == transfer_id)
    return connection.execute(query).scalar_one()


def add_transfer(connection: Connection, new: Transfer) -> bool:
    """Keep a payment that waits; False when it is there already, or the same payment waits."""
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    row = {
        name: storable(value) if isinstance(value, str) else value
        for name, value in msgspec.structs.asdict(new).items()
    }
    added = dialect.insert(transfers).values(row).on_conflict_do_nothing().returning(transfers.c.id)
    return connection.execute(added).first() is not None


def find_transfer(connection: Connection, transfer_id: str, payer: str | None = None) -> Transfer | None:
    """The payment with this id; with `payer` only if it is theirs."""
    return _first(connection, transfers.c.id == transfer_id, *([] if payer is None else [_is_of(payer)]))


def last_transfer(connection: Connection, payer: str, payment_id: str | None) -> Transfer | None:
    """What was paused last under the platform's name for a payment; None without a name."""
    if payment_id is None:
        return None
    query = _TRANSFER.where(_is_of(payer), transfers.c.payment_id == storable(payment_id))
    return _one(connection, query.order_by(transfers.c.paused_at.desc(), transfers.c.id).limit(1))


def transfers_of(connection: Connection, payer: str, limit: int = 50) -> list[Transfer]:
    """What a member's payments came to, newest first."""
    query = _TRANSFER.where(_is_of(payer)).order_by(transfers.c.paused_at.desc(), transfers.c.id).limit(limit)
    return [Transfer(**row) for row in connection.execute(query).mappings()]


def waiting_transfers(connection: Connection, payer: str) -> list[Transfer]:
    """Those of a member that wait, newest first."""
    query = _TRANSFER.where(_is_of(payer), transfers.c.state == "waiting").order_by(transfers.c.paused_at.desc())
    return [Transfer(**row) for row in connection.execute(query).mappings()]


def answer_transfer(
    connection: Connection, vault: Vault, found: Transfer, answer: Answer, by: str, now: float,
    reason: Reason | None = None, *, heeds_guardian: bool = True,
) -> bool:
    """Decide on a payment that waits; False when somebody else was first, or a guardian holds it.

    Args:
        heeds_guardian: False where the payer has taken back that guardians may hold their payments.
    """
    rows = transfers.c
    free = [or_(rows.guarded_until.is_(None), rows.guarded_until <= now)] if heeds_guardian else []
    said: dict[str, Any] = {"state": answer, "answer": answer, "answered_at": now, "answered_by": storable(by)}
    if reason is not None:
        said |= {"reason": reason.code, "has_doubt": reason.has_doubt}
        if reason.words:
            said["words"] = vault.seal(reason.words.encode(), found.id.encode())
    moved = update(transfers).where(rows.id == found.id, rows.state == "waiting", *free).values(said)
    return connection.execute(moved).rowcount == 1


def read_words(connection: Connection, vault: Vault, transfer_id: str) -> str:
    """The payer's own reason; empty if there is none any more."""
    sealed = connection.execute(select(transfers.c.words).where(transfers.c.id == transfer_id)).scalar_one_or_none()
    return vault.open(bytes(sealed), transfer_id.encode()).decode() if sealed else ""


def guard_transfer(connection: Connection, transfer_id: str, guardian: str, until: float) -> bool:
    """Hold a payment that waits; False when it does not wait any more, or somebody held it before."""
    rows = transfers.c
    held = update(transfers).where(rows.id == transfer_id, rows.state == "waiting", rows.guarded_by.is_(None))
    return connection.execute(held.values(guarded_by=storable(guardian), guarded_until=until)).rowcount == 1


def regret_transfer(connection: Connection, transfer_id: str, payer: str, now: float) -> bool:
    """Note that a payment that was made was a fraud after all; False when it was not made, or that was said before."""
    rows = transfers.c
    said = update(transfers).where(
        rows.id == transfer_id, _is_of(payer), rows.state.in_(("released", "paid")), rows.regretted_at.is_(None)
    )
    return connection.execute(said.values(regretted_at=now)).rowcount == 1


def settle_transfer(connection: Connection, settled: Settlement, now: float) -> str | None:
    """Close the pauses of a payment that the platform is done with; the id of what was paid or not, None without any.

    What was paid is what was released last; a larger amount or another payee that waited beside it is not. Even what
    was stopped or had lapsed is closed as paid: what happened to the money counts.
    """
    said, rows = settled.said, transfers.c
    query = _TRANSFER.where(
        _is_of(f"account:{said.payer}"), rows.payment_id == storable(said.payment_id), rows.settled_at.is_(None),
        rows.event_seq < settled.event_seq,
    )
    found = [Transfer(**row) for row in connection.execute(query.order_by(rows.event_seq.desc())).mappings()]
    if not found:
        return None
    this = next((one for one in found if one.answer == "released"), found[0])
    state: TransferState = "paid" if said.outcome == "paid" else "cancelled"
    for one in found:
        closed = update(transfers).where(rows.id == one.id, rows.settled_at.is_(None))
        connection.execute(closed.values(state=state if one is this else "cancelled", settled_at=now))
    return this.id


def cooled_transfers(connection: Connection, now: float, limit: int) -> list[Transfer]:
    """Those whose cool-down is over without an answer, and of which the platform has not been told; oldest first."""
    is_due = and_(transfers.c.until <= now, transfers.c.asked_again_at.is_(None))
    return _waiting(connection, is_due, limit)


def forgotten_transfers(connection: Connection, before: float, limit: int) -> list[Transfer]:
    """Those whose cool-down ended before `before` without an answer, oldest first."""
    return _waiting(connection, transfers.c.until <= before, limit)


def note_asked_again(connection: Connection, transfer_id: str, now: float) -> bool:
    """Note that the platform is told now; False when it was, or somebody has decided meanwhile."""
    return _move(connection, transfer_id, transfers.c.asked_again_at.is_(None), asked_again_at=now)


def lapse_transfer(connection: Connection, transfer_id: str) -> bool:
    """Let a payment that nobody decided on be over; False when somebody has."""
    return _move(connection, transfer_id, state="lapsed")


def untold_releases(connection: Connection, event_of: str, limit: int) -> list[Transfer]:
    """Released payments of which the platform has not heard, and of whose release the journal knows; oldest first.

    Args:
        event_of: how the id of a release's own event begins; the transfer's id ends it.
    """
    waits = exists().where(own_events.c.id == event_of + transfers.c.id)
    is_untold = and_(transfers.c.answer == "released", transfers.c.told_at.is_(None), ~waits)
    query = _TRANSFER.where(is_untold).order_by(transfers.c.answered_at).limit(limit)
    return [Transfer(**row) for row in connection.execute(query).mappings()]


def note_told(connection: Connection, transfer_id: str, now: float) -> int:
    """Note that the platform is told now; how often it was, this time included, or 0 when somebody else does it."""
    told = update(transfers).where(transfers.c.id == transfer_id, transfers.c.told_at.is_(None))
    moved = told.values(told_at=now, tellings=transfers.c.tellings + 1).returning(transfers.c.tellings)
    return connection.execute(moved).scalar_one_or_none() or 0


def tell_again(connection: Connection, transfer_id: str) -> None:
    """Let the platform be told of a release once more: it came before the journal knew."""
    connection.execute(update(transfers).where(transfers.c.id == transfer_id).values(told_at=None))


def forget_transfers(connection: Connection, before: float, limit: int) -> int:
    """Remove payments that were paused before `before` and wait no more, with who helped; how many that were."""
    rows, pauses = transfers.c, transfer_pauses.c
    connection.execute(delete(transfer_pauses).where(pauses.taken_at < before, pauses.transfer_id.is_(None)))
    old = select(rows.id).where(rows.paused_at < before, rows.state != "waiting").limit(limit)
    ids = list(connection.execute(old).scalars())
    for table in (transfer_helpers, transfer_pauses):
        connection.execute(delete(table).where(table.c.transfer_id.in_(ids)))
    connection.execute(delete(transfers).where(rows.id.in_(ids)))
    return len(ids)


def _is_of(payer: str) -> ColumnElement[bool]:
    return transfers.c.payer == storable(payer)


def _move(connection: Connection, transfer_id: str, *conditions: ColumnElement[bool], **values: Any) -> bool:
    is_waiting = transfers.c.state == "waiting"
    moved = update(transfers).where(transfers.c.id == transfer_id, is_waiting, *conditions)
    return connection.execute(moved.values(values)).rowcount == 1


def _waiting(connection: Connection, condition: ColumnElement[bool], limit: int) -> list[Transfer]:
    query = _TRANSFER.where(transfers.c.state == "waiting", condition).order_by(transfers.c.until).limit(limit)
    return [Transfer(**row) for row in connection.execute(query).mappings()]


def _first(connection: Connection, *conditions: ColumnElement[bool]) -> Transfer | None:
    return _one(connection, _TRANSFER.where(*conditions))


def _one(connection: Connection, query: Select[Any]) -> Transfer | None:
    row = connection.execute(query).mappings().one_or_none()
    return Transfer(**row) if row else None
