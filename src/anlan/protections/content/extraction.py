"""Decides which parts of a message lead out of the platform: contact handles and web addresses.

It reads folded text. It does not know whether an address is dangerous, only whose it is.
"""

import re
from typing import NamedTuple

from publicsuffixlist import PublicSuffixList


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
    """

    handles: tuple[Handle, ...]
    domains: tuple[str, ...]
    masked: str


HANDLE_MARK, URL_MARK = "\ue001", "\ue002"

_COULD_HOLD = re.compile(r"[0-9a-z@]")
_DIGIT = re.compile(r"\d")
_LONG_NUMBER = re.compile(r"0{6,}")

_EMAIL = re.compile(r"(?<![a-z0-9._%+-])[a-z0-9][a-z0-9._%+-]{0,63}@[a-z0-9][a-z0-9-]{0,62}(?:\.[a-z0-9-]{1,63}){1,4}")
_PHONE = re.compile(
    r"(?<![\d.])(?:\+?86[ -]?)?(1[3-9]\d[ -]?\d{4}[ -]?\d{4})(?!\d)"
    r"|(?<![\d.])(\+?0\d{2,4}[ -]?\d{6,8}|\+\d{10,14})(?!\d)"
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
    handles: list[Handle] = []
    domains: list[str] = []
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
        text = _LONG_NUMBER.sub("00000", _DIGIT.sub("0", text))
    return Contacts(tuple(dict.fromkeys(handles)), tuple(dict.fromkeys(domains)), text)


def _take(pattern: re.Pattern[str], kind: str, text: str, handles: list[Handle]) -> str:
    """Move what `pattern` finds from `text` to `handles`; the words that lead to a handle stay."""

    def mask(match: re.Match[str]) -> str:
        found = match[match.lastindex or 0]
        handles.append(Handle(kind, re.sub(r"[ -]", "", found) if kind == "phone" else found))
        return match[0].replace(found, HANDLE_MARK)

    return pattern.sub(mask, text)


def _mask_address(match: re.Match[str], domains: list[str]) -> str:
    scheme, host, _, path = match.groups()
    domain = registrable_domain(host.strip(".-"), is_bare=not (scheme or path or host.startswith("www.")))
    if domain is None:
        return match[0]
    domains.append(domain)
    return URL_MARK


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
