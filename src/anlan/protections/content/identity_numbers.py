"""Decides which numbers are a person's Chinese identity number or a bank card: by length, checksum and surroundings."""

import re
from collections.abc import Iterator
from functools import lru_cache

from stdnum import luhn
from stdnum.cn import ric

from anlan.protections.content.extracts import Extract

_LONG_NUMBER = re.compile(r"(?:\d[ -]?){14}\d")
_IDENTITY = re.compile(r"(?<![0-9A-Za-z])(\d{6}[ -]?\d{8}[ -]?\d{3}[\dXx])(?![0-9A-Za-z])")
_CARD = re.compile(r"(?<![0-9A-Za-z.-])(\d{4}([ -]?)\d{4}\2\d{4}\2\d{3,4}(?:\2\d{1,3})?)(?![0-9A-Za-z.-])")
_BRANDS = re.compile(r"62\d{14,17}|4\d{15}|5[1-5]\d{14}|2[2-7]\d{14}|35\d{14}|6(?:011|5)\d{12,14}|3[47]\d{13}")
_SURE_BRAND = re.compile("62")
_CARD_WORDS = re.compile("卡|银行|账户|账号|户名|开户|[工农建中招交邮]行|card|visa|account", re.I)
_OTHER_NUMBER = re.compile(
    r"(?:单号|订单|运单|快递|流水|编号|序列|条码|order|tracking|serial|isbn|imei)[^0-9]{0,6}$", re.I
)
_AROUND = 24


def find_identity_numbers(text: str) -> Iterator[Extract]:
    """Identity numbers and bank cards in `text`, digits as ASCII; in order of kind, then place."""
    if not _LONG_NUMBER.search(text):
        return
    taken: set[int] = set()
    for match in _IDENTITY.finditer(text):
        number = _digits(match[1]).upper()
        if is_identity_number(number):
            taken.add(match.start(1))
            yield Extract("identity_number", number, *match.span(1))
    for match in _CARD.finditer(text):
        if match.start(1) not in taken and _is_card(match, text):
            yield Extract("bank_card", _digits(match[1]), *match.span(1))


def _digits(written: str) -> str:
    return written.replace(" ", "").replace("-", "")


@lru_cache(maxsize=1024)
def is_identity_number(number: str) -> bool:
    """Whether 18 characters are a resident identity number: place, date of birth and checksum (GB 11643)."""
    try:
        return bool(ric.is_valid(number))
    except KeyError:  # python-stdnum 2.2 knows some prefectures without the county that it then asks for
        return False


def _is_card(match: re.Match[str], text: str) -> bool:
    """A brand's prefix and length, the Luhn checksum, and for what could be an order number a word that says card."""
    number = _digits(match[1])
    if not _BRANDS.fullmatch(number) or not luhn.is_valid(number):
        return False
    before = text[max(0, match.start() - _AROUND) : match.start()]
    if _OTHER_NUMBER.search(before):
        return False
    if _SURE_BRAND.match(number) or match[2]:
        return True
    return bool(_CARD_WORDS.search(before) or _CARD_WORDS.search(text[match.end() : match.end() + _AROUND]))
