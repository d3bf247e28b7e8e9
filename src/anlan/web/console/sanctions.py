"""Sanctions as staff follow them: what stands, what the platform has not answered, and one with all that led to it."""

from collections.abc import Callable
from typing import Annotated, Any, NamedTuple

from fastapi import APIRouter, Form, Query
from sqlalchemy import Connection
from starlette.responses import Response

from anlan import clock
from anlan.domain.ladder import with_length
from anlan.domain.notice_words import feature_title
from anlan.domain.sanctions import KINDS, LIFTABLE_STATES
from anlan.errors import AnlanError
from anlan.store.closures import find_closure
from anlan.store.member_notices import MemberNotice, notices_about
from anlan.store.platform_states import count_drifting, drifting, find_state
from anlan.store.sanction_lists import count_by_day, count_groups, count_standing_by_kind, list_group
from anlan.store.sanction_orders import Order, orders_of
from anlan.store.sanctions import Sanction, sanctions_of
from anlan.web.console.charts import filled
from anlan.web.console.gate import allowed
from anlan.web.console.shell import Visit
from anlan.web.languages import mark

router = APIRouter()
PAGE_LINES = 50
CHART_DAYS = 30
_DAY_S = 86_400.0

GROUP_TITLES = {
    "standing": mark("Standing"), "waiting": mark("Waiting for the platform"), "drift": mark("Drift"),
    "ending": mark("Ending soon"), "scheduled": mark("For later"), "refused": mark("Refused by the platform"),
    "taken_back": mark("Taken back"), "ended": mark("Over"),
}
STATE_TITLES = {
    "scheduled": mark("for later"), "ordered": mark("ordered"), "in_force": mark("in force"),
    "refused": mark("refused"), "ended": mark("over"), "lifting": mark("being lifted"),
    "reversed": mark("taken back"),
}
STATE_MARKS = {"ordered": "care", "lifting": "care", "refused": "bad", "in_force": "good"}
DRIFT_TITLES = {
    "missing": mark("not in force on the platform"), "over": mark("still in force on the platform"),
    "end": mark("ends at another time on the platform"), "foreign": mark("never ordered here"),
}
Words = Annotated[str, Form(max_length=2_000)]


class Moment(NamedTuple):
    """One line of what happened to a sanction."""

    at: float
    what: str
    by: str = ""
    detail: str = ""
    is_bad: bool = False


@router.get("/sanctions")
def show_sanctions(
    visit: Annotated[Visit, allowed("see_sanctions")], group: str = "standing", target: str = "",
    page: Annotated[int, Query(ge=1)] = 1,
) -> Response:
    now, chosen = clock.now(), group if group in GROUP_TITLES else "standing"
    with visit.rooms.database.read() as connection:
        counts = count_groups(connection, now) | {"drift": count_drifting(connection)}
        states = drifting(connection) if chosen == "drift" else []
        rows = [] if chosen == "drift" else list_group(
            connection, chosen, now, PAGE_LINES + 1, (page - 1) * PAGE_LINES, target.strip()
        )
        by_day = count_by_day(connection, now - CHART_DAYS * _DAY_S)
        by_kind = count_standing_by_kind(connection)
    return visit.page(
        "console/sanctions.html", rows=rows[:PAGE_LINES], has_more=len(rows) > PAGE_LINES, states=states,
        group=chosen, target=target.strip(), page=page, now=now, points=_points(by_day, now), by_kind=by_kind,
        groups={name: (title, counts[name]) for name, title in GROUP_TITLES.items()}, drift_titles=DRIFT_TITLES,
        **words(),
    )


def words() -> dict[str, Any]:
    """What every page about sanctions names things by."""
    return {
        "sanction_kinds": KINDS, "state_titles": STATE_TITLES, "state_marks": STATE_MARKS,
        "feature_title": feature_title, "with_length": with_length,
    }


def _points(by_day: list[tuple[float, int, int]], now: float) -> list[tuple[float, int, int]]:
    """Every day of the last month with how many were ordered and how many of them were taken back; empty without."""
    if not by_day:
        return []
    today = now // _DAY_S * _DAY_S
    known = {day: ordered for day, ordered, _ in by_day}
    undone = {day: of_them for day, _, of_them in by_day}
    ends = {today - (CHART_DAYS - 1) * _DAY_S: 0, today: 0}
    return [(day, ordered, undone.get(day, 0)) for day, ordered in filled((ends | known).items(), _DAY_S)]


@router.get("/sanctions/{sanction_id}")
def show_sanction(visit: Annotated[Visit, allowed("see_sanctions")], sanction_id: str) -> Response:
    return _draw(visit, sanction_id)


def _draw(visit: Visit, sanction_id: str, *, problem: str = "", answer: int = 200, reason: str = "") -> Response:
    with visit.rooms.database.read() as connection:
        sanction = visit.rooms.sanctions.get(connection, sanction_id)
        orders = orders_of(connection, sanction_id)
        told = notices_about(connection, visit.rooms.database.vault, sanction_id)
        others = [one for one in sanctions_of(connection, sanction.target) if one.id != sanction_id]
        closure = find_closure(connection, sanction.closure_id) if sanction.closure_id else None
        state = find_state(connection, sanction.target)
    found = state.differences if state else ()
    return visit.page(
        "console/sanction.html", answer=answer, one=sanction, orders=orders, told=told, others=others, closure=closure,
        timeline=_timeline(visit, sanction, orders, told), problem=problem, reason=reason, now=clock.now(),
        differences=[one for one in found if one.sanction_id == sanction_id], drift_titles=DRIFT_TITLES,
        rule=visit.rooms.sanctions.ladder.rule(sanction.category), may_lift=sanction.state in LIFTABLE_STATES,
        **words(),
    )


def _timeline(
    visit: Visit, sanction: Sanction, orders: list[Order], told: list[MemberNotice]
) -> list[Moment]:
    say = visit.language.say
    found = [Moment(sanction.ordered_at, say("Ordered"), sanction.ordered_by)]
    for order in orders:
        act = say("Sent to the platform") if order.act == "apply" else say("The platform told to lift it")
        found.append(Moment(order.sent_at, act, "", say("revision {n}", n=order.revision)))
        if order.answered_at is not None and not order.is_superseded:
            is_bad = order.answer == "refused"
            answered = say("The platform refused") if is_bad else say("The platform confirmed")
            found.append(Moment(order.answered_at, answered, "", order.detail, is_bad))
    for notice in told:
        found.append(Moment(notice.at, say("Notice to {who}", who=notice.account)))
        if notice.read_at is not None:
            found.append(Moment(notice.read_at, say("Opened by {who}", who=notice.account)))
    if sanction.lifted_at is not None:
        why, by = sanction.lift_reason or "", sanction.lifted_by or ""
        found.append(Moment(sanction.lifted_at, say("Taken back"), by, why))
    if sanction.state == "ended" and sanction.ends_at is not None:
        found.append(Moment(sanction.ends_at, say("Ran out")))
    return sorted(found, key=lambda moment: moment.at)


@router.post("/sanctions/{sanction_id}/lift")
def lift(visit: Annotated[Visit, allowed("lift_sanctions")], sanction_id: str, reason: Words = "") -> Response:
    """Take it back with all its effects."""
    def act(connection: Connection) -> None:
        visit.rooms.sanctions.lift(connection, sanction_id, visit.actor, reason, clock.now())

    return _act(visit, sanction_id, act, reason)


@router.post("/sanctions/{sanction_id}/correct")
def correct(visit: Annotated[Visit, allowed("lift_sanctions")], sanction_id: str, reason: Words = "") -> Response:
    """They did not run the group: take it back and take them off the roster."""
    def act(connection: Connection) -> None:
        visit.rooms.closures.correct(connection, sanction_id, visit.actor, reason, clock.now())

    return _act(visit, sanction_id, act, reason)


@router.post("/sanctions/{sanction_id}/send")
def send_again(visit: Annotated[Visit, allowed("order_sanctions")], sanction_id: str) -> Response:
    """Tell the platform once more what holds."""
    def act(connection: Connection) -> None:
        visit.rooms.platform_answers.send_again(connection, sanction_id, visit.actor, clock.now())

    return _act(visit, sanction_id, act)


def _act(visit: Visit, sanction_id: str, act: Callable[[Connection], None], reason: str = "") -> Response:
    try:
        with visit.rooms.database.write() as connection:
            act(connection)
    except AnlanError as error:
        if error.status == 404:
            raise
        return _draw(visit, sanction_id, problem=visit.tell(error), answer=error.status, reason=reason)
    return visit.go(f"/sanctions/{sanction_id}", done="yes")
