"""Decides what kind of thing a piece of text is and where it stands: the shape that every extraction shares."""

from typing import NamedTuple

HANDLE_KINDS = ("wechat", "qq", "phone", "telegram", "email")
PAYMENT_KINDS = ("wechat_pay", "alipay", "unionpay_code", "bitcoin", "tron", "ethereum", "pay_link")
PERSONAL_KINDS = ("identity_number", "bank_card", "phone", "email")
"""What `extracting.mask` hides."""


class Extract(NamedTuple):
    """`start` to `end` (half-open) of the text it was taken from.

    Attributes:
        kind: one of `HANDLE_KINDS`, `PAYMENT_KINDS`, identity_number, bank_card, invitation_code, domain or amount.
        value: normalised; an amount is `CNY 123456`, in minor units.
    """

    kind: str
    value: str
    start: int
    end: int
