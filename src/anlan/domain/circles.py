"""What members of a circle may agree upon, how much one is told of another, and how often.

A circle is made of bonds. Each has one ward, who may be warned of, and one guardian, who is warned; whoever does both
for each other has two. A bond says for itself which harms it covers: those to which both have agreed.
"""

from collections.abc import Iterable
from typing import Literal, get_args

import msgspec

from anlan.domain.scenarios import HARMS, Harm, Strength, Words

Role = Literal["guardian", "ward", "both"]
"""What somebody is asked to be for whoever asks."""
ROLES: tuple[Role, ...] = get_args(Role)

InvitationState = Literal["open", "accepted", "declined", "withdrawn", "lapsed"]
INVITATION_STATES: tuple[InvitationState, ...] = get_args(InvitationState)

BondState = Literal["standing", "quiet", "ended"]
"""`quiet`: over, nobody is warned any more, and it still looks to the other as it did."""
BOND_STATES: tuple[BondState, ...] = get_args(BondState)

WarningState = Literal["sent", "held"]
"""`held`: too many of late; it stands on the guardian's page and is not sent."""
WARNING_STATES: tuple[WarningState, ...] = get_args(WarningState)

GuardianAnswer = Literal["called", "vouched"]
"""`called`: I have spoken with them; `vouched`: I know this payee, or this person. Neither lifts anything."""

DAY_S = 86_400.0
INVITATION_DAYS = 14
MIN_TIE_DAYS = 30
"""Younger friends may not invite each other: whoever befriended somebody to rob them would watch their alarms."""
MAX_INVITATIONS_A_DAY = 5
REST_DAYS = 30
"""Whoever was turned down asks in vain for so long, and is not told so."""
MAX_GUARDIANS = 6
MAX_WARDS = 12
QUIET_DAYS_LEAST, QUIET_DAYS_MOST = 3.0, 10.0
"""When the other learns that a ward has left: drawn anew each time, so that it does not tell when that was."""
SAFE_COOL_OFF_DAYS = 7
SHOWN_DAYS = 30
"""How far back a guardian sees warnings; older ones are deleted."""
REMINDER_DAYS = 30
MAX_WARNINGS_A_DAY = 5
MIN_GAP_S = 30 * 60.0
"""Between two warnings to one guardian about one ward, unless money is in motion."""
MAX_NAME_CHARS = 40

HARM_WORDS: dict[Harm, Words] = {
    "impersonation": {"zh": "冒充熟人或机构", "en": "Somebody pretends to be a person or an office they trust"},
    "money": {"zh": "投资、贷款、刷单等钱财诱骗", "en": "Money bait: investments, loans, jobs that pay at once"},
    "goods": {"zh": "买卖、退款、票务骗局", "en": "Buying, selling, refunds and tickets"},
    "romance": {"zh": "感情与交友骗局", "en": "Romance and dating"},
    "threat": {"zh": "恐吓与勒索", "en": "Threats and blackmail"},
    "account": {"zh": "骗取、租借账号", "en": "Taking over or renting their account"},
    "device": {"zh": "共享屏幕、验证码与远程控制", "en": "Shared screens, codes and remote control"},
}

HARM_ADVICE: dict[Harm, Words] = {
    "impersonation": {
        "zh": "请用您一直使用的号码打电话，核对对方说的那个人或机构是否真的找过他。",
        "en": "Call on a number that you have always used, and check whether that person or office really asked.",
    },
    "money": {
        "zh": "问一句：先付钱才能拿到钱吗？正规的工作、贷款和投资都不会这样。",
        "en": "Ask: must you pay first to be paid? No honest job, loan or investment works that way.",
    },
    "goods": {
        "zh": "请提醒对方留在平台内交易，不要点击对方发来的付款或退款链接。",
        "en": "Remind them to stay on the platform, and not to pay or claim a refund by a link that was sent to them.",
    },
    "romance": {
        "zh": "先倾听，不要嘲笑。问问两人是否见过面或视频过，再谈钱的事。",
        "en": "Listen first and do not mock. Ask whether they have ever met or seen each other, then speak of money.",
    },
    "threat": {
        "zh": "告诉对方这不是他的错，不要付钱，保留证据，可以陪他一起报警。",
        "en": "Tell them that it is not their fault. Do not pay, keep the evidence, and go to the police with them.",
    },
    "account": {
        "zh": "请提醒对方不要交出密码、验证码，也不要出租、出借账号。",
        "en": "Remind them to hand over no password and no code, and to lend or rent the account to nobody.",
    },
    "device": {
        "zh": "请对方马上停止共享屏幕，挂断电话，不要念出任何验证码。",
        "en": "Ask them to stop sharing the screen now, to hang up, and to read out no code.",
    },
}

UNASKED_HARMS: frozenset[Harm] = frozenset({"romance", "threat"})
"""What many would keep to themselves: chosen by a tick of one's own, never by default."""


class Consent(msgspec.Struct, frozen=True, kw_only=True):
    """What one side of a bond agrees to.

    Attributes:
        harms: of a ward: what others may be told of; of a guardian: what they will be told of.
        may_pause: of a ward: whether the guardian may pause a payment once. Means nothing for a guardian.
    """

    harms: tuple[Harm, ...]
    may_pause: bool = False


def default_harms() -> tuple[Harm, ...]:
    """What a form proposes."""
    return tuple(harm for harm in HARMS if harm not in UNASKED_HARMS)


def in_order(harms: Iterable[str]) -> tuple[Harm, ...]:
    """Those of `harms` that exist, each once, in the order of `HARMS`."""
    named = set(harms)
    return tuple(harm for harm in HARMS if harm in named)


def agreed(ward: Iterable[str], guardian: Iterable[str]) -> tuple[Harm, ...]:
    """The harms to which both sides have agreed."""
    return in_order(set(ward) & set(guardian))


def is_told_to_circles(strength: Strength, *, was_sent: bool) -> bool:
    """Whether guardians hear of such an alert: never of a hint, and never of what the ward is not told themselves."""
    return was_sent and strength != "hint"


def warning_state(strength: Strength, sent_today: int, last_sent_at: float | None, now: float) -> WarningState:
    """Whether a guardian gets one more warning about a ward; `sent_today` and `last_sent_at` are of the last 24 h."""
    if sent_today >= MAX_WARNINGS_A_DAY:
        return "held"
    is_close = last_sent_at is not None and now - last_sent_at < MIN_GAP_S
    return "held" if is_close and strength != "stop" else "sent"


def quiet_until(now: float, share: float) -> float:
    """When the other learns that a ward has left; `share` is drawn from 0 to 1."""
    return now + (QUIET_DAYS_LEAST + (QUIET_DAYS_MOST - QUIET_DAYS_LEAST) * share) * DAY_S
