"""Questions to the journal, bounded in time and number: what policies would have found, who meets a condition."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore
from typing import Annotated

import msgspec
from fastapi import APIRouter, Query
from msgspec import Meta
from starlette.responses import Response

from anlan.app import House
from anlan.engine.backtest import backtest
from anlan.engine.conditions import parse
from anlan.engine.investigate import MAX_PAGE, Page, investigate
from anlan.engine.journal_reports import BacktestReport, Investigation
from anlan.engine.policies import check_policy, read_policies
from anlan.engine.readings import Scope
from anlan.errors import InvalidPolicy, Unavailable
from anlan.web.api.calls import CallerDep, answer, body_of
from anlan.web.api.documented import Before, documented
from anlan.web.api.sight import Sight

AT_ONCE = 2
WAIT_S = 5.0
MAX_POLICIES = 100
_LAST_SECOND = 32_503_680_000
"""The year 3000."""

Time = Annotated[float, Meta(ge=0, le=_LAST_SECOND)]
Within = Annotated[float, Meta(ge=1, le=30)]
Key = Annotated[str, Meta(pattern="^[0-9a-f]{32}$")]

_slots = BoundedSemaphore(AT_ONCE)

router = APIRouter(tags=["questions"])


class BacktestQuestion(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What to backtest.

    Attributes:
        yaml: a YAML list of policies, whatever their state.
        start, end: event time in seconds since the epoch, start <= time < end; null for no bound.
        labels: event key to whether people found the event harmful.
        within_s: seconds to spend at most.
    """

    yaml: str
    start: Time | None = None
    end: Time | None = None
    labels: dict[Key, bool] | None = None
    within_s: Within = 10.0


class EventsQuestion(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which events to look for.

    Attributes:
        when: a condition over signals, as in a policy; empty for every event.
        on: event types; empty for all. The condition may name signals that exist on all of them.
        start, end: event time in seconds since the epoch, start <= time < end; null for no bound.
        within_s: seconds to spend at most.
    """

    when: str = ""
    on: tuple[str, ...] = ()
    start: Time | None = None
    end: Time | None = None
    within_s: Within = 10.0


@router.post("/v1/backtests", **documented("decisions:read", BacktestReport, takes=BacktestQuestion, problems=(422,)))
def backtest_policies(caller: CallerDep, question: Annotated[BacktestQuestion, body_of(BacktestQuestion)]) -> Response:
    """What these policies would have found in the journal. The report says what it cannot tell."""
    registry = caller.house.registry
    policies = [check_policy(policy, registry) for policy in read_policies(question.yaml, "yaml")]
    if not 1 <= len(policies) <= MAX_POLICIES:
        raise InvalidPolicy(f"send 1 to {MAX_POLICIES} policies, not {len(policies)}")
    with _one_slot():
        report = backtest(caller.house.analysis, policies, _scope(caller.house, question), question.labels)
    if caller.reads_personal:
        caller.note("backtest.personal", ", ".join(policy.policy.id for policy in policies)[:200])
    return answer(Sight(registry, caller.reads_personal).backtest(report))


@router.post("/v1/investigations", **documented("decisions:read", Investigation, takes=EventsQuestion, problems=(422,)))
def find_events(
    caller: CallerDep, question: Annotated[EventsQuestion, body_of(EventsQuestion)],
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 50, before_seq: Before = None,
) -> Response:
    """The events that meet a condition, when they happened and who was in them."""
    registry = caller.house.registry
    for name in question.on:
        if name not in registry.catalogue:
            raise InvalidPolicy(f"no event type {name[:128]!r}; GET /v1/event-types lists them")
    condition = parse(question.when, registry.types_on(question.on), "when") if question.when.strip() else None
    with _one_slot():
        found = investigate(
            caller.house.analysis, condition, question.on, _scope(caller.house, question),
            Page(limit, before_seq),
        )
    if caller.reads_personal:
        caller.note("investigation.personal", question.when[:200], on=list(question.on))
    return answer(Sight(registry, caller.reads_personal).investigation(found))


def _scope(house: House, question: BacktestQuestion | EventsQuestion) -> Scope:
    counters = {spec.name: spec for spec in house.workshop.specs}
    return Scope(
        registry=house.registry, counters=counters, start=question.start, end=question.end, within_s=question.within_s
    )


@contextmanager
def _one_slot() -> Iterator[None]:
    """A place among those who question the journal at one time, so that verdicts keep their share of the machine."""
    if not _slots.acquire(timeout=WAIT_S):
        raise Unavailable("too many questions to the journal at once; ask again in a moment", retry_after_s=WAIT_S)
    try:
        yield
    finally:
        _slots.release()
