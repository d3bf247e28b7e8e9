"""Decides which pieces of a text pay or credit somebody: payment codes and links, crypto addresses, invitation codes.

It reads the text as written, because addresses mind upper and lower case.
"""

import hashlib
import re
from collections.abc import Iterator

from stdnum import bitcoin

from anlan.protections.content.extracts import Extract

_LINKS = (
    ("wechat_pay", re.compile(r"wxp://[\w/=-]{4,200}|weixin://wxpay/[!-~]{4,200}", re.I)),
    ("wechat_pay", re.compile(r"(?:https?://)?(?:payapp\.weixin\.qq\.com|wx\.tenpay\.com)/[!-~]{2,200}", re.I)),
    ("alipay", re.compile(r"(?:https?://)?(?:qr|ds|render|mobilecodec)\.alipay\.com/[!-~]{4,200}", re.I)),
    ("alipay", re.compile(r"alipays?://[!-~]{4,200}", re.I)),
    ("unionpay_code", re.compile(r"(?:https?://)?qr\.95516\.com/[!-~]{4,200}", re.I)),
    ("pay_link", re.compile(r"(?:https?://)?(?:www\.)?(?:paypal\.me|venmo\.com/u|cash\.app)/\$?[\w.-]{2,60}", re.I)),
    ("pay_link", re.compile(r"upi://pay\?[!-~]{4,200}|https?://i\.qianbao\.qq\.com/[!-~]{4,200}", re.I)),
)
_COULD_PAY = re.compile("wxp:|wxpay|weixin[.]qq|tenpay|alipay|95516|paypal[.]me|venmo|cash[.]app|upi:|qianbao", re.I)
_COIN = re.compile(
    r"(?<![0-9A-Za-z/=_.])(0x[0-9a-fA-F]{40}|bc1[a-z0-9]{25,87}|[13T][1-9A-HJ-NP-Za-km-z]{25,34})(?![0-9A-Za-z])"
)
_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_TRON_PREFIX, _TRON_BYTES, _CHECKSUM_BYTES = 0x41, 25, 4
_COULD_INVITE = re.compile(r"[邀推]|口令|invit|referr|promo|[?&]aff|yqm|tgcode", re.I)
_INVITATIONS = (
    re.compile(
        r"(?:邀请码|推荐码|邀请口令|推广码|invit(?:e|ation)\s?code|referral\s?code|promo\s?code)"
        r"(?:[\s:：是为=【\[「]|填写?|请填){0,4}([A-Za-z0-9]{3,12})(?![A-Za-z0-9])", re.I),
    re.compile(
        r"[?&](?:invite(?:_?code)?|inviter|invitation|referral|referrer|aff|aff_code|yqm|tgcode)=([\w-]{3,32})", re.I),
)


def find_payments(text: str) -> Iterator[Extract]:
    """Payment codes and crypto addresses with a valid checksum; an Ethereum address has none that is checked."""
    if _COULD_PAY.search(text):
        for kind, pattern in _LINKS:
            for match in pattern.finditer(text):
                yield Extract(kind, match[0], *match.span())
    for match in _COIN.finditer(text):
        coin = _coin(match[1])
        if coin:
            yield Extract(coin, match[1], *match.span())


def _coin(address: str) -> str | None:
    if address.startswith("0x"):
        return "ethereum"
    if address.startswith("T"):
        return "tron" if _is_tron(address) else None
    return "bitcoin" if bitcoin.is_valid(address) else None


def _is_tron(address: str) -> bool:
    number = 0
    for character in address:
        number = number * 58 + _BASE58.index(character)
    if number.bit_length() > _TRON_BYTES * 8:
        return False
    decoded = number.to_bytes(_TRON_BYTES, "big")
    twice = hashlib.sha256(hashlib.sha256(decoded[:-_CHECKSUM_BYTES]).digest()).digest()
    return decoded[0] == _TRON_PREFIX and twice.startswith(decoded[-_CHECKSUM_BYTES:])


def find_invitations(text: str) -> Iterator[Extract]:
    """Codes that credit whoever invited the reader."""
    if _COULD_INVITE.search(text):
        for pattern in _INVITATIONS:
            for match in pattern.finditer(text):
                yield Extract("invitation_code", match[1], *match.span(1))
