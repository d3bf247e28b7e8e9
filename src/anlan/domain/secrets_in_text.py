"""Covers what nobody should have told: codes, passwords, card and identity numbers in a text, before it is kept."""

import re
from typing import NamedTuple

from stdnum import luhn
from stdnum.cn import ric

COVER = "••••"

_NAMED = (
    r"验证码|校验码|动态码|动态密码|短信码|安全码|支付密码|登录密码|交易密码|取款密码|密码|口令|"
    r"verification code|one-time code|security code|login code|passcode|password|passwd|code|otp|pin|cvv2?|cvc"
)
_LINK = r"\s*(?:是|为|：|:|=|is|was|-|,|，)*\s*[\"“'「]?"
_CODE = re.compile(rf"((?:{_NAMED}){_LINK})([0-9](?:[ -]?[0-9]){{3,7}})(?![0-9])", re.I)
_CODE_LATER = re.compile(
    rf"((?:{_NAMED})[^0-9。.!?！？\n]{{0,30}}?(?:是|为|：|:|=|\bis|\bwas)\s*[\"“'「]?)"
    r"([0-9](?:[ -]?[0-9]){3,7})(?![0-9])", re.I
)
_CARD = re.compile(
    r"((?:卡号|银行卡|信用卡|身份证号?码?|card (?:number|no\.?)|(?:credit|debit|bank) card|id(?:entity)? number)"
    r"\s*(?:是|为|：|:|=|is|was|,|，)*\s*)((?:[0-9][ -]?){11,18}[0-9Xx])(?![0-9])", re.I
)
_CODE_BEFORE = re.compile(
    rf"(?<![0-9.])([0-9](?:[ -]?[0-9]){{3,7}})(\s*(?:是|为|is)\s*(?:我的|您的|你的|my|your|the)?\s*(?:{_NAMED}))", re.I
)
_PASSWORD = re.compile(
    r"((?:密码|口令|password|passwd|passcode)\s*(?:是|为|：|:|=|is)\s*[\"“'「]?)([!-~]{4,64})", re.I
)
_ALONE = re.compile(r"^\s*[0-9]{6}\s*$")
_NUMBER = re.compile(r"(?<![0-9A-Za-z])(?:[0-9][ -]?){12,18}[0-9Xx](?![0-9A-Za-z])")
_CARD_DIGITS = range(13, 20)
_IDENTITY_DIGITS = 18


class Covered(NamedTuple):
    """The text with every secret covered, and whether there was one."""

    text: str
    had_secret: bool


def cover_secrets(text: str) -> Covered:
    """What may be kept of a member's words; amounts, dates and telephone numbers stay."""
    if _ALONE.match(text):
        return Covered(COVER, had_secret=True)
    covered = _NUMBER.sub(lambda match: _shown(match[0]), text)
    covered = _CARD.sub(rf"\g<1>{COVER}", covered)
    covered = _PASSWORD.sub(rf"\g<1>{COVER}", covered)
    covered = _CODE.sub(rf"\g<1>{COVER}", covered)
    covered = _CODE_LATER.sub(rf"\g<1>{COVER}", covered)
    covered = _CODE_BEFORE.sub(rf"{COVER}\g<2>", covered)
    return Covered(covered, had_secret=covered != text)


def _shown(number: str) -> str:
    digits = re.sub(r"[ -]", "", number).upper()
    if len(digits) == _IDENTITY_DIGITS and ric.is_valid(digits):
        return COVER
    is_card = len(digits) in _CARD_DIGITS and digits.isdigit() and luhn.is_valid(digits)
    return COVER + digits[-4:] if is_card else number
