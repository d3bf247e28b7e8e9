"""A member's alerts: what they were warned of, why, what to do and whom to call, and what they make of it."""

from typing import Annotated

from fastapi import APIRouter, Form, Path
from starlette.responses import Response

from anlan import clock
from anlan.domain.alert_messages import words_of
from anlan.domain.alerts import AlertAnswer, QuietHours
from anlan.domain.errands import ErrandKind
from anlan.domain.scenarios import Scenario, Strength
from anlan.store.alerts import Alert, alerts_of, keep_quiet_hours, quiet_hours_of
from anlan.store.circle_warnings import warnings_of_alert
from anlan.store.circles import names_by
from anlan.store.errands import errand_about
from anlan.store.transfers import waiting_transfers
from anlan.web.languages import mark
from anlan.web.pages import errands
from anlan.web.pages.gate import OwnVisit
from anlan.web.pages.shell import Card, MemberVisit

router = APIRouter()

PATH = "/me/alerts"
FRESH_S = 3 * 86_400.0
"""So long an alert that nobody has opened waits on the first page."""

STRENGTHS: dict[Strength, str] = {
    "hint": mark("A word of caution"), "banner": mark("Warning"), "stop": mark("Stop and think"),
}
ANSWERS: dict[AlertAnswer, str] = {
    "stopped": mark("I have stopped"), "went_on": mark("I went on all the same"),
    "helped": mark("This helped me"), "wrong": mark("This was wrong"), "dismissed": mark("Not interested"),
}
SAID: dict[AlertAnswer, str] = {
    "stopped": mark("Well done. Keep what they sent you, and tell somebody you trust."),
    "went_on": mark("Noted. If anything feels odd, stop and call one of the lines below: it is never too late to ask."),
    "helped": mark("Thank you. That helps us to warn others in time."),
    "wrong": mark("Thank you, and sorry. For two weeks we say nothing like it about the same person, and the team that "
                  "writes these warnings hears of it."),
    "dismissed": mark("All right. Such warnings come more rarely now. Before money moves we still say a word."),
}

AlertId = Annotated[str, Path(pattern=r"^alert_[0-9a-f]{24}$")]
TimeOfDay = Annotated[str, Form(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]


@router.get(PATH)
def show_alerts(visit: OwnVisit, done: str = "") -> Response:
    """What this member was warned of, newest first, and when they want quiet."""
    with visit.rooms.database.read() as connection:
        mine = alerts_of(connection, visit.account)
        quiet = quiet_hours_of(connection, [visit.account]).get(visit.account, QuietHours())
    return visit.page(
        "pages/alerts.html", alerts=mine, scenarios=visit.rooms.alerts.scenarios, strengths=STRENGTHS, answers=ANSWERS,
        start=_time_of_day(quiet.start), end=_time_of_day(quiet.end), has_quiet=quiet.start != quiet.end, done=done,
    )


@router.post(PATH + "/quiet")
def choose_quiet_hours(visit: OwnVisit, start: TimeOfDay, end: TimeOfDay, is_on: Annotated[bool, Form()]) -> Response:
    """Say when nothing but what cannot wait may come."""
    chosen = QuietHours(_minute(start), _minute(end)) if is_on else QuietHours(0, 0)
    with visit.rooms.database.write() as connection:
        keep_quiet_hours(connection, visit.account, chosen, clock.now())
    return visit.go(PATH, done="quiet")


@router.get(PATH + "/{alert_id}")
def show_alert(visit: OwnVisit, alert_id: AlertId) -> Response:
    """One alert; that it was opened is noted."""
    found = visit.rooms.alerts.open(visit.account, alert_id, clock.now())
    scenario = visit.rooms.alerts.scenarios.get(found.scenario)
    with visit.rooms.database.read() as connection:
        told = warnings_of_alert(connection, visit.rooms.database.vault, found.id, visit.account)
        names = names_by(connection, visit.rooms.database.vault, visit.account) if told else {}
        block = errand_about(connection, visit.account, "block", found.other)
        freeze = errand_about(connection, visit.account, "freeze", found.other)
        waiting = [one for one in waiting_transfers(connection, visit.account) if one.event_seq == found.event_seq]
    return visit.page(
        "pages/alert.html", one=found, told=told, names=names, scenario=scenario,
        words=scenario and _words(found, scenario),
        lines=visit.rooms.hotlines.pick(scenario.hotlines) if scenario else [], strengths=STRENGTHS, answers=ANSWERS,
        said=SAID, other=errands.name_other(visit, found.other), waiting=waiting, block=block, freeze=freeze,
        asked=errands.TOLD,
    )


@router.post(PATH + "/{alert_id}/answer")
def take_answer(visit: OwnVisit, alert_id: AlertId, answer: Annotated[AlertAnswer, Form()]) -> Response:
    visit.rooms.alerts.answer(visit.account, alert_id, answer, clock.now())
    return visit.go(f"{PATH}/{alert_id}")


@router.post(PATH + "/{alert_id}/{kind}")
def ask_platform(visit: OwnVisit, alert_id: AlertId, kind: ErrandKind) -> Response:
    """Have whom it is about blocked, or money stopped that went to them."""
    found = visit.rooms.alerts.open(visit.account, alert_id, clock.now())
    return errands.ask(visit, kind, found.other, f"{PATH}/{alert_id}")


def _words(alert: Alert, scenario: Scenario) -> dict[str, str]:
    return words_of(scenario, alert.strength, alert.arm)


def _minute(text: str) -> int:
    hours, _, minutes = text.partition(":")
    return int(hours) * 60 + int(minutes)


def _time_of_day(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def make_card(visit: MemberVisit) -> Card:
    """How many warnings wait to be read, for a member's first page."""
    with visit.rooms.database.read() as connection:
        mine = alerts_of(connection, visit.account)
    since = clock.now() - FRESH_S
    unread = sum(one.opened_at is None and one.made_at > since for one in mine)
    say = visit.language.say
    says = mark("Nothing to warn you of at the moment.")
    if unread:
        says = mark("Read this before you answer or pay anybody.")
    elif mine:
        says = mark("What we warned you of, and what you can do.")
    return Card(PATH, say("Warnings"), "alert", say(says), unread, unread > 0)
