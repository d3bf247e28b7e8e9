"""Remembers who told whom where to pay, so that a payment to a stranger's account is known as one, whatever was said.

Of every account number and mail address in a private message a digest is kept for a week, beside how long the
recipient knows who wrote it; no words, and nothing of groups.
"""

import re
import unicodedata
from bisect import insort
from collections.abc import Mapping
from hashlib import blake2b
from typing import Any, NamedTuple

import msgspec

from anlan.domain.event_data import MessageSent
from anlan.domain.events import Event
from anlan.domain.signals import Signal
from anlan.engine.generations import Generations
from anlan.engine.signals import part_of

OVER_S = 7 * 86_400.0
LATENESS_S = 86_400.0
MAX_NAMED = 32
"""Of one recipient, the last."""
MAX_CHARS = 2_000
_FORMAT = b"1"
_ACCOUNT = re.compile(r"\d(?:[ -]?\d){5,}|(?<![a-z0-9_.+-])[a-z0-9_.+-]+@[a-z0-9-]+\.[a-z0-9.-]*[a-z0-9]")

Named = tuple[float, int, float | None, float | None]
"""Event time, digest, and how old whose account was and how long they were contacts, in days."""


class Teller(NamedTuple):
    """Who named a payee to its payer; of several, the one known least.

    Attributes:
        age_days: of their account; None where it is not known.
        known_days: since when the two were contacts; 0 for no contact.
    """

    age_days: float | None
    known_days: float


class NamedPayees:
    """The accounts that were named to each recipient.

    Args:
        max_keys: how many recipients are remembered at most.
    """

    name = "named_payees"

    def __init__(self, max_keys: int) -> None:
        self._recipients = Generations(OVER_S + LATENESS_S, max_keys)
        self.signals = (
            Signal(
                name="payees_named", compute=self.count, type="object", counts=True, applies_to=("message.sent",),
                reads=("event", *_CLOSENESS), optional_reads=frozenset(_CLOSENESS),
            ),
            Signal(
                name="payee_teller", compute=self.teller_of, type="object", applies_to=("payment.initiated",),
                reads=("payer", "payee", "event"),
            ),
            *_PARTS,
        )

    def count(self, event: Event, sender_age_days: float | None, sender_contact_days: float | None) -> None:
        """Remember the accounts that a message names; see `Teller`, None for no contact."""
        data = event.data
        if not isinstance(data, MessageSent) or data.recipient is None:
            return
        digests = accounts_in(data.text)
        if digests:
            named: list[Named] = list(self._recipients.get(data.recipient) or ())
            for digest in sorted(digests):
                insort(named, (event.time, digest, sender_age_days, sender_contact_days), key=_order)
            self._recipients.put(data.recipient, tuple(named[-MAX_NAMED:]), event.time)

    def teller_of(self, payer: str, payee: str, event: Event) -> Teller | None:
        """Who named this payee within a week before; None for nobody."""
        kept: tuple[Named, ...] = self._recipients.get(payer) or ()
        asked = accounts_in(payee) if kept else frozenset()
        told = [
            Teller(age_days, known_days or 0.0) for time, digest, age_days, known_days in kept
            if digest in asked and event.time - OVER_S < time <= event.time
        ]
        return min(told, key=_familiarity, default=None)

    def observe(self, event: Event, signals: Mapping[str, Any]) -> None:
        """Count a message of the journal; see `Accumulator`."""
        self.count(event, signals.get("sender_age_days"), signals.get("sender_contact_days"))

    def snapshot(self) -> bytes:
        """Everything that `restore` needs, as msgpack."""
        return msgspec.msgpack.encode((_FORMAT, self._recipients.dump()))

    def restore(self, blob: bytes) -> bool:
        """Continue from a snapshot; False (and nothing changes) if it is of another format."""
        try:
            form, dumped = msgspec.msgpack.decode(blob)
        except (msgspec.DecodeError, ValueError, TypeError):
            return False
        if form != _FORMAT:
            return False
        self._recipients.load(dumped, lambda named: tuple(map(tuple, named)))
        return True

    def clear(self) -> None:
        """Forget everything."""
        self._recipients.clear()


def accounts_in(text: str) -> frozenset[int]:
    """Digests of the numbers of six digits or more and of the mail addresses in a text, however they are spaced."""
    if not any(mark.isdigit() or mark == "@" for mark in text[:MAX_CHARS]):
        return frozenset()
    plain = unicodedata.normalize("NFKC", text[:MAX_CHARS]).lower()
    return frozenset(
        int.from_bytes(blake2b(re.sub("[ -]", "", found).encode(), digest_size=6).digest())
        for found in _ACCOUNT.findall(plain)
    )


def _order(named: Named) -> tuple[float, int]:
    return named[:2]


def _familiarity(teller: Teller) -> tuple[float, float]:
    return teller.known_days, teller.age_days if teller.age_days is not None else float("inf")


_CLOSENESS = ("sender_age_days", "sender_contact_days")
_TOLD = Teller(2.0, 0.5)
_PARTS = (
    part_of(
        "payee_teller", "age_days", "payee_teller_age_days", "number",
        {"zh": "7 天内把收款方告诉付款人的人注册天数",
         "en": "age of the account that named the payee to the payer in 7 days"},
        unit="days", low=0.0, examples=(({"payee_teller": _TOLD}, 2.0), ({"payee_teller": None}, None)),
    ),
    part_of(
        "payee_teller", "known_days", "payee_teller_known_days", "number",
        {"zh": "付款人与告诉其收款方的人成为好友的天数，不是好友为 0",
         "en": "days since the payer befriended who named the payee; 0 for no contact"},
        unit="days", low=0.0, examples=(({"payee_teller": _TOLD}, 0.5), ({"payee_teller": None}, None)),
    ),
)
