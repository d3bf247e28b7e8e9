"""Many findings into one verdict and one list of actions, in an order that never depends on the order of policies.

Most severe verdict first, then severity, then policy id; the first finding explains the verdict. Of two actions of one
kind on one target the stronger stays (the larger number in each parameter), under the name of the first policy.
"""

from collections.abc import Iterable

from anlan.domain.actions import Action
from anlan.domain.decisions import Finding, Verdict
from anlan.domain.policies import SEVERITIES

_RANK: dict[str, int] = {word: -index for index, word in enumerate(SEVERITIES)}
_VERDICT_RANK: dict[str, int] = {verdict.word: -verdict for verdict in Verdict}


def order_findings(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Most severe first."""
    return tuple(sorted(findings, key=lambda f: (_VERDICT_RANK[f.verdict], _RANK[f.severity], f.policy)))


def resolve(findings: Iterable[Finding]) -> tuple[str, tuple[Finding, ...], tuple[Action, ...]]:
    """(verdict word, ordered findings, de-duplicated actions)."""
    ordered = order_findings(findings)
    verdict = ordered[0].verdict if ordered else Verdict.ALLOW.word
    actions: dict[tuple[str, ...], Action] = {}
    for finding in ordered:
        for action in finding.actions:
            # Cases of different queues and alerts of different scenarios are different acts.
            words = tuple(str(value) for value in action.parameters.values() if isinstance(value, str))
            key = (action.kind, action.target, *words)
            actions[key] = _stronger(actions[key], action) if key in actions else action
    return verdict, ordered, tuple(actions.values())


def _stronger(first: Action, other: Action) -> Action:
    # A smaller priority number is more urgent; every other number grows with severity.
    merged = {
        name: (min if name == "priority" else max)(value, other.parameters.get(name, value))
        if isinstance(value, int | float)
        else value
        for name, value in first.parameters.items()
    }
    return Action(
        kind=first.kind, target=first.target, policy=first.policy, parameters={**other.parameters, **merged}
    )
