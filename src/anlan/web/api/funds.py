"""Members' money as the platform tells of it, and payouts that it was ordered to make."""

from typing import Annotated

import msgspec
from fastapi import APIRouter, Path
from msgspec import Meta
from starlette.responses import Response

from anlan.center.funds import Count
from anlan.domain.ledger import LARGEST_AMOUNT, HoldingKind
from anlan.domain.payouts import PayoutState
from anlan.errors import NotFound
from anlan.store.funds import Holding, channel_opened_at, holdings_of
from anlan.store.payouts import Application, Sealed, find_application
from anlan.web.api.calls import CallerDep, HouseDep, answer, body_of
from anlan.web.api.documented import documented

MAX_HOLDINGS = 200
_TEXT = r"^[^\x00-\x1f\x7f]+$"

router = APIRouter(tags=["funds"])

AccountPath = Annotated[str, Path(pattern=r"^[^\x00-\x1f\x7f]{1,256}$", description="The account's id.")]
PayoutId = Annotated[str, Path(pattern=r"^payout_[0-9a-f]{24}$")]
Amount = Annotated[int, Meta(ge=0, le=LARGEST_AMOUNT)]
Seconds = Annotated[float, Meta(ge=0, le=32_503_680_000)]


class HoldingCount(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a member has of one thing.

    Attributes:
        unit: a currency (`CNY`), or the code of a virtual good.
        title: as members know it.
        amount: whole minor units (fen, cents, pieces), all that is there now, held or not.
    """

    kind: HoldingKind
    unit: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_.-]{1,64}$")]
    title: Annotated[str, Meta(max_length=100, pattern=_TEXT)]
    amount: Amount


class HoldingsCounted(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A count of what a member has; holdings that are not named stay as they are.

    Attributes:
        as_of: when it was counted, seconds since the epoch; an older count than the last is refused.
    """

    as_of: Seconds
    holdings: Annotated[tuple[HoldingCount, ...], Meta(min_length=1, max_length=MAX_HOLDINGS)]


class HoldingsShown(msgspec.Struct, frozen=True, kw_only=True):
    """What an account has.

    Attributes:
        channel_opened_at: since when its owner may ask for what is held (seconds since the epoch); null while none is.
    """

    account: str
    channel_opened_at: float | None
    items: tuple[Holding, ...]


class PayoutShown(msgspec.Struct, frozen=True, kw_only=True):
    """A payout, with where to pay it while it is ordered.

    Attributes:
        amount: whole minor units of `unit`.
        method, payee, payee_account: as the member gave them; null unless it waits to be paid.
    """

    payout: str
    account: str
    holding: str
    holding_kind: HoldingKind
    unit: str
    amount: int
    state: PayoutState
    ordered_at: float | None
    reference: str
    method: str | None = None
    payee: str | None = None
    payee_account: str | None = None


class PayoutConfirmed(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """It was paid.

    Attributes:
        amount: what was paid, which must be what was ordered.
        reference: of the payment in the platform's own books.
        paid_at: seconds since the epoch; null for now.
    """

    amount: Amount
    reference: Annotated[str, Meta(max_length=128, pattern=_TEXT)]
    paid_at: Seconds | None = None


class PayoutFailed(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """It could not be paid; `reason` is shown to staff and the member."""

    reason: Annotated[str, Meta(max_length=500, pattern=_TEXT)]


@router.put(
    "/v1/accounts/{account}/holdings",
    **documented("funds:write", HoldingsShown, takes=HoldingsCounted, problems=(409, 422)),
)
def put_holdings(
    caller: CallerDep, account: AccountPath, counted: Annotated[HoldingsCounted, body_of(HoldingsCounted)]
) -> Response:
    """Tell what a member has. While a sanction holds it, it can only become more."""
    counts = tuple(Count(kind=c.kind, unit=c.unit, title=c.title, amount=c.amount) for c in counted.holdings)
    caller.house.funds.register(f"account:{account}", counts, counted.as_of, caller.actor)
    return _shown(caller.house, account)


@router.get("/v1/accounts/{account}/holdings", **documented("funds:write", HoldingsShown))
def get_holdings(house: HouseDep, account: AccountPath) -> Response:
    """What a member has, free, held and paid out; nothing of an account that was never counted."""
    return _shown(house, account)


def _shown(house: HouseDep, account: str) -> Response:
    name = f"account:{account}"
    with house.database.read() as connection:
        opened, items = channel_opened_at(connection, name), tuple(holdings_of(connection, name))
    return answer(HoldingsShown(account=name, channel_opened_at=opened, items=items))


@router.get("/v1/payouts/{payout_id:noun}", **documented("funds:write", PayoutShown, problems=(404,)))
def get_payout(caller: CallerDep, payout_id: PayoutId) -> Response:
    """A payout; while it is ordered also where to pay. Each look at that is in the audit log."""
    with caller.house.database.read() as connection:
        found = find_application(connection, payout_id)
    if found is None:
        raise NotFound("there is no such payout")
    return answer(_told(found, caller.house.payouts.look(found.id, caller.actor) if found.state == "ordered" else None))


@router.post(
    "/v1/payouts/{payout_id}:confirm",
    **documented("funds:write", PayoutShown, takes=PayoutConfirmed, problems=(404, 409)),
)
def confirm_payout(
    caller: CallerDep, payout_id: PayoutId, said: Annotated[PayoutConfirmed, body_of(PayoutConfirmed)]
) -> Response:
    """Say that it was paid. Saying so again changes nothing."""
    done = caller.house.payouts.confirm(payout_id, said.amount, said.reference, said.paid_at, caller.actor)
    return answer(_told(done))


@router.post(
    "/v1/payouts/{payout_id}:fail", **documented("funds:write", PayoutShown, takes=PayoutFailed, problems=(404, 409))
)
def fail_payout(
    caller: CallerDep, payout_id: PayoutId, said: Annotated[PayoutFailed, body_of(PayoutFailed)]
) -> Response:
    """Say that it could not be paid: the money stays held, and the member can apply again."""
    return answer(_told(caller.house.payouts.fail(payout_id, said.reason, caller.actor)))


def _told(found: Application, sealed: Sealed | None = None) -> PayoutShown:
    where = sealed.instruction if sealed else None
    return PayoutShown(
        payout=found.id, account=found.account, holding=found.holding_id, holding_kind=found.holding_kind,
        unit=found.unit, amount=found.amount_minor, state=found.state, ordered_at=found.ordered_at,
        reference=found.payment_reference, method=where.method if where else None,
        payee=where.payee if where else None, payee_account=where.account if where else None,
    )
