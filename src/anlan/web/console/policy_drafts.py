"""The first text of a new policy: a skeleton that passes the checks once its blanks are filled in."""

from collections.abc import Mapping
from typing import Any

from anlan.domain.ports import AnalyticJournal
from anlan.engine.conditions import Condition, parse
from anlan.engine.investigate import Page, investigate
from anlan.engine.policies import write_policy
from anlan.engine.readings import Scope
from anlan.errors import AnlanError, InvalidPolicy

DEFAULT_EVENT = "message.sent"
DEFAULT_WHEN = "text_fraud_score >= 0.8 AND sender_age_days < 7"


def skeleton(analysis: AnalyticJournal, scope: Scope, when: str, event_type: str) -> str:
    """A draft in YAML around a condition, with one hit and one miss from the journal where it has them.

    Raises:
        InvalidPolicy: the condition cannot be used on this type of event.
    """
    try:
        types = scope.registry.types_on([event_type])
    except KeyError as error:
        raise InvalidPolicy(f"there is no type of event {event_type!r}") from error
    condition = parse(when, types, "when")
    return write_policy(
        {
            "id": "custom.give_it_a_name",
            "on": event_type,
            "when": when,
            "because": _sentence(condition, scope),
            "reason": {"zh": "用通俗的话告诉用户发生了什么。", "en": "Tell the member in plain words what happened."},
            "category": "fraud",
            "severity": "medium",
            "then": [{"warn": {}}, {"case": {"queue": "review", "priority": 3}}],
            "on_unknown": "skip",
            "examples": _examples(analysis, scope, condition, event_type),
        }
    )


def _sentence(condition: Condition, scope: Scope) -> str:
    forms = {"number": ":.2f"}
    return ", ".join(f"{name} {{{name}{forms.get(scope.registry.by_name[name].type, '')}}}" for name in condition.names)


def _examples(
    analysis: AnalyticJournal, scope: Scope, condition: Condition, event_type: str
) -> list[Mapping[str, Any]]:
    """One event that meets the condition and one that does not; texts of members never end up in a policy."""
    types = scope.registry.types_on([event_type])
    if any(types[name] == "text" and not scope.registry.by_name[name].choices for name in condition.names):
        return []
    made: list[Mapping[str, Any]] = []
    for text, hits in ((condition.text, True), (f"NOT ({condition.text})", False)):
        try:
            found = investigate(analysis, parse(text, types, "when"), [event_type], scope, Page(limit=1)).events
        except AnlanError:
            found = ()
        made += [{"given": {name: event.values[name] for name in condition.names}, "hits": hits} for event in found]
    return made
