"""Decides what a text hides behind its spelling and what it carries, as signals: restored terms, money, codes, cards.

A restored term is a guess and a sum is only a sum; policies join them with who says it to whom.
"""

from anlan.domain.signals import Signal
from anlan.engine.signals import reading, signal
from anlan.protections.content.amounts import largest_minor
from anlan.protections.content.extracting import find_particulars
from anlan.protections.content.extracts import PAYMENT_KINDS, Extract
from anlan.protections.content.lexicon import Lexicon
from anlan.protections.content.restoring import SURE, evasion_score
from anlan.protections.content.signals import TextReading, read_text

RESTORED_CATEGORIES = ("contact", "abuse", "porn", "gambling", "fraud", "illicit_ad")

_EVASIVE = read_text("加薇信领礻畐禾刂", Lexicon(()), None)
_CLEAN = read_text("今天天气不错", Lexicon(()), None)


@signal(
    title={"zh": "规避意图分", "en": "Evasion score of the text"}, unit="probability", low=0.0, high=1.0,
    examples=[({"text_reading": _EVASIVE}, 0.99), ({"text_reading": _CLEAN}, 0.0)],
)
def text_evasion_score(text_reading: TextReading) -> float:
    """How sure that a term that matters is hidden behind sounds, look-alikes, pieces, codes or digit words."""
    return round(evasion_score(text_reading.restorations), 4)


@signal(
    title={"zh": "规避手法种数", "en": "Kinds of evasion in the text"}, low=0,
    examples=[({"text_reading": _EVASIVE}, 2), ({"text_reading": _CLEAN}, 0)],
)
def text_evasion_kinds(text_reading: TextReading) -> int:
    """Different ways in which something is hidden: split, homophone, pinyin, initials, shape, symbol, digit word."""
    return len({one.kind for one in text_reading.restorations})


@signal(
    title={"zh": "还原词条数", "en": "Restored terms in the text"}, low=0,
    examples=[({"text_reading": _EVASIVE}, 2), ({"text_reading": _CLEAN}, 0)],
)
def text_restored_hits(text_reading: TextReading) -> int:
    """Different terms that were surely written otherwise; a term in its usual spelling is none."""
    return len({one.read for one in text_reading.restorations if one.category and one.score >= SURE})


@signal(
    title={"zh": "还原词条类别", "en": "Category of the restored terms"}, choices=RESTORED_CATEGORIES,
    examples=[({"text_reading": _EVASIVE}, "contact"), ({"text_reading": _CLEAN}, None)],
)
def text_restored_category(text_reading: TextReading) -> str | None:
    """The category of the surest restored term, the first one among equals; unknown without one."""
    sure = [one for one in text_reading.restorations if one.category and one.score >= SURE]
    return max(sure, key=lambda one: one.score).category if sure else None


@reading
def text_extracts(content_text: str) -> tuple[Extract, ...]:
    """Money, payment codes, cards and codes, found once for all signals below."""
    return find_particulars(content_text)


_PAYING = find_particulars("扫 https://qr.alipay.com/fkx12AB 付 1,280 元，邀请码 AB12cd")
_PERSONAL = find_particulars("身份证11010519491231002X，卡号4111 1111 1111 1111")


def _has(extracts: tuple[Extract, ...], *kinds: str) -> bool:
    return any(one.kind in kinds for one in extracts)


@signal(
    title={"zh": "是否含收款码或收款地址", "en": "The text holds a payment code"},
    examples=[({"text_extracts": _PAYING}, True), ({"text_extracts": ()}, False)],
)
def text_has_payment_code(text_extracts: tuple[Extract, ...]) -> bool:
    """A WeChat, Alipay or UnionPay code, a payment link, or a crypto address with a valid checksum."""
    return _has(text_extracts, *PAYMENT_KINDS)


@signal(
    title={"zh": "文本最大金额", "en": "Largest sum in the text"}, unit="minor units", low=0,
    examples=[({"text_extracts": _PAYING}, 128000), ({"text_extracts": ()}, None)],
)
def text_amount_minor_max(text_extracts: tuple[Extract, ...]) -> int | None:
    """Hundredths of whatever currency it is in (fen, cents); unknown without a sum."""
    return largest_minor([one for one in text_extracts if one.kind == "amount"])


@signal(
    title={"zh": "是否含银行卡号", "en": "The text holds a bank card number"},
    examples=[({"text_extracts": _PERSONAL}, True), ({"text_extracts": _PAYING}, False)],
)
def text_has_bank_card(text_extracts: tuple[Extract, ...]) -> bool:
    """A number with a card brand's prefix, length and checksum that nothing calls an order number."""
    return _has(text_extracts, "bank_card")


@signal(
    title={"zh": "是否含身份证号", "en": "The text holds an identity number"},
    examples=[({"text_extracts": _PERSONAL}, True), ({"text_extracts": _PAYING}, False)],
)
def text_has_identity_number(text_extracts: tuple[Extract, ...]) -> bool:
    """A Chinese resident identity number with a valid place, date of birth and checksum."""
    return _has(text_extracts, "identity_number")


@signal(
    title={"zh": "是否含邀请码", "en": "The text holds an invitation code"},
    examples=[({"text_extracts": _PAYING}, True), ({"text_extracts": _PERSONAL}, False)],
)
def text_has_invitation_code(text_extracts: tuple[Extract, ...]) -> bool:
    """A code or link parameter that credits whoever invited the reader."""
    return _has(text_extracts, "invitation_code")


SIGNALS: tuple[Signal, ...] = (
    text_evasion_score,
    text_evasion_kinds,
    text_restored_hits,
    text_restored_category,
    text_extracts,
    text_has_payment_code,
    text_amount_minor_max,
    text_has_bank_card,
    text_has_identity_number,
    text_has_invitation_code,
)
