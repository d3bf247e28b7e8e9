"""Double entry for members' funds: what each kind of transaction posts, and when a set of postings is sound.

Amounts are whole minor units (fen, cents, pieces), never fractions. A unit is a currency (`CNY`) or the code of a
virtual good; units are never added to each other. Every holding has three accounts, `free:`, `held:` and `paid:`; the
platform has one per unit, which is negative by what members have or once had.
"""

from collections.abc import Iterable
from typing import Literal, get_args

import msgspec

LARGEST_AMOUNT = 2**53 - 1
"""So that every amount is exact in JSON, in both databases, and in any sum of two."""

HoldingKind = Literal["wallet", "wealth", "goods"]
HOLDING_KINDS: tuple[HoldingKind, ...] = get_args(HoldingKind)

TransactionKind = Literal["register", "hold", "release", "pay"]
TRANSACTION_KINDS: tuple[TransactionKind, ...] = get_args(TransactionKind)

Pot = Literal["free", "held", "paid"]
POTS: tuple[Pot, ...] = get_args(Pot)


class Posting(msgspec.Struct, frozen=True):
    """One line; `amount` is never 0, above 0 for what comes in."""

    account: str
    unit: str
    amount: int


def platform(unit: str) -> str:
    """The platform's account, the other side of everything that members have."""
    return f"platform:{unit}"


def pot(name: Pot, holding: str) -> str:
    """One of the three accounts of a holding."""
    return f"{name}:{holding}"


def registered(holding: str, unit: str, amount: int, *, is_held: bool) -> tuple[Posting, ...]:
    """The platform says that the member has `amount` more, or less when it is below 0."""
    into = pot("held" if is_held else "free", holding)
    return _moved(platform(unit), into, unit, amount)


def held(holding: str, unit: str, amount: int) -> tuple[Posting, ...]:
    """A hold: the member still has it and cannot spend it."""
    return _moved(pot("free", holding), pot("held", holding), unit, amount)


def released(holding: str, unit: str, amount: int) -> tuple[Posting, ...]:
    """The way back from `held`."""
    return _moved(pot("held", holding), pot("free", holding), unit, amount)


def paid(holding: str, unit: str, amount: int) -> tuple[Posting, ...]:
    """The platform has paid out what was held."""
    return _moved(pot("held", holding), pot("paid", holding), unit, amount)


def _moved(source: str, target: str, unit: str, amount: int) -> tuple[Posting, ...]:
    return (Posting(source, unit, -amount), Posting(target, unit, amount)) if amount else ()


def is_balanced(postings: Iterable[Posting]) -> bool:
    """Whether the postings sum to zero in every unit."""
    sums: dict[str, int] = {}
    for posting in postings:
        sums[posting.unit] = sums.get(posting.unit, 0) + posting.amount
    return not any(sums.values())


def changes(postings: Iterable[Posting], holding: str) -> dict[Pot, int]:
    """What the postings add to each pot of one holding."""
    sums: dict[Pot, int] = dict.fromkeys(POTS, 0)
    for posting in postings:
        for name in POTS:
            if posting.account == pot(name, holding):
                sums[name] += posting.amount
    return sums
