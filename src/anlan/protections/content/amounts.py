"""Decides which pieces of a text are sums of money, and how much they are in minor units."""

import re
from collections.abc import Iterator
from decimal import Decimal

from anlan.protections.content.extracts import Extract

MAX_MINOR = 10**15
"""Larger sums are no sums; the bound keeps the signal an exact number."""

_DIGIT_SIGNS = ("〇零", "一壹", "二贰两", "三叁", "四肆", "五伍", "六陆", "七柒", "八捌", "九玖")
_HAN_DIGITS = {sign: value for value, signs in enumerate(_DIGIT_SIGNS) for sign in signs}
_UNITS = {"十": 10, "拾": 10, "百": 100, "佰": 100, "千": 1000, "仟": 1000, "k": 1000, "万": 10**4, "w": 10**4,
          "亿": 10**8}
_HAN = "".join(_HAN_DIGITS) + "十拾百佰千仟"
_NUMBER = (
    r"(?:\d{1,3}(?:,\d{3})+(?:\.\d{1,2})?|\d{1,12}(?:\.\d{1,4})?"
    rf"|(?<![第{_HAN}])[{_HAN}]{{1,10}}(?:万[{_HAN}]{{1,8}})?)"
)
_SCALE = r"(?:[十百千kw万亿]{1,2}(?![a-z]))?"
_CURRENCIES = {
    "CNY": r"元|圆|块钱?|大洋|rmb|人民币|cny", "USD": r"美元|美金|刀(?![具片子法削])|usd(?!t)|dollars?",
    "USDT": r"usdt|u币|泰达币|(?<=\d\d)u", "HKD": r"港币|港元|hkd",
    "EUR": r"欧元|eur(?:os?)?", "GBP": r"英镑|gbp|pounds?", "JPY": r"日元|jpy", "TWD": "台币|twd",
}
_SIGNS = {"¥": "CNY", "￥": "CNY", "rmb": "CNY", "cny": "CNY", "人民币": "CNY", "$": "USD", "usd": "USD", "us$": "USD",
          "hk$": "HKD", "€": "EUR", "£": "GBP"}
_WORD = "|".join(f"(?P<{code}>{words})" for code, words in _CURRENCIES.items())
_BEFORE = re.compile(rf"(?<![a-z])(¥|￥|rmb|cny|人民币|us\$|hk\$|usd|\$|€|£)[ ]?({_NUMBER})({_SCALE})")
_AFTER = re.compile(
    rf"(?<![a-z0-9.,-])(?!一块(?!钱))({_NUMBER})({_SCALE})[ ]?(?:{_WORD})"
    "(?![a-z]|[地石砖糖表蛋木肉豆屏巧骨田布头硬链儿])"
)
_VERBS = "转|借|赚|额度|贷|赔|付|投|欠|提现|到账|收入|月入|日入|保证金|押金|佣金|奖金?|罚款?|返|充值?"
_NOT_MONEY = "人粉次字公里步辆平件家户名个年亩吨座股度斤米"
_BARE = re.compile(
    rf"(?:{_VERBS})[了你我到给约出过: ]{{0,2}}({_NUMBER})([kw万亿])(?![a-z\d{_NOT_MONEY}])"
)
_COULD_BE_MONEY = re.compile(r"[¥￥$€£元块万亿刀币金镑圆洋]|\d[kwu]|rmb|cny|usd|eur|gbp|hkd|jpy|twd|dollar|pound")
_CHINESE_NUMBER = re.compile(f"[{_HAN}]")


def find_amounts(text: str) -> Iterator[Extract]:
    """Sums with a currency, or with a verb of paying before them, in lower-case `text`; value as `CNY 123456`."""
    if not _COULD_BE_MONEY.search(text):
        return
    taken = bytearray(len(text))  # a mark for each character, for a hostile text may hold ten thousand sums
    found = [(match, _SIGNS[match[1]], match[2], match[3]) for match in _BEFORE.finditer(text)]
    found += [(match, match.lastgroup or "", match[1], match[2]) for match in _AFTER.finditer(text)]
    found += [(match, "CNY", match[1], match[2]) for match in _BARE.finditer(text)]
    for match, currency, number, scale in found:
        start, end = match.start() if match.re is not _BARE else match.start(1), match.end()
        minor = _minor(number, scale or "")
        if minor is not None and not any(taken[start:end]):
            taken[start:end] = b"\1" * (end - start)
            yield Extract("amount", f"{currency} {minor}", start, end)


def _minor(number: str, scale: str) -> int | None:
    """Hundredths; None for no number or one beyond `MAX_MINOR`."""
    whole = _chinese(number) if _CHINESE_NUMBER.match(number) else Decimal(number.replace(",", ""))
    if whole is None:
        return None
    for unit in scale:
        whole *= _UNITS[unit]
    minor = int(whole * 100)
    return minor if 0 < minor <= MAX_MINOR else None


def _chinese(number: str) -> Decimal | None:
    """三百五 is 350, 一千零五 1005, 一万五 15000, 一五零 150; None when it is none of them."""
    if "万" in number:
        above, _, below = number.partition("万")
        most, rest = _chinese(above), _chinese(f"{below}千" if below in _HAN_DIGITS else below)
        return None if most is None or rest is None else most * _UNITS["万"] + rest
    if not any(character in _UNITS for character in number):
        return Decimal("".join(str(_HAN_DIGITS[character]) for character in number))
    total, digit, unit = 0, -1, 1
    for character in number:
        if character in _UNITS:
            unit = _UNITS[character]
            total += (1 if digit < 0 else digit) * unit
            digit = -1
        elif digit > 0:
            return None
        else:
            digit = _HAN_DIGITS[character]
            unit = 10 if digit == 0 else unit
    return Decimal(total + (max(digit, 0) * unit // 10 if number[-1] in _HAN_DIGITS else 0))


def largest_minor(amounts: Iterator[Extract] | list[Extract]) -> int | None:
    """The largest sum in minor units of its own currency; None without one."""
    return max((int(amount.value.split(" ")[1]) for amount in amounts), default=None)
