"""Where anybody tries how good a password is; it is judged and forgotten, and nothing of it is written down."""

from typing import Annotated

from fastapi import APIRouter, Form
from starlette.responses import Response

from anlan.center.passwords import PasswordChecked
from anlan.domain.passwords import MAX_PASSWORD_CHARS
from anlan.web.languages import mark
from anlan.web.pages.gate import AnyVisit
from anlan.web.pages.shell import MemberVisit
from anlan.web.pages.turns import Turns

router = APIRouter()

TRIES_A_SECOND, BURST_TRIES = 5.0, 30.0
"""Of everybody together: judging takes milliseconds of a processor, and who is in a hurry is a machine."""
TOO_FAST = mark("Many are trying passwords right now. Wait a moment, then go on.")
SCORES = (
    mark("Guessed at once"), mark("Easy to guess"), mark("Middling"), mark("Hard to guess"), mark("Very hard to guess"),
)


_turns = Turns(TRIES_A_SECOND, BURST_TRIES)


@router.get("/public/password")
def show_meter(visit: AnyVisit) -> Response:
    return _draw(visit)


@router.post("/public/password")
def try_password(
    visit: AnyVisit, password: Annotated[str, Form(max_length=MAX_PASSWORD_CHARS)] = "",
    about: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    """The answer; as a part of the page for a browser that asks while somebody types. The password is not sent back."""
    if not _turns.take():
        return _draw(visit, problem=visit.language.say(TOO_FAST), answer=429)
    judged = visit.rooms.passwords.check(password, about.replace("，", " ").split()) if password else None
    return _draw(visit, judged=judged)


def _draw(
    visit: MemberVisit, *, judged: PasswordChecked | None = None, problem: str = "", answer: int = 200
) -> Response:
    is_part = visit.request.headers.get("hx-request") == "true"
    template = "pages/password_judged.html" if is_part else "pages/password.html"
    return visit.page(
        template, answer=answer, judged=judged, problem=problem, scores=SCORES, max_chars=MAX_PASSWORD_CHARS
    )
