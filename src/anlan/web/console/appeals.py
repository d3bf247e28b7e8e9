"""Appeals for staff: the room of their clocks and outcomes, and the panel of an appeal's review page."""

from collections.abc import Mapping
from typing import Annotated, Any, NamedTuple

from fastapi import APIRouter, Form
from sqlalchemy import Connection
from starlette.responses import Response

from anlan import clock
from anlan.desk.appeals import reduction_of
from anlan.domain.appeals import REVIEW_DAYS, REVIEW_LEAST, REVIEW_SHARE, TITLES, Milder, milder_kinds, wants_review
from anlan.domain.sanctions import KINDS
from anlan.errors import InvalidRequest, NotFound
from anlan.store import audit, claims
from anlan.store.appeals import (
    Appeal,
    appeals_against,
    appeals_in_case,
    count_states,
    find_appeal,
    latest_appeals,
    overturned_by_policy,
    words_of,
)
from anlan.store.attachments import Attachment, files_of_case, open_file
from anlan.store.cases import Case, find_case
from anlan.store.review import CaseJudgement, judgements_of
from anlan.store.sanctions import Sanction, find_sanction
from anlan.web.console.gate import allowed
from anlan.web.console.shell import Visit
from anlan.web.languages import mark
from anlan.web.pages.uploads import hand_out

router = APIRouter()
DAY_S = 86_400.0
MOST_DAYS = 366


class Shown(NamedTuple):
    """An appeal as its review page shows it.

    Attributes:
        words: None once their time is over.
        judged: what was answered in the case that the sanction stands on.
        milder: what would take the sanction's place; None where nothing can.
    """

    appeal: Appeal
    sanction: Sanction
    words: str | None
    files: list[Attachment]
    earlier: list[Appeal]
    judged: list[CaseJudgement]
    milder: Milder | None
    milder_kinds: tuple[str, ...]


class Row(NamedTuple):
    """An appeal in the list of the room, with its sanction and its case."""

    appeal: Appeal
    sanction: Sanction
    case: Case


@router.get("/appeals")
def show_room(visit: Annotated[Visit, allowed("see_cases")], state: str = "open") -> Response:
    now = clock.now()
    with visit.rooms.database.read() as connection:
        rows = _rows(connection, state)
        counts = count_states(connection)
        policies = overturned_by_policy(connection, now - REVIEW_DAYS * DAY_S)
    decided = sum(one.decided for one in policies)
    changed = sum(one.reduced + one.reversed for one in policies)
    return visit.page(
        "console/appeals.html", rows=rows, state=state, counts=counts, policies=policies, decided=decided, now=now,
        share=changed / decided if decided else None, days=REVIEW_DAYS, least=REVIEW_LEAST, limit=REVIEW_SHARE,
        overdue=sum(bool(one.case.due_at and one.case.due_at < now) for one in rows if one.appeal.state == "open"),
        kinds=KINDS, outcomes=TITLES, wants_review=wants_review,
    )


def _rows(connection: Connection, state: str) -> list[Row]:
    wanted = state if state in ("open", "closed", "withdrawn", "settled") else None
    rows = []
    for one in latest_appeals(connection, wanted):  # type: ignore[arg-type]  # one of the four
        sanction, case = find_sanction(connection, one.sanction_id), find_case(connection, one.case_id)
        if sanction and case:
            rows.append(Row(one, sanction, case))
    return rows


def case_panel(visit: Visit, case: Case) -> Mapping[str, Any]:
    """What the appellant says and what they appeal against; drawn for whoever may read it, and written down."""
    now, database = clock.now(), visit.rooms.database
    with database.read() as connection:
        shown = [one for appeal in appeals_in_case(connection, case.id)
                 if (one := _shown(visit, connection, appeal, now))]
        claim = claims.claim_on(connection, case.id, now)
    with database.write() as connection:
        for one in shown:
            audit.note(connection, visit.actor, "appeal.read", one.appeal.id, {"case": case.id})
    return {
        "appeals": shown, "kinds": KINDS, "outcomes": TITLES, "days_left": _days_left,
        "rule": visit.rooms.appeals.rule_of, "most_days": MOST_DAYS,
        "may_reduce": claim is not None and claim.by == visit.actor and case.state == "open",
    }


def _shown(visit: Visit, connection: Connection, appeal: Appeal, now: float) -> Shown | None:
    sanction = find_sanction(connection, appeal.sanction_id)
    if sanction is None:
        return None
    return Shown(
        appeal=appeal, sanction=sanction, words=words_of(connection, visit.rooms.database.vault, appeal.id),
        files=files_of_case(connection, appeal.case_id),
        earlier=[one for one in appeals_against(connection, sanction.id) if one.id != appeal.id],
        judged=judgements_of(connection, sanction.case_id) if sanction.case_id else [],
        milder=reduction_of(appeal, sanction, now), milder_kinds=milder_kinds(sanction.kind, sanction.target),
    )


def _days_left(until: float) -> int:
    return max(1, round((until - clock.now()) / DAY_S))


@router.post("/appeals/{appeal_id}/reduction")
def set_reduction(
    visit: Annotated[Visit, allowed("judge_cases")], appeal_id: str, kind: Annotated[str, Form(max_length=32)],
    days: Annotated[int, Form(ge=1, le=MOST_DAYS)],
) -> Response:
    """What takes the sanction's place if the appeal is answered with `reduce`."""
    now = clock.now()
    if kind not in KINDS:
        raise InvalidRequest(mark("Choose one of the sanctions that are listed."))
    visit.rooms.appeals.set_reduction(appeal_id, Milder(kind, now + days * DAY_S), visit.actor, now)
    return visit.go(f"/cases/{_appeal(visit, appeal_id).case_id}")


@router.get("/appeals/{appeal_id}/files/{file_id}")
def fetch_file(visit: Annotated[Visit, allowed("see_personal")], appeal_id: str, file_id: str) -> Response:
    """One file that the appellant handed in; the look is in the audit log."""
    database, appeal = visit.rooms.database, _appeal(visit, appeal_id)
    with database.write() as connection:
        file = open_file(connection, database.vault, appeal.case_id, file_id)
        audit.note(connection, visit.actor, "appeal.open_file", appeal.id, {"file": file_id})
    if file is None:
        raise NotFound(mark("There is no such file any more."))
    return hand_out(file)


def _appeal(visit: Visit, appeal_id: str) -> Appeal:
    with visit.rooms.database.read() as connection:
        found = find_appeal(connection, appeal_id)
    if found is None:
        raise NotFound("there is no such appeal", zh="没有这项申诉")
    return found
