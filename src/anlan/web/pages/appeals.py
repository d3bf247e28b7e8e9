"""A member's appeals: against which sanction, in their own words, how far it has come, and what became of it."""

from typing import Annotated, Any

from fastapi import APIRouter, File, Form, UploadFile
from starlette.responses import Response

from anlan import clock
from anlan.desk.appeals import check_can_appeal, own_appeal
from anlan.domain.appeals import MAX_WORDS, MIN_WORDS, NOTICES, TITLES
from anlan.domain.attachments import MAX_FILES
from anlan.domain.sanctions import KINDS
from anlan.errors import AnlanError, Conflict, NotFound
from anlan.store.appeals import Appeal, appeals_against, appeals_of, words_of
from anlan.store.attachments import files_of_case, open_file
from anlan.store.cases import find_case
from anlan.store.sanctions import Sanction, find_sanction
from anlan.web.languages import mark
from anlan.web.pages.gate import OwnVisit
from anlan.web.pages.shell import Card, MemberVisit
from anlan.web.pages.uploads import hand_out, read_files

router = APIRouter()

STATE_TITLES = {
    "open": mark("Being looked at"),
    "closed": mark("Decided"),
    "withdrawn": mark("Taken back by you"),
    "settled": mark("The sanction is gone"),
}


def make_card(visit: MemberVisit) -> Card:
    """How a member's appeals stand."""
    with visit.rooms.database.read() as connection:
        found = appeals_of(connection, visit.account)
    is_open = sum(one.state == "open" for one in found)
    say = visit.language.say
    if not found:
        says = say("You have appealed against nothing. A sanction can be appealed from its notice.")
    elif is_open:
        one, many = mark("{n} appeal is being looked at."), mark("{n} appeals are being looked at.")
        says = visit.language.count(one, many, is_open)
    else:
        says = say("Your last appeal: {state}.", state=_result(visit, found[0]))
    return Card("/me/appeals", say("Appeals"), "replay", says, is_open)


@router.get("/me/appeals")
def list_appeals(visit: OwnVisit) -> Response:
    with visit.rooms.database.read() as connection:
        rows = [(one, _title(visit, find_sanction(connection, one.sanction_id)), _result(visit, one))
                for one in appeals_of(connection, visit.account)]
    return visit.page("pages/appeals.html", rows=rows)


@router.get("/me/appeals/{appeal_id}")
def show_appeal(visit: OwnVisit, appeal_id: str) -> Response:
    database = visit.rooms.database
    with database.read() as connection:
        appeal = own_appeal(connection, visit.account, appeal_id)
        sanction = find_sanction(connection, appeal.sanction_id)
        reduced = find_sanction(connection, appeal.reduced_to) if appeal.reduced_to else None
        case = find_case(connection, appeal.case_id)
        words, files = words_of(connection, database.vault, appeal_id), files_of_case(connection, appeal.case_id)
    return visit.page(
        "pages/appeal.html", appeal=appeal, sanction=sanction, title=_title(visit, sanction), words=words, files=files,
        result=_result(visit, appeal), notice=visit.language.pick(NOTICES[appeal.outcome]) if appeal.outcome else "",
        due_at=case.due_at if case else None, reduced=reduced, reduced_title=_title(visit, reduced),
        rule=visit.language.pick(visit.rooms.appeals.rule_of(sanction).title) if sanction else "",
        is_filed=visit.request.query_params.get("filed") == "1",
    )


@router.post("/me/appeals/{appeal_id}/withdraw")
def withdraw(visit: OwnVisit, appeal_id: str) -> Response:
    visit.rooms.appeals.withdraw(visit.account, appeal_id, clock.now())
    return visit.go(f"/me/appeals/{appeal_id}")


@router.get("/me/appeals/{appeal_id}/files/{file_id}")
def fetch_file(visit: OwnVisit, appeal_id: str, file_id: str) -> Response:
    database = visit.rooms.database
    with database.read() as connection:
        appeal = own_appeal(connection, visit.account, appeal_id)
        file = open_file(connection, database.vault, appeal.case_id, file_id)
    if file is None:
        raise NotFound(mark("There is no such file any more."))
    return hand_out(file)


@router.get("/me/sanctions/{sanction_id}/appeal")
def show_form(visit: OwnVisit, sanction_id: str) -> Response:
    return _draw_form(visit, sanction_id)


@router.post("/me/sanctions/{sanction_id}/appeal")
def file_appeal(
    visit: OwnVisit,
    sanction_id: str,
    words: Annotated[str, Form(max_length=20_000)] = "",
    files: Annotated[list[UploadFile], File()] = [],  # noqa: B006 - FastAPI reads the default, nobody changes it
) -> Response:
    try:
        handed = read_files(files)
        appeal_id = visit.rooms.appeals.file(visit.account, sanction_id, words, handed, clock.now())
    except NotFound:
        raise
    except AnlanError as error:
        return _draw_form(visit, sanction_id, words, visit.tell(error), error.status)
    return visit.go(f"/me/appeals/{appeal_id}", filed=1)


def _draw_form(visit: MemberVisit, sanction_id: str, words: str = "", problem: str = "", answer: int = 200) -> Response:
    appeals = visit.rooms.appeals
    with visit.rooms.database.read() as connection:
        sanction = appeals.own_sanction(connection, visit.account, sanction_id)
        earlier = appeals_against(connection, sanction_id)
    values: dict[str, Any] = {
        "sanction": sanction, "title": _title(visit, sanction), "words": words, "problem": problem,
        "rule": visit.language.pick(appeals.rule_of(sanction).title), "barred": _bar(visit, sanction, earlier),
        "earlier": [one for one in earlier if one.account == visit.account],
        "needs_evidence": any(one.state == "closed" for one in earlier), "min_words": MIN_WORDS,
        "max_words": MAX_WORDS, "max_files": MAX_FILES,
    }
    return visit.page("pages/appeal_form.html", answer=answer, **values)


def _bar(visit: MemberVisit, sanction: Sanction, earlier: list[Appeal]) -> str:
    """Why it cannot be appealed now; empty when it can."""
    try:
        check_can_appeal(sanction, earlier, clock.now())
    except Conflict as error:
        return visit.tell(error)
    return ""


def _title(visit: MemberVisit, sanction: Sanction | None) -> str:
    return visit.language.pick(KINDS[sanction.kind].title) if sanction else ""


def _result(visit: MemberVisit, appeal: Appeal) -> str:
    """How it stands, in a few words."""
    if appeal.outcome is not None:
        return visit.language.pick(TITLES[appeal.outcome])
    return visit.language.say(STATE_TITLES[appeal.state])
