"""Judged events for tests of the store: real events of the catalogue, with decisions as the engine writes them."""

from typing import Any

import msgspec

from anlan.domain.actions import Action
from anlan.domain.decisions import Decision, Finding, Judged
from anlan.domain.events import Catalogue, Event
from anlan.domain.keys import decision_id, event_key

CATALOGUE = Catalogue()
NOON = 1_795_262_400.0
"""2026-11-21 12:00 UTC."""

MUTE = Action(kind="mute", target="account:ann", policy="p.spam", parameters={"hours": 2.0})
CASE = Action(kind="case", target="event:e", policy="p.spam", parameters={"queue": "spam", "priority": 2})


def event(number: int, type_name: str = "message.sent", **data: Any) -> Event:
    """The event `e<number>`; a message from ann to bob unless told otherwise."""
    data = data or {"sender": "ann", "recipient": "bob", "text": f"message {number}", "ip": "192.0.2.7"}
    envelope = {"specversion": "1.0", "id": f"e{number}", "source": "im", "type": type_name, "data": data}
    return CATALOGUE.decode(msgspec.json.encode(envelope), NOON + number)


def decide(
    happened: Event, verdict: str = "allow", actions: tuple[Action, ...] = (), pass_number: int = 1,
    pending: tuple[str, ...] = (),
) -> Decision:
    """A decision with one finding of `p.spam`, or none for `allow`."""
    finding = Finding(
        policy="p.spam", version=3, verdict=verdict, severity="high", category="spam",
        because={"zh": "得分 0.93", "en": "score 0.93"}, values={"text_ad_score": 0.93}, actions=actions,
        reason={"zh": "广告", "en": "Advertising"},
    )
    return Decision(
        id=decision_id(event_key(happened.source, happened.id), pass_number), pass_number=pass_number, verdict=verdict,
        findings=() if verdict == "allow" else (finding,), shadow=(), actions=actions, pending=pending,
        signals={"text_ad_score": 0.93}, failed={}, policy_set="a" * 64, models={}, took_us=9.0,
    )


def judged(
    number: int, verdict: str = "allow", actions: tuple[Action, ...] = (), pending: tuple[str, ...] = (), **more: Any
) -> Judged:
    """The first pass over `event(number)`."""
    happened = event(number)
    return Judged(happened, decide(happened, verdict, actions, 1, pending), NOON + number, **more)


def second_pass(first: Judged, verdict: str, actions: tuple[Action, ...] = ()) -> Judged:
    """The second pass over the same event."""
    return Judged(first.event, decide(first.event, verdict, actions, 2), first.received_at, first.decision)


def key_of(one: Judged) -> str:
    """The key of its event."""
    return event_key(one.event.source, one.event.id)
