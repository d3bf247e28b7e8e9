"""The page behind a reminder's link: was it you? Looking changes nothing, because mail scanners look too."""

from typing import Annotated

from fastapi import APIRouter, Form
from starlette.responses import Response

from anlan import clock
from anlan.domain.sign_in_messages import country_name, title_of
from anlan.domain.sign_ins import Answer
from anlan.domain.user_agents import stored_client
from anlan.store.containments import find_containment
from anlan.web.pages.gate import AnyVisit

router = APIRouter()

@router.get("/public/sign-in/{token}")
def ask_owner(visit: AnyVisit, token: str) -> Response:
    """The facts and two buttons, or what was answered."""
    found = visit.rooms.reminders.look(token, clock.now())
    with visit.rooms.database.read() as connection:
        began = find_containment(connection, found.containment_id) if found.containment_id else None
    return visit.page(
        "pages/sign_in_link.html", one=found, token=token, client=stored_client, country=country_name,
        title=visit.language.pick(title_of(found.cause, found.detail)),
        is_over=began is not None and began.state != "standing",
    )


@router.post("/public/sign-in/{token}")
def take_answer(visit: AnyVisit, token: str, answer: Annotated[Answer, Form()]) -> Response:
    visit.rooms.reminders.answer(token, answer, clock.now())
    return visit.go(f"/public/sign-in/{token}")
