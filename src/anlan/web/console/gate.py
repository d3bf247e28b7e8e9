"""Who gets through the door: sessions, forms that only our own pages can send, and the roles that an act needs."""

import secrets
from typing import Annotated, Any
from urllib.parse import quote, urlsplit

from fastapi import Depends, Request
from starlette.responses import Response

from anlan import clock
from anlan.errors import Forbidden
from anlan.store import audit, staff
from anlan.web.console import people
from anlan.web.console.access import Act
from anlan.web.console.people import Person, person_of
from anlan.web.console.rooms import Rooms
from anlan.web.console.shell import Visit
from anlan.web.languages import mark
from anlan.web.visits import choose_language

SESSION_COOKIE = "anlan_session"
DOORSTEP_COOKIE = "anlan_doorstep"
SESSION_S = 12 * 3_600.0
IDLE_S = 2 * 3_600.0
"""A session ends after 12 hours, or 2 without a request."""


NOT_ALLOWED = mark("Your roles do not allow this. An administrator can give you another.")
OUT_OF_DATE = mark("This form is out of date. Load the page again and send it once more.")


class ElsewhereFirst(Exception):
    """The reader must do something else before this page: sign in, give a code, choose a password, enrol."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path


def open_visit(request: Request) -> Visit:
    """The request with who makes it, whatever stage of sign-in they are at."""
    rooms: Rooms = request.app.state.rooms
    token = request.cookies.get(SESSION_COOKIE, "")
    is_poll = request.headers.get("hx-request") == "true"
    person = find_person(rooms, token, is_in_use=not is_poll) if token else None
    csrf = people.csrf_token(token if person else request.cookies.get(DOORSTEP_COOKIE, ""))
    return Visit(
        request=request, rooms=rooms, csrf=csrf, person=person,
        language=choose_language(request, rooms.zone, person.language if person else ""),
    )


AnyVisit = Annotated[Visit, Depends(open_visit)]
"""A visit by anybody, signed in or not."""


def stranger(request: Request) -> Visit:
    """A visit by nobody, for telling that something is wrong when the store cannot say who it is."""
    rooms: Rooms = request.app.state.rooms
    return Visit(request=request, rooms=rooms, language=choose_language(request, rooms.zone))


def find_person(rooms: Rooms, token: str, *, is_in_use: bool) -> Person | None:
    """The member of staff whose session this is, if it has not ended; a page that polls keeps no session alive."""
    now = clock.now()
    with rooms.database.read() as connection:
        session = staff.find_session(connection, people.digest(token), now)
    if session is None:
        return None
    if is_in_use and session.expires_at - now < IDLE_S / 2 and session.created_at + SESSION_S > session.expires_at:
        with rooms.database.write() as connection:
            staff.extend_session(connection, people.digest(token), min(now + IDLE_S, session.created_at + SESSION_S))
    return person_of(session.member, has_passed=session.has_passed)


def next_step(visit: Visit) -> str | None:
    """Where sign-in goes on; None when it is complete."""
    person = visit.person
    if person is None:
        return "/sign-in"
    if person.has_second_factor and not person.has_passed:
        return "/sign-in/code"
    if person.must_change_password:
        return "/sign-in/password"
    if visit.rooms.require_second_factor and not person.has_second_factor:
        return "/sign-in/enrol"
    return None


def signed_in(visit: AnyVisit) -> Visit:
    """A visit by somebody for whom sign-in is complete.

    Raises:
        ElsewhereFirst: it is not.
    """
    if step := next_step(visit):
        raise ElsewhereFirst(f"{step}?next={quote(came_for(visit.request))}" if step == "/sign-in" else step)
    return visit


def allowed(act: Act) -> Any:
    """The dependency of a handler that needs `act`."""

    def check(visit: Annotated[Visit, Depends(signed_in)]) -> Visit:
        if not visit.can(act):
            raise Forbidden(NOT_ALLOWED)
        return visit

    return Depends(check)


def came_for(request: Request) -> str:
    """The page that was asked for, if going back to it repeats nothing."""
    path = request.url.path.removeprefix(request.scope.get("root_path", ""))
    return path if request.method == "GET" else "/"


def safe_next(path: str) -> str:
    """`path` when it is one of our own pages, else the overview; never another site."""
    parts = urlsplit(path)
    is_ours = path.startswith("/") and not path.startswith(("//", "/\\")) and not parts.netloc and not parts.scheme
    return path if is_ours and path.isprintable() else "/"


async def check_form(request: Request) -> None:
    """Refuse a form that was not drawn by us for this session.

    Raises:
        Forbidden: another site sent it, or the page is older than the session.
    """
    if request.method in ("GET", "HEAD"):
        return
    form = await request.form()
    sent = str(form.get("csrf", ""))
    tokens = [request.cookies.get(name, "") for name in (SESSION_COOKIE, DOORSTEP_COOKIE)]
    good = [people.csrf_token(token).encode() for token in tokens if token]
    is_ours = any(secrets.compare_digest(one, sent.encode()) for one in good)
    if not is_ours or request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise Forbidden(OUT_OF_DATE)


def begin_session(visit: Visit, member_id: str, actor: str, next_path: str, *, has_passed: bool) -> Response:
    """A fresh token for every stage, so that one seen before the second factor is worth nothing after it."""
    token, now = secrets.token_urlsafe(32), clock.now()
    old = people.digest(visit.request.cookies.get(SESSION_COOKIE, ""))
    act = "sign_in.second_factor" if has_passed else "sign_in.password"
    with visit.rooms.database.write() as connection:
        staff.end_session(connection, old)
        staff.forget_sessions(connection, now)
        staff.start_session(connection, people.digest(token), member_id, now, now + IDLE_S, has_passed=has_passed)
        audit.note(connection, actor, act, actor, {"address": address_of(visit.request)})
    response = visit.go(next_path)
    set_session(response, visit.request, token)
    return response


def set_session(response: Response, request: Request, token: str) -> None:
    """Give the browser its session."""
    response.set_cookie(
        SESSION_COOKIE, token, max_age=int(SESSION_S), httponly=True, samesite="lax",
        secure=request.url.scheme == "https", path=request.scope.get("root_path", "") or "/",
    )


def address_of(request: Request) -> str:
    """The network address that the request came from, as the server in front reports it."""
    return request.client.host if request.client else "unknown"


