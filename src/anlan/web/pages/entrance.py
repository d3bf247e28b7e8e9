"""How members come in to their own pages and go out: by a link that the platform asked for, or by its own sign-in."""

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Form, Query
from sqlalchemy import Connection
from starlette.responses import Response

from anlan import clock
from anlan.center.entrance import WAY_S, Entrance, Returned, turned_away
from anlan.domain.sign_ins import session_name
from anlan.errors import NotFound, RateLimited, Unauthorized
from anlan.store import members
from anlan.store.audit import note
from anlan.store.entrances import spend_entrance
from anlan.store.members import OpenedLink
from anlan.web.languages import language, mark
from anlan.web.pages.gate import (
    COME_BY_LINK,
    LINK_PATH,
    MEMBER_COOKIE,
    AnyVisit,
    OwnVisit,
    safe_next,
    set_session,
)
from anlan.web.pages.shell import MemberVisit
from anlan.web.pages.turns import Turns, TurnsByAddress
from anlan.web.visits import LANGUAGE_COOKIE, remember, set_cookie

router = APIRouter()

ENTRANCE_COOKIE = "anlan_entrance"
_DOOR = "/me/enter"
NO_SUCH_DOOR = mark("Open this page from the app.")

KNOCKS_A_SECOND, BURST_KNOCKS = 2.0, 120.0
"""From one place, which the members of a school or a carrier may share: whoever is let in gets theirs back."""
TOO_MANY = mark("Too many tries from where you are. Wait a minute, then try again.")

Token = Annotated[str, Query(max_length=8_192)]
_knocks = TurnsByAddress(KNOCKS_A_SECOND, BURST_KNOCKS)


@router.get(LINK_PATH)
def show_link(visit: AnyVisit, token: Token = "") -> Response:
    """Where a link leads, and the button that opens it; looking spends nothing, because mail scanners look too."""
    turns = _knock(visit)
    with visit.rooms.database.read() as connection:
        link = members.find_link(connection, token, clock.now())
    if link is None:
        raise Unauthorized(COME_BY_LINK)
    turns.give_back(1)
    reader = replace(visit, language=language(link.language, visit.rooms.zone)) if link.language else visit
    return reader.page(
        "pages/open.html", account="", name="", places=(), token=token, opens=link.account.removeprefix("account:"),
    )


@router.post(LINK_PATH)
def come_in(visit: AnyVisit, token: Annotated[str, Form(max_length=8_192)] = "") -> Response:
    """Trade a link for a session; whoever was in by this browser before goes out."""
    now, turns = clock.now(), _knock(visit)
    with visit.rooms.database.write() as connection:
        link = members.spend_link(connection, token, now)
        if link is None:
            raise Unauthorized(COME_BY_LINK)
        session = _let_in(connection, visit, link, now)
    turns.give_back(1)
    response = visit.go(safe_next(link.path))
    set_session(response, visit, session)
    if link.language:
        remember(response, LANGUAGE_COOKIE, link.language, visit)
    return response


@router.get(_DOOR)
def set_out(visit: AnyVisit, next: str = "/me") -> Response:  # noqa: A002
    """To the platform's sign-in, and back to the page that was asked for."""
    door, _ = _door(visit), _knock(visit)
    begun = door.begin(safe_next(next), visit.language.tag, clock.now())
    response = visit.leave_for(begun.url)
    set_cookie(response, visit, ENTRANCE_COOKIE, begun.kept, int(WAY_S), visit.at(_DOOR))
    return response


@router.get(f"{_DOOR}/back")
def return_from_platform(
    visit: AnyVisit, state: Token = "", code: Token = "", iss: Token = "", error: Token = ""
) -> Response:
    """Trade the platform's word for a session; the page it leads to was chosen by nobody whom we trust."""
    now, kept = clock.now(), visit.request.cookies.get(ENTRANCE_COOKIE, "")
    door, turns = _door(visit), _knock(visit)
    who, way = door.finish(kept, Returned(state=state, code=code, issuer=iss, error=error), now)
    with visit.rooms.database.write() as connection:
        if not spend_entrance(connection, way.state, way.expires_at, now):
            raise turned_away()
        note(connection, who.account, "member.enter", who.account, {})
        came_from = session_name(who.account, who.session) if who.session else None
        link = OpenedLink(account=who.account, language="", path="/me", platform_session=came_from)
        session = _let_in(connection, visit, link, now)
    turns.give_back(2)  # that of setting out, too
    response = visit.go(safe_next(way.leads_to))
    set_session(response, visit, session)
    set_cookie(response, visit, ENTRANCE_COOKIE, "", 0, visit.at(_DOOR))
    return response


@router.post("/me/leave")
def leave(visit: OwnVisit) -> Response:
    """End the session; a new one needs a new link."""
    with visit.rooms.database.write() as connection:
        members.end_session(connection, visit.request.cookies.get(MEMBER_COOKIE, ""))
    response = visit.page("pages/left.html", account="", name="", places=())
    set_cookie(response, visit, MEMBER_COOKIE, "", 0, visit.at("") or "/")
    return response


def _knock(visit: MemberVisit) -> Turns:
    """Take a turn at the door.

    Raises:
        RateLimited: too many came from there and were not let in.
    """
    client = visit.request.client
    turns = _knocks.of(client.host if client else "")
    if not turns.take():
        raise RateLimited(TOO_MANY)
    return turns


def _door(visit: MemberVisit) -> Entrance:
    if visit.rooms.entrance is None:
        raise NotFound(NO_SUCH_DOOR)
    return visit.rooms.entrance


def _let_in(connection: Connection, visit: MemberVisit, link: OpenedLink, now: float) -> str:
    """A new session; the old one of this browser ends, so that nobody goes on in a session that somebody else chose."""
    members.forget_visits(connection, now)
    members.end_session(connection, visit.request.cookies.get(MEMBER_COOKIE, ""))
    return members.start_session(connection, link, now)
