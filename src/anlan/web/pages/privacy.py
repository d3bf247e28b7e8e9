"""What is kept of a member and for how long, who looked at it, taking it along, and how pages look on this device."""

from fastapi import APIRouter
from starlette.responses import Response, StreamingResponse

from anlan import clock
from anlan.domain.privacy import LATER_S, LOOKS
from anlan.errors import AnlanError
from anlan.store.looks import Looked
from anlan.web.languages import mark
from anlan.web.pages.gate import OwnVisit
from anlan.web.pages.proving import is_proven, refusal, start_proof
from anlan.web.pages.shell import Card, MemberVisit

router = APIRouter()

PATH = "/me/privacy"
ROLES = {
    "reviewer": mark("A reviewer"), "senior": mark("A senior reviewer"), "service": mark("Service staff"),
    "analyst": mark("An analyst"), "engineer": mark("An engineer"), "auditor": mark("An auditor"),
    "admin": mark("An administrator"),
}
"""In the order in which one is named of somebody who has several."""
SIDES = {"staff": mark("Staff"), "platform": mark("The platform"), "operator": mark("Who runs Anlan")}


@router.get(PATH)
def show_privacy(visit: OwnVisit, done: str = "") -> Response:
    return _draw(visit, is_done=done == "deleted")


@router.post(f"{PATH}/talks/delete")
def delete_talks(visit: OwnVisit) -> Response:
    visit.rooms.own_data.forget_talks(visit.account)
    return visit.go(PATH, done="deleted")


@router.post(f"{PATH}/download")
def download(visit: OwnVisit) -> Response:
    """Everything as one JSON file; not without a proof, where the account has something to prove itself by."""
    try:
        if not is_proven(visit):
            return start_proof(visit, PATH)
        body = visit.rooms.own_data.download(visit.account, clock.now())
    except AnlanError as error:
        return _draw(visit, problem=refusal(visit, error), answer=error.status)
    headers = {"Content-Disposition": 'attachment; filename="my-data.json"', "Cache-Control": "no-store"}
    return StreamingResponse(body, media_type="application/json", headers=headers)


def _draw(visit: MemberVisit, *, is_done: bool = False, problem: str = "", answer: int = 200) -> Response:
    view = visit.rooms.own_data.look(visit.account, clock.now())
    return visit.page(
        "pages/privacy.html", answer=answer, problem=problem, is_done=is_done, view=view, looks=LOOKS,
        later_days=LATER_S / 86_400,
        who=lambda look: _who(visit, look),
    )


def _who(visit: MemberVisit, look: Looked) -> str:
    """Their role, never their name."""
    role = next((title for role, title in ROLES.items() if role in look.roles), SIDES[look.by])
    return visit.language.say(role)


def make_card(visit: MemberVisit) -> Card:
    say = visit.language.say
    return Card(PATH, say("Privacy"), "eye", say("What is kept of you, who looked, and taking it along."))
