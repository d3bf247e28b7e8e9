"""What can be told of a payment before it is made, and of whoever asks to become a contact: were they found to harm?"""

from anlan.domain.events import Event
from anlan.domain.signals import Signal
from anlan.domain.transfers import CLOCK_SKEW_S, RELEASE_S
from anlan.engine.profiles import Profiles
from anlan.engine.signals import signal

UPHELD_S = 30 * 86_400.0
DONE_TO_OTHERS = frozenset({"fraud", "minors_safety", "threats", "intimate_images", "abuse"})
"""Categories of reports; being hacked or sad is nothing to warn others of."""


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


@signal(
    title={
        "zh": "30 天内针对该账号、经人工认定属实且未被申诉推翻的举报案件数",
        "en": "cases of reports about this account that people found right in 30 days, and still do",
    },
    low=0,
)
def account_upheld_reports_30d(account: str, profiles: Profiles, event: Event) -> int:
    """Of harm that was done to others; what an appeal takes back counts no more from that moment on."""
    name, time = f"account:{account}", event.time
    overturned = {case for _, case in profiles.dated_history(name, "overturned_report", time)}
    return sum(
        time - since < UPHELD_S and found["category"] in DONE_TO_OTHERS and found["case"] not in overturned
        for since, found in profiles.dated_history(name, "upheld_report", time)
    )


SIGNALS: tuple[Signal, ...] = (amount, amount_is_round, payment_was_thought_over, account_upheld_reports_30d)
