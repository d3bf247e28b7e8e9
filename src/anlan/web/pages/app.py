"""Members' pages as one application: its rooms, what every answer carries, and what becomes of errors."""

from collections.abc import Awaitable, Callable

import structlog
from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import Response

from anlan.domain.attachments import MAX_BYTES, MAX_FILES
from anlan.errors import AnlanError
from anlan.web.headers import add_headers
from anlan.web.languages import mark
from anlan.web.pages import appeals, bulletins, funds, groups, home, notices, reports
from anlan.web.pages.gate import MEMBER_COOKIE, anybody, check_form, find_session, stranger
from anlan.web.pages.rooms import MemberRooms
from anlan.web.pages.shell import MemberVisit

MAX_FORM_BYTES = MAX_FILES * MAX_BYTES + 256 * 1024
MAX_PLAIN_BYTES = 256 * 1024
"""A form with more in it is read only for a member whose session is good."""
ROOMS = (home, bulletins, notices, appeals, groups, funds, reports)
"""Modules with a `router`."""

_TITLES = {
    401: mark("Please open this page from the app"),
    403: mark("Not allowed"),
    404: mark("Not found"),
    409: mark("Not possible now"),
    413: mark("Too large"),
    422: mark("Something is missing or wrong"),
    503: mark("Not available right now"),
}
_OTHER_TITLE = mark("That did not work")

log = structlog.get_logger(__name__)


def build_pages(rooms: MemberRooms) -> FastAPI:
    """The pages of members over `rooms`; they answer under /me and /public."""
    app = FastAPI(title="Anlan members' pages", openapi_url=None, dependencies=[Depends(check_form)])
    app.state.rooms = rooms
    for room in ROOMS:
        app.include_router(room.router)
    app.middleware("http")(limit_forms)
    app.middleware("http")(add_headers)
    app.exception_handler(AnlanError)(show_error)
    app.exception_handler(RequestValidationError)(show_bad_request)
    app.exception_handler(HTTPException)(show_http_error)
    app.exception_handler(Exception)(show_unexpected)
    return app


async def limit_forms(request: Request, answer: Callable[[Request], Awaitable[Response]]) -> Response:
    """Refuse a form by nobody, of no length, or a large one, before any of it is read."""
    if request.method in ("GET", "HEAD"):
        return await answer(request)
    length = request.headers.get("content-length", "")
    if not (length.isdigit() and int(length) <= MAX_FORM_BYTES):
        return _draw(stranger(request), 413, mark("The files are too large: three at most, of 5 MB each."))
    if MEMBER_COOKIE not in request.cookies or (int(length) > MAX_PLAIN_BYTES and not await _is_member(request)):
        return _draw(stranger(request), 401, mark("Open this page from the app first."))
    return await answer(request)


async def _is_member(request: Request) -> bool:
    token = request.cookies[MEMBER_COOKIE]
    return await run_in_threadpool(find_session, request.app.state.rooms, token) is not None


def show_error(request: Request, error: Exception) -> Response:
    """An error that says what to do."""
    known = error if isinstance(error, AnlanError) else AnlanError(str(error))
    visit = _visit_in_trouble(request)
    return _draw(visit, known.status, visit.tell(known))


def show_bad_request(request: Request, _: Exception) -> Response:
    """A form or address that lacks something."""
    detail = mark("The page sent something that cannot be read. Go back and try again.")
    return _draw(_visit_in_trouble(request), 422, detail)


def show_http_error(request: Request, error: Exception) -> Response:
    """An address that is not ours, or a method that it does not take."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    return _draw(_visit_in_trouble(request), status, mark("There is no such page. It may have moved."))


def show_unexpected(request: Request, error: Exception) -> Response:
    """A fault of ours: recorded without what the reader sent."""
    log.error("page_failed", route=request.url.path, method=request.method, error=error)
    detail = mark("Something went wrong on our side. It was recorded; try again in a moment.")
    return _draw(_visit_in_trouble(request), 500, detail)


def _visit_in_trouble(request: Request) -> MemberVisit:
    """The visit, or a stranger's when even who it is cannot be found out."""
    try:
        return anybody(request)
    except AnlanError:
        return stranger(request)


def _draw(visit: MemberVisit, status: int, detail: str) -> Response:
    say = visit.language.say
    title = say(_TITLES.get(status, _OTHER_TITLE))
    return visit.page("pages/problem.html", answer=status, status=status, title=title, detail=say(detail))
