"""What a platform is sent because of a decision or a notice to staff: which messages, under which ids, with which body.

Bodies follow Standard Webhooks: `{"type", "timestamp", "data"}`. They carry names, never what a member wrote: entities
of class `personal` or `sensitive` (law 10) stay in the journal, one authorised GET away.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from typing import Any

import msgspec

from anlan.domain.actions import KINDS, Action, ActionKind
from anlan.domain.decisions import Decision, Finding, Judged
from anlan.domain.event_data import Data
from anlan.domain.events import Event, fields_of
from anlan.domain.facts import StaffNotice
from anlan.domain.keys import message_id, notice_message_id

WITHDRAWN = {"zh": "进一步核查后已撤回此前的处置。", "en": "A closer look took back the earlier measure."}

NOTICE_TITLES = {
    "fuse_quota": {"zh": "策略配额已用尽，后续处置转人工", "en": "A policy used up its quota; actions became cases"},
    "fuse_jump": {"zh": "策略命中率突增，后续处置转人工", "en": "A policy's hit rate jumped; actions became cases"},
    "policy_set_aside": {"zh": "有策略不再成立，已暂停使用", "en": "A policy no longer holds and was set aside"},
    "signal_failing": {"zh": "信号计算持续失败", "en": "A signal keeps failing"},
    "campaign_full": {"zh": "专项行动今日主动立案已达上限", "en": "A campaign opened as many cases as it may today"},
    "dead_letter": {"zh": "有消息未能送达，已停止重试", "en": "Messages could not be delivered and were given up"},
    "endpoint_gone": {"zh": "接收端答复 410，已停用", "en": "A receiver answered 410 Gone and was disabled"},
    "score_drift": {"zh": "文本模型的分数分布发生漂移", "en": "The scores of the text model have drifted"},
    "model_damaged": {"zh": "有文本模型无法载入，沿用原模型", "en": "A text model cannot be loaded; the old stays"},
    "sanction_refused": {"zh": "平台拒绝执行一项处罚", "en": "The platform refused a sanction"},
    "sanction_unanswered": {"zh": "平台未答复一项处罚，已停止重试",
                            "en": "The platform did not answer about a sanction; it is no longer asked"},
    "sanction_drift": {"zh": "平台上生效的处罚与已下达的不一致",
                       "en": "What the platform has in force differs from what was ordered"},
    "sanction_quota": {"zh": "策略的自动处罚配额已用尽，后续转人工",
                       "en": "A policy used up its quota of automatic sanctions; people decide now"},
    "containment_refused": {"zh": "平台拒绝执行账号控制的某些步骤",
                            "en": "The platform refused steps that contain a stolen account"},
    "containment_unanswered": {"zh": "平台未答复账号控制的步骤，已停止重试",
                               "en": "The platform did not answer about a contained account; it is no longer asked"},
    "payout_contradicted": {
        "zh": "平台对同一笔付款先后说法不一", "en": "The platform said both of a payout: paid, and failed",
    },
    "errand_unanswered": {"zh": "平台十分钟未答复用户拦截资金的请求",
                          "en": "For ten minutes no answer about money that a member asked to stop"},
    "recovery_torn": {
        "zh": "找回申请两人意见不一致，且没有可裁定的高级审核员，请再任命一位",
        "en": "Two people differ over a lost account and no senior reviewer is left: appoint another",
    },
    "payout_overdue": {"zh": "资金申请超过时限", "en": "An application for held money is overdue"},
    "appeals_overturned": {"zh": "某条策略的处罚常被申诉推翻", "en": "Sanctions of a policy often fall on appeal"},
    "report_brigade": {"zh": "有账号或群被集中举报，疑似串通", "en": "Reports of one target look agreed upon"},
    "alerts_wrong": {"zh": "用户常说某条策略的提醒不对", "en": "Members often say that a policy's alerts are wrong"},
    "login_attack": {"zh": "登录入口正受到大规模攻击", "en": "Sign-in is under attack on many accounts"},
    "other": {"zh": "需要关注的情况", "en": "Something needs attention"},
}


class OutgoingMessage(msgspec.Struct, frozen=True):
    """One row of the outbox.

    Attributes:
        id: the receiver's idempotency key (`webhook-id`); the same cause always gives the same id.
        kind: `action.<kind>`, `decision.revised`, `staff.<kind>` or of the desk; equals `type` in the body.
        body: the JSON that is signed and posted.
    """

    id: str
    kind: str
    body: bytes


class EventName(msgspec.Struct, frozen=True, kw_only=True):
    """The event that a message is about.

    Attributes:
        time: event time.
        entities: role to id, e.g. `{"sender": "a1", "message_id": "m9"}`; public and internal fields only.
    """

    id: str
    source: str
    type: str
    time: datetime
    subject: str | None
    entities: dict[str, str]


class ActionOrdered(msgspec.Struct, frozen=True, kw_only=True):
    """`data` of `action.<kind>`: please do this.

    Messages may arrive twice and out of order. Of two orders with the same `kind` and `target`, the one with the higher
    `pass_number` holds.

    Attributes:
        target: `account:a1`, `group:g1`, `event:<id>` or `staff`.
        parameters: by name, as `domain.actions.KINDS` lists them.
        title: the action in plain words, by language (`zh`, `en`).
        reason: what the member may be told, by language; never names a signal or a threshold.
        takes_back: the kind of the earlier action that this one undoes, when it does.
    """

    decision: str
    pass_number: int
    verdict: str
    event: EventName
    kind: str
    target: str
    parameters: dict[str, Any]
    policy: str
    category: str
    severity: str
    title: dict[str, str]
    reason: dict[str, str]
    takes_back: str | None = None


class FindingName(msgspec.Struct, frozen=True, kw_only=True):
    """One finding without the signal values behind it."""

    policy: str
    version: int
    category: str
    severity: str
    reason: dict[str, str]


class DecisionRevised(msgspec.Struct, frozen=True, kw_only=True):
    """`data` of `decision.revised`: the second pass changed the verdict that the platform was told at once."""

    decision: str
    verdict: str
    earlier_verdict: str
    event: EventName
    findings: tuple[FindingName, ...]


class StaffNoticed(msgspec.Struct, frozen=True, kw_only=True):
    """`data` of `staff.<kind>`: something that the people who run the installation must hear about.

    Attributes:
        kind, subject, details: as in `domain.facts.StaffNotice`.
        title: the kind in plain words, by language (`zh`, `en`).
    """

    kind: str
    subject: str
    title: dict[str, str]
    details: dict[str, Any]


class Message(msgspec.Struct, frozen=True):
    """The body that a receiver gets.

    Attributes:
        timestamp: when Anlan received the event, or made the notice or order.
    """

    type: str
    timestamp: datetime
    data: msgspec.Struct


def seal_message(id: str, kind: str, at: float, data: msgspec.Struct) -> OutgoingMessage:
    """The message `kind` with this body, made at `at` (wall-clock seconds)."""
    return OutgoingMessage(id, kind, msgspec.json.encode(Message(kind, datetime.fromtimestamp(at, UTC), data)))


def outgoing(judged: Judged) -> tuple[OutgoingMessage, ...]:
    """Every message that must be committed with `judged`, in order; cases are kept at home and not sent.

    A second pass sends only what it adds to the first, the reversal of what it withdraws, and `decision.revised` when
    the verdict changed.
    """
    orders = [*_reversals(judged), *_orders(judged)]
    messages = [_seal(judged, f"action.{order.kind}", number, order) for number, order in enumerate(orders)]
    if judged.earlier is not None and judged.earlier.verdict != judged.decision.verdict:
        messages.append(_seal(judged, "decision.revised", len(messages), _revision(judged, judged.earlier)))
    return tuple(messages)


def outgoing_notice(notice: StaffNotice) -> OutgoingMessage:
    """The message that tells a platform's own on-call channel about `notice`."""
    kind = f"staff.{notice.kind}"
    title = NOTICE_TITLES.get(notice.kind, NOTICE_TITLES["other"])
    data = StaffNoticed(kind=notice.kind, subject=notice.subject, title=title, details=notice.details)
    return seal_message(notice_message_id(notice.id), kind, notice.at, data)


def _seal(judged: Judged, kind: str, number: int, data: ActionOrdered | DecisionRevised) -> OutgoingMessage:
    return seal_message(message_id(judged.decision.id, kind, number), kind, judged.received_at, data)


def _orders(judged: Judged) -> Iterator[ActionOrdered]:
    already = [] if judged.earlier is None else [_same(action) for action in judged.earlier.actions]
    for action in judged.decision.actions:
        if _is_sent(KINDS[action.kind]) and _same(action) not in already:
            finding = _finding(judged.decision, action.policy)
            yield _order(judged, action, finding, finding.reason if finding else {})


def _is_sent(kind: ActionKind) -> bool:
    return kind.name != "case" and not kind.is_told_at_once and not kind.is_for_center


def _reversals(judged: Judged) -> Iterator[ActionOrdered]:
    """The way back from every action of the earlier pass that the later one no longer asks for."""
    if judged.earlier is None:
        return
    kept = {_scope(action) for action in judged.decision.actions}
    for action in judged.earlier.actions:
        reversal = KINDS[action.kind].reversal
        if reversal is None or _scope(action) in kept:
            continue
        parameters = {name: action.parameters[name] for name in KINDS[reversal].parameters if name in action.parameters}
        undo = Action(kind=reversal, target=action.target, policy=action.policy, parameters=parameters)
        yield _order(judged, undo, _finding(judged.earlier, action.policy), WITHDRAWN, action.kind)


def _order(
    judged: Judged, action: Action, finding: Finding | None, reason: dict[str, str], takes_back: str | None = None
) -> ActionOrdered:
    return ActionOrdered(
        decision=judged.decision.id,
        pass_number=judged.decision.pass_number,
        verdict=judged.decision.verdict,
        event=_event_name(judged.event),
        kind=action.kind,
        target=action.target,
        parameters=action.parameters,
        policy=action.policy,
        category=finding.category if finding else "",
        severity=finding.severity if finding else "info",
        title=KINDS[action.kind].title,
        reason=reason,
        takes_back=takes_back,
    )


def _revision(judged: Judged, earlier: Decision) -> DecisionRevised:
    return DecisionRevised(
        decision=judged.decision.id,
        verdict=judged.decision.verdict,
        earlier_verdict=earlier.verdict,
        event=_event_name(judged.event),
        findings=tuple(
            FindingName(policy=f.policy, version=f.version, category=f.category, severity=f.severity, reason=f.reason)
            for f in judged.decision.findings
        ),
    )


def _event_name(event: Event) -> EventName:
    return EventName(
        id=event.id,
        source=event.source,
        type=event.type.name,
        time=datetime.fromtimestamp(event.time, UTC),
        subject=event.subject,
        entities={
            role: value for role in _shared_roles(event.type.data) if (value := getattr(event.data, role)) is not None
        },
    )


@cache
def _shared_roles(data: type[Data]) -> tuple[str, ...]:
    fields = fields_of(data)
    return tuple(field.name for field in fields if field.entity and field.privacy in ("public", "internal"))


def _finding(decision: Decision, policy: str) -> Finding | None:
    return next((finding for finding in decision.findings if finding.policy == policy), None)


def _same(action: Action) -> tuple[str, str, dict[str, Any]]:
    return action.kind, action.target, action.parameters


def _scope(action: Action) -> tuple[str, str, object]:
    """What a reversal lifts: a longer mute replaces a shorter one, but each restricted feature stands alone."""
    return action.kind, action.target, action.parameters.get("feature")
