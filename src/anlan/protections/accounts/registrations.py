"""What gives away accounts that are made by the dozen: throw-away mail, generated names, one template, one network."""

import re
from collections.abc import Iterable, Mapping
from functools import cache
from hashlib import blake2b
from math import exp
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from anlan.domain.event_data import AccountRegistered
from anlan.domain.events import Event
from anlan.domain.places import Places, network_of
from anlan.domain.signals import Signal
from anlan.engine.generations import Generations
from anlan.engine.signals import part_of, signal
from anlan.protections.accounts.crowd import Crowd
from anlan.protections.accounts.newcomers import (
    ALIKE_HALF_LIFE_S,
    CAPS,
    IMAGINED,
    PRIOR,
    USUAL_SHARES,
    Burst,
    Trait,
    mailbox_of,
    traits_of,
    weigh,
)
from anlan.protections.accounts.visitors import Visitors

DISPOSABLE_FILE = Path(__file__).parent / "disposable_domains.txt"
OVER_S = 86_400.0
"""Counts fade to a third in this time."""
_KEPT_S = 4 * OVER_S
_LONG_NUMBER = re.compile(r"\d{4,}$")
_NUMBERS = re.compile(r"\d+")
_LATIN = re.compile(r"[a-z]{8,}")
_RARE_VOWELS_SHARE = 0.2
_SWITCHES = re.compile(r"(?<=[a-z])(?=\d)|(?<=\d)(?=[a-z])")
_MANY_SWITCHES = 3
_FORMAT = 2


@cache
def disposable_domains() -> frozenset[str]:
    """The list that ships, lower case."""
    lines = DISPOSABLE_FILE.read_text("utf-8").splitlines()
    return frozenset(line for line in lines if not line.startswith("#"))


@signal(
    title={"zh": "邮箱属于一次性邮箱", "en": "the mail address is a throw-away one"},
    applies_to=("account.registered",),
    examples=[
        ({"email": "a@0-mail.com"}, True), ({"email": "a@x.0-mail.com"}, True), ({"email": "a@example.com"}, False),
        ({"email": "none"}, None),
    ],
)
def email_is_disposable(email: str) -> bool | None:
    return _is_disposable(email)


def _is_disposable(email: str) -> bool | None:
    _, _, domain = email.rpartition("@")
    if not domain or "@" not in email:
        return None
    parts = domain.lower().rstrip(".").split(".")
    return any(".".join(parts[start:]) in disposable_domains() for start in range(len(parts) - 1))


@signal(
    title={"zh": "昵称像程序生成的", "en": "the name looks generated"},
    applies_to=("account.registered",),
    examples=[
        ({"nickname": "mary20394"}, True), ({"nickname": "xkqzwrtbv"}, True), ({"nickname": "a7b3k9d"}, True),
        ({"nickname": "小雨"}, False), ({"nickname": "Christopher"}, False), ({"nickname": "lee88"}, False),
    ],
)
def nickname_is_generated(nickname: str) -> bool:
    return _is_generated(nickname)


def _is_generated(nickname: str) -> bool:
    name = nickname.strip().lower()
    latin = _LATIN.fullmatch(name)
    if latin and sum(letter in "aeiouy" for letter in name) / len(name) < _RARE_VOWELS_SHARE:
        return True
    return bool(_LONG_NUMBER.search(name)) or len(_SWITCHES.findall(name)) >= _MANY_SWITCHES


class Made(NamedTuple):
    """How many accounts were made alike in the last day, this one included, faded; None where nothing can be alike.

    Attributes:
        template: names or mailboxes that differ in their numbers only.
        network: from the same /24 or /48.
        mailbox: with the same mailbox behind tags and dots.
        burst: what all of them make of this one.
    """

    burst: Burst
    template: float | None = None
    network: float | None = None
    mailbox: float | None = None


class Registrations:
    """Fading counts of what accounts were made with, by digest, and what is usual.

    Args:
        max_keys: how many are remembered at most.
    """

    name = "accounts_registrations"

    def __init__(self, max_keys: int) -> None:
        self._counts = Generations(_KEPT_S, max_keys)
        self._crowd, self._visitors = Crowd(max_keys, USUAL_SHARES, ALIKE_HALF_LIFE_S, IMAGINED), Visitors()
        self.signals: tuple[Signal, ...] = (
            Signal(
                name="registration_made", compute=self.count, type="object", counts=True,
                applies_to=("account.registered",), reads=("event",),
            ),
            *_PARTS,
        )

    def count(self, event: Event) -> Made:
        """Count a registration and say how many were like it."""
        data: AccountRegistered = event.data  # type: ignore[assignment]
        traits = traits_of(data, self._visitors)
        burst = weigh(
            traits, self._crowd, event.time, is_disposable=bool(_is_disposable(data.email or "")),
            is_generated=_is_generated(data.nickname or ""),
        )
        return self._remember(data, traits, event.time, burst)

    def _remember(self, data: AccountRegistered, traits: Mapping[str, Trait], time: float, burst: Burst) -> Made:
        names = [name for trait in traits.values() for _, name in trait.names]
        self._crowd.add(names, time, honest=(1.0 - burst.risk) ** 2, suspect=1.0)
        templates = [self._add(key, time) for key in _templates(data)]
        network = network_of(data.ip) if data.ip else None
        mailbox = mailbox_of(data.email)
        return Made(
            burst, max(templates, default=None), self._add(f"n:{network}", time) if network else None,
            self._add(f"m:{mailbox}", time) if mailbox else None,
        )

    def observe(self, event: Event, signals: Mapping[str, Any]) -> None:
        """Count a registration of the journal; see `Accumulator`."""
        data = event.data
        if isinstance(data, AccountRegistered):
            risk = float(signals.get("registration_risk") or PRIOR)
            self._remember(data, traits_of(data, self._visitors), event.time, Burst(risk, ""))

    def look_up_in(self, places: Places) -> None:
        """Look addresses up in this table from now on, not in the one that ships."""
        self._visitors.look_up_in(places)

    def _add(self, key: str, time: float) -> float:
        digest = blake2b(key.encode("utf-8", "replace"), digest_size=8).hexdigest()
        number, at = self._counts.get(digest) or (0.0, time)
        now = float(number) * exp(-max(0.0, time - at) / OVER_S) + 1.0
        self._counts.put(digest, (now, max(at, time)), time)
        return now

    def snapshot(self) -> bytes:
        """Everything that `restore` needs, as msgpack."""
        return msgspec.msgpack.encode((_FORMAT, self._counts.dump(), self._crowd.dump()))

    def restore(self, blob: bytes) -> bool:
        """Continue from a snapshot; False (and nothing changes) if it is of another format."""
        try:
            form, counts, crowd = msgspec.msgpack.decode(blob)
        except (msgspec.DecodeError, ValueError, TypeError):
            return False
        if form != _FORMAT:
            return False
        self._counts.load(counts)
        self._crowd.load(crowd)
        return True

    def clear(self) -> None:
        """Forget everything."""
        self._counts.clear()
        self._crowd.clear()


def _templates(data: AccountRegistered) -> Iterable[str]:
    """Names and mailboxes with their numbers left out; only what has numbers can come in a series."""
    for word in (data.nickname, data.email):
        if word and _NUMBERS.search(word):
            yield f"t:{_NUMBERS.sub('#', word.strip().lower())}"


_FARM = Burst(0.9, "phone", place=1.0, client=0.5, device=0.0, name=-0.2, mail=0.0, phone=2.5, inviter=1.5)
_DOZEN, _ALONE = Made(_FARM, 12.0, 9.5, 3.0), Made(Burst(PRIOR, ""))


def _trait(attribute: str, zh: str, en: str) -> Signal:
    return part_of(
        "registration_made", f"burst.{attribute}", f"registration_{attribute}_evidence", "number",
        {"zh": zh, "en": en}, unit="log-odds",
        examples=(({"registration_made": _DOZEN}, getattr(_FARM, attribute)),),
    )


_PARTS: tuple[Signal, ...] = (
    part_of(
        "registration_made", "template", "registration_template_1d", "number",
        {"zh": "1 天内同一模板（仅数字不同）的注册数，衰减", "en": "Accounts made after one template in a day, faded"},
        low=0.0, examples=(({"registration_made": _DOZEN}, 12.0), ({"registration_made": _ALONE}, None)),
    ),
    part_of(
        "registration_made", "network", "registration_network_1d", "number",
        {"zh": "1 天内同一网段的注册数，衰减", "en": "Accounts made from one network in a day, faded"},
        low=0.0, examples=(({"registration_made": _DOZEN}, 9.5),),
    ),
    part_of(
        "registration_made", "mailbox", "registration_mailbox_1d", "number",
        {"zh": "1 天内同一邮箱（忽略标签）的注册数，衰减", "en": "Accounts made with one mailbox in a day, faded"},
        low=0.0, examples=(({"registration_made": _DOZEN}, 3.0),),
    ),
    part_of(
        "registration_made", "burst.risk", "registration_risk", "number",
        {"zh": "注册系批量制造的风险", "en": "Risk that an account is one of many made by one hand"},
        unit="probability", low=0.0, high=1.0,
        examples=(({"registration_made": _DOZEN}, 0.9), ({"registration_made": _ALONE}, PRIOR)),
    ),
    part_of(
        "registration_made", "burst.strongest", "registration_trait", "text",
        {"zh": "近期注册最雷同之处", "en": "In what it is most like others of the last hours"}, choices=("", *CAPS),
        examples=(({"registration_made": _DOZEN}, "phone"), ({"registration_made": _ALONE}, "")),
    ),
    _trait("place", "注册网络的雷同", "What the network of a registration says"),
    _trait("client", "注册客户端的雷同", "What the client of a registration says"),
    _trait("device", "注册设备的雷同", "What the device of a registration says"),
    _trait("mailbox", "同一邮箱的雷同", "What it says that others have the same mailbox"),
    _trait("pattern", "整体样式的雷同", "What client, mailbox, name and number say together"),
    _trait("name", "昵称样式的雷同", "What the form of the name says"),
    _trait("mail", "邮箱样式的雷同", "What the mailbox says"),
    _trait("phone", "手机号段的雷同", "What the serial of the phone number says"),
    _trait("inviter", "邀请人的雷同", "What the inviter says"),
)

SIGNALS: tuple[Signal, ...] = (email_is_disposable, nickname_is_generated)
