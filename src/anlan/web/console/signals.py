"""The catalogue of signals, and how each behaves."""

from collections import Counter
from typing import Annotated, NamedTuple

from fastapi import APIRouter
from starlette.responses import Response

from anlan.domain.signals import Signal
from anlan.web.console.gate import allowed
from anlan.web.console.shell import Visit
from anlan.web.languages import mark

router = APIRouter()

KINDS = {
    "computed": mark("Computed"),
    "counter": mark("Counters"),
    "deferred": mark("Second look"),
    "field": mark("Event fields"),
}
"""Where a signal's value comes from."""


class Entry(NamedTuple):
    """One signal with what was seen of it since this process began.

    Attributes:
        unknown_share: of timed evaluations that gave no value; None when none was timed.
        micros: mean time of one evaluation in microseconds; None when none was timed.
        policies: how many policies in force read it.
    """

    signal: Signal
    kind: str
    unknown_share: float | None
    micros: float | None
    failures: int
    last_failure: str
    policies: int


@router.get("/signals")
def show_signals(
    visit: Annotated[Visit, allowed("see_signals")], find: str = "", on: str = "", kind: str = "computed"
) -> Response:
    registry = visit.rooms.engine.registry
    available = registry.available_on(on) if on in registry.catalogue else registry.by_name
    words = find.lower().split()
    entries = [
        _entry(visit, signal)
        for signal in visit.rooms.usable_signals()
        if signal.name in available and _is_found(signal, words)
    ]
    counts = Counter(entry.kind for entry in entries)
    return visit.page(
        "console/signals.html",
        signals=[entry for entry in entries if entry.kind == kind],
        kinds=[(word, title, counts[word]) for word, title in KINDS.items()],
        chosen={"find": find, "on": on, "kind": kind},
        type_choices=[entry.name for entry in registry.catalogue],
    )


def _entry(visit: Visit, signal: Signal) -> Entry:
    engine = visit.rooms.engine
    sampled = engine.stats.sampled[signal.name]
    return Entry(
        signal=signal,
        kind=_kind(visit, signal),
        unknown_share=engine.stats.unknown[signal.name] / sampled if sampled else None,
        micros=engine.stats.seconds[signal.name] / sampled * 1e6 if sampled else None,
        failures=engine.stats.failures[signal.name],
        last_failure=engine.stats.last_failure.get(signal.name, ""),
        policies=sum(signal.name in member.condition.names for member in engine.policies.members),
    )


def _kind(visit: Visit, signal: Signal) -> str:
    registry = visit.rooms.engine.registry
    if signal.name in registry.counters:
        return "counter"
    if signal.name in registry.field_names:
        return "field"
    return "deferred" if signal.cost == "deferred" else "computed"


def _is_found(signal: Signal, words: list[str]) -> bool:
    text = f"{signal.name} {' '.join(signal.title.values())}".lower()
    return all(word in text for word in words)
