"""What a member asked the platform to do for them, how it stands, and the way back."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Form, Path
from starlette.responses import Response

from anlan import clock
from anlan.domain.errands import ErrandKind, ErrandState
from anlan.web.languages import mark
from anlan.web.pages.gate import OwnVisit, safe_next
from anlan.web.pages.shell import MemberVisit

router = APIRouter()

PATH = "/me/errands"
TITLES: dict[ErrandKind, str] = {"block": mark("Block an account"), "freeze": mark("Stop money that has gone")}
STATES: dict[ErrandState, str] = {
    "asked": mark("asked"), "done": mark("done"), "refused": mark("not possible"), "taken_back": mark("taken back"),
}
TOLD: dict[tuple[ErrandKind, ErrandState], str] = {
    ("block", "asked"): mark("The app has been asked to block this account. Its owner is not told."),
    ("block", "done"): mark("This account is blocked for you. Its owner is not told."),
    ("block", "refused"): mark("The app could not block this account. Block it yourself in the chat with it."),
    ("freeze", "asked"): mark("The app's payment team has been asked to stop the money. Call your bank as well."),
    ("freeze", "done"): mark("The payment team says that the money is stopped. Go on with the bank and the police."),
    ("freeze", "refused"): mark("The payment team could not stop the money. Call your bank and the police now."),
}
"""What stands where it was asked for; nothing once it was taken back."""

ErrandId = Annotated[str, Path(pattern=r"^errand_[0-9a-f]{22}$")]


@router.get(PATH)
def show_errands(visit: OwnVisit) -> Response:
    """Everything that this member asked for, newest first."""
    mine = visit.rooms.errands.of(visit.account)
    return visit.page(
        "pages/errands.html", errands=mine, titles=TITLES, states=STATES, other=partial(name_other, visit)
    )


@router.post(PATH + "/{errand_id}/take-back")
def take_back(visit: OwnVisit, errand_id: ErrandId, leads_to: Annotated[str, Form(max_length=200)] = PATH) -> Response:
    """Let the platform undo it, and go back to where it was asked for."""
    visit.rooms.errands.take_back(visit.account, errand_id, clock.now())
    return visit.go(safe_next(leads_to))


def ask(visit: MemberVisit, kind: ErrandKind, about: str, leads_to: str) -> Response:
    """Ask the platform, and go back to the page that it was asked on."""
    visit.rooms.errands.ask(visit.account, kind, about, clock.now())
    return visit.go(leads_to)


def name_other(visit: MemberVisit, other: str) -> str:
    """Who is on the other side, as the member knows them; empty for nobody."""
    kind, _, name = other.partition(":")
    if not name:
        return ""
    said = mark("Account {name}") if kind == "account" else mark("Payee {name}")
    return visit.language.say(said, name=name)
