"""What people do with a case beside judging it, from its page: merge, split, link, watch, escalate, do again."""

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Form
from starlette.responses import Response

from anlan import clock
from anlan.desk.case_work import CaseWork
from anlan.errors import AnlanError, NotFound
from anlan.store.cases import find_case
from anlan.store.review import history_of
from anlan.web.console.case_page import draw_case
from anlan.web.console.gate import allowed
from anlan.web.console.shell import Visit

router = APIRouter()

Reason = Annotated[str, Form(max_length=2_000)]
Name = Annotated[str, Form(max_length=300)]


@router.get("/cases/{case_id}/acts")
def show_acts(visit: Annotated[Visit, allowed("see_cases")], case_id: str) -> Response:
    """What happened to the case, and what else can be done with it."""
    with visit.rooms.database.read() as connection:
        case, history = find_case(connection, case_id), history_of(connection, case_id)
    if case is None:
        raise NotFound("there is no case by this id", zh="没有这个案件")
    return visit.page("console/case_acts.html", case=case, history=history)


def _do(visit: Visit, case_id: str, act: Callable[[CaseWork], str | None]) -> Response:
    """Do it and show the case again, or the new one that it made."""
    try:
        made = act(visit.rooms.case_work)
    except AnlanError as error:
        return draw_case(visit, case_id, problem=visit.tell(error), answer=error.status)
    return visit.go(f"/cases/{made or case_id}")


@router.post("/cases/{case_id}/merge")
def merge(visit: Annotated[Visit, allowed("judge_cases")], case_id: str, other: Name, reason: Reason) -> Response:
    return _do(visit, case_id, lambda work: work.merge(case_id, other.strip(), visit.actor, reason, clock.now()))


@router.post("/cases/{case_id}/unmerge")
def unmerge(visit: Annotated[Visit, allowed("judge_cases")], case_id: str, reason: Reason) -> Response:
    return _do(visit, case_id, lambda work: work.unmerge(case_id, visit.actor, reason, clock.now()))


@router.post("/cases/{case_id}/split")
def split(visit: Annotated[Visit, allowed("judge_cases")], case_id: str, target: Name, reason: Reason) -> Response:
    return _do(visit, case_id, lambda work: work.split(case_id, target, visit.actor, reason, clock.now()))


@router.post("/cases/{case_id}/link")
def link(visit: Annotated[Visit, allowed("judge_cases")], case_id: str, other: Name) -> Response:
    return _do(visit, case_id, lambda work: work.link(case_id, other.strip(), visit.actor, clock.now()))


@router.post("/cases/{case_id}/escalate")
def escalate(visit: Annotated[Visit, allowed("judge_cases")], case_id: str, reason: Reason) -> Response:
    return _do(visit, case_id, lambda work: work.escalate(case_id, visit.actor, reason, clock.now()))


@router.post("/cases/{case_id}/reopen")
def reopen(visit: Annotated[Visit, allowed("judge_as_senior")], case_id: str, reason: Reason) -> Response:
    return _do(visit, case_id, lambda work: work.reopen(case_id, visit.actor, reason, clock.now()))


@router.post("/cases/{case_id}/watch")
def watch(visit: Annotated[Visit, allowed("see_cases")], case_id: str) -> Response:
    return _do(visit, case_id, lambda work: work.watch(case_id, visit.actor, clock.now()))


@router.post("/cases/{case_id}/unwatch")
def unwatch(visit: Annotated[Visit, allowed("see_cases")], case_id: str) -> Response:
    return _do(visit, case_id, lambda work: work.unwatch(case_id, visit.actor))
