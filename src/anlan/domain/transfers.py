"""Payments that wait for a second thought: what may become of them, who may decide, and which reasons a payer can give.

The money never leaves the payer while a payment waits, and it is theirs to spend: a cool-down ends, a reason that is
long enough ends it earlier, and nothing is paid that nobody asked for.
"""

from typing import Literal, get_args
from unicodedata import east_asian_width

import msgspec

from anlan.domain.scenarios import Strength, Words

TransferState = Literal["waiting", "released", "stopped", "lapsed", "paid", "cancelled"]
"""Waiting for the payer; what they (or the clock) decided; what the platform says became of it."""
TRANSFER_STATES: tuple[TransferState, ...] = get_args(TransferState)

Answer = Literal["released", "stopped"]
ANSWERS: tuple[Answer, ...] = get_args(Answer)

HelpAnswer = Literal["vouched", "advised_against", "paused"]
HELP_ANSWERS: tuple[HelpAnswer, ...] = get_args(HelpAnswer)

HOUR_S = 3_600.0
LAPSES_S = 24 * HOUR_S
"""So long after the cool-down a payment that nobody decides on still waits; then it is over and nothing was paid."""
RELEASE_S = 24 * HOUR_S
"""So long a release is good for: a payment that is tried later is looked at anew."""
CLOCK_SKEW_S = 120.0
"""A platform's clock may run behind ours by so much."""
GUARDIAN_PAUSE_S = 6 * HOUR_S
"""The longest that somebody of the payer's circle can hold a payment, once for each."""
MAX_GUARDIAN_PAUSES_7D = 3
"""By one guardian for one member: past it they can advise, and no longer hold."""
MAX_HELPERS = 3
"""So many can be asked about one payment."""
MAX_ASKED_A_DAY = 6
MIN_WIDTH, MIN_DIFFERENT = 24, 8
"""How long a reason is that ends a full stop before its time, a Chinese character counting twice, and how many of its
characters differ: nobody types it without thinking."""
MAX_WORDS = 1_000

ReasonCode = Literal["spoke_with_them", "checked_officially", "own_account", "goods_checked", "family", "other"]
OTHER: ReasonCode = "other"
REASONS: dict[ReasonCode, Words] = {
    "spoke_with_them": {
        "zh": "我认识收款人，并且已当面或打电话确认过",
        "en": "I know the payee and have spoken with them in person or by phone",
    },
    "checked_officially": {
        "zh": "我已通过官方 App、官网或官方电话核实",
        "en": "I have checked with the official app, site or phone number",
    },
    "own_account": {"zh": "收款账户是我自己的", "en": "The payee's account is my own"},
    "goods_checked": {
        "zh": "正常购物或服务，我见过实物或确认过商家", "en": "I buy something, and have seen it or checked the seller",
    },
    "family": {"zh": "给家人或朋友，事先说好的", "en": "For family or friends, as we had agreed before"},
    OTHER: {"zh": "其他原因（请写明）", "en": "Something else (say what)"},
}
"""Why a payer goes on, by code."""

AFTER_LOSS: tuple[Words, ...] = (
    {
        "zh": "马上给银行或支付平台打电话，请他们拦截这笔钱",
        "en": "Call your bank or payment app at once and ask them to stop the money",
    },
    {
        "zh": "拨打反诈专线或报警，说清金额、时间和收款账户",
        "en": "Call the anti-fraud line or the police with the amount, the time and the payee",
    },
    {
        "zh": "保留聊天记录、付款记录和对方资料，不要删除对方",
        "en": "Keep the messages, the record of the payment and what you know of them; delete nothing",
    },
    {
        "zh": "不要再付任何钱。说能帮您“追回损失”的陌生人，也是骗子",
        "en": "Pay nothing more. Strangers who offer to get it back are frauds too",
    },
)
"""What to do when the money has gone, most urgent first."""
LOSS_LINES = ("bank", "fraud", "police")
"""Whom to call then, by id of the hotlines."""


class Reason(msgspec.Struct, frozen=True, kw_only=True):
    """Why a payer goes on.

    Attributes:
        code: one of `REASONS`.
        words: their own; sealed at rest.
        has_doubt: they answered the question of the alert with "no", which speaks against the payment.
    """

    code: str
    words: str = ""
    has_doubt: bool = False


def needs_words(reason: Reason, strength: Strength, until: float, now: float, *, is_vouched: bool) -> bool:
    """Whether a choice alone is not enough to go on.

    Args:
        until: when the cool-down ends.
        is_vouched: somebody of the payer's circle knows the payee.
    """
    if reason.code == OTHER or reason.has_doubt:
        return True
    return strength == "stop" and now < until and not is_vouched


def has_words(reason: Reason) -> bool:
    """Whether they say something in their own words."""
    said = "".join(reason.words.split())
    width = sum(2 if east_asian_width(character) in "WF" else 1 for character in said)
    return width >= MIN_WIDTH and len(set(said)) >= MIN_DIFFERENT
