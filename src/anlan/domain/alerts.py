"""Whether, how strongly and in which words a member is warned: strength by the moment, caps, quiet hours, arms.

A warning that comes too often is not read, so hints and banners are rationed. Where money is about to move nothing is
ever held back: there the worst that a needless warning costs is a moment.
"""

from collections.abc import Iterable, Sequence
from hashlib import blake2b
from typing import Literal, get_args

import msgspec

from anlan.domain.scenarios import STRENGTHS, Scenario, Strength

HOUR_S, DAY_S = 3_600.0, 86_400.0

Moment = Literal["setting", "turn", "money"]
"""When it is said: as something begins, at a turn of a dialogue, before money moves."""
MOMENTS: tuple[Moment, ...] = get_args(Moment)

AlertState = Literal["sent", "capped", "quiet", "control", "past"]
"""What came of it; all but the first were held back and are kept, so that what that costs can be told."""
ALERT_STATES: tuple[AlertState, ...] = get_args(AlertState)

Cap = Literal["day", "pair", "dismissed", "wrong"]
"""Why one was capped: enough today, the same of the same person lately, dismissed before, said to be wrong."""
CAPS: tuple[Cap, ...] = get_args(Cap)

AlertAnswer = Literal["dismissed", "wrong", "helped", "went_on", "stopped"]
ALERT_ANSWERS: tuple[AlertAnswer, ...] = get_args(AlertAnswer)

Arm = Literal["usual", "also", "control"]
"""Who reads what: the scenario's `say`, its `also`, or nothing."""
ARMS: tuple[Arm, ...] = get_args(Arm)

BY_MOMENT: dict[Moment, Strength] = {"setting": "hint", "turn": "banner", "money": "stop"}
MOMENT_OF = {
    "message.sent": "turn", "screen.shared": "turn", "code.requested": "turn", "payment.initiated": "money",
}
"""By type of event; all others are settings."""

MAX_A_DAY: dict[Strength, int] = {"hint": 3, "banner": 6}
PAIR_REST_S: dict[Strength, float] = {"hint": DAY_S, "banner": 6 * HOUR_S}
"""So long one scenario is not named again about the same person, at this strength or a milder one."""
WRONG_REST_S = 14 * DAY_S
LOOK_BACK_S = 30 * DAY_S
"""What is older bears on nothing."""
FRESH_S = DAY_S
"""What is older was brought in, or waited for us too long: a warning would only frighten."""
MAX_REST_DAYS = 16


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """A policy asks that a member be warned.

    Attributes:
        account: `account:<id>`.
        at: event time.
        other: `kind:id` of who is on the other side; empty for nobody.
        is_own_act: they did themselves what set it off, so they are awake.
    """

    account: str
    scenario: str
    strength: Strength
    moment: Moment
    at: float
    other: str = ""
    is_own_act: bool = False


class Past(msgspec.Struct, frozen=True, kw_only=True):
    """An alert that reached a member, or would have but for the control arm; `at` is event time."""

    scenario: str
    other: str
    strength: Strength
    answer: AlertAnswer | None
    at: float


class QuietHours(msgspec.Struct, frozen=True):
    """From `start` to `end`, minutes after local midnight; over midnight when `start` is the larger. Equal for none."""

    start: int = 23 * 60
    end: int = 7 * 60

    def holds(self, minute: int) -> bool:
        """Whether it is quiet in this minute of the day."""
        if self.start <= self.end:
            return self.start <= minute < self.end
        return minute >= self.start or minute < self.end


def moment_of(event_type: str, strength: str | None) -> Moment:
    """The moment of an event; a message that is only worth a hint is how something begins."""
    moment = MOMENT_OF.get(event_type, "setting")
    if moment == "turn":
        return "setting" if strength == "hint" else "turn"
    return "money" if moment == "money" else "setting"


def strength_at(moment: Moment, wanted: str | None) -> Strength:
    """What the policy says, else what suits the moment."""
    return next((one for one in STRENGTHS if one == wanted), BY_MOMENT[moment])


def cap_on(order: Order, past: Sequence[Past]) -> Cap | None:
    """What speaks against saying it now; None for nothing.

    Args:
        past: of this member, within `LOOK_BACK_S`.
    """
    if order.moment == "money" or order.strength == "stop":
        return None
    same = [one for one in past if (one.scenario, one.other) == (order.scenario, order.other)]
    if any(one.answer == "wrong" and order.at - one.at < WRONG_REST_S for one in same):
        return "wrong"
    if _rests_after_dismissals(order, past):
        return "dismissed"
    level = STRENGTHS.index(order.strength)
    rest_s = PAIR_REST_S[order.strength]
    if any(STRENGTHS.index(one.strength) >= level and order.at - one.at < rest_s for one in same):
        return "pair"
    today = sum(one.strength == order.strength and order.at - one.at < DAY_S for one in past)
    return "day" if today >= MAX_A_DAY[order.strength] else None


def _rests_after_dismissals(order: Order, past: Iterable[Past]) -> bool:
    """Each dismissal doubles the rest: of a hint whomever it is about, of a banner only about the same person."""
    dismissed = [
        one.at for one in past
        if one.answer == "dismissed" and one.scenario == order.scenario
        and (order.strength == "hint" or one.other == order.other)
    ]
    return bool(dismissed) and order.at - max(dismissed) < min(2 ** (len(dismissed) - 1), MAX_REST_DAYS) * DAY_S


def softened(order: Order, past: Iterable[Past]) -> Order:
    """Where somebody said that a full stop about the same person was wrong, they are told and no longer stopped."""
    if order.strength != "stop":
        return order
    is_wrong = any(
        one.answer == "wrong" and (one.scenario, one.other) == (order.scenario, order.other)
        and order.at - one.at < WRONG_REST_S
        for one in past
    )
    return msgspec.structs.replace(order, strength="banner") if is_wrong else order


def is_held_by_night(order: Order, quiet: QuietHours, minute: int) -> bool:
    """Whether the member should sleep; who acts is awake, and money is never waited for."""
    return order.moment != "money" and not order.is_own_act and quiet.holds(minute)


def arm_of(account: str, scenario: Scenario, strength: Strength, control_share: float) -> Arm:
    """The arm of one member for one scenario, the same at every time and on every machine.

    Args:
        control_share: 0 to 1, who is told nothing.
    """
    digest = blake2b(f"{len(account)}:{account}{scenario.id}".encode(), digest_size=8).digest()
    place = int.from_bytes(digest) / 2**64
    if place < control_share:
        return "control"
    is_second_half = place - control_share >= (1 - control_share) / 2
    return "also" if is_second_half and strength in scenario.also else "usual"


def may_withhold(order: Order) -> bool:
    """Whether an experiment may leave it unsaid: never where money moves, never a full stop."""
    return order.moment != "money" and order.strength != "stop"
