"""Getting money out from behind a sanction: states of an application, its clocks, and what the platform is told."""

from datetime import UTC, datetime
from typing import Literal, get_args

import msgspec

from anlan.domain.ledger import HoldingKind
from anlan.domain.messages import OutgoingMessage

PayoutState = Literal["submitted", "checked", "approved", "ordered", "paid", "refused", "failed", "withdrawn"]
"""`approved` has one approval and waits for the second, which orders; `failed` was not paid by the platform."""
PAYOUT_STATES: tuple[PayoutState, ...] = get_args(PayoutState)
OPEN_STATES: tuple[PayoutState, ...] = ("submitted", "checked", "approved", "ordered")
UNDECIDED_STATES: tuple[PayoutState, ...] = ("submitted", "checked", "approved")

DUE_WORKING_HOURS: dict[PayoutState, float] = {"submitted": 18, "checked": 9, "approved": 9, "ordered": 27}
"""How long each step may take, in hours that the desk is open (9 a day); past it the step is escalated once."""

EVIDENCE_DAYS = 180.0
"""After its end an application loses who applied and where the money went; the ledger stays."""

HOLDING_SANCTIONS = ("ban", "suspend")
HOLDING_FEATURE = "pay"


def holds_funds(kind: str, feature: str) -> bool:
    """Whether a sanction keeps a member from using their money."""
    return kind in HOLDING_SANCTIONS or (kind == "limit_feature" and feature == HOLDING_FEATURE)


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """Who applies, in their own words; sensitive."""

    legal_name: str
    id_number: str
    contact: str
    statement: str = ""


class Instruction(msgspec.Struct, frozen=True, kw_only=True):
    """Where the money goes; sensitive."""

    method: str
    payee: str
    account: str


STATE_TITLES: dict[PayoutState, dict[str, str]] = {
    "submitted": {"zh": "等待核对", "en": "Waiting for a check"},
    "checked": {"zh": "已核对，等待批准", "en": "Checked, waiting for approval"},
    "approved": {"zh": "一人已批准，等待第二人", "en": "Approved once, waiting for a second person"},
    "ordered": {"zh": "平台付款中", "en": "Being paid by the platform"},
    "paid": {"zh": "已付清", "en": "Paid"},
    "refused": {"zh": "已驳回", "en": "Turned down"},
    "failed": {"zh": "付款未成功", "en": "Could not be paid"},
    "withdrawn": {"zh": "已撤回", "en": "Taken back"},
}

KIND_TITLES: dict[HoldingKind, dict[str, str]] = {
    "wallet": {"zh": "钱包", "en": "Wallet"},
    "wealth": {"zh": "理财", "en": "Savings"},
    "goods": {"zh": "虚拟物品", "en": "Virtual goods"},
}

METHODS: dict[str, dict[str, str]] = {
    "bank": {"zh": "银行卡", "en": "Bank account"},
    "platform": {"zh": "本人另一平台账号", "en": "Another account of mine on the platform"},
    "other": {"zh": "其他方式", "en": "Another way"},
}

REFUSALS: dict[str, dict[str, str]] = {
    "identity": {
        "zh": "身份材料与账号登记的信息不一致", "en": "What was sent does not show that the account is yours",
    },
    "instruction": {"zh": "收款信息不可用或不是本人的", "en": "The payee cannot be used or is not you"},
    "dispute": {
        "zh": "资金涉及他人的权利主张，正在处理", "en": "Somebody else claims this money; that is being settled",
    },
    "order": {"zh": "有权机关依法要求暂缓", "en": "An authority has lawfully asked us to wait"},
}
"""Grounds on which an application may be refused; none of them takes the money."""


class PayoutOrdered(msgspec.Struct, frozen=True, kw_only=True):
    """`data` of `payout.order`: please pay this once, then confirm or fail it.

    It may arrive twice; the same `payout` is the same payment. Where to comes from `GET /v1/payouts/{payout}`.

    Attributes:
        amount: whole minor units of `unit`.
    """

    payout: str
    account: str
    holding: str
    holding_kind: str
    unit: str
    amount: int


class FundsMoved(msgspec.Struct, frozen=True, kw_only=True):
    """`data` of `funds.held`, `funds.released` and `payout.<state>`: what changed for a member's money."""

    account: str
    sanction: str = ""
    payout: str = ""


def order_message(order: PayoutOrdered, now: float) -> OutgoingMessage:
    """Asks the platform to pay; the same application always gives the same message."""
    return _message(f"msg_order_{order.payout}", "payout.order", order, now)


def moved_message(kind: str, moved: FundsMoved, cause: str, now: float) -> OutgoingMessage:
    """Tells the platform, so that it can tell the member; `cause` makes the message the same when it is repeated."""
    return _message(f"msg_{kind}_{cause}", kind, moved, now)


def _message(id: str, kind: str, data: PayoutOrdered | FundsMoved, now: float) -> OutgoingMessage:
    body = {"type": kind, "timestamp": datetime.fromtimestamp(now, UTC), "data": data}
    return OutgoingMessage(id, kind, msgspec.json.encode(body))
