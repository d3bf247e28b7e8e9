"""What members may ask the platform to do for them: keep somebody away, stop money that has gone."""

from typing import Literal, get_args

import msgspec

ErrandKind = Literal["block", "freeze"]
ERRAND_KINDS: tuple[ErrandKind, ...] = get_args(ErrandKind)

ErrandState = Literal["asked", "done", "refused", "taken_back"]
"""`done` and `refused` are the platform's word, `taken_back` the member's."""
ERRAND_STATES: tuple[ErrandState, ...] = get_args(ErrandState)
STANDING: tuple[ErrandState, ...] = ("asked", "done")
"""What the member can take back."""

Outcome = Literal["done", "refused"]

MAX_A_DAY: dict[ErrandKind, int] = {"block": 20, "freeze": 10}
FREEZE_LOOK_BACK_S = 7 * 86_400.0
"""Payments that are older are not named: no bank stops them any more."""
MAX_PAYMENTS = 10
ANSWER_WITHIN_S = 600.0
"""Money that nobody has said a word about by then is likely gone: staff must hear of it."""


class PaymentMeant(msgspec.Struct, frozen=True, kw_only=True):
    """A payment of the member that may be meant.

    Attributes:
        payment_id: your name for it.
        other: `account:<id>` or `payee:<id>` of who got it.
        amount_minor: in minor units of `currency`.
        at: event time, seconds since the epoch.
    """

    payment_id: str
    other: str
    amount_minor: int
    currency: str
    at: float


class BlockAsked(msgspec.Struct, frozen=True, kw_only=True):
    """`data` of `member.block_asked` and of `member.block_taken_back`: block `other` for this member, or undo it.

    Do what your own "block" does; `other` is not told. Then `POST /v1/errands/{errand}:answer`.

    Attributes:
        account: `account:<id>` of who asks.
        other: `account:<id>` of whom they want to hear nothing any more.
    """

    errand: str
    account: str
    other: str


class FreezeAsked(msgspec.Struct, frozen=True, kw_only=True):
    """`data` of `payment.freeze_asked` and of `payment.freeze_taken_back`: a member says that money went to a fraud.

    Hold what has not been paid out, tell the bank or the other side's provider, then `POST
    /v1/errands/{errand}:answer`. Minutes count.

    Attributes:
        account: `account:<id>` of who paid.
        other: `kind:id` of who it went to, as far as they said; null for nobody named.
        payments: those that we know of, newest first; where there are none, ask the member or look at their latest.
    """

    errand: str
    account: str
    other: str | None
    payments: tuple[PaymentMeant, ...]
