"""Queues and what waits in them, the way to the next case, and what a reviewer has in hand."""

from typing import Annotated, Any

from fastapi import APIRouter, Form, Query
from starlette.responses import Response

from anlan import clock
from anlan.domain.cases import CASE_KINDS
from anlan.store import audit, claims, review
from anlan.store.case_reading import watched_cases
from anlan.store.cases import find_case
from anlan.store.claims import Claim
from anlan.store.queues import Load, Queue, all_queues, loads
from anlan.store.review import Tie, Wellbeing
from anlan.store.tables.review import MEDIA_LOOKS
from anlan.web.console import case_lists
from anlan.web.console.case_roles import reviewer
from anlan.web.console.gate import allowed
from anlan.web.console.shell import Visit

router = APIRouter()
PAGE_LINES = 50
TIE_KINDS = ("account", "group")
STATES = ("open", "overdue", "escalated", "closed")


@router.get("/cases")
def show_cases(
    visit: Annotated[Visit, allowed("see_cases")],
    queue: str = "", kind: str = "", state: str = "open", target: str = "", page: Annotated[int, Query(ge=1)] = 1,
) -> Response:
    now = clock.now()
    asked = case_lists.Asked(
        queue=queue, kind=kind if kind in CASE_KINDS else "", state=state if state in STATES else "open",
        target=target.strip(),
    )
    with visit.rooms.database.read() as connection:
        set_up = {one.name: one for one in all_queues(connection)}
        waiting = loads(connection, now)
        held = claims.count_claims(connection, now)
        rows = case_lists.find_cases(connection, asked, now, PAGE_LINES + 1, (page - 1) * PAGE_LINES)
    names = sorted({*set_up, *waiting}, key=lambda name: (set_up[name].ordinal if name in set_up else 999, name))
    shown = [(set_up.get(name, Queue(name=name)), waiting.get(name, Load()), held.get(name, 0)) for name in names]
    return visit.page(
        "console/cases.html", queues=shown, rows=rows[:PAGE_LINES], chosen=asked, page=page, now=now,
        has_more=len(rows) > PAGE_LINES, kinds=CASE_KINDS, states=STATES,
        titles_of={name: title_of(visit, one) for name, one in set_up.items()},
        may_judge=bool(reviewer(visit).may),
    )


def title_of(visit: Visit, queue: Queue) -> str:
    """The queue's title in the reader's language; its name when it has none."""
    return visit.language.pick({"zh": queue.title_zh, "en": queue.title_en}) or queue.name


@router.get("/cases/next")
def go_to_next(
    visit: Annotated[Visit, allowed("see_cases")], queue: str = "", after: str = ""
) -> Response:
    """Claim the next case and go to its page; without one, back to the queues."""
    claim = visit.rooms.review.claim_next(reviewer(visit), clock.now(), queue or None)
    if claim is None:
        return visit.go("/cases", done="empty", queue=queue, after=after)
    return visit.go(f"/cases/{claim.case_id}", queue=queue, after=after)


@router.get("/cases/mine")
def show_mine(visit: Annotated[Visit, allowed("see_cases")]) -> Response:
    return _mine(visit)


def _mine(visit: Visit, problem: str = "") -> Response:
    now = clock.now()
    with visit.rooms.database.read() as connection:
        held = claims.claims_of(connection, visit.actor, now)
        shown: list[tuple[Claim, Any]] = [(claim, find_case(connection, claim.case_id)) for claim in held]
        day = review.day_of(now, visit.rooms.zone)
        values = {
            "held": shown, "watched": watched_cases(connection, visit.actor),
            "judged": case_lists.judged_by(connection, visit.actor, 20),
            "ties": review.ties_of(connection, visit.actor),
            "wellbeing": review.wellbeing_of(connection, visit.actor),
            "exposure": review.exposure_of(connection, visit.actor, day, now),
            "categories": review.categories_in_use(connection),
        }
    return visit.page(
        "console/case_mine.html", answer=422 if problem else 200, looks=MEDIA_LOOKS, tie_kinds=TIE_KINDS,
        problem=problem, **values,
    )


@router.post("/cases/mine/ties")
def add_tie(
    visit: Annotated[Visit, allowed("see_cases")],
    kind: Annotated[str, Form(max_length=16)],
    id: Annotated[str, Form(max_length=256)],
    relation: Annotated[str, Form(max_length=16)],
) -> Response:
    """Whoever names an own account or a friend is never given a case about it."""
    if kind not in TIE_KINDS or relation not in ("own", "near") or not id.strip():
        return _mine(visit, visit.language.say("Name an account or a group."))
    entity, now = f"{kind}:{id.strip()}", clock.now()
    with visit.rooms.database.write() as connection:
        tie = Tie(by=visit.actor, entity=entity, relation=relation, noted_by=visit.actor, noted_at=now)
        review.add_tie(connection, tie)
        audit.note(connection, visit.actor, "tie.add", visit.actor, {"relation": relation, "entity": entity})
    return visit.go("/cases/mine")


@router.post("/cases/mine/ties/remove")
def remove_tie(
    visit: Annotated[Visit, allowed("see_cases")], entity: Annotated[str, Form(max_length=300)]
) -> Response:
    with visit.rooms.database.write() as connection:
        review.remove_tie(connection, visit.actor, entity)
        audit.note(connection, visit.actor, "tie.remove", visit.actor, {"entity": entity})
    return visit.go("/cases/mine")


@router.post("/cases/mine/wellbeing")
def keep_wellbeing(
    visit: Annotated[Visit, allowed("see_cases")],
    media: Annotated[str, Form(max_length=16)],
    daily_limit: Annotated[int, Form(ge=1, le=5_000)],
    break_minutes: Annotated[int, Form(ge=10, le=240)],
    opted_out: Annotated[list[str], Form()] = [],  # noqa: B006 - the framework copies it
) -> Response:
    chosen = Wellbeing(
        opted_out=tuple(word[:64] for word in opted_out[:100]), media=media if media in MEDIA_LOOKS else "blurred",
        daily_limit=daily_limit, break_minutes=break_minutes,
    )
    with visit.rooms.database.write() as connection:
        review.put_wellbeing(connection, visit.actor, chosen)
    return visit.go("/cases/mine", done="kept")


@router.post("/cases/break")
def take_break(visit: Annotated[Visit, allowed("see_cases")]) -> Response:
    with visit.rooms.database.write() as connection:
        review.take_break(connection, visit.actor, review.day_of(clock.now(), visit.rooms.zone))
    return visit.go("/cases/mine", done="break")
