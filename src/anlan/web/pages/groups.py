"""What an ordinary member of a closed group may know and have: why it was closed, and what they wrote in it."""

from urllib.parse import quote, unquote

from fastapi import APIRouter
from sqlalchemy import Connection
from starlette.responses import Response

from anlan import clock
from anlan.desk import own_content
from anlan.errors import NotFound
from anlan.store.appeals import content_asked_at
from anlan.store.closures import closures_of
from anlan.store.rosters import read_roster
from anlan.store.sanctions import sanctions_of
from anlan.web.languages import mark
from anlan.web.pages.gate import OwnVisit
from anlan.web.pages.shell import MemberVisit

router = APIRouter()
NOT_CLOSED = mark("This group is not closed, or you did not come from it. Open its page from the app.")


@router.get("/me/groups/{group_id}")
def show_group(visit: OwnVisit, group_id: str) -> Response:
    group = f"group:{group_id}"
    with visit.rooms.database.read() as connection:
        _check_belongs(visit, connection, group)
        words = visit.rooms.closures.explain(connection, group)
        closure = closures_of(connection, group)[0]
        asked_at = content_asked_at(connection, closure.id, visit.account)
        own = [one for one in sanctions_of(connection, visit.account) if one.closure_id == closure.id]
    return visit.page(
        "pages/group.html", group=group_id, why=visit.language.pick(words), closure=closure, asked_at=asked_at,
        own=own[0] if own else None,
    )


@router.post("/me/groups/{group_id}/content")
def ask_for_content(visit: OwnVisit, group_id: str) -> Response:
    """Ask the platform once for what this member wrote there."""
    group = f"group:{group_id}"
    with visit.rooms.database.read() as connection:
        _check_belongs(visit, connection, group)
    own_content.ask_for_content(visit.rooms.database, visit.rooms.closures, group, visit.account, clock.now())
    return visit.go(f"/me/groups/{quote(group_id, safe='')}")


def _check_belongs(visit: MemberVisit, connection: Connection, group: str) -> None:
    """The platform vouched for it by where the link leads, or the member ran the group.

    Raises:
        NotFound: neither, or the group is not closed.
    """
    ran_it = {person.account for person in read_roster(connection, group).people}
    vouched = unquote(visit.came_for) == f"/me/groups/{group.removeprefix('group:')}"
    if not (vouched or visit.account in ran_it) or not closures_of(connection, group):
        raise NotFound(NOT_CLOSED)
