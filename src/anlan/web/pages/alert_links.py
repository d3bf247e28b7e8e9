"""The page behind an alert's quick link: what this looks like, what to do, an answer by one tap; without a session."""

from typing import Annotated

from fastapi import APIRouter, Form, Path
from starlette.responses import Response

from anlan import clock
from anlan.domain.alert_messages import words_of
from anlan.domain.alerts import AlertAnswer
from anlan.web.pages.alerts import ANSWERS, SAID, STRENGTHS
from anlan.web.pages.gate import AnyVisit

router = APIRouter()

PATH = "/public/alert/{token}"
Token = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{40,800}$")]


@router.get(PATH)
def show_alert(visit: AnyVisit, token: Token) -> Response:
    """The words and the buttons, or what was answered; whom it is for and about is not shown."""
    found = visit.rooms.alerts.read_by_link(token, clock.now())
    scenario = visit.rooms.alerts.scenarios.get(found.scenario)
    return visit.page(
        "pages/alert_link.html", one=found, scenario=scenario, token=token, strengths=STRENGTHS,
        answers=ANSWERS, said=SAID, words=scenario and words_of(scenario, found.strength, found.arm),
        lines=visit.rooms.hotlines.pick(scenario.hotlines) if scenario else [],
    )


@router.post(PATH)
def take_answer(visit: AnyVisit, token: Token, answer: Annotated[AlertAnswer, Form()]) -> Response:
    """Take the answer of whoever holds the link."""
    now = clock.now()
    found = visit.rooms.alerts.read_by_link(token, now)
    visit.rooms.alerts.answer(found.account, found.id, answer, now)
    return visit.go(f"/public/alert/{token}")
