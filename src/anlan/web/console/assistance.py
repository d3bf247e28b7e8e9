"""Members who asked for a person: what was found out with them, what they let us read, our answer, and its end."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Form, Query
from starlette.responses import Response

from anlan import clock
from anlan.center.assistant.handover import MAX_ANSWER_CHARS, Handed
from anlan.domain.consultation_turns import Turn
from anlan.store.cases import Case
from anlan.store.review import history_of
from anlan.web.console.gate import allowed
from anlan.web.console.shell import Visit
from anlan.web.languages import mark

router = APIRouter()

PAGE_LINES = 50
SURENESS = {"likely": mark("very likely"), "possible": mark("possible"), "none": mark("no sign of it")}
Helper = Annotated[Visit, allowed("assist_members")]


@router.get("/assistance")
def list_assistance(
    visit: Helper, state: Literal["open", "closed"] = "open", page: Annotated[int, Query(ge=1)] = 1
) -> Response:
    found = visit.rooms.handover.waiting(state, PAGE_LINES + 1, (page - 1) * PAGE_LINES)
    return visit.page(
        "console/assistance.html", rows=found[:PAGE_LINES], has_more=len(found) > PAGE_LINES, state=state, page=page,
        titles={handed.case.id: _title(visit, handed) for handed in found},
    )


def _title(visit: Visit, handed: Handed) -> str:
    summary = handed.request.summary if handed.request else None
    scenario = visit.rooms.scenarios.get(summary.scenario) if summary else None
    return visit.language.pick(scenario.title) if scenario else ""


@router.get("/assistance/{case_id}")
def show_assistance(visit: Helper, case_id: str) -> Response:
    return _draw(visit, case_id)


def _draw(
    visit: Visit, case_id: str, *, problem: str = "", answer: int = 200, turns: tuple[Turn, ...] = (), words: str = ""
) -> Response:
    handed = visit.rooms.handover.get(case_id)
    summary = handed.request.summary if handed.request else None
    scenario = visit.rooms.scenarios.get(summary.scenario) if summary else None
    with visit.rooms.database.read() as connection:
        history = history_of(connection, case_id)
    signs = [sign for sign in scenario.signs if sign.id in summary.signs] if scenario and summary else []
    return visit.page(
        "console/assistance_case.html", answer=answer, case=handed.case, request=handed.request, summary=summary,
        scenario=scenario, signs=signs, history=history, turns=turns, words=words, problem=problem,
        sureness=SURENESS, max_chars=MAX_ANSWER_CHARS,
    )


@router.post("/assistance/{case_id}/read")
def read_talk(visit: Helper, case_id: str) -> Response:
    """Show what the member lets a person read, in the answer itself; the look is in the audit log."""
    return _draw(visit, case_id, turns=visit.rooms.handover.read_talk(case_id, visit.actor))


@router.post("/assistance/{case_id}/answer")
def answer_member(visit: Helper, case_id: str, words: Annotated[str, Form(max_length=8_000)] = "") -> Response:
    handover = visit.rooms.handover
    return _done(visit, case_id, lambda: handover.answer(case_id, words, visit.actor, clock.now()), words)


@router.post("/assistance/{case_id}/close")
def close(visit: Helper, case_id: str, *, has_helped: Annotated[bool, Form()] = True) -> Response:
    handover = visit.rooms.handover
    return _done(visit, case_id, lambda: handover.close(case_id, visit.actor, clock.now(), has_helped=has_helped))


def _done(visit: Visit, case_id: str, act: Callable[[], object], words: str = "") -> Response:
    """Back to the page; what is not possible stands on it, with what was filled in."""
    return visit.try_to(
        act, f"/assistance/{case_id}",
        lambda problem, answer: _draw(visit, case_id, problem=problem, answer=answer, words=words),
    )


def case_panel(visit: Visit, case: Case) -> Mapping[str, Any]:
    """The way from the case to its own page."""
    return {"id": case.id, "title": _title(visit, visit.rooms.handover.get(case.id))}
