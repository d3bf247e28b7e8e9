"""Remembers what one account asked another for over a week (secrecy, pictures, a meeting, private facts), no words.

One ask is often harmless; secrecy beside another is how strangers come near children, and they take their time.
"""

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
MAX_ASKS = 16
SECRECY = "secrecy"
ASKS = (SECRECY, "picture_request", "meeting", "private_information")
"""What is remembered, a bit each."""

Asked = tuple[float, int]
"""Event time, and the asks of one message as bits."""


class Approach(NamedTuple):
    """What was asked within the week, this message included; `kinds` counts different asks."""

    kinds: int
    has_secrecy: bool


class Approaches:
    """The asks of each sender to each recipient.

    Args:
        max_keys: how many pairs are remembered at most.
    """

    name = "care_approaches"

    def __init__(self, max_keys: int) -> None:
        self._pairs = Generations(OVER_S + LATENESS_S, max_keys)
        self._meaning = blake2b(repr((1, *ASKS)).encode(), digest_size=12).hexdigest()
        self.signals = (
            Signal(
                name="approach", compute=self.count, type="object", counts=True, applies_to=("message.sent",),
                reads=("event", "text_care_theme", "move_secrecy_asked"),
                optional_reads=frozenset({"text_care_theme", "move_secrecy_asked"}),
            ),
            *_PARTS,
        )

    def count(self, event: Event, theme: str | None, asks_secrecy: bool | None) -> Approach | None:
        """Remember what a message asks for and read the week before it; None for one that asks nothing."""
        data = event.data
        if not isinstance(data, MessageSent) or data.recipient is None:
            return None
        bits = int(asks_secrecy is True) | (1 << ASKS.index(theme) if theme in ASKS else 0)
        if not bits:
            return None
        key = f"{len(data.sender)}:{data.sender}{data.recipient}"
        asked: list[Asked] = list(self._pairs.get(key) or ())
        insort(asked, (event.time, bits))
        self._pairs.put(key, tuple(asked[-MAX_ASKS:]), event.time)
        mask = 0
        for time, earlier in asked:
            mask |= earlier if event.time - OVER_S < time <= event.time else 0
        return Approach(mask.bit_count(), has_secrecy=bool(mask & 1))

    def observe(self, event: Event, signals: Mapping[str, Any]) -> None:
        """Count a message of the journal; see `Accumulator`."""
        self.count(event, signals.get("text_care_theme"), signals.get("move_secrecy_asked"))

    def snapshot(self) -> bytes:
        """Everything that `restore` needs, as msgpack."""
        return msgspec.msgpack.encode((self._meaning, self._pairs.dump()))

    def restore(self, blob: bytes) -> bool:
        """Continue from a snapshot; False (and nothing changes) if it is of other asks or another format."""
        try:
            meaning, dumped = msgspec.msgpack.decode(blob)
        except (msgspec.DecodeError, ValueError, TypeError):
            return False
        if meaning != self._meaning:
            return False
        self._pairs.load(dumped, lambda asked: tuple(map(tuple, asked)))
        return True

    def clear(self) -> None:
        """Forget everything."""
        self._pairs.clear()


_PARTS = (
    part_of(
        "approach", "kinds", "approach_kinds_7d", "number",
        {"zh": "7 天内向对方提出的不同要求种数（保密、照片、见面、个人信息）",
         "en": "different things asked of the recipient in 7 days (secrecy, pictures, a meeting, private facts)"},
        low=0.0, high=float(len(ASKS)),
        examples=(({"approach": Approach(2, has_secrecy=True)}, 2), ({"approach": None}, None)),
    ),
    part_of(
        "approach", "has_secrecy", "approach_has_secrecy_7d", "bool",
        {"zh": "7 天内要求对方保密", "en": "asked the recipient for secrecy within 7 days"},
        examples=(({"approach": Approach(1, has_secrecy=True)}, True),
                  ({"approach": Approach(1, has_secrecy=False)}, False)),
    ),
)
