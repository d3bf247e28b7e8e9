"""A member's first page: how things stand, what waits for them, what is at hand; and how pages look on this device."""

from fastapi import APIRouter
from starlette.responses import Response

from anlan.web.languages import CODES, mark
from anlan.web.pages.cards import draw_shelves
from anlan.web.pages.gate import AnyVisit, OwnVisit, safe_next
from anlan.web.pages.shell import Place
from anlan.web.visits import LANGUAGE_COOKIE, THEME_COOKIE, TYPE_COOKIE, remember

router = APIRouter()

AT_HAND: tuple[Place, ...] = (
    Place("/me/assistant", mark("Is this a fraud?"), "question"),
    Place("/me/report", mark("Report something"), "flag"),
    Place("/me/safety", mark("Somebody is in my account"), "lock"),
)
"""What a member may want at once, whatever the cards say."""


@router.get("/me")
def show_home(visit: OwnVisit) -> Response:
    shelves = draw_shelves(visit)
    pressing = [card for shelf in shelves for card in shelf.cards if card.is_pressing]
    return visit.page("pages/home.html", shelves=shelves, pressing=pressing, at_hand=AT_HAND)


@router.get("/me/looks")
def choose_looks(
    visit: AnyVisit, next: str = "/me", language: str = "", theme: str = "", type: str = ""  # noqa: A002
) -> Response:
    """Language, light and size of type on this device: harmless, so a link is enough and nobody needs a session."""
    response = visit.go(safe_next(next))
    if language in CODES:
        remember(response, LANGUAGE_COOKIE, language, visit)
    if theme in ("light", "dark", "auto"):
        remember(response, THEME_COOKIE, theme, visit)
    if type in ("normal", "large"):
        remember(response, TYPE_COOKIE, type, visit)
    return response
