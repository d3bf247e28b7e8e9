"""What the window says of a dialogue and of who was spoken to, as signals that conditions can name."""

from collections.abc import Callable
from typing import NamedTuple

from anlan.domain.events import Event
from anlan.domain.signals import Signal
from anlan.engine.signals import part_of


class Reading(NamedTuple):
    """One dialogue (or none, in a group) as of one message; see the signals for what the numbers mean."""

    moves: int | None = None
    stage: int | None = None
    fraud_score: float | None = None
    sender_top: float | None = None
    sender_asked: int = 0
    scenario: str | None = None
    scenario_score: float | None = None


class Met(NamedTuple):
    """What a message made of the dialogue it belongs to, remembered for its recipient.

    Attributes:
        by: the sender.
    """

    time: float
    fraud_score: float
    stage: int
    by: str = ""
    scenario: str | None = None
    scenario_score: float = 0.0

    @property
    def is_quiet(self) -> bool:
        """Only what shows something is met."""
        return False

    @property
    def danger(self) -> float:
        """By which dialogues are compared."""
        return max(self.fraud_score, self.scenario_score)


_OPTIONAL = ("text_fraud_score", "text_signs_seen", "sender_age_days", "sender_contact_days")
_TALK = Reading(moves=3, stage=4, fraud_score=0.9, sender_top=0.5, scenario_score=0.8)
_IN_GROUP = Reading(sender_top=0.5)
_MET = Met(0.0, 0.9, 4, "eve", None, 0.8)
_MEETING = {
    "payer": ("payment.initiated",),
    "account": ("link.opened", "screen.shared", "code.requested"),
}
"""Role of whoever may have been led into something, and the events at which that matters."""
_WORDS = {"payer": ("付款人", "payer"), "account": ("账号", "account")}

_TALK_PARTS: tuple[Signal, ...] = (
    part_of(
        "dialogue", "moves", "dialogue_moves_7d", "number",
        {"zh": "7天内对同一人用过的诈骗话术种数", "en": "Different moves of fraud on this recipient in 7 days"},
        low=0.0, examples=(({"dialogue": _TALK}, 3), ({"dialogue": _IN_GROUP}, None)),
    ),
    part_of(
        "dialogue", "stage", "dialogue_stage", "number",
        {"zh": "阶段：0接触 1信任 2诱饵 3索取 4施压", "en": "Stage: 0 contact, 1 trust, 2 bait, 3 ask, 4 push"},
        low=0.0, high=4.0, examples=(({"dialogue": _TALK}, 4), ({"dialogue": _IN_GROUP}, None)),
    ),
    part_of(
        "dialogue", "fraud_score", "dialogue_fraud_score", "number",
        {"zh": "对话诈骗分", "en": "Fraud score of the dialogue"}, unit="probability", low=0.0, high=1.0,
        examples=(({"dialogue": _TALK}, 0.9), ({"dialogue": _IN_GROUP}, None)),
    ),
    part_of(
        "dialogue", "scenario_score", "dialogue_scenario_score", "number",
        {"zh": "对话是已知骗局的概率", "en": "Probability that the dialogue is a known fraud"}, unit="probability",
        low=0.0, high=1.0, examples=(({"dialogue": _TALK}, 0.8), ({"dialogue": _IN_GROUP}, None)),
    ),
    part_of(
        "dialogue", "sender_top", "sender_fraud_top3_7d", "number",
        {"zh": "发送者7天内最高三条诈骗分均值", "en": "Mean of the sender's three highest fraud scores in 7 days"},
        low=0.0, high=1.0, examples=(({"dialogue": _TALK}, 0.5), ({"dialogue": Reading()}, None)),
    ),
    part_of(
        "dialogue", "sender_asked", "sender_asked_recipients_7d", "number",
        {"zh": "发送者7天内索取过的不同对象数", "en": "Different recipients the sender asked for something in 7 days"},
        low=0.0, examples=(({"dialogue": Reading(sender_asked=4)}, 4), ({"dialogue": _IN_GROUP}, 0)),
    ),
)


def dialogue_signals(
    count: Callable[..., Reading], worst: Callable[[Event, str], Met], scenarios: tuple[str, ...]
) -> tuple[Signal, ...]:
    """Every signal of a window.

    Args:
        count: remembers a message and reads its dialogue.
        worst: the dialogue that came closest to fraud of those in which somebody wrote to an account; only that with
            the other side of the event, where it names one.
        scenarios: the frauds that a dialogue may be named.
    """
    return (
        Signal(
            name="dialogue", compute=count, type="object", counts=True, applies_to=("message.sent",),
            reads=("event", "text_moves_seen", *_OPTIONAL), optional_reads=frozenset(_OPTIONAL),
        ),
        *_TALK_PARTS,
        part_of(
            "dialogue", "scenario", "dialogue_scenario", "text",
            {"zh": "对话最像的骗局", "en": "Fraud that the dialogue is most like"}, choices=scenarios,
        ),
        *(made for role in _MEETING for made in _met_signals(role, worst, scenarios)),
    )


def _met_signals(role: str, worst: Callable[[Event, str], Met], scenarios: tuple[str, ...]) -> tuple[Signal, ...]:
    read, (zh, en) = f"{role}_dialogues", _WORDS[role]
    return (
        Signal(name=read, compute=worst, type="object", reads=("event", role), applies_to=_MEETING[role]),
        part_of(
            read, "fraud_score", f"{role}_dialogue_fraud_score_7d", "number",
            {"zh": f"{zh}7天内所遇对话的最高诈骗分", "en": f"Highest fraud score of a talk with the {en} in 7 days"},
            unit="probability", low=0.0, high=1.0, examples=(({read: _MET}, 0.9),),
        ),
        part_of(
            read, "stage", f"{role}_dialogue_stage_7d", "number",
            {"zh": f"{zh}所遇对话的诈骗阶段", "en": f"Stage of that dialogue with the {en}"}, low=0.0, high=4.0,
            examples=(({read: _MET}, 4),),
        ),
        part_of(
            read, "scenario_score", f"{role}_dialogue_scenario_score_7d", "number",
            {"zh": f"{zh}所遇对话是已知骗局的概率", "en": f"Probability that it is a known fraud, with the {en}"},
            unit="probability", low=0.0, high=1.0, examples=(({read: _MET}, 0.8),),
        ),
        part_of(
            read, "scenario", f"{role}_dialogue_scenario_7d", "text",
            {"zh": f"{zh}所遇对话最像的骗局", "en": f"Fraud that it is most like, with the {en}"}, choices=scenarios,
        ),
    )
