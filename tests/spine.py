"""Small engines for tests of judging: signals, counters and policies in, events through, decisions out."""

from collections.abc import Iterable
from typing import Any

import msgspec

from anlan.domain.decisions import Judged
from anlan.domain.events import CATALOGUE, Catalogue, Event, EventType
from anlan.domain.signals import Signal
from anlan.engine.counter_specs import load_counters
from anlan.engine.counters import Counters
from anlan.engine.hang import HangGuard
from anlan.engine.pipeline import Engine
from anlan.engine.policies import PolicySet, make_set, read_policies
from anlan.engine.signals import Registry

NOON = 1_795_262_400.0
"""2026-11-21 12:00 UTC."""


class Spine:
    """An engine with what it was made of.

    Args:
        policies: YAML; every policy needs what a stored one needs.
        counters: YAML.
        types: event types beside the built-in ones.
    """

    def __init__(
        self, signals: Iterable[Signal] = (), policies: str = "", counters: str = "[]",
        types: tuple[EventType, ...] = (), budget_s: float = 1.0, deferred_budget_s: float = 30.0,
    ) -> None:
        self.catalogue = Catalogue((*CATALOGUE, *types))
        specs = load_counters(counters, self.catalogue, "counters.yaml")
        self.counters = Counters(specs)
        counted = {spec.name: (number_signal(spec.name), spec.readable_on) for spec in specs}
        self.registry = Registry(self.catalogue, signals, counted)
        steps = {entry.name: self.counters.for_type(entry.name) for entry in self.catalogue}
        self.engine = Engine(
            self.registry, steps, guard=HangGuard(budget_s), deferred_budget_s=deferred_budget_s
        )
        if policies:
            self.engine.swap(self.set_of(policies))

    def set_of(self, policies: str) -> PolicySet:
        """The checked set that this YAML makes here."""
        return make_set([(policy, "test.yaml") for policy in read_policies(policies, "test.yaml")], self.registry)

    def judge(self, happened: Event) -> Judged:
        """The first pass; people are strangers unless an event has said otherwise."""
        return self.engine.judge(happened, happened.time)

    def message(self, number: int = 1, at: float = NOON, **data: Any) -> Event:
        """A message from ann; `at` is its event time."""
        return self.event("message.sent", number, at, **{"sender": "ann", "text": "hello", **data})

    def event(self, type_name: str, number: int = 1, at: float = NOON, **data: Any) -> Event:
        """The event `e<number>` of any type."""
        return self.catalogue.decode(envelope(type_name, f"e{number}", data), at)


def number_signal(name: str) -> Signal:
    """What the registry is told of a counter."""
    return Signal(name=name, compute=len, type="number", reads=("event",), title={"zh": "计数", "en": "a counter"})


def envelope(type_name: str, event_id: str, data: dict[str, Any], **attributes: Any) -> bytes:
    """A CloudEvent in JSON."""
    body = {"specversion": "1.0", "id": event_id, "source": "im", "type": type_name, "data": data, **attributes}
    return msgspec.json.encode(body)


def policy(id: str, when: str, hit: str, miss: str, then: str = "[{warn: {}}]", **more: str | int | None) -> str:
    """One live policy's YAML with all that a policy must say.

    Args:
        hit, miss: signal values of its two examples, such as `good: 1`.
        more: replaces or adds fields; None leaves one out.
    """
    fields = {
        "on": "message.sent", "because": "it held", "reason": "{zh: 原因, en: a reason}", "category": "spam",
        "quota": "1000/h", "state": "live",
        "examples": f"[{{given: {{{hit}}}, hits: true}}, {{given: {{{miss}}}, hits: false}}]", **more,
    }
    lines = [f"- id: {id}", f"  when: {when}", f"  then: {then}"]
    return "\n".join([*lines, *(f"  {name}: {value}" for name, value in fields.items() if value is not None), ""])
