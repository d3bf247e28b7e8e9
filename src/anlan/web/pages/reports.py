"""A member's reports: say in one press what is wrong, and see what became of everything one has said."""

import re
from typing import Annotated

from fastapi import APIRouter, Form
from starlette.responses import Response

from anlan import clock
from anlan.desk.reports import MAX_WORDS_CHARS, NewReport
from anlan.domain.report_messages import OUTCOMES, PROGRESS, RECEIVED, THANKS, standing
from anlan.domain.report_reasons import BY_CODE, HAPPENINGS
from anlan.errors import AnlanError, InvalidRequest
from anlan.store.reporter_records import totals_of
from anlan.store.reports import Report, count_open_by, progress_of, reports_by
from anlan.web.languages import mark
from anlan.web.pages.gate import OwnVisit
from anlan.web.pages.shell import Card, MemberVisit

router = APIRouter()

Name = Annotated[str, Form(max_length=300)]
Words = Annotated[str, Form(max_length=MAX_WORDS_CHARS)]

FREQUENT_FROM = 3
"""So many reports make a frequent reporter, who sees statistics."""

SUBJECTS = {"event": mark("A message"), "account": mark("The account {name}"), "group": mark("The group {name}")}
_EVENT = re.compile(r"event:[0-9a-f]{32}")
_TARGET = re.compile(r"(account|group):[^\x00-\x1f\x7f]{1,256}")


@router.get("/me/report")
def show_form(visit: OwnVisit) -> Response:
    """The form with a field for whom it is about."""
    return _draw_form(visit, "")


@router.get("/me/report/{subject:path}")
def show_form_for(visit: OwnVisit, subject: str) -> Response:
    """The form for what the app says is reported: `event:<key>`, `account:<id>` or `group:<id>`."""
    return _draw_form(visit, subject)


def _draw_form(
    visit: MemberVisit, subject: str, *, problem: str = "", answer: int = 200, words: str = "", name: str = ""
) -> Response:
    is_known = bool(_EVENT.fullmatch(subject) or _TARGET.fullmatch(subject))
    return visit.page(
        "pages/report.html", answer=answer, subject=subject if is_known else "", title=subject_title(visit, subject),
        happenings=[(one.title, [BY_CODE[code] for code in one.codes]) for one in HAPPENINGS], other=BY_CODE["other"],
        problem=problem, words=words, named=name, max_words=MAX_WORDS_CHARS,
    )


def subject_title(visit: MemberVisit, subject: str) -> str:
    """What was reported, as its reporter knows it."""
    kind, _, name = subject.partition(":")
    return visit.language.say(SUBJECTS[kind], name=name) if kind in SUBJECTS else ""


@router.post("/me/report")
def send_report(
    visit: OwnVisit, reason: Name = "", subject: Name = "", words: Words = "", kind: Name = "account", name: Name = "",
) -> Response:
    """File the report; what is not possible stands on the page, with what was written."""
    named = subject or (f"{'group' if kind == 'group' else 'account'}:{name.strip()}" if name.strip() else "")
    try:
        if not (_EVENT.fullmatch(named) or _TARGET.fullmatch(named)):
            raise InvalidRequest("say whom you report", zh="请写明您要举报谁")
        event = named.removeprefix("event:") if named.startswith("event:") else None
        filed = visit.rooms.reports.file(
            NewReport(
                reporter=visit.account, reason=reason, event=event, target=None if event else named, words=words.strip()
            ),
            "member",
        )
    except AnlanError as error:
        return _draw_form(
            visit, subject, problem=visit.tell(error), answer=error.status, words=words, name=name
        )
    return visit.go("/me/reports", made=filed.report.id)


@router.get("/me/reports")
def show_reports(visit: OwnVisit, made: str = "") -> Response:
    """What this member reported, newest first, and what became of it."""
    with visit.rooms.database.read() as connection:
        mine = reports_by(connection, visit.account)
        progress = {report.id: progress_of(connection, report) for report in mine}
        totals = totals_of(connection, visit.account)
    just_made = next((report for report in mine if report.id == made), None)
    return visit.page(
        "pages/reports.html", reports=mine, progress=progress, progress_titles=PROGRESS, outcomes=OUTCOMES,
        reasons=BY_CODE, totals=totals, is_frequent=totals.filed >= FREQUENT_FROM,
        thanks=THANKS[standing(totals.violation, totals.no_violation)], made=just_made and made_text(just_made),
        subject_title=lambda subject: subject_title(visit, subject), now=clock.now(),
    )


def made_text(report: Report) -> dict[str, str]:
    """What is said right after a report was sent, by language."""
    return RECEIVED if report.outcome is None else OUTCOMES[report.outcome]


def make_card(visit: MemberVisit) -> Card:
    """How a member's reports stand, for their first page."""
    with visit.rooms.database.read() as connection:
        waiting = count_open_by(connection, visit.account)
    say = visit.language.say
    says = mark("Say what is wrong, and see what became of it.")
    if waiting:
        says = mark("We are looking at what you reported.")
    return Card("/me/reports", say("Reports"), "flag", say(says), waiting)
