"""What a member was told about sanctions: all of it, and one with the ways to answer it."""

from fastapi import APIRouter
from starlette.responses import Response

from anlan import clock
from anlan.errors import NotFound
from anlan.store.member_notices import find_notice, mark_read, notices_of
from anlan.store.sanctions import Sanction, find_sanction, in_force
from anlan.web.languages import mark
from anlan.web.pages.gate import OwnVisit
from anlan.web.pages.shell import Card, MemberVisit

router = APIRouter()
NO_NOTICE = mark("There is no such notice, or it is not about you.")


@router.get("/me/notices")
def show_notices(visit: OwnVisit) -> Response:
    database = visit.rooms.database
    with database.read() as connection:
        told = notices_of(connection, database.vault, visit.account)
    return visit.page("pages/notices.html", told=told)


@router.get("/me/notices/{notice_id}")
def show_notice(visit: OwnVisit, notice_id: str) -> Response:
    """One notice; that it was opened is noted."""
    database = visit.rooms.database
    with database.read() as connection:
        notice = find_notice(connection, database.vault, notice_id, visit.account)
        if notice is None:
            raise NotFound(NO_NOTICE)
        sanction = find_sanction(connection, notice.sanction_id)
    if notice.read_at is None:
        with database.write() as connection:
            mark_read(connection, notice_id, clock.now())
    return visit.page("pages/notice.html", notice=notice, one=sanction, state=_state(sanction), titles=PART_TITLES)


PART_TITLES = {
    "what": mark("What was decided"), "rule": mark("The rule"), "evidence": mark("On what ground"),
    "term": mark("How long"), "group": mark("The group's members"), "money": mark("Your money"),
    "appeal": mark("If you disagree"), "apology": mark("We are sorry"), "restored": mark("What is open again"),
    "replaced": mark("What changes"),
}


def _state(sanction: Sanction | None) -> str:
    """Where it stands, for the member: `standing`, `back` (taken back) or `over`."""
    if sanction is None or sanction.state in ("lifting", "reversed"):
        return "back"
    return "over" if sanction.state == "ended" else "standing"


def make_card(visit: MemberVisit) -> Card:
    """How things stand with sanctions, for the member's first page."""
    database, say = visit.rooms.database, visit.language.say
    with database.read() as connection:
        standing = in_force(connection, visit.account)
        unread = sum(one.read_at is None for one in notices_of(connection, database.vault, visit.account))
    says = say("Decisions in force: {n}", n=len(standing)) if standing else say("Nothing stands against you.")
    return Card("/me/notices", say("Decisions about my account"), "policy", says, unread, unread > 0)
