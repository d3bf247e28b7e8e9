"""Ordering a sanction from a judged case, and closing a group: what would happen stands there before the button."""

from collections.abc import Mapping
from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends, Form, Request
from sqlalchemy import Connection
from starlette.responses import Response

from anlan import clock
from anlan.desk.sanctioning import Preview, Weighed, as_new, order_bulk, preview, propose_for
from anlan.desk.sanctions import NewSanction, check_reason, need_basis
from anlan.domain.ladder import HOUR_S, Ladder, Proposal, Side, proposal_on, rung_title
from anlan.errors import AnlanError, InvalidRequest
from anlan.store.sanction_bases import Basis
from anlan.web.console.gate import allowed
from anlan.web.console.sanctions import words
from anlan.web.console.shell import Visit
from anlan.web.languages import mark

router = APIRouter()
MOST_HOURS_AHEAD = 30 * 24

FLAGS = {
    "is_coordinated": mark("Done together with others"), "targets_minors": mark("Aimed at minors"),
    "has_deleted_own": mark("Taken down before anybody asked"),
}
NUMBERS = {"reach": mark("People who saw it"), "money_lost_minor": mark("Money that others lost, in minor units")}


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What the form says; `rung` is empty for what the ladder proposes."""

    rung: str = ""
    hours_ahead: int = 0
    deviation: str = ""
    removes_content: bool = False
    weighed: Weighed = Weighed()


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What would be ordered, beside what the ladder proposes; `removal` of the content, if that was asked for."""

    basis: Basis
    proposal: Proposal
    proposed_rung: str
    rung: str
    shown: Preview
    removal: NewSanction | None


@router.get("/cases/{case_id}/sanction")
def show_order(visit: Annotated[Visit, allowed("order_sanctions")], case_id: str) -> Response:
    return _draw(visit, case_id, read_wanted(visit.request.query_params))


async def _read_form(request: Request) -> Wanted:
    form = await request.form()
    return read_wanted({name: str(value) for name, value in form.items()})


@router.post("/cases/{case_id}/sanction")
def order(
    visit: Annotated[Visit, allowed("order_sanctions")], case_id: str, wanted: Annotated[Wanted, Depends(_read_form)]
) -> Response:
    """Order what the preview shows; a rung other than the proposed one needs a reason."""
    now = clock.now()
    try:
        with visit.rooms.database.write() as connection:
            plan = _plan(visit, connection, case_id, wanted, now)
            if plan.rung != plan.proposed_rung:
                check_reason(wanted.deviation)
            orders = [(case_id, new) for new in (plan.shown.new, plan.removal) if new is not None]
            made = order_bulk(connection, visit.rooms.sanctions, orders, visit.actor, now)
    except AnlanError as error:
        if error.status == 404:
            raise
        return _draw(visit, case_id, wanted, problem=visit.tell(error), answer=error.status)
    return visit.go(f"/sanctions/{made[0].id}", done="yes")


def _draw(visit: Visit, case_id: str, wanted: Wanted, *, problem: str = "", answer: int = 200) -> Response:
    plan: Plan | None = None
    try:
        with visit.rooms.database.read() as connection:
            plan = _plan(visit, connection, case_id, wanted, clock.now())
    except AnlanError as error:
        if error.status == 404:
            raise
        problem = problem or visit.tell(error)
    side = _side(plan.basis.case.target) if plan else "account"
    return visit.page(
        "console/sanction_order.html", answer=answer, case_id=case_id, plan=plan, wanted=wanted, problem=problem,
        rungs={rung.id: rung_title(rung) for rung in visit.rooms.sanctions.ladder.rungs[side]}, flags=FLAGS,
        numbers=NUMBERS, **words(),
    )


def read_wanted(said: Mapping[str, str]) -> Wanted:
    """The form, with what cannot be read left at its default."""
    return Wanted(
        rung=said.get("rung", "")[:64], hours_ahead=min(_number(said, "hours_ahead"), MOST_HOURS_AHEAD),
        deviation=said.get("deviation", "")[:2_000], removes_content=said.get("removes_content") == "yes",
        weighed=Weighed(
            is_coordinated=said.get("is_coordinated") == "yes", targets_minors=said.get("targets_minors") == "yes",
            has_deleted_own=said.get("has_deleted_own") == "yes", reach=_number(said, "reach"),
            money_lost_minor=_number(said, "money_lost_minor"),
        ),
    )


def _number(said: Mapping[str, str], name: str) -> int:
    text = said.get(name, "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 13 else 0


def _plan(visit: Visit, connection: Connection, case_id: str, wanted: Wanted, now: float) -> Plan:
    basis, ladder = need_basis(connection, case_id), visit.rooms.sanctions.ladder
    target = basis.case.target
    if target.partition(":")[0] not in ("account", "group"):
        raise InvalidRequest("this case is about no account and no group; nobody can be sanctioned for it",
                             zh="本案不是针对账号或群的案件，无法据此处罚")
    proposal = propose_for(connection, ladder, basis, target, wanted.weighed, now)
    proposed = _rung_of(ladder, _side(target), proposal)
    chosen = proposal if wanted.rung in ("", proposed) else _other(ladder, _side(target), proposal, wanted.rung)
    starts_at = now + wanted.hours_ahead * HOUR_S if wanted.hours_ahead else None
    rule = basis.case.policy or proposal.rule.category
    deviation = wanted.deviation.strip() if chosen is not proposal else ""
    new = as_new(chosen, target, rule, starts_at=starts_at, deviation=deviation)
    return Plan(
        basis=basis, proposal=proposal, proposed_rung=proposed, rung=wanted.rung or proposed,
        shown=preview(connection, new, basis, now),
        removal=_removal(visit, basis, new) if wanted.removes_content else None,
    )


def _side(target: str) -> Side:
    return "group" if target.startswith("group:") else "account"


def _rung_of(ladder: Ladder, side: Side, proposal: Proposal) -> str:
    length = proposal.length_s
    alike = (rung.id for rung in ladder.rungs[side] if rung.kind == proposal.kind
             and (None if rung.hours is None else rung.hours * HOUR_S) == length)
    return next(alike)


def _other(ladder: Ladder, side: Side, proposal: Proposal, rung_id: str) -> Proposal:
    rung = next((one for one in ladder.rungs[side] if one.id == rung_id), None)
    if rung is None:
        raise InvalidRequest("choose one of the rungs of the ladder", zh="请选择阶梯中的一级")
    return proposal_on(proposal.rule, proposal.severity, rung, proposal.strikes_before, proposal.grounds)


def _removal(visit: Visit, basis: Basis, new: NewSanction) -> NewSanction | None:
    """Of the content that the case began with; it adds no strikes of its own."""
    found = visit.rooms.journal.events([basis.case.event_key]) if basis.case.event_key else []
    if not found:
        return None
    return msgspec.structs.replace(
        new, target=f"event:{found[0].id}", kind="remove_content", feature="", length_s=None, strikes=0,
        needs_second=False,
    )


@router.get("/cases/{case_id}/close-group")
def show_closure(visit: Annotated[Visit, allowed("order_sanctions")], case_id: str) -> Response:
    return _draw_closure(visit, case_id)


def _draw_closure(visit: Visit, case_id: str, *, problem: str = "", answer: int = 200) -> Response:
    shown = None
    try:
        with visit.rooms.database.read() as connection:
            shown = visit.rooms.closures.preview(connection, case_id, clock.now())
    except AnlanError as error:
        if error.status == 404:
            raise
        problem = problem or visit.tell(error)
    return visit.page(
        "console/close_group.html", answer=answer, case_id=case_id, shown=shown, problem=problem, **words()
    )


@router.post("/cases/{case_id}/close-group")
def close_group(
    visit: Annotated[Visit, allowed("order_sanctions")], case_id: str,
    touched: Annotated[str, Form(max_length=8)] = "",
) -> Response:
    """Close it as shown; if somebody else would now be touched than the page said, look again first."""
    now = clock.now()
    try:
        with visit.rooms.database.write() as connection:
            if str(len(visit.rooms.closures.preview(connection, case_id, now).touched)) != touched:
                raise InvalidRequest("who runs the group has changed; look again",
                                     zh="群的管理者名单已变化，请重新查看")
            _, made = visit.rooms.closures.close(connection, case_id, visit.actor, now)
    except AnlanError as error:
        if error.status == 404:
            raise
        return _draw_closure(visit, case_id, problem=visit.tell(error), answer=error.status)
    return visit.go(f"/sanctions/{made[0].id}", done="yes")
