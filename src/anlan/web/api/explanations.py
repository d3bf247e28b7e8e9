"""One event with everything that was decided about it, and why each condition held."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from anlan.domain.actions import Action
from anlan.domain.decisions import Finding
from anlan.engine.conditions import Condition
from anlan.engine.reference import Explained, explain
from anlan.store.journal import Explanation, StoredDecision, StoredEvent
from anlan.web.api.sight import Sight

ConditionOf = Callable[[str, int], Condition | None]
"""The condition of a policy's version; None when it is not to be had any more."""


class EventShown(msgspec.Struct, kw_only=True):
    """An event as it is kept; times are seconds since the epoch (UTC).

    Attributes:
        key: names the event for ever.
        actor: `kind:id`; null when the id is personal.
        hidden: fields that are there but not shown to this key.
    """

    seq: int
    key: str
    source: str
    id: str
    type: str
    type_version: int
    time: float
    received_at: float
    subject: str | None
    actor: str | None
    data: dict[str, Any]
    hidden: tuple[str, ...]


class FindingShown(msgspec.Struct, kw_only=True):
    """One policy that held, or could not be decided and asks for review.

    Attributes:
        because: for reviewers; `reason`: what the member may be told, by language.
        condition: the policy's condition taken apart, with the truth and the values of each claim.
        fuse: the fuse that turned its actions into a case.
    """

    policy: str
    version: int
    verdict: str
    severity: str
    category: str
    because: dict[str, str]
    reason: dict[str, str]
    is_unknown: bool
    fuse: str | None
    actions: tuple[Action, ...]
    condition: Explained | None


class PassShown(msgspec.Struct, kw_only=True):
    """What one pass decided: 1 at once, 2 after the deferred signals.

    Attributes:
        shadow: what policies in shadow would have found; it changed nothing.
        pending: policies that wait for deferred signals.
        failed: signals that raised, hung or returned nonsense.
        policy_set: hash of the policies in force.
        took_us: microseconds of evaluation.
    """

    id: str
    pass_number: int
    decided_at: float
    verdict: str
    findings: tuple[FindingShown, ...]
    shadow: tuple[FindingShown, ...]
    actions: tuple[Action, ...]
    pending: tuple[str, ...]
    signals: dict[str, Any]
    failed: dict[str, str]
    policy_set: str
    models: dict[str, str]
    took_us: float


class EventExplained(msgspec.Struct, kw_only=True):
    """An event with its passes, in order; the last verdict counts."""

    event: EventShown
    passes: tuple[PassShown, ...]


def explain_event(found: Explanation, sight: Sight, condition_of: ConditionOf) -> EventExplained:
    """`found` as this caller may see it."""
    data: dict[str, Any] = msgspec.json.decode(found.event.data)
    return EventExplained(
        event=_event(found.event, data, sight),
        passes=tuple(_pass(decided, data, sight, condition_of) for decided in found.decisions),
    )


def _event(event: StoredEvent, data: dict[str, Any], sight: Sight) -> EventShown:
    fields = sight.registry.fields.get(event.type, {})
    shown = {n: v for n, v in data.items() if sight.is_open(fields[n].privacy if n in fields else "personal")}
    return EventShown(
        seq=event.seq, key=event.key, source=event.source, id=event.id, type=event.type,
        type_version=event.type_version, time=event.time, received_at=event.received_at, subject=event.subject,
        actor=sight.actor(event.type, event.actor), data=shown,
        hidden=tuple(name for name in data if name not in shown),
    )


def _pass(decided: StoredDecision, data: Mapping[str, Any], sight: Sight, condition_of: ConditionOf) -> PassShown:
    decision = decided.decision

    def shown(findings: tuple[Finding, ...]) -> tuple[FindingShown, ...]:
        return tuple(_finding(finding, {**data, **finding.values}, sight, condition_of) for finding in findings)

    return PassShown(
        id=decision.id, pass_number=decision.pass_number, decided_at=decided.decided_at, verdict=decision.verdict,
        findings=shown(decision.findings), shadow=shown(decision.shadow), actions=decision.actions,
        pending=decision.pending, signals=sight.values(decision.signals), failed=decision.failed,
        policy_set=decision.policy_set, models=decision.models, took_us=decision.took_us,
    )


def _finding(finding: Finding, values: Mapping[str, Any], sight: Sight, condition_of: ConditionOf) -> FindingShown:
    condition = condition_of(finding.policy, finding.version)
    return FindingShown(
        policy=finding.policy, version=finding.version, verdict=finding.verdict, severity=finding.severity,
        category=finding.category, because=sight.sentence(finding.because, finding.values), reason=finding.reason,
        is_unknown=finding.is_unknown, fuse=finding.fuse, actions=finding.actions,
        condition=sight.claim(explain(condition, values)) if condition else None,
    )
