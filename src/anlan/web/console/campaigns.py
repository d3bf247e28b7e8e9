"""Campaigns in the console: proposed, approved by somebody else, watched day by day, and stopped."""

from collections import Counter
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Form, Query
from starlette.responses import Response

from anlan import clock
from anlan.desk.bulletins import published
from anlan.desk.campaigns import DAY_S, NewCampaign
from anlan.domain.campaigns import TARGETS
from anlan.errors import AnlanError, InvalidRequest
from anlan.store import bulletins as told
from anlan.store.campaigns import Campaign, find_campaign, list_campaigns, taken_at
from anlan.web.console.gate import allowed
from anlan.web.console.policy_drafts import DEFAULT_EVENT
from anlan.web.console.shell import Visit
from anlan.web.languages import mark

router = APIRouter()

Short = Annotated[str, Form(max_length=120)]
Long = Annotated[str, Form(max_length=4_000)]
Count = Annotated[int, Form(ge=0, le=10_000_000)]
SHOWN_DAYS = 92
_DONE = {
    "proposed": mark("Proposed. It begins when somebody else approves it and its time comes."),
    "approved": mark("Approved."),
    "stopped": mark("Stopped."),
}


@router.get("/campaigns")
def show_campaigns(visit: Annotated[Visit, allowed("see_figures")]) -> Response:
    with visit.rooms.database.read() as connection:
        found = list_campaigns(connection)
        counts = {one.id: len(taken_at(connection, one.id)) for one in found}
    return visit.page("console/campaigns.html", found=found, counts=counts)


@router.get("/campaigns/new")
def write_campaign(visit: Annotated[Visit, allowed("write_campaigns")]) -> Response:
    start = visit.language.midnight(clock.now()) + DAY_S
    values = {"on": [DEFAULT_EVENT], "widened_per_day": 0, "starts": start, "ends": start + 14 * DAY_S}
    return _draw_form(visit, values)


def _draw_form(visit: Visit, values: dict[str, Any], problem: str = "", looked: Any = None) -> Response:
    texts = ("title_zh", "title_en", "why", "scope", "widened", "queue")
    return visit.page(
        "console/campaign_new.html", answer=422 if problem else 200, problem=problem, looked=looked,
        values={**dict.fromkeys(texts, ""), "targets": {}, **values}, targets=TARGETS,
        type_choices=[entry.name for entry in visit.rooms.engine.registry.catalogue],
        signals=visit.rooms.usable_signals(), local=lambda seconds: _local(visit, seconds),
    )


@router.post("/campaigns/new")
def propose(
    visit: Annotated[Visit, allowed("write_campaigns")],
    on: Annotated[list[str], Form(max_length=20)],
    starts: Short,
    ends: Short,
    title_zh: Short = "",
    title_en: Short = "",
    why: Long = "",
    scope: Long = "",
    widened: Long = "",
    widened_per_day: Count = 0,
    queue: Annotated[str, Form(max_length=64)] = "",
    cases: Count = 0,
    groups: Count = 0,
    accounts: Count = 0,
    content: Count = 0,
    act: Annotated[str, Form(pattern="^(propose|look)$")] = "propose",
) -> Response:
    """Keep the draft, or look back at last week with its scope and keep nothing."""
    aimed = {"cases": cases, "groups": groups, "accounts": accounts, "content": content}
    values: dict[str, Any] = {
        "title_zh": title_zh.strip(), "title_en": title_en.strip(), "why": why.strip(), "scope": scope.strip(),
        "widened": widened.strip(), "widened_per_day": widened_per_day, "queue": queue.strip(),
        "targets": {name: count for name, count in aimed.items() if count},
    }
    shown = {**values, "on": on, "starts": clock.now(), "ends": clock.now()}
    try:
        starts_at, ends_at = _moment(visit, starts), _moment(visit, ends)
        shown |= {"starts": starts_at, "ends": ends_at}
        if act == "look":
            looked = visit.rooms.campaigns.look_back(values["scope"], tuple(on), clock.now())
            return _draw_form(visit, shown, looked=looked)
        new = NewCampaign(**values, event_types=tuple(on), starts_at=starts_at, ends_at=ends_at)
        campaign_id = visit.rooms.campaigns.propose(new, visit.actor, clock.now())
    except AnlanError as error:
        return _draw_form(visit, shown, visit.tell(error))
    return visit.go(f"/campaigns/{campaign_id}", done="proposed")


def _local(visit: Visit, seconds: float) -> str:
    return clock.to_datetime(seconds).astimezone(visit.language.zone).strftime("%Y-%m-%dT%H:%M")


def _moment(visit: Visit, text: str) -> float:
    """What a field for day and time sent, in the reader's zone."""
    try:
        return datetime.strptime(text, "%Y-%m-%dT%H:%M").replace(tzinfo=visit.language.zone).timestamp()
    except ValueError as error:
        raise InvalidRequest("give day and time of start and end", zh="请填写开始和结束的日期与时间") from error


@router.get("/campaigns/{campaign_id}")
def show_campaign(
    visit: Annotated[Visit, allowed("see_figures")], campaign_id: str, done: Annotated[str, Query(max_length=20)] = ""
) -> Response:
    return _draw(visit, campaign_id, done=visit.language.say(_DONE.get(done, "")))


def _draw(visit: Visit, campaign_id: str, done: str = "", problem: str = "") -> Response:
    now = clock.now()
    with visit.rooms.database.read() as connection:
        campaign = find_campaign(connection, campaign_id)
        moments = taken_at(connection, campaign_id)
        versions = told.bulletins_of(connection, campaign_id)
        questions = told.questions_of(connection, campaign_id)
    has_begun = campaign.state in ("running", "ended")
    return visit.page(
        "console/campaign.html", answer=409 if problem else 200, campaign=campaign, done=done, problem=problem,
        figures=visit.rooms.campaigns.figures(campaign, now) if has_begun else None,
        days=_by_day(visit, campaign, moments, now), versions=versions, public=published(versions),
        questions=questions, may=_moves(visit, campaign), now=now,
    )


def _by_day(visit: Visit, campaign: Campaign, moments: list[float], now: float) -> list[tuple[float, int]]:
    """Cases taken in on each day of the reader's zone, from the first to today or the last."""
    if campaign.starts_at > now or campaign.state not in ("running", "ended"):
        return []
    midnight = visit.language.midnight
    counts = Counter(midnight(at) for at in moments)
    last = midnight(max([min(now, campaign.ends_at), *moments[-1:]]))
    days: list[float] = []
    day = midnight(campaign.starts_at)
    while day <= last and len(days) < SHOWN_DAYS:
        days.append(day)
        day = midnight(day + 1.5 * DAY_S)  # noon or so of the next day, whatever the clocks do
    return [(one, counts[one]) for one in days]


def _moves(visit: Visit, campaign: Campaign) -> dict[str, bool]:
    is_draft, may_write = campaign.state == "draft", visit.can("write_campaigns")
    return {
        "approve": is_draft and visit.can("approve_campaigns") and campaign.author != visit.actor,
        "is_own": is_draft and campaign.author == visit.actor,
        "stop": may_write and campaign.state in ("draft", "approved", "running"),
        "tell": may_write and campaign.state in ("running", "ended"),
        "publish": visit.can("approve_campaigns"),
    }


@router.post("/campaigns/{campaign_id}/approve")
def approve(visit: Annotated[Visit, allowed("approve_campaigns")], campaign_id: str) -> Response:
    try:
        visit.rooms.campaigns.approve(campaign_id, visit.actor, clock.now())
    except AnlanError as error:
        return _draw(visit, campaign_id, problem=visit.tell(error))
    return visit.go(f"/campaigns/{campaign_id}", done="approved")


@router.post("/campaigns/{campaign_id}/stop")
def stop(visit: Annotated[Visit, allowed("write_campaigns")], campaign_id: str) -> Response:
    try:
        visit.rooms.campaigns.stop(campaign_id, visit.actor, clock.now())
    except AnlanError as error:
        return _draw(visit, campaign_id, problem=visit.tell(error))
    return visit.go(f"/campaigns/{campaign_id}", done="stopped")
