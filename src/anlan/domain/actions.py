"""The closed list of what a policy may ask for, with each action's parameters and way back."""

import re
from typing import Any, Literal

import msgspec

from anlan.domain.scenarios import STRENGTHS
from anlan.errors import InvalidPolicy

MAX_NUMBER = 1_000_000
MAX_HOURS = 30 * 24
"""A sanction without a near end is as good as permanent, and those need a person (law 1)."""
MAX_MINUTES = 24 * 60
"""Whoever has slept over a payment has had time to think."""
_MOST = {"hours": MAX_HOURS, "minutes": MAX_MINUTES}
_WORD = re.compile(r"[\w.:-]{1,64}")

Target = Literal["actor", "recipient", "group", "event", "staff"]


class ActionKind(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of action.

    Attributes:
        parameters: name to type (`hours`: number ...); all are optional unless listed in `required`.
        choices: of a parameter that takes one of few words: which.
        target: whom it touches when the policy does not say.
        reversal: the kind that takes it back, or None when there is nothing to take back.
        is_enforcement: touches a member against their will, so the fuse applies.
        is_told_at_once: means something only in the answer to the event; no message is sent of it.
        is_for_center: the members' center takes it from the decision and says itself what comes of it (whom to warn, in
            which words, whether at all); no order is sent.
        is_help: done for the member it touches, so no fuse holds it back (law 7 is about what is done to them).
        title: what people read.
    """

    name: str
    parameters: dict[str, type]
    target: Target
    required: tuple[str, ...] = ()
    choices: dict[str, tuple[str, ...]] = {}
    reversal: str | None = None
    is_enforcement: bool = True
    is_told_at_once: bool = False
    is_for_center: bool = False
    is_help: bool = False
    title: dict[str, str]


class Action(msgspec.Struct, frozen=True, kw_only=True):
    """Something Anlan does or asks the platform to do, because `policy` held.

    `target` is an entity name (`account:a1`), `event:<id>` or `staff`.
    """

    kind: str
    target: str
    policy: str
    parameters: dict[str, Any] = {}


KINDS: dict[str, ActionKind] = {
    kind.name: kind
    for kind in (
        ActionKind(
            name="alert", parameters={"scenario": str, "named_by": str, "strength": str, "to": str},
            target="recipient", required=("scenario",), choices={"strength": STRENGTHS}, is_enforcement=False,
            is_for_center=True, is_help=True,
            title={"zh": "风险提醒", "en": "Risk alert"},
        ),
        ActionKind(
            name="care_card", parameters={"theme": str, "to": str}, target="actor", required=("theme",),
            is_enforcement=False, is_for_center=True, is_help=True,
            title={"zh": "关怀卡片", "en": "Care card"},
        ),
        ActionKind(
            name="cool_down", parameters={"minutes": float}, target="event", required=("minutes",),
            is_for_center=True, title={"zh": "付款冷静期", "en": "Cool-down before paying"},
        ),
        ActionKind(
            name="case", parameters={"queue": str, "priority": int, "to": str}, target="event", required=("queue",),
            is_enforcement=False, title={"zh": "转人工", "en": "Open a case"},
        ),
        ActionKind(
            name="notify_staff", parameters={"channel": str}, target="staff", is_enforcement=False,
            title={"zh": "通知值班人员", "en": "Notify staff"},
        ),
        ActionKind(
            name="delete_message", parameters={}, target="event", reversal="restore_message",
            title={"zh": "删除消息", "en": "Delete the message"},
        ),
        ActionKind(
            name="restore_message", parameters={}, target="event", is_enforcement=False,
            title={"zh": "恢复消息", "en": "Restore the message"},
        ),
        ActionKind(
            name="mute", parameters={"hours": float}, target="actor", required=("hours",), reversal="unmute",
            title={"zh": "禁言", "en": "Mute"},
        ),
        ActionKind(
            name="unmute", parameters={}, target="actor", is_enforcement=False,
            title={"zh": "解除禁言", "en": "Unmute"},
        ),
        ActionKind(
            name="restrict", parameters={"feature": str, "hours": float}, target="actor",
            required=("feature", "hours"), reversal="unrestrict", title={"zh": "限制功能", "en": "Restrict a feature"},
        ),
        ActionKind(
            name="unrestrict", parameters={"feature": str}, target="actor", is_enforcement=False,
            title={"zh": "恢复功能", "en": "Lift a restriction"},
        ),
        ActionKind(
            name="wait", parameters={"seconds": float}, target="event", required=("seconds",), is_enforcement=False,
            is_told_at_once=True, title={"zh": "稍后再试", "en": "Try again later"},
        ),
        ActionKind(
            name="end_sessions", parameters={}, target="actor",
            title={"zh": "强制下线所有会话", "en": "End all sessions"},
        ),
        ActionKind(
            name="contain", parameters={}, target="actor", reversal="lift_containment",
            title={"zh": "控制被盗账号", "en": "Contain a stolen account"},
        ),
        ActionKind(
            name="lift_containment", parameters={}, target="actor", is_enforcement=False,
            title={"zh": "解除被盗控制", "en": "Lift a containment"},
        ),
    )
}
"""Permanent sanctions are not here: a policy cannot order one (law 1); it opens a case."""


def check_action(kind: str, parameters: dict[str, Any], where: str) -> None:
    """Refuse an action that is not in the catalogue or has wrong parameters.

    Raises:
        InvalidPolicy: naming `where` (file and policy) and what is allowed.
    """
    spec = KINDS.get(kind)
    if spec is None:
        raise InvalidPolicy(f"{where}: no action {kind!r}; choose one of {', '.join(sorted(KINDS))}")
    for name, value in parameters.items():
        expected = spec.parameters.get(name)
        if expected is None:
            allowed = ", ".join(sorted(spec.parameters)) or "none"
            raise InvalidPolicy(f"{where}: action {kind} has no parameter {name!r} (it takes: {allowed})")
        fits = isinstance(value, (int, float) if expected is float else expected) and not isinstance(value, bool)
        if not fits:
            raise InvalidPolicy(f"{where}: {kind}.{name} must be {expected.__name__}, not {str(value)[:40]!r}")
        if isinstance(value, str) and not _WORD.fullmatch(value):
            raise InvalidPolicy(f"{where}: {kind}.{name} is one word of at most 64 letters, digits and _ . : -")
        choices = spec.choices.get(name)
        if choices and value not in choices:
            raise InvalidPolicy(f"{where}: {kind}.{name} is one of {', '.join(choices)}, not {value!r}")
        most = _MOST.get(name, MAX_NUMBER)
        if not isinstance(value, str) and not 0 <= value <= most:
            raise InvalidPolicy(f"{where}: {kind}.{name} lies between 0 and {most:,}; for more, open a case")
    missing = [name for name in spec.required if name not in parameters]
    if missing:
        raise InvalidPolicy(f"{where}: action {kind} needs {', '.join(missing)}")
