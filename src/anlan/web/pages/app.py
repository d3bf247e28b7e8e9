"""Members' pages as one application: its rooms, what every answer carries, and what becomes of errors."""

from collections.abc import Awaitable, Callable

from fastapi import Depends, FastAPI, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from anlan.domain.attachments import MAX_BYTES, MAX_FILES
from anlan.web.faults import Faults
from anlan.web.headers import add_headers, let_frame
from anlan.web.languages import mark
from anlan.web.pages import (
    alert_links,
    alerts,
    appeals,
    assistant,
    bulletins,
    care_cards,
    circles,
    entrance,
    errands,
    factors,
    funds,
    groups,
    home,
    notices,
    passwords,
    privacy,
    recovery,
    recovery_stops,
    reports,
    safety,
    security,
    sign_in_links,
    transfers,
    verify,
)
from anlan.web.pages.gate import MEMBER_COOKIE, anybody, check_form, find_session, is_own, is_public, stranger
from anlan.web.pages.rooms import MemberRooms

MAX_FORM_BYTES = MAX_FILES * MAX_BYTES + 256 * 1024
MAX_PLAIN_BYTES = 256 * 1024
"""A form with more in it is read only for a member whose session is good."""
MAX_OPEN_BYTES = 32 * 1024
"""What anybody may send to a page under /public; a larger form is treated as one under /me."""
ROOMS = (
    home, alerts, alert_links, assistant, care_cards, circles, transfers, errands, entrance, bulletins, notices,
    appeals, groups, funds, reports, security, safety, sign_in_links, factors, verify, recovery, recovery_stops,
    passwords, privacy,
)
"""Modules with a `router`."""
FAULTS = Faults(anybody, stranger, "pages/problem.html", {401: mark("Please open this page from the app")})

def build_pages(rooms: MemberRooms) -> FastAPI:
    """The pages of members over `rooms`; they answer under /me and /public."""
    app = FastAPI(title="Anlan members' pages", openapi_url=None, dependencies=[Depends(check_form)])
    app.state.rooms = rooms
    for room in ROOMS:
        app.include_router(room.router)
    app.middleware("http")(limit_forms)
    app.middleware("http")(add_page_headers)
    FAULTS.take_over(app)
    return app


async def add_page_headers(request: Request, answer: Callable[[Request], Awaitable[Response]]) -> Response:
    """What every page says; members' own may stand in a frame of the sites that the operator names."""
    response = await add_headers(request, answer)
    rooms: MemberRooms = request.app.state.rooms
    if rooms.embed_origins and is_own(request):
        let_frame(response, rooms.embed_origins)
    return response


async def limit_forms(request: Request, answer: Callable[[Request], Awaitable[Response]]) -> Response:
    """Refuse a form by nobody, of no length, or a large one, before any of it is read."""
    if request.method in ("GET", "HEAD"):
        return await answer(request)
    length = request.headers.get("content-length", "")
    if not (length.isdigit() and int(length) <= MAX_FORM_BYTES):
        return _refuse(request, 413, mark("The files are too large: three at most, of 5 MB each."))
    if is_public(request) and (int(length) <= MAX_OPEN_BYTES or await _brings_documents(request)):
        return await answer(request)
    if MEMBER_COOKIE not in request.cookies or (int(length) > MAX_PLAIN_BYTES and not await _is_member(request)):
        return _refuse(request, 401, mark("Open this page from the app first."))
    return await answer(request)


def _refuse(request: Request, status: int, detail: str) -> Response:
    reader = stranger(request)
    return FAULTS.draw(reader, status, reader.language.say(detail))


async def _brings_documents(request: Request) -> bool:
    """Whether a relative hands in files with a claim that is open."""
    parts = request.url.path.removeprefix(request.scope.get("root_path", "")).split("/")
    if len(parts) != 5 or parts[2] != "recover" or parts[4] != "files":
        return False
    rooms: MemberRooms = request.app.state.rooms
    return await run_in_threadpool(rooms.recoveries.takes_documents, parts[3])


async def _is_member(request: Request) -> bool:
    token = request.cookies[MEMBER_COOKIE]
    return await run_in_threadpool(find_session, request.app.state.rooms, token) is not None
