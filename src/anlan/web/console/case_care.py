"""What keeps judging good: settings of queues, checks with known answers, tickets, and how far people agree."""

from typing import Annotated

from fastapi import APIRouter, Form
from starlette.responses import Response

from anlan import clock
from anlan.desk.agreement import measure
from anlan.desk.routing import FIELDS
from anlan.domain.cases import ANSWERS
from anlan.errors import AnlanError
from anlan.store import review
from anlan.store.queues import Queue, all_queues, loads
from anlan.web.console.gate import allowed
from anlan.web.console.shell import Visit

router = APIRouter()
DAY_S = 86_400.0
Text = Annotated[str, Form(max_length=4_000)]
Word = Annotated[str, Form(max_length=80)]


@router.get("/cases/queues")
def show_settings(visit: Annotated[Visit, allowed("write_queues")], name: str = "") -> Response:
    return _settings(visit, name=name)


def _settings(visit: Visit, *, name: str = "", filled: Queue | None = None, problem: str = "") -> Response:
    with visit.rooms.database.read() as connection:
        set_up = all_queues(connection)
        names = {one.name for one in set_up}
        waiting = [one for one in loads(connection, clock.now()) if one not in names]
    chosen = filled or next((one for one in set_up if one.name == name), Queue(name=name))
    return visit.page(
        "console/case_queues.html", answer=422 if problem else 200, queues=set_up, not_set_up=waiting, chosen=chosen,
        problem=problem, fields=sorted(FIELDS),
    )


@router.post("/cases/queues")
def set_up(
    visit: Annotated[Visit, allowed("write_queues")],
    name: Word, title_zh: Word, title_en: Word,
    second_percent: Annotated[float, Form(ge=0, le=100)], golden_percent: Annotated[float, Form(ge=0, le=50)],
    service_hours: Annotated[float, Form(gt=0, le=2_160)], claim_minutes: Annotated[int, Form(ge=1, le=240)],
    ordinal: Annotated[int, Form(ge=0, le=10_000)] = 100, condition: Text = "", priority: Word = "",
    is_blind: bool = Form(default=False), is_working_time: bool = Form(default=False),
    is_paused: bool = Form(default=False),
) -> Response:
    queue = Queue(
        name=name.strip(), title_zh=title_zh.strip(), title_en=title_en.strip(), ordinal=ordinal,
        condition=condition.strip(), priority=int(priority) if priority in set("12345") else None, is_blind=is_blind,
        second_share=second_percent / 100, golden_share=golden_percent / 100, service_hours=service_hours,
        is_working_time=is_working_time, claim_minutes=claim_minutes, is_paused=is_paused,
    )
    try:
        visit.rooms.routing.set_up(queue, visit.actor)
    except AnlanError as error:
        return _settings(visit, filled=queue, problem=visit.tell(error))
    return visit.go("/cases/queues", name=queue.name, done="kept")


@router.get("/cases/golden")
def show_golden(visit: Annotated[Visit, allowed("write_queues")]) -> Response:
    return _golden(visit)


def _golden(visit: Visit, problem: str = "") -> Response:
    with visit.rooms.database.read() as connection:
        items = review.golden_list(connection)
    return visit.page(
        "console/case_golden.html", answer=422 if problem else 200, items=items, answers=ANSWERS, problem=problem
    )


@router.post("/cases/golden")
def make_golden(
    visit: Annotated[Visit, allowed("write_queues")], case: Word, answer: Word, note: Text = ""
) -> Response:
    try:
        visit.rooms.checks.make(case.strip(), answer, note, visit.actor, clock.now())
    except AnlanError as error:
        return _golden(visit, visit.tell(error))
    return visit.go("/cases/golden")


@router.post("/cases/golden/{item_id}/retire")
def retire_golden(visit: Annotated[Visit, allowed("write_queues")], item_id: str) -> Response:
    visit.rooms.checks.retire(item_id, visit.actor)
    return visit.go("/cases/golden")


@router.get("/cases/tickets")
def show_tickets(visit: Annotated[Visit, allowed("write_queues")]) -> Response:
    with visit.rooms.database.read() as connection:
        open_ones = review.tickets(connection, is_open=True)
        settled = review.tickets(connection, is_open=False, limit=50)
    return visit.page("console/case_tickets.html", open_ones=open_ones, settled=settled)


@router.post("/cases/tickets/{ticket_id}")
def settle(visit: Annotated[Visit, allowed("write_queues")], ticket_id: str, note: Text) -> Response:
    visit.rooms.checks.settle(ticket_id, visit.actor, note, clock.now())
    return visit.go("/cases/tickets")


@router.get("/cases/agreement")
def show_agreement(visit: Annotated[Visit, allowed("see_figures")], days: int = 30) -> Response:
    days = min(max(days, 1), 365)
    with visit.rooms.database.read() as connection:
        measures = measure(connection, clock.now() - days * DAY_S)
    return visit.page("console/case_agreement.html", measures=measures, days=days)
