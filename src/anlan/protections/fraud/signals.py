"""What can be told of a payment before it is made: how large, to whom, and how unusual."""

from anlan.domain.events import Event
from anlan.domain.signals import Signal
from anlan.domain.transfers import CLOCK_SKEW_S, RELEASE_S
from anlan.engine.profiles import Profiles
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


@signal(
    title={"zh": "付款人已冷静考虑过这笔付款", "en": "the payer has thought this payment over"},
    optional=("payment_id",),
)
def payment_was_thought_over(
    payer: str, payee: str, amount_minor: float, currency: str, payment_id: str | None, profiles: Profiles, event: Event
) -> bool:
    """Whether the payer released this very payment within `RELEASE_S`: same payee, and no more than was looked at.

    Never unknown. A platform's clock may run behind ours by `CLOCK_SKEW_S`: it repeats the payment as soon as it hears.
    """
    known = profiles.dated_history(f"account:{payer}", "released_payment", event.time + CLOCK_SKEW_S)
    return any(
        (value["payment_id"], value["payee"], value["currency"]) == (payment_id, payee, currency)
        and amount_minor <= value["amount_minor"]
        for since, value in known if event.time - since <= RELEASE_S
    )


SIGNALS: tuple[Signal, ...] = (amount, amount_is_round, payment_was_thought_over)
