"""What the simulation knows and a platform would not: who means harm, with which event, in which story."""

from typing import Literal, NamedTuple, get_args

import msgspec

from anlan.domain.event_data import Data

Label = Literal[
    "normal", "preparation", "fake_account", "spam", "scam", "gambling", "porn_ad", "abuse", "credential_stuffing",
    "takeover", "flooding", "false_report",
]
"""`preparation` is an act of a bad actor that is harmless to look at: a first hello, a friend request."""

LABELS: tuple[Label, ...] = get_args(Label)

Role = Literal[
    "ordinary", "victim", "spammer", "scammer", "thief", "farmer", "abuser", "flooder", "brigadier",
]


class Mark(NamedTuple):
    """The truth about one event: what it is, who did it, and for which gang (empty for none)."""

    label: Label
    role: Role
    gang: str = ""


NORMAL = Mark("normal", "ordinary")
VICTIM = Mark("normal", "victim")


class Happening(NamedTuple):
    """Something that happens at `time` (seconds since the epoch, UTC); `order` breaks ties."""

    time: float
    order: int
    data: Data
    mark: Mark
    story: str


class LabelledEvent(msgspec.Struct, frozen=True, gc=False):
    """An event as the platform sends it, with its truth beside it.

    Attributes:
        time: event time, seconds since the epoch (UTC).
        type: the CloudEvents type.
        cloudevent: structured CloudEvents 1.0 JSON.
        actor_role: what the one who acted is; a taken-over account acts as its thief.
        story: the same for all events of one conversation, attack or visit.
        gang: whom a bad actor works for; empty for nobody.
    """

    time: float
    type: str
    cloudevent: bytes
    label: Label
    actor_role: Role
    story: str
    gang: str = ""
