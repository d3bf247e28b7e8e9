"""Paused payments for platforms that ask the payer in a dialogue of their own: what to say, what the payer decided."""

from typing import Annotated

import msgspec
from fastapi import APIRouter, Path
from msgspec import Meta
from starlette.responses import Response

from anlan import clock
from anlan.domain.scenarios import Strength, Words
from anlan.domain.transfer_messages import ReasonOffered
from anlan.domain.transfers import MAX_WORDS, REASONS, Answer, Reason, ReasonCode, TransferState, needs_words
from anlan.store.transfer_helpers import Helper, helpers_of
from anlan.store.transfers import Transfer, transfers_of
from anlan.web.api.calls import Caller, CallerDep, answer, body_of
from anlan.web.api.documented import documented

router = APIRouter(tags=["transfers"])

TransferId = Annotated[str, Path(pattern=r"^pay_[0-9a-f]{24}$")]
AccountPath = Annotated[str, Path(pattern=r"^[^\x00-\x1f\x7f]{1,128}$", description="The account's id.")]


class TransferReason(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Why the payer goes on.

    Attributes:
        reason: one of the `reasons` of `transfer.paused`.
        words: their own; needed while `needs_words` holds, with `other`, and when they answered the question with no.
        said_yes: what they answered to the question; "no" speaks against the payment.
    """

    reason: ReasonCode
    said_yes: bool
    words: Annotated[str, Meta(max_length=MAX_WORDS)] = ""


class TransferShown(msgspec.Struct, frozen=True, kw_only=True):
    """One payment that waits or waited; times in seconds since the epoch.

    Attributes:
        event, payment_id: the event that was held, and your name for the payment.
        until: when the cool-down ends.
        needs_words: whether going on now takes a reason in the payer's own words.
        title, words, question: what it may be, what to say, and what to ask.
        answer: what the payer decided.
        may_be_sent: whether the payment can be sent again and passes; about a second after a release, when
            `transfer.released` is sent.
    """

    transfer: str
    account: str
    event: str
    payment_id: str | None
    amount_minor: int
    currency: str
    state: TransferState
    strength: Strength
    scenario: str
    happened_at: float
    until: float
    needs_words: bool
    title: Words
    words: Words
    question: Words
    reasons: tuple[ReasonOffered, ...]
    answer: Answer | None
    may_be_sent: bool
    answered_at: float | None
    settled_at: float | None


class TransferList(msgspec.Struct, frozen=True):
    """The payments of one account that wait or waited, newest first."""

    transfers: tuple[TransferShown, ...]


@router.get("/v1/accounts/{account}/transfers", **documented("alerts:write", TransferList))
def list_transfers(caller: CallerDep, account: AccountPath) -> Response:
    """What an account's payments wait for. Each look is in the audit log."""
    now, name = clock.now(), f"account:{account}"
    with caller.house.database.read() as connection:
        found = [(one, helpers_of(connection, one.id)) for one in transfers_of(connection, name, 20)]
    caller.note("transfer.list", name)
    return answer(TransferList(tuple(_shown(caller, one, helpers, now) for one, helpers in found)))


@router.get("/v1/transfers/{transfer:noun}", **documented("alerts:write", TransferShown, problems=(404,)))
def read_transfer(caller: CallerDep, transfer: TransferId) -> Response:
    """One payment."""
    return _show(caller, transfer)


@router.post(
    "/v1/transfers/{transfer}:release",
    **documented("alerts:write", TransferShown, takes=TransferReason, problems=(404, 409, 422)),
)
def release_transfer(
    caller: CallerDep, transfer: TransferId, said: Annotated[TransferReason, body_of(TransferReason)]
) -> Response:
    """The payer goes on. Send the payment again when `transfer.released` has come."""
    reason = Reason(code=said.reason, words=said.words.strip(), has_doubt=not said.said_yes)
    caller.house.company.transfers.release(transfer, reason, clock.now(), by=caller.actor)
    return _show(caller, transfer)


@router.post("/v1/transfers/{transfer}:stop", **documented("alerts:write", TransferShown, problems=(404, 409)))
def stop_transfer(caller: CallerDep, transfer: TransferId) -> Response:
    """The payer does not pay."""
    caller.house.company.transfers.stop(transfer, clock.now(), by=caller.actor)
    return _show(caller, transfer)


def _show(caller: Caller, transfer_id: str) -> Response:
    with caller.house.database.read() as connection:
        found = caller.house.company.transfers.get(connection, transfer_id)
        helpers = helpers_of(connection, transfer_id)
    return answer(_shown(caller, found, helpers, clock.now()))


def _shown(caller: Caller, one: Transfer, helpers: list[Helper], now: float) -> TransferShown:
    scenario = caller.house.company.transfers.scenario_of(one)
    is_vouched = any(helper.answer == "vouched" for helper in helpers)
    plain = Reason(code=next(iter(REASONS)))
    return TransferShown(
        transfer=one.id, account=one.payer.removeprefix("account:"), event=one.event, payment_id=one.payment_id,
        amount_minor=one.amount_minor, currency=one.currency, state=one.state, strength=one.strength,
        scenario=one.scenario, happened_at=one.happened_at, until=one.until,
        needs_words=needs_words(plain, one.strength, one.until, now, is_vouched=is_vouched), title=scenario.title,
        words=scenario.say[one.strength], question=scenario.question,
        reasons=tuple(ReasonOffered(code=code, title=title) for code, title in REASONS.items()), answer=one.answer,
        may_be_sent=one.state == "released" and one.told_at is not None,
        answered_at=one.answered_at, settled_at=one.settled_at,
    )
