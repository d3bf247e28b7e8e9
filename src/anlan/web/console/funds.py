"""Members' held money: what is where, which applications wait for whom, and the acts of a check and two approvals."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Form, Query
from starlette.responses import Response

from anlan import clock
from anlan.domain.masking import masked, masked_name
from anlan.domain.payouts import (
    KIND_TITLES,
    METHODS,
    OPEN_STATES,
    REFUSALS,
    STATE_TITLES,
    Evidence,
    Instruction,
    PayoutState,
)
from anlan.errors import NotFound
from anlan.store import funds, payouts
from anlan.store.cases import Case
from anlan.store.payouts import Application, Sealed
from anlan.store.review import history_of
from anlan.web.console.charts import filled
from anlan.web.console.gate import allowed
from anlan.web.console.shell import Visit

router = APIRouter()

PAGE_LINES = 50
CHART_DAYS = 30
_DAY_S = 86_400.0

GROUPS: dict[str, tuple[PayoutState, ...]] = {
    "open": OPEN_STATES, "paid": ("paid",), "refused": ("refused",), "failed": ("failed",),
    "withdrawn": ("withdrawn",),
}
"""Tabs of the list."""

Words = Annotated[str, Form(max_length=2_000)]


@router.get("/funds")
def show_funds(
    visit: Annotated[Visit, allowed("see_funds")], state: str = "open", page: Annotated[int, Query(ge=1)] = 1
) -> Response:
    group, now = state if state in GROUPS else "open", clock.now()
    with visit.rooms.database.read() as connection:
        rows = payouts.applications_in(connection, GROUPS[group], PAGE_LINES + 1, (page - 1) * PAGE_LINES)
        counts = payouts.count_by_state(connection)
        totals = funds.totals(connection)
        by_day = payouts.count_by_day(connection, now - CHART_DAYS * _DAY_S)
    return visit.page(
        "console/funds.html", rows=rows[:PAGE_LINES], has_more=len(rows) > PAGE_LINES, group=group, page=page, now=now,
        groups={name: sum(counts.get(one, 0) for one in states) for name, states in GROUPS.items()}, counts=counts,
        totals=totals, points=_points(by_day, now), state_titles=STATE_TITLES, kind_titles=KIND_TITLES,
    )


def _points(by_day: list[tuple[float, int, int]], now: float) -> list[tuple[float, int, int]]:
    """Every day of the last month with how many applied and how many of them were paid; empty without any."""
    if not by_day:
        return []
    today = now // _DAY_S * _DAY_S
    known = {day: applied for day, applied, _ in by_day}
    paid = {day: of_them for day, _, of_them in by_day}
    ends = {today - (CHART_DAYS - 1) * _DAY_S: 0, today: 0}
    return [(day, applied, paid.get(day, 0)) for day, applied in filled((ends | known).items(), _DAY_S)]


@router.get("/funds/{application_id}")
def show_application(visit: Annotated[Visit, allowed("see_funds")], application_id: str) -> Response:
    return _draw(visit, application_id)


def _draw(
    visit: Visit, application_id: str, *, problem: str = "", answer: int = 200, seen: Sealed | None = None,
    filled_in: Mapping[str, str] | None = None,
) -> Response:
    with visit.rooms.database.read() as connection:
        found = payouts.find_application(connection, application_id)
        if found is None:
            raise NotFound("there is no such application", zh="没有这份申请", en="There is no such application.")
        sealed = payouts.read_sealed(connection, visit.rooms.database.vault, application_id)
        history = history_of(connection, found.case_id)
        sanctions = funds.holding_sanctions(connection, found.account)
    return visit.page(
        "console/payout.html", answer=answer, one=found, sealed=seen or _masked(visit, sealed), now=clock.now(),
        is_open=seen is not None, history=history, sanctions=sanctions, problem=problem, filled=filled_in or {},
        **_words(),
    )


def _words() -> dict[str, Any]:
    return {"state_titles": STATE_TITLES, "kind_titles": KIND_TITLES, "methods": METHODS, "refusals": REFUSALS}


def _masked(visit: Visit, sealed: Sealed) -> Sealed:
    """What may be seen without a look that is written down; nothing for whoever may not see personal data."""
    if not visit.can("see_personal"):
        return Sealed(evidence=None, instruction=None, objection=None)
    who, where = sealed.evidence, sealed.instruction
    return Sealed(
        evidence=who and Evidence(
            legal_name=masked_name(who.legal_name), id_number=masked(who.id_number, 4), contact=masked(who.contact, 2),
            statement=who.statement,
        ),
        instruction=where and Instruction(
            method=where.method, payee=masked_name(where.payee), account=masked(where.account, 4)
        ),
        objection=sealed.objection,
    )


@router.post("/funds/{application_id}/look")
def look(visit: Annotated[Visit, allowed("see_sensitive")], application_id: str) -> Response:
    """Show everything once, in the answer itself; the look is in the audit log."""
    return _draw(visit, application_id, seen=visit.rooms.payouts.look(application_id, visit.actor))


@router.post("/funds/{application_id}/check")
def check(visit: Annotated[Visit, allowed("check_funds")], application_id: str) -> Response:
    return _done(visit, application_id, lambda: visit.rooms.payouts.check(application_id, visit.actor))


@router.post("/funds/{application_id}/approve")
def approve(visit: Annotated[Visit, allowed("approve_funds")], application_id: str) -> Response:
    return _done(visit, application_id, lambda: visit.rooms.payouts.approve(application_id, visit.actor))


@router.post("/funds/{application_id}/refuse")
def refuse(
    visit: Annotated[Visit, allowed("check_funds")], application_id: str, ground: Words = "", words: Words = ""
) -> Response:
    return _done(
        visit, application_id, lambda: visit.rooms.payouts.refuse(application_id, visit.actor, ground, words),
        {"ground": ground, "words": words},
    )


def _done(visit: Visit, application_id: str, act: Any, filled_in: Mapping[str, str] | None = None) -> Response:
    """Back to the page; what is not possible stands on it, with what was filled in."""
    return visit.try_to(
        act, f"/funds/{application_id}",
        lambda problem, answer: _draw(visit, application_id, problem=problem, answer=answer, filled_in=filled_in),
    )


def case_panel(visit: Visit, case: Case) -> Mapping[str, Any]:
    """The application that a case stands for, with the way to its own page."""
    with visit.rooms.database.read() as connection:
        found: Application | None = payouts.application_of_case(connection, case.id)
    return {"one": found, **_words()}
