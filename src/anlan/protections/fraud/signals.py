"""What can be told of a payment before it is made: how large, to whom, and how unusual."""

from anlan.domain.signals import Signal
from anlan.engine.signals import signal


@signal(
    title={"zh": "付款金额", "en": "amount about to be paid"}, unit="major currency units", low=0,
    examples=[({"amount_minor": 12_345}, 123.45)],
)
def amount(amount_minor: float) -> float:
    return amount_minor / 100


@signal(
    title={"zh": "金额是整百", "en": "the amount is a round hundred"},
    examples=[({"amount_minor": 500_000}, True), ({"amount_minor": 12_345}, False), ({"amount_minor": 0}, False)],
)
def amount_is_round(amount_minor: float) -> bool:
    return amount_minor > 0 and amount_minor % 10_000 == 0


SIGNALS: tuple[Signal, ...] = (amount, amount_is_round)
