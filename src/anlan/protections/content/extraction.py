"""Decides which parts of a message lead out of the platform: contact handles and web addresses.

It reads folded text. It does not know whether an address is dangerous, only whose it is.
"""

import re
from functools import lru_cache
from typing import NamedTuple

import phonenumbers
from publicsuffixlist import PublicSuffixList

from anlan.protections.content.extracts import Extract


class Handle(NamedTuple):
    """A way to reach somebody elsewhere; `kind` is wechat, qq, phone, telegram or email."""

    kind: str
    id: str


class Contacts(NamedTuple):
    """What leads out of a message.

    Attributes:
        handles: in order of kind, then of appearance; none twice.
        domains: registrable domain of each address, or the host itself for an IP address; in order of appearance.
        masked: the text with handles as `\\ue001`, addresses as `\\ue002` and digits as `0`, at most five in a row.
        places: each handle and domain where it stands in the text that was read, doubles included; in order of place.
    """

    handles: tuple[Handle, ...]
    domains: tuple[str, ...]
    masked: str
    places: tuple[Extract, ...] = ()


class AddressParts(NamedTuple):
    """An address; `suffix` is the public one (`co.uk`), `domain` what was registered under it; empty for an IP."""

    host: str
    domain: str
    suffix: str
    path: str


HANDLE_MARK, URL_MARK = "\ue001", "\ue002"
_FILL = "\ue000"
"""Keeps the place of what a mark stands for until all is found."""
_CHINA = 86

_COULD_HOLD = re.compile(r"[0-9a-z@]")
_DIGIT = re.compile(r"\d")
_LONG_NUMBER = re.compile(r"0{6,}")

_EMAIL = re.compile(r"(?<![a-z0-9._%+-])[a-z0-9][a-z0-9._%+-]{0,63}@[a-z0-9][a-z0-9-]{0,62}(?:\.[a-z0-9-]{1,63}){1,4}")
_PHONE = re.compile(
    r"(?<![\d.])(?:\+?86[ -]?)?(1[3-9]\d[ -]?\d{4}[ -]?\d{4})(?!\d)"
    r"|(?<![\d.])(\+?0\d{2,4}[ -]?\d{6,8}|\+\d(?:[ ()-]{0,2}\d){8,14})(?!\d)"
)
_GAP = r"(?:号码?|id|群|是|为|联系|咨询|[^0-9a-z一-鿿]){0,4}"
_QQ = re.compile(rf"(?:qq群?|q群|扣扣|企鹅|叩叩|群号|加群){_GAP}([1-9]\d{{4,10}})(?!\d)")
_WECHAT = re.compile(
    rf"(?:微信|[威薇徽葳]信|微x|v信|加微|加[v薇威]|(?<![a-z])(?:vx|wx|weixin|wechat)(?![a-z]{{2}})){_GAP}"
    r"([a-z][a-z0-9_-]{5,19}|[1-9]\d{4,10})(?![a-z0-9])"
)
_TELEGRAM = re.compile(
    rf"(?:t\.me/|(?:telegram|电报|飞机号|纸飞机|(?<![a-z])tg(?![a-z])){_GAP}@?)(\+?[a-z][a-z0-9_]{{4,31}})"
)
_WITH_DIGITS = (("phone", _PHONE), ("qq", _QQ))
_WITH_WORDS = (("wechat", _WECHAT), ("telegram", _TELEGRAM))
_LEADS = re.compile(r"[微威薇徽葳v]信|微x|加[微v薇威]|vx|wx|wechat|weixin|tg|telegram|电报|飞机|t\.me")

_ADDRESS = re.compile(r"(https?://)?([a-z0-9][a-z0-9.-]{2,252})(:\d{2,5})?(/[!-~]{0,2048})?")
_IP = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}")
_BARE_SUFFIXES = frozenset({
    "com", "net", "org", "cn", "top", "vip", "cc", "xyz", "shop", "club", "online", "site", "info", "io", "app", "co",
    "tv", "pro", "link", "icu", "live", "fun", "wang", "ltd", "work", "store", "tech", "cyou", "buzz", "bet", "win",
    "loan", "click", "life", "world", "asia", "hk", "tw", "jp", "kr", "ru", "uk", "us",
})
"""Endings that make a bare `name.ending` an address; many others are also words or file names (`ok.so`, `main.py`)."""

_suffixes = PublicSuffixList(accept_unknown=False)


def extract(plain: str) -> Contacts:
    """Contact handles and addresses in folded text; linear in its length."""
    if not _COULD_HOLD.search(plain):
        return Contacts((), (), plain)
    text = plain
    handles: list[Extract] = []
    domains: list[Extract] = []
    if "@" in text:
        text = _take(_EMAIL, "email", text, handles)
    if _LEADS.search(text):
        for kind, pattern in _WITH_WORDS:
            text = _take(pattern, kind, text, handles)
    if "." in text:
        text = _ADDRESS.sub(lambda match: _mask_address(match, domains), text)
    if _DIGIT.search(text):
        for kind, pattern in _WITH_DIGITS:
            text = _take(pattern, kind, text, handles)
        text = _DIGIT.sub("0", text)
    text = _LONG_NUMBER.sub("00000", text.replace(_FILL, ""))
    return Contacts(
        tuple(dict.fromkeys(Handle(one.kind, one.value) for one in handles)),
        tuple(dict.fromkeys(one.value for one in domains)), text,
        tuple(sorted([*handles, *domains], key=lambda one: one.start)) if handles or domains else (),
    )


def _take(pattern: re.Pattern[str], kind: str, text: str, handles: list[Extract]) -> str:
    """Move what `pattern` finds from `text` to `handles`; places stay, and so do the words that lead to a handle."""

    def mask(match: re.Match[str]) -> str:
        group = match.lastindex or 0
        value = _phone(match[group]) if kind == "phone" else match[group]
        if value is None:
            return match[0]
        start, end = match.span(group)
        handles.append(Extract(kind, value, start, end))
        covered = HANDLE_MARK + _FILL * (end - start - 1)
        return text[match.start() : start] + covered + text[end : match.end()]

    return pattern.sub(mask, text)


@lru_cache(maxsize=4096)
def _phone(written: str) -> str | None:
    """Digits of a Chinese number, E.164 of any other; None where no such number is given out."""
    try:
        number = phonenumbers.parse(written, "CN")
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    if number.country_code == _CHINA:
        return phonenumbers.national_significant_number(number)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _mask_address(match: re.Match[str], domains: list[Extract]) -> str:
    scheme, host, _, path = match.groups()
    domain = registrable_domain(host.strip(".-"), is_bare=not (scheme or path or host.startswith("www.")))
    if domain is None:
        return match[0]
    domains.append(Extract("domain", domain, *match.span()))
    return URL_MARK + _FILL * (match.end() - match.start() - 1)


def address_parts(address: str) -> AddressParts | None:
    """The parts of an address, with or without a scheme; None if its host is no public name."""
    match = _ADDRESS.fullmatch(address.lower())
    host = match[2].strip(".-") if match else ""
    domain = registrable_domain(host)
    if domain is None:
        return None
    suffix = "" if domain == host and _IP.fullmatch(host) else domain.partition(".")[2]
    return AddressParts(host, domain, suffix, match[4] or "" if match else "")


def registrable_domain(host: str, *, is_bare: bool = False) -> str | None:
    """The part of `host` that somebody registered; None if it is no public name.

    Args:
        is_bare: nothing around it says that it is an address, so only usual endings count.
    """
    if _IP.fullmatch(host):
        return None if is_bare else host
    if "." not in host or (is_bare and host.rpartition(".")[2] not in _BARE_SUFFIXES):
        return None
    domain: str | None = _suffixes.privatesuffix(host)
    return domain
