"""What the platform is told for a member of the assistant; never what it is about, for others may see the screen."""

import msgspec

from anlan.domain.messages import OutgoingMessage, seal_message
from anlan.domain.scenarios import Words

ASKS = {
    "zh": "安全助手来问一声：昨天的事现在怎么样了？点这里接着说。",
    "en": "The security assistant asks how you are since yesterday. Open this to go on.",
}


ANSWERED = {
    "zh": "安澜的工作人员回复您了。点这里查看。",
    "en": "Somebody from the safety team has answered you. Open this to read it.",
}


class FollowUp(msgspec.Struct, frozen=True, kw_only=True):
    """`data` of `consultation.follow_up`: show this to the member, and to nobody else.

    Attributes:
        account: `account:<id>`.
        text: by language (`zh`, `en`).
        link: the member's page of this talk; make it a link of theirs by `POST /v1/members:link`.
    """

    consultation: str
    account: str
    text: Words
    link: str


def follow_up_message(talk_id: str, account: str, link: str, now: float) -> OutgoingMessage:
    """The question of the next day, once for each talk."""
    data = FollowUp(consultation=talk_id, account=account, text=ASKS, link=link)
    return seal_message(f"msg_{talk_id}.follow_up", "consultation.follow_up", now, data)


class PersonAnswered(FollowUp, frozen=True, kw_only=True):
    """`data` of `consultation.answered`: a person wrote in the talk; otherwise as `FollowUp`."""


def answered_message(talk_id: str, turn: int, account: str, link: str, now: float) -> OutgoingMessage:
    """That a person answered, once for each answer; `turn` is its number in the talk."""
    data = PersonAnswered(consultation=talk_id, account=account, text=ANSWERED, link=link)
    return seal_message(f"msg_{talk_id}.{turn}", "consultation.answered", now, data)
