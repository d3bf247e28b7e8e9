"""What warnings may have kept from being lost, and how far to trust that: two estimates that err in different ways.

Where money is about to move nobody is ever left unwarned, so there is no control there. **At the payment**: of the
payments that were cancelled after a warning, those that were not made to the same person after all within
`AFTERWARDS_S`, less the share that people cancel anyway, as seen among payments without a warning. It is too high
where a warning meets payments that people doubt already, and where an honest deal was given up or paid another way;
too low where a warned payer would have come back with a larger sum.

**By trial**: with a held-out control, what members paid to the person in question within `AFTERWARDS_S` of a warning
that they did not get, less what those paid who got it, times the number of those. Chance decides who is in which arm,
so only luck is in the way of the truth, and the interval tells how much of it; but it speaks of the earlier warnings
alone, on top of the stop that both arms get.

None of them knows whether a payment would have been a loss: they count money that stayed, not crimes.
"""

from math import sqrt
from typing import Literal, get_args

import msgspec

PaymentOutcome = Literal["paid", "cancelled", "refused"]
OUTCOMES: tuple[PaymentOutcome, ...] = get_args(PaymentOutcome)

AFTERWARDS_S = 72 * 3_600.0
Z95 = 1.96
FEWEST = 30
"""Of each arm; with fewer an interval would say more than is known."""


class WarnedPayments(msgspec.Struct, frozen=True, kw_only=True):
    """The payments of one currency that members were warned of and that have ended; amounts in minor units.

    Attributes:
        count: all of them.
        kept: those that were cancelled and not made to the same person after all within `AFTERWARDS_S`.
        kept_minor: what those were about.
        possible_minor: what all were about but those that the platform refused.
    """

    count: int
    kept: int
    kept_minor: int
    possible_minor: int


class AtPayment(msgspec.Struct, frozen=True, kw_only=True):
    """The first estimate, in minor units.

    Attributes:
        warned, kept: payments, and those of them that stayed unpaid for good.
        kept_minor: what those were about: the most that can have been prevented.
        usual_share: 0 to 1, of payments without a warning that are cancelled anyway; None while none has ended.
        prevented_minor: the estimate, at least 0; None without `usual_share`.
    """

    warned: int
    kept: int
    kept_minor: int
    usual_share: float | None
    prevented_minor: int | None


class ArmPaid(msgspec.Struct, frozen=True, kw_only=True):
    """What the members of one arm paid afterwards to whom they were, or were not, warned of; minor units."""

    members: int
    total: float
    squares: float


class ByTrial(msgspec.Struct, frozen=True, kw_only=True):
    """The second estimate with its 95 % interval, in minor units; `low` may be below 0."""

    prevented_minor: int
    low_minor: int
    high_minor: int


def at_payment(warned: WarnedPayments, usual_paid: int, usual_cancelled: int) -> AtPayment:
    """The first estimate.

    Args:
        usual_paid, usual_cancelled: payments without a warning.
    """
    ended = usual_paid + usual_cancelled
    usual_share = usual_cancelled / ended if ended else None
    prevented = None
    if usual_share is not None:
        prevented = max(round(warned.kept_minor - usual_share * warned.possible_minor), 0)
    return AtPayment(
        warned=warned.count, kept=warned.kept, kept_minor=warned.kept_minor, usual_share=usual_share,
        prevented_minor=prevented,
    )


def by_trial(warned: ArmPaid, control: ArmPaid) -> ByTrial | None:
    """The second estimate; None while an arm has fewer than `FEWEST` members."""
    if min(warned.members, control.members) < FEWEST:
        return None
    saved_each = control.total / control.members - warned.total / warned.members
    error = Z95 * sqrt(_variance_of_mean(warned) + _variance_of_mean(control))
    low, high = saved_each - error, saved_each + error
    return ByTrial(
        prevented_minor=round(warned.members * saved_each), low_minor=round(warned.members * low),
        high_minor=round(warned.members * high),
    )


def _variance_of_mean(arm: ArmPaid) -> float:
    mean = arm.total / arm.members
    return max(arm.squares / arm.members - mean * mean, 0.0) / (arm.members - 1)


def wilson(hits: int, total: int) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson 1927), 0 to 1; everything is possible of nothing."""
    if not total:
        return 0.0, 1.0
    share, z2 = hits / total, Z95 * Z95
    middle = (share + z2 / (2 * total)) / (1 + z2 / total)
    half = Z95 * sqrt(share * (1 - share) / total + z2 / (4 * total * total)) / (1 + z2 / total)
    return max(middle - half, 0.0), min(middle + half, 1.0)
