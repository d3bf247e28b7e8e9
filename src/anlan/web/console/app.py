"""The console as one application: its rooms, what every answer carries, and what becomes of errors."""

from collections.abc import Awaitable, Callable

import structlog
from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response
from starlette.staticfiles import StaticFiles

from anlan.errors import AnlanError
from anlan.web.console import (
    appeals,
    bulletins,
    campaigns,
    case_acts,
    case_care,
    case_page,
    cases,
    decisions,
    deliveries,
    figures,
    funds,
    health,
    investigate,
    judging,
    keys,
    lexicon,
    lexicon_changes,
    lists,
    model_shadow,
    oversight,
    overview,
    policies,
    reports,
    sanctioning,
    sanctions,
    sign_in,
    signals,
    staff,
    text_lab,
    text_model,
)
from anlan.web.console.gate import ElsewhereFirst, check_form, open_visit, stranger
from anlan.web.console.rooms import Rooms
from anlan.web.console.shell import Visit
from anlan.web.headers import STATIC, add_headers
from anlan.web.languages import mark

MAX_FORM_BYTES = 256 * 1024
ROOMS = (
    sign_in, overview, decisions, judging, policies, investigate, signals, lexicon, lexicon_changes, lists, text_lab,
    text_model, model_shadow, campaigns, bulletins, figures, funds, deliveries, keys, health, oversight, staff,
    cases, appeals, case_care, case_page, case_acts, reports, sanctions, sanctioning,
)

_TITLES = {
    401: mark("Sign in first"),
    403: mark("Not allowed"),
    404: mark("Not found"),
    409: mark("Not possible now"),
    422: mark("Something is missing or wrong"),
    503: mark("Not available right now"),
}
_OTHER_TITLE = mark("That did not work")

log = structlog.get_logger(__name__)


def build_console(rooms: Rooms) -> FastAPI:
    """The staff web over `rooms`; mount it where staff should find it."""
    app = FastAPI(title="Anlan console", openapi_url=None, dependencies=[Depends(check_form)])
    app.state.rooms = rooms
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    for room in ROOMS:
        app.include_router(room.router)
    app.middleware("http")(limit_forms)
    app.middleware("http")(add_headers)
    app.exception_handler(ElsewhereFirst)(go_elsewhere)
    app.exception_handler(AnlanError)(show_error)
    app.exception_handler(RequestValidationError)(show_bad_request)
    app.exception_handler(HTTPException)(show_http_error)
    app.exception_handler(Exception)(show_unexpected)
    return app


async def limit_forms(request: Request, answer: Callable[[Request], Awaitable[Response]]) -> Response:
    """Refuse a form that says no length, or a large one, before any of it is read."""
    length = request.headers.get("content-length", "")
    if request.method == "POST" and not (length.isdigit() and int(length) <= MAX_FORM_BYTES):
        return Response(status_code=413)
    return await answer(request)


def go_elsewhere(request: Request, error: Exception) -> Response:
    """Send the reader to what must be done first; a fragment sends the whole page there."""
    path = request.scope.get("root_path", "") + str(error)
    if request.headers.get("hx-request") == "true":
        return Response(headers={"HX-Redirect": path})
    return RedirectResponse(path, status_code=303)


def show_error(request: Request, error: Exception) -> Response:
    """An error that says what to do."""
    known = error if isinstance(error, AnlanError) else AnlanError(str(error))
    visit = _visit_in_trouble(request)
    return _draw(visit, known.status, visit.tell(known))


def show_bad_request(request: Request, _: Exception) -> Response:
    """A form or address that lacks something."""
    return _say(request, 422, mark("The page sent something that cannot be read. Go back and try again."))


def show_http_error(request: Request, error: Exception) -> Response:
    """An address that is not ours, or a method that it does not take."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    return _say(request, status, mark("There is no such page. It may have moved."))


def show_unexpected(request: Request, error: Exception) -> Response:
    """A fault of ours: recorded without what the reader sent."""
    log.error("console_failed", route=request.url.path, method=request.method, error=error)
    return _say(request, 500, mark("Something went wrong on our side. It was recorded; try again in a moment."))


def _say(request: Request, status: int, detail: str) -> Response:
    visit = _visit_in_trouble(request)
    return _draw(visit, status, visit.language.say(detail))


def _visit_in_trouble(request: Request) -> Visit:
    """The visit, or a stranger's when even who it is cannot be found out."""
    try:
        return open_visit(request)
    except AnlanError:
        return stranger(request)


def _draw(visit: Visit, status: int, detail: str) -> Response:
    title = visit.language.say(_TITLES.get(status, _OTHER_TITLE))
    page = visit.page("console/problem.html", answer=status, status=status, title=title, detail=detail)
    page.headers["HX-Reswap"] = "none"  # a part of a page that could not be had leaves the old one standing
    return page
