"""Who gets through the door of the members' pages: a session of their own, and forms that only those pages can send."""

import secrets
from dataclasses import replace
from hashlib import sha256
from typing import Annotated
from urllib.parse import unquote

from fastapi import Depends, Request
from starlette.responses import Response

from anlan import clock
from anlan.errors import Forbidden, Unauthorized
from anlan.store import members
from anlan.web.embedding import is_framed
from anlan.web.languages import language, mark
from anlan.web.pages.rooms import MemberRooms
from anlan.web.pages.shell import MemberVisit
from anlan.web.visits import choose_language, set_cookie

MEMBER_COOKIE = "anlan_member"
LINK_PATH = "/me/open"
OUT_OF_DATE = mark("This form is out of date. Load the page again and send it once more.")
COME_BY_LINK = mark("Open this page from the app: your link was used, or its time is over. A new one takes a moment.")


def anybody(request: Request) -> MemberVisit:
    """A visit by anybody; whose it is, where a member's session is good."""
    rooms: MemberRooms = request.app.state.rooms
    token = request.cookies.get(MEMBER_COOKIE, "")
    session = find_session(rooms, token)
    nobody = stranger(request)
    if session is None:
        return nobody
    spoken = language(nobody.language.code, rooms.zone, is_familiar=rooms.care_cards.is_young(session.account))
    return replace(
        nobody, csrf=csrf_token(token), account=session.account, came_for=session.path, language=spoken,
        session_name=sha256(token.encode()).hexdigest(), platform_session=session.platform_session,
    )


def stranger(request: Request) -> MemberVisit:
    """A visit by nobody, for telling that something is wrong when the store cannot say who it is."""
    rooms: MemberRooms = request.app.state.rooms
    return MemberVisit(
        request=request, rooms=rooms, language=choose_language(request, rooms.zone),
        is_framed=is_framed(request, rooms.embed_origins),
    )


def member(visit: Annotated[MemberVisit, Depends(anybody)]) -> MemberVisit:
    """A visit by a member.

    Raises:
        Unauthorized: there is no session that is still good.
    """
    if not visit.account:
        raise Unauthorized(COME_BY_LINK)
    return visit


AnyVisit = Annotated[MemberVisit, Depends(anybody)]
OwnVisit = Annotated[MemberVisit, Depends(member)]
"""What handlers under /me take; every question they ask the store is about `visit.account`."""


def find_session(rooms: MemberRooms, token: str) -> members.Session | None:
    """The session, if it is still good."""
    if not token:
        return None
    with rooms.database.read() as connection:
        return members.find_session(connection, token, clock.now())


def csrf_token(session_token: str) -> str:
    """Proof that a form was drawn for this session: it follows from the cookie, which other sites cannot read."""
    return sha256(b"csrf:member:" + session_token.encode()).hexdigest()


def is_public(request: Request) -> bool:
    """Whether the page is one for everybody: its forms act by what they say, never by who sends them."""
    path = request.url.path.removeprefix(request.scope.get("root_path", ""))
    return path.startswith("/public/") or path == LINK_PATH


def is_own(request: Request) -> bool:
    """Whether the page is one under /me."""
    return f"{request.url.path.removeprefix(request.scope.get('root_path', ''))}/".startswith("/me/")


async def check_form(request: Request) -> None:
    """Refuse a form that was not drawn by us, and under /me one that was not drawn for this session.

    Raises:
        Forbidden: another site sent it, or the page is older than the session.
    """
    if request.method in ("GET", "HEAD"):
        return
    is_ours = is_public(request) or await _is_drawn_for(request, request.cookies.get(MEMBER_COOKIE, ""))
    if not is_ours or request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise Forbidden(OUT_OF_DATE)


async def _is_drawn_for(request: Request, token: str) -> bool:
    sent = str((await request.form()).get("csrf", "")) if token else ""
    return bool(token) and secrets.compare_digest(csrf_token(token).encode(), sent.encode())


def set_session(response: Response, visit: MemberVisit, token: str) -> None:
    """Give the browser its session."""
    set_cookie(response, visit, MEMBER_COOKIE, token, int(members.SESSION_S), visit.at("") or "/")


def stay_alone(response: Response, visit: MemberVisit) -> Response:
    """The response, with a new session for this browser and none for any other: after an act that throws others out."""
    now, link = clock.now(), members.OpenedLink(
        account=visit.account, language="", path=visit.came_for, platform_session=visit.platform_session
    )
    with visit.rooms.database.write() as connection:
        members.end_sessions_of(connection, visit.account, now)
        token = members.start_session(connection, link, now)
    set_session(response, visit, token)
    return response


def safe_next(path: str) -> str:
    """`path` when it is one of the members' pages, else the first of them; never another site."""
    is_page = path == "/public" or path.startswith(("/me/", "/public/"))
    is_plain = path.isprintable() and "\\" not in path and not {"", ".", ".."} & set(unquote(path).split("/")[1:])
    return path if is_page and is_plain else "/me"
