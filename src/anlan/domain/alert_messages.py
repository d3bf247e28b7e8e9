"""What the platform is sent when a member is to be warned, in a form that it can show in a chat."""

import msgspec

from anlan.domain.alerts import Arm, Moment
from anlan.domain.messages import OutgoingMessage, seal_message
from anlan.domain.scenarios import Scenario, Strength, Words


class AlertEvent(msgspec.Struct, frozen=True, kw_only=True):
    """What set it off, by the platform's own names; `message_id` and `payment_id` are null where there is none."""

    id: str
    source: str
    type: str
    message_id: str | None
    payment_id: str | None


class AlertToShow(msgspec.Struct, frozen=True, kw_only=True):
    """`data` of `alert.raised`: show this to the member at once, and to nobody else.

    Attributes:
        alert: its id, for `POST /v1/alerts/{alert}:answer`.
        account: `account:<id>` of who is at risk.
        scenario: what it looks like, as `GET /v1/scenarios` lists them.
        strength: `hint` beside the message, `banner` over it, `stop` before anything goes on.
        moment: `setting`, `turn` or `money`.
        title, text: by language (`zh`, `en`).
        question: what a stop asks before the member may go on, answerable by yes or no; null for the milder ones.
        do: what to do now, most urgent first.
        link: the member's page of this alert; make it a link of theirs by `POST /v1/members:link`.
        quick_link: words, steps and buttons to answer by one tap, for whoever has it, so show it to that member alone;
            it needs no session, shows nothing else of theirs, and is good for 30 days.
    """

    alert: str
    account: str
    scenario: str
    strength: Strength
    moment: Moment
    title: Words
    text: Words
    question: Words | None
    do: tuple[Words, ...]
    link: str
    quick_link: str
    event: AlertEvent


def words_of(scenario: Scenario, strength: Strength, arm: Arm) -> Words:
    """What a member of this arm reads."""
    return scenario.also.get(strength, scenario.say[strength]) if arm == "also" else scenario.say[strength]


def alert_message(
    alert_id: str, account: str, scenario: Scenario, strength: Strength, moment: Moment, arm: Arm, link: str,
    quick_link: str, event: AlertEvent, now: float,
) -> OutgoingMessage:
    """The alert with its words."""
    data = AlertToShow(
        alert=alert_id, account=account, scenario=scenario.id, strength=strength, moment=moment, title=scenario.title,
        text=words_of(scenario, strength, arm), question=scenario.question if strength == "stop" else None,
        do=scenario.do, link=link, quick_link=quick_link, event=event,
    )
    return seal_message(f"msg_{alert_id}", "alert.raised", now, data)
