"""A member's first page: how they come in, how things stand, the language and the light, and the way out."""

from fastapi import APIRouter
from starlette.responses import Response

from anlan import clock
from anlan.errors import Unauthorized
from anlan.store import members
from anlan.web.languages import CODES, mark
from anlan.web.pages.cards import draw_shelves
from anlan.web.pages.gate import COME_BY_LINK, MEMBER_COOKIE, AnyVisit, OwnVisit, safe_next, set_session
from anlan.web.pages.shell import Place
from anlan.web.visits import LANGUAGE_COOKIE, THEME_COOKIE, remember

router = APIRouter()

AT_HAND: tuple[Place, ...] = (
    Place("/me/report", mark("Report something"), "warn"),
    Place("/me/safety", mark("Somebody is in my account"), "lock"),
    Place("/public", mark("What is being cleaned up"), "list"),
)
"""What a member may want at once, whatever the cards say."""


@router.get("/me")
def show_home(visit: OwnVisit) -> Response:
    shelves = draw_shelves(visit)
    pressing = [card for shelf in shelves for card in shelf.cards if card.is_pressing]
    return visit.page("pages/home.html", shelves=shelves, pressing=pressing, at_hand=AT_HAND)


@router.get("/me/open")
def come_in(visit: AnyVisit, token: str) -> Response:
    """Trade a link for a session; whoever was in by this browser before goes out."""
    now = clock.now()
    with visit.rooms.database.write() as connection:
        link = members.spend_link(connection, token, now)
        if link is None:
            raise Unauthorized(COME_BY_LINK)
        members.forget_visits(connection, now)
        members.end_session(connection, visit.request.cookies.get(MEMBER_COOKIE, ""))
        session = members.start_session(connection, link, now)
    response = visit.go(safe_next(link.path))
    set_session(response, visit, session)
    if link.language:
        remember(response, LANGUAGE_COOKIE, link.language, visit)
    return response


@router.get("/me/looks")
def choose_looks(visit: AnyVisit, next: str = "/me", language: str = "", theme: str = "") -> Response:  # noqa: A002
    """Language and light of this device: harmless, so a link is enough and nobody needs a session."""
    response = visit.go(safe_next(next))
    if language in CODES:
        remember(response, LANGUAGE_COOKIE, language, visit)
    if theme in ("light", "dark", "auto"):
        remember(response, THEME_COOKIE, theme, visit)
    return response


@router.post("/me/leave")
def leave(visit: OwnVisit) -> Response:
    """End the session; a new one needs a new link."""
    with visit.rooms.database.write() as connection:
        members.end_session(connection, visit.request.cookies.get(MEMBER_COOKIE, ""))
    response = visit.page("pages/left.html", account="", name="")
    response.delete_cookie(MEMBER_COOKIE, path=visit.at("") or "/")
    return response
