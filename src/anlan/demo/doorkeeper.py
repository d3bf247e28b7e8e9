"""Obeys verdicts as the demo's platform would, and plays who is asked: owners prove themselves; thieves cannot, but for
some who phished the password and talk its owner out of the code as well; payers who are stopped think again.
"""

from collections.abc import Collection
from zlib import crc32

import msgspec

from anlan import clock
from anlan.demo.labels import LabelledEvent
from anlan.domain.event_data import AccountLogin

PROOF_S = 20.0
STOPPED_OF_TEN = 7
"""So many of ten payers who are being deceived do not pay once they are stopped and asked."""


class _Login(msgspec.Struct):
    """What is read of a sign-in that the simulation made."""

    id: str
    source: str
    data: AccountLogin


class _Payment(msgspec.Struct):
    """What is read of a payment, about to be made or made."""

    payment_id: str


class _Paid(msgspec.Struct):
    """Its event."""

    data: _Payment


def is_break_in(event: LabelledEvent) -> bool:
    """A thief offers a right password: what follows depends on the verdict."""
    return event.actor_role == "thief" and event.type == "account.login" and b'"result":"success"' in event.cloudevent


def is_turning_point(event: LabelledEvent) -> bool:
    """What comes next depends on the verdict: a break-in, or somebody deceived who is about to pay."""
    return is_break_in(event) or (event.type == "payment.initiated" and event.actor_role == "victim")


class Doorkeeper:
    """Keeps which thefts and payments were stopped, so that what would have come of them does not happen."""

    def __init__(self) -> None:
        self._stopped_at_door: set[str] = set()
        self._unpaid: set[str] = set()
        self._contained: set[str] = set()

    def happens(self, event: LabelledEvent) -> bool:
        """Whether an event of the simulation still comes to pass; a contained account's owner does come back."""
        is_cut_off = event.story in self._contained and event.actor_role in ("thief", "victim")
        is_unpaid = event.type == "payment.settled" and _payment_of(event) in self._unpaid
        return event.story not in self._stopped_at_door and not is_cut_off and not is_unpaid

    def lets_pay(self, event: LabelledEvent) -> bool:
        """Whether a payment that was about to be made will be, after its verdict was obeyed."""
        return _payment_of(event) not in self._unpaid

    def obey(self, event: LabelledEvent, verdict: str, actions: Collection[str] = ()) -> bytes | None:
        """What the platform does about the verdict on `event`; the CloudEvent of a proof, if one was given.

        Args:
            actions: the kinds of actions that came with it.
        """
        if event.actor_role == "thief" and "contain" in actions:
            self._contained.add(event.story)
        if event.type == "payment.initiated" and (verdict == "block" or (verdict == "hold" and _thinks_again(event))):
            self._unpaid.add(_payment_of(event))
        if event.type != "account.login" or verdict in ("allow", "warn"):
            return None
        login = msgspec.json.decode(event.cloudevent, type=_Login)
        passes = event.actor_role != "thief" or (verdict == "challenge" and _has_the_code(event))
        if not passes:
            self._stopped_at_door.add(plunder_story(event.story, login.data.account))
        if verdict != "challenge" or login.data.result == "failure":
            return None
        return _proof(login, event.time + PROOF_S, passes=passes)


def _has_the_code(event: LabelledEvent) -> bool:
    """Of two who phished a password one has the code too; leaked lists come without."""
    return event.label == "takeover" and crc32(event.cloudevent) % 2 == 0


def _thinks_again(event: LabelledEvent) -> bool:
    """Whoever pays for a reason of their own says so and pays."""
    return event.actor_role == "victim" and crc32(event.cloudevent) % 10 < STOPPED_OF_TEN


def _payment_of(event: LabelledEvent) -> str:
    return msgspec.json.decode(event.cloudevent, type=_Paid).data.payment_id


def plunder_story(break_in: str, account: str) -> str:
    """The story of what a thief does with an account, told apart from how they got in."""
    return f"{break_in}/{account}"


def _proof(login: _Login, time: float, *, passes: bool) -> bytes:
    data = login.data
    return msgspec.json.encode(
        {
            "specversion": "1.0", "id": f"{login.id}-proof", "source": login.source, "type": "verification.completed",
            "time": clock.to_rfc3339(time),
            "data": {
                "account": data.account, "result": "passed" if passes else "failed", "method": "sms_code",
                "session": data.session, "device": data.device, "ip": data.ip,
            },
        }
    )
