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
from anlan.domain.places import network_of
from anlan.domain.signals import Signal
from anlan.engine.generations import Generations
from anlan.engine.signals import part_of, signal

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
_DOTS_DO_NOT_COUNT = frozenset({"gmail.com", "googlemail.com"})
_FORMAT = 1


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
    """

    template: float | None = None
    network: float | None = None
    mailbox: float | None = None


class Registrations:
    """Fading counts of what accounts were made with, by digest.

    Args:
        max_keys: how many are remembered at most.
    """

    name = "accounts_registrations"

    def __init__(self, max_keys: int) -> None:
        self._counts = Generations(_KEPT_S, max_keys)
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
        templates = [self._add(key, event.time) for key in _templates(data)]
        network = network_of(data.ip) if data.ip else None
        mailbox = _mailbox(data.email)
        return Made(
            max(templates, default=None), self._add(f"n:{network}", event.time) if network else None,
            self._add(f"m:{mailbox}", event.time) if mailbox else None,
        )

    def observe(self, event: Event, _: Mapping[str, Any]) -> None:
        """Count a registration of the journal; see `Accumulator`."""
        if isinstance(event.data, AccountRegistered):
            self.count(event)

    def _add(self, key: str, time: float) -> float:
        digest = blake2b(key.encode("utf-8", "replace"), digest_size=8).hexdigest()
        number, at = self._counts.get(digest) or (0.0, time)
        now = float(number) * exp(-max(0.0, time - at) / OVER_S) + 1.0
        self._counts.put(digest, (now, max(at, time)), time)
        return now

    def snapshot(self) -> bytes:
        """Everything that `restore` needs, as msgpack."""
        return msgspec.msgpack.encode((_FORMAT, self._counts.dump()))

    def restore(self, blob: bytes) -> bool:
        """Continue from a snapshot; False (and nothing changes) if it is of another format."""
        try:
            form, dumped = msgspec.msgpack.decode(blob)
        except (msgspec.DecodeError, ValueError, TypeError):
            return False
        if form != _FORMAT:
            return False
        self._counts.load(dumped)
        return True

    def clear(self) -> None:
        """Forget everything."""
        self._counts.clear()


def _templates(data: AccountRegistered) -> Iterable[str]:
    """Names and mailboxes with their numbers left out; only what has numbers can come in a series."""
    for word in (data.nickname, data.email):
        if word and _NUMBERS.search(word):
            yield f"t:{_NUMBERS.sub('#', word.strip().lower())}"


def _mailbox(email: str | None) -> str | None:
    """Where the mail really goes, as far as an address tells."""
    local, _, domain = (email or "").lower().rpartition("@")
    if not local:
        return None
    local = local.partition("+")[0]
    return f"{local.replace('.', '') if domain in _DOTS_DO_NOT_COUNT else local}@{domain}"


_DOZEN = Made(12.0, 9.5, 3.0)
_PARTS: tuple[Signal, ...] = (
    part_of(
        "registration_made", "template", "registration_template_1d", "number",
        {"zh": "1 天内同一模板（仅数字不同）的注册数，衰减", "en": "Accounts made after one template in a day, faded"},
        low=0.0, examples=(({"registration_made": _DOZEN}, 12.0), ({"registration_made": Made()}, None)),
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
)

SIGNALS: tuple[Signal, ...] = (email_is_disposable, nickname_is_generated)
