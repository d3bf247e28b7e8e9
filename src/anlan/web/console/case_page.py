"""The page of one case: what happened, what was known before, and the answer that a reviewer gives."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Form
from starlette.responses import Response

from anlan import clock
from anlan.desk.review import Answered
from anlan.domain.cases import ANSWERS_BY_KIND, SEVERITIES
from anlan.domain.sanctions import KINDS
from anlan.errors import AnlanError, Forbidden, NotFound
from anlan.store import audit, case_reading, claims, review
from anlan.store.cases import Case, find_case
from anlan.store.queues import Queue, find_queue
from anlan.store.review import CaseJudgement
from anlan.web.console.case_panels import PANELS
from anlan.web.console.case_roles import DECIDED_ELSEWHERE, NEEDED, reviewer
from anlan.web.console.cases import title_of
from anlan.web.console.decisions import condition_at
from anlan.web.console.explained import Reader, show_finding
from anlan.web.console.gate import NOT_ALLOWED, allowed
from anlan.web.console.shell import Visit
from anlan.web.languages import mark

router = APIRouter()

Text = Annotated[str, Form(max_length=4_000)]
Word = Annotated[str, Form(max_length=80)]

USUAL_REASONS: dict[str, str] = {
    "seen": mark("Plain from what is shown"),
    "context": mark("Plain from the conversation around it"),
    "harmless": mark("Nothing here breaks a rule"),
    "too_little": mark("What is shown does not tell"),
}
"""Reasons that one key gives; whoever needs other words writes them."""

ANSWER_KEYS = {"violation": "v", "no_violation": "n", "unclear": "u", "uphold": "u", "reduce": "d", "reverse": "r",
               "grant": "g", "refuse": "x"}
SEVERITY_KEYS = {"low": "1", "medium": "2", "high": "3", "critical": "4"}


class Kept(dict[str, str]):
    """What was filled in, for drawing the form again; empty for what was not."""

    def __missing__(self, name: str) -> str:
        return ""


@router.get("/cases/{case_id}")
def show_case(visit: Annotated[Visit, allowed("see_cases")], case_id: str) -> Response:
    return draw_case(visit, case_id)


def draw_case(
    visit: Visit, case_id: str, *, problem: str = "", answer: int = 200, filled: Mapping[str, str] | None = None,
    is_revealed: bool = False,
) -> Response:
    """The page; a problem stands above the form, which keeps what was filled in.

    Raises:
        NotFound: there is no case by this id, or it is a check that is shown to somebody else.
    """
    now, rooms = clock.now(), visit.rooms
    with rooms.database.read() as connection:
        case = find_case(connection, case_id)
        if case is None:
            raise NotFound("there is no case by this id", zh="没有这个案件")
        claim = claims.claim_on(connection, case_id, now)
        said = review.judgements_of(connection, case_id)
        queue = find_queue(connection, case.queue)
        is_blind = hides_machine(visit, case, queue, said)
        day = review.day_of(now, rooms.zone)
        exposure = review.exposure_of(connection, visit.actor, day, now)
        wellbeing = review.wellbeing_of(connection, visit.actor)
        known = {
            "earlier": case_reading.earlier_cases(connection, case_id, case.target),
            "punished": case_reading.earlier_sanctions(connection, case_id, case.target),
            "decided": [] if is_blind else case_reading.notable_decisions(connection, case.target, case.event_seq or 0),
            "linked": case_reading.linked_cases(connection, case_id),
            "is_watched": case_reading.is_watched(connection, case_id, visit.actor),
        }
    is_mine = claim is not None and claim.by == visit.actor
    is_open_to_me = visit.can("see_personal") and (is_mine or is_revealed)
    is_elsewhere = case.kind in DECIDED_ELSEWHERE
    is_shown = is_open_to_me or (is_elsewhere and visit.can("see_funds"))
    is_due_break = exposure.working_since is not None and (
        now - exposure.working_since > wellbeing.break_minutes * 60
    )
    return visit.page(
        "console/case.html", answer=answer, case=case, queue=queue, queue_title=title_of(visit, queue), claim=claim,
        is_mine=is_mine, is_blind=is_blind, is_open_to_me=is_open_to_me, problem=problem, now=now,
        filled=Kept(filled or {}), said=_shown_judgements(visit, case, said),
        is_elsewhere=is_elsewhere,
        panel=PANELS[case.kind](visit, case) if is_shown and case.kind in PANELS else None,
        explanation=None if is_blind else _explanation(visit, case, is_open=is_open_to_me),
        rule=_rule(visit, case), needed=NEEDED[case.kind, case.stage],
        answers=ANSWERS_BY_KIND[case.kind], severities=SEVERITIES, answer_keys=ANSWER_KEYS,
        severity_keys=SEVERITY_KEYS, usual_reasons=USUAL_REASONS, exposure=exposure, wellbeing=wellbeing,
        sanction_titles={name: kind.title for name, kind in KINDS.items()}, is_due_break=is_due_break,
        categories=_categories(visit, case), **known,
    )


def hides_machine(visit: Visit, case: Case, queue: Queue, said: list[CaseJudgement]) -> bool:
    """Whether what the machine thinks is kept from this reader: they may still have to judge the case themselves."""
    if case.state != "open" or any(one.by == visit.actor for one in said):
        return False
    return queue.is_blind and any(kind == case.kind for kind, _ in reviewer(visit).may)


def _shown_judgements(visit: Visit, case: Case, said: list[CaseJudgement]) -> list[CaseJudgement]:
    """What others answered is kept from whoever may still judge; the senior sees it, because they decide between."""
    has_judged = any(one.by == visit.actor for one in said)
    may_judge = any(kind == case.kind for kind, _ in reviewer(visit).may)
    is_senior_now = case.stage == 3 and visit.can(NEEDED[case.kind, 3])
    return said if case.state != "open" or has_judged or not may_judge or is_senior_now else []


def _explanation(visit: Visit, case: Case, *, is_open: bool) -> list[Any] | None:
    """What the machine found, pass by pass, the latest first; None without an event."""
    found = visit.rooms.journal.explain(case.event_key) if case.event_key else None
    if found is None:
        return None
    reader = Reader(visit.rooms.engine.registry, visit.language, "personal" if is_open else "")

    def condition_of(policy: str, version: int) -> Any:
        return condition_at(visit.rooms, policy, version)

    return [
        {"verdict": one.decision.verdict, "at": one.decided_at,
         "findings": [show_finding(finding, reader, condition_of) for finding in one.decision.findings]}
        for one in reversed(found.decisions)
    ]


def _rule(visit: Visit, case: Case) -> Mapping[str, str] | None:
    """The rule that the case is about, in the words that members are told; it says nothing of scores."""
    member = visit.rooms.engine.policies.get(case.policy) if case.policy else None
    if member is None:
        return None
    return {"id": member.policy.id, "text": visit.language.pick(member.policy.reason)}


def _categories(visit: Visit, case: Case) -> list[str]:
    known = {member.policy.category for member in visit.rooms.engine.policies.members}
    return sorted({*known, case.category} - {""})


@router.post("/cases/{case_id}/look")
def reveal(visit: Annotated[Visit, allowed("see_personal")], case_id: str) -> Response:
    """Show what the case is about without taking it; every look writes its own audit row first."""
    if not visit.can("see_cases"):
        raise Forbidden(NOT_ALLOWED)
    with visit.rooms.database.write() as connection:
        audit.note(connection, visit.actor, "case.look", case_id, {})
    return draw_case(visit, case_id, is_revealed=True)


@router.post("/cases/{case_id}/claim")
def claim(
    visit: Annotated[Visit, allowed("see_cases")], case_id: str, answer: Word = "", severity: Word = "",
    category: Word = "", reason: Text = "", usual: Word = "", queue: Word = "",
) -> Response:
    """Take the case; what was written before a claim ran out comes along."""
    filled = {"answer": answer, "severity": severity, "category": category, "reason": reason, "usual": usual}
    try:
        visit.rooms.review.claim(reviewer(visit), case_id, clock.now())
    except AnlanError as error:
        return draw_case(visit, case_id, problem=visit.tell(error), answer=error.status, filled=filled)
    if any(filled.values()):
        return draw_case(visit, case_id, filled=filled | {"queue": queue})
    return visit.go(f"/cases/{case_id}", queue=queue)


@router.post("/cases/{case_id}/judge")
def judge(
    visit: Annotated[Visit, allowed("see_cases")], case_id: str, stage: Annotated[int, Form(ge=1, le=3)],
    answer: Word = "", severity: Word = "", category: Word = "", reason: Text = "", usual: Word = "", queue: Word = "",
) -> Response:
    filled = {
        "answer": answer, "severity": severity, "category": category, "reason": reason, "usual": usual, "queue": queue,
    }
    words = reason.strip() or visit.language.say(USUAL_REASONS.get(usual, ""))
    answered = Answered(
        case_id=case_id, stage=stage, answer=answer, reason=words, category=category,
        severity=severity or ("medium" if answer == "violation" else ""),
    )
    try:
        visit.rooms.review.judge(reviewer(visit), answered, clock.now())
    except AnlanError as error:
        return draw_case(visit, case_id, problem=visit.tell(error), answer=error.status, filled=filled)
    return visit.go("/cases/next", queue=queue, after=case_id)


@router.post("/cases/{case_id}/release")
def release(visit: Annotated[Visit, allowed("see_cases")], case_id: str) -> Response:
    visit.rooms.review.release(reviewer(visit), case_id, clock.now())
    return visit.go("/cases")


@router.post("/cases/{case_id}/skip")
def skip(
    visit: Annotated[Visit, allowed("see_cases")], case_id: str, reason: Text = "", queue: Word = ""
) -> Response:
    try:
        visit.rooms.review.skip(reviewer(visit), case_id, reason, clock.now())
    except AnlanError as error:
        return draw_case(visit, case_id, problem=visit.tell(error), answer=error.status)
    return visit.go("/cases/next", queue=queue)
