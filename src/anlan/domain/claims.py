"""A claim of somebody who lost an account: its states, who may decide, its words, and what the platform is told."""

from typing import Literal, get_args

import msgspec

from anlan.domain.messages import OutgoingMessage, seal_message
from anlan.domain.recovery import EvidenceKind

ClaimState = Literal[
    "open", "review", "cooling", "granted", "refused", "stopped", "withdrawn", "expired"
]
"""`review` waits for people; `cooling` is granted when its time is over unless somebody stops it."""
CLAIM_STATES: tuple[ClaimState, ...] = get_args(ClaimState)
UNDER_WAY: tuple[ClaimState, ...] = ("open", "review", "cooling")

ClaimWay = Literal["owner", "relative"]
CLAIM_WAYS: tuple[ClaimWay, ...] = get_args(ClaimWay)

Settlement = Literal["hand_over", "memorial", "close"]
"""What relatives of somebody who died may ask for."""
SETTLEMENTS: tuple[Settlement, ...] = get_args(Settlement)

ValueClass = Literal["ordinary", "high"]
VALUE_CLASSES: tuple[ValueClass, ...] = get_args(ValueClass)

OPEN_DAYS = 14.0
"""So long a claim may be worked on before it lapses."""
WATCH_DAYS = 7.0
"""So long an account stays under watch after it was given back."""
CODE_S = 600.0
MAX_CODE_TRIES = 3
MAX_CLAIMS_PER_NETWORK_1D = 20
"""A network is a household, an office or a carrier's gateway with thousands behind it."""
MAX_CLAIMS_PER_CLAIMANT_30D = 3
"""Of one claimant for one account. Claims of others are not counted: nobody can use up the owner's."""

ASKED: tuple[EvidenceKind, ...] = (
    "password", "registered", "city", "nickname", "inviter", "contacts", "groups", "payment", "phone", "mail",
    "friends",
)
"""The questions, in order; of every account the same, so that being asked tells nothing."""
CHANNELS: tuple[EvidenceKind, ...] = ("phone", "mail")
"""Proved by a code that is sent there."""

STATE_TITLES: dict[ClaimState, dict[str, str]] = {
    "open": {"zh": "收集证明中", "en": "Collecting evidence"},
    "review": {"zh": "人工审核中", "en": "Being looked at by people"},
    "cooling": {"zh": "等待期", "en": "Waiting period"},
    "granted": {"zh": "已归还", "en": "Given back"},
    "refused": {"zh": "未通过", "en": "Not granted"},
    "stopped": {"zh": "已被机主阻止", "en": "Stopped by the owner"},
    "withdrawn": {"zh": "已撤回", "en": "Taken back"},
    "expired": {"zh": "已过期", "en": "Lapsed"},
}

SETTLEMENT_TITLES: dict[Settlement, dict[str, str]] = {
    "hand_over": {"zh": "交由亲属保管", "en": "Hand over to the relative"},
    "memorial": {"zh": "设为纪念账号", "en": "Keep as a memorial"},
    "close": {"zh": "关闭账号", "en": "Close the account"},
}

KIND_TITLES: dict[EvidenceKind, dict[str, str]] = {
    "password": {"zh": "用过的密码", "en": "Former passwords"},
    "mail": {"zh": "曾绑定的邮箱", "en": "Former e-mail"},
    "phone": {"zh": "曾绑定的手机", "en": "Former phone"},
    "device": {"zh": "用过的设备", "en": "A device used before"},
    "place": {"zh": "常用网络", "en": "A network used before"},
    "habit": {"zh": "使用习惯", "en": "Habits"},
    "registered": {"zh": "注册时间", "en": "When it was registered"},
    "city": {"zh": "注册城市", "en": "Where it was registered"},
    "inviter": {"zh": "邀请人", "en": "Who invited them"},
    "nickname": {"zh": "最初的昵称", "en": "The first nickname"},
    "contacts": {"zh": "好友", "en": "Friends named"},
    "groups": {"zh": "创建的群", "en": "Groups they made"},
    "payment": {"zh": "付款记录", "en": "A past payment"},
    "friends": {"zh": "好友作证", "en": "Friends who vouch"},
    "document": {"zh": "身份证件", "en": "Identity document"},
}

NOTICE_TEXTS = {
    "zh": "有人申请找回您的账号。如果不是您本人，请立即打开链接阻止。",
    "en": "Somebody asks to be given your account. If it is not you, open the link now and stop it.",
}
VOUCH_TEXTS = {
    "zh": "一位好友说自己失去了账号，希望您作证。请先通过语音或当面确认是本人，再作答。",
    "en": "A friend says they lost their account and names you. Talk to them by voice or in person before you answer.",
}


class RecoveryNotice(msgspec.Struct, frozen=True, kw_only=True):
    """`data` of `recovery.notice`: tell the account's owner on every channel that is known, and in every session.

    Attributes:
        stop_url: opens a page on which the claim can be stopped; whoever has it can only stop.
        until: when the account is handed over unless it is stopped, seconds since the epoch; null while undecided.
        text: for the owner, by language.
    """

    account: str
    claim: str
    stop_url: str
    until: float | None
    text: dict[str, str]


class VouchAsked(msgspec.Struct, frozen=True, kw_only=True):
    """`data` of `recovery.vouch`: ask this friend to vouch, by a link to `path`. It tells nothing of the claimant.

    Attributes:
        account: the friend.
        about: the account that is claimed.
        path: of the member's page.
    """

    account: str
    about: str
    claim: str
    path: str
    text: dict[str, str]


class CodeSent(msgspec.Struct, frozen=True, kw_only=True):
    """`data` of `recovery.code`: send this code to a number or address that the account once had.

    Attributes:
        channel: `phone` or `mail`.
    """

    claim: str
    channel: str
    to: str
    code: str
    expires_at: float


class RecoveryGranted(msgspec.Struct, frozen=True, kw_only=True):
    """`data` of `recovery.grant`: let the claimant choose a new password, end all sessions, drop the old factors.

    Attributes:
        settlement: null for an owner; what relatives were granted otherwise.
        watch_until: keep new bindings, large payments and transfers of groups back until then (seconds).
    """

    account: str
    claim: str
    settlement: Settlement | None
    watch_until: float


class ClaimEnded(msgspec.Struct, frozen=True, kw_only=True):
    """`data` of `recovery.ended`: a claim ended otherwise than by giving the account back."""

    account: str
    claim: str
    state: ClaimState


def claim_message(kind: str, cause: str, data: msgspec.Struct, now: float) -> OutgoingMessage:
    """A message of a claim; the same cause always gives the same one. `cause` has at most 50 characters."""
    return seal_message(f"msg_{kind}_{cause}", f"recovery.{kind}", now, data)
