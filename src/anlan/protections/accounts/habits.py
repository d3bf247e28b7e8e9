"""Keeps how an account writes, when, and to whom, in sixty bytes of numbers that give no text back."""

import math
import struct
import zlib
from typing import NamedTuple

TRAITS = 4
LEARNT_FROM = 20
"""So many messages make a habit; before, nothing is claimed."""
_MEMORY = 60
_SETTLED = 60
_ONE_IN = 4
_CONTACTS = 8
_HOURS = 8
_HOUR_S = 3_600.0
_BIN_HOURS = 24 // _HOURS
_FULL = 250
_PACKED = struct.Struct(f"<B{2 * TRAITS}f{_HOURS}B{_CONTACTS}H")
EMPTY = _PACKED.pack(*([0] * (1 + 2 * TRAITS + _HOURS + _CONTACTS)))


class Habit(NamedTuple):
    """What is known of an account's ways; the packed form is what is kept.

    Attributes:
        messages: how many were learnt from, `_FULL` at most.
        means, variances: of each trait, the newer messages weighing more.
        hours: messages by eighths of the day (UTC).
        contacts: digests of those written to last, the newest last.
    """

    messages: int
    means: tuple[float, ...]
    variances: tuple[float, ...]
    hours: tuple[int, ...]
    contacts: tuple[int, ...]

    @property
    def is_settled(self) -> bool:
        """Whether there is enough to compare with."""
        return self.messages >= LEARNT_FROM

    def unusualness(self, time: float) -> float:
        """How much the hour of `time` speaks against the owner, in nats from -0.5 to 1.5; 0 before there is a habit."""
        if not self.is_settled:
            return 0.0
        place = hour_bin(time)
        near = self.hours[place] + 0.5 * (self.hours[place - 1] + self.hours[(place + 1) % _HOURS])
        share = (near + 1.0) / (2.0 * sum(self.hours) + _HOURS)
        return max(-0.5, min(math.log(1.0 / _HOURS / share), 1.5))


def hour_bin(time: float) -> int:
    """Which eighth of the day (UTC) a time lies in."""
    return int(time // _HOUR_S) % 24 // _BIN_HOURS


def contact_digest(name: str) -> int:
    """16 bits of a contact's name: enough to know them again, too little to find them by."""
    return zlib.crc32(name.encode("utf-8", "replace")) & 0xFFFF


def unpack(packed: bytes) -> Habit:
    """The habit that was kept."""
    messages, *rest = _PACKED.unpack(packed)
    numbers = tuple(rest)
    after = 2 * TRAITS
    return Habit(
        messages, numbers[:TRAITS], numbers[TRAITS:after], numbers[after : after + _HOURS],
        tuple(one for one in numbers[after + _HOURS :] if one),
    )


def is_due(packed: bytes, time: float) -> bool:
    """Whether there is anything to learn from a message: of a settled habit, one in `_ONE_IN` keeps it up."""
    return packed[0] < _SETTLED or int(time) % _ONE_IN == 0


def learn(packed: bytes, time: float, traits: tuple[float, ...] | None, contact: int) -> bytes:
    """The habit after one more message of the owner.

    Args:
        traits: how it was written; None when its text is unknown.
        contact: to whom, as digest; 0 for nobody in particular.
    """
    messages, m0, m1, m2, m3, v0, v1, v2, v3, *rest = _PACKED.unpack(packed)
    if traits is not None:
        messages = min(messages + 1, _FULL)
        rate = 1.0 / min(messages, _MEMORY)
        x0, x1, x2, x3 = traits
        d0, d1, d2, d3 = x0 - m0, x1 - m1, x2 - m2, x3 - m3
        m0, m1, m2, m3 = m0 + rate * d0, m1 + rate * d1, m2 + rate * d2, m3 + rate * d3
        kept = 1.0 - rate
        v0, v1, v2, v3 = (
            kept * (v0 + rate * d0 * d0), kept * (v1 + rate * d1 * d1), kept * (v2 + rate * d2 * d2),
            kept * (v3 + rate * d3 * d3),
        )
    hour = hour_bin(time)
    if rest[hour] >= _FULL:
        rest[:_HOURS] = [count // 2 for count in rest[:_HOURS]]
    rest[hour] += 1
    if contact and rest[-1] != contact:
        contacts = rest[_HOURS:]
        contacts.remove(contact if contact in contacts else contacts[0])
        rest[_HOURS:] = [*contacts, contact]
    return _PACKED.pack(messages, m0, m1, m2, m3, v0, v1, v2, v3, *rest)
