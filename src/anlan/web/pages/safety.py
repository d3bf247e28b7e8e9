"""Somebody else was in a member's account: what happened, what is paused, what was undone, and how to go on."""

from collections.abc import Sequence
from typing import Annotated, NamedTuple

from fastapi import APIRouter, Form
from starlette.responses import Response

from anlan import clock
from anlan.center.challenges import Visitor
from anlan.center.safety import PAGE, Ending, SafetyView
from anlan.domain.containment import GROUND_WORDS, LIMITS, STEP_KINDS, step_title
from anlan.domain.masking import masked
from anlan.domain.sign_in_messages import country_name
from anlan.domain.user_agents import stored_client
from anlan.errors import AnlanError
from anlan.store.containments import Step
from anlan.store.sign_ins import sign_ins_of
from anlan.web.languages import Language, mark
from anlan.web.pages.gate import OwnVisit, stay_alone
from anlan.web.pages.proving import session_of
from anlan.web.pages.shell import Card, MemberVisit

router = APIRouter()

SHOWN_SIGN_INS = 8
COUNTED = ("end_session", "distrust_device", "take_back_message", "warn_contact")
"""Of these a page tells how many, not which."""

STATES: dict[tuple[str, str], str] = {
    ("do", "waiting"): mark("On its way"), ("do", "done"): mark("Carried out"),
    ("do", "refused"): mark("Could not be done; our staff look at it"),
    ("undo", "waiting"): mark("Being put back"), ("undo", "done"): mark("Put back"),
    ("undo", "refused"): mark("Could not be put back; our staff look at it"),
}
REASONS: dict[Ending, str] = {
    "lifted": "the owner has proved who they are", "false_alarm": "the owner has proved who they are: it was them",
}


class Line(NamedTuple):
    """One thing that was done, or several alike.

    Attributes:
        subject: which group, contact or amount; empty where there is no more to say.
        state: one of `STATES`.
    """

    title: str
    subject: str
    state: str
    times: int


class Todo(NamedTuple):
    """One step that the member should take; `path` is where, empty for nowhere here."""

    title: str
    says: str
    path: str
    is_done: bool
    is_next: bool = False


@router.get(PAGE)
def show_safety(visit: OwnVisit) -> Response:
    return _draw(visit)


def _draw(visit: MemberVisit, *, problem: str = "", answer: int = 200) -> Response:
    view = visit.rooms.safety.look(visit.account, session_of(visit), clock.now())
    with visit.rooms.database.read() as connection:
        recent = sign_ins_of(connection, visit.rooms.database.vault, visit.account, SHOWN_SIGN_INS)
    return visit.page(
        "pages/safety.html", answer=answer, problem=problem, view=view, one=view.containment,
        limits=_limits(view.steps), lines=_lines(view.steps, visit.language), todos=_todos(view, visit.language),
        grounds=GROUND_WORDS, states=STATES, recent=[one for one in recent if one.state == "entered"],
        client=stored_client, country=country_name,
    )


def _limits(steps: Sequence[Step]) -> list[tuple[dict[str, str], bool]]:
    """What is or was paused, and whether it still is."""
    return [(LIMITS[step.details["feature"]], step.act == "do") for step in steps
            if step.kind == "limit" and step.details.get("feature") in LIMITS]


def _lines(steps: Sequence[Step], language: Language) -> list[Line]:
    """What was done but for the limits, in the order of `STEP_KINDS`."""
    lines: list[Line] = []
    for kind in STEP_KINDS:
        alike = [step for step in steps if step.kind == kind and kind != "limit"]
        if kind in COUNTED:
            lines += _counted(alike, language)
        else:
            lines += [_line(step, language) for step in alike]
    return lines


def _counted(steps: Sequence[Step], language: Language) -> list[Line]:
    """One line for each state that some of them are in."""
    states = list(dict.fromkeys((step.act, step.answer) for step in steps))
    return [
        _line(alike[0], language, len(alike))
        for state in states if (alike := [step for step in steps if (step.act, step.answer) == state])
    ]


def _line(step: Step, language: Language, count: int = 1) -> Line:
    title = language.pick(step_title(step.kind, step.act, step.details))
    return Line(title, "" if step.kind in COUNTED else _subject(step, language), STATES[step.act, step.answer], count)


def _subject(step: Step, language: Language) -> str:
    said = step.details
    if step.kind == "hold_payment" and said.get("amount_minor") is not None:
        return language.amount(said["amount_minor"], said.get("currency") or "CNY")
    if step.kind == "restore_binding":
        former = str(said.get("former_phone") or said.get("former_email") or "")
        return masked(former, 4) if former else ""  # a thief may be reading too
    return str(said.get("group") or said.get("other") or "")


def _todos(view: SafetyView, language: Language) -> list[Todo]:
    if view.containment is None:
        return []
    say, is_over = language.say, view.containment.state != "standing"
    todos = [
        Todo(say("Prove that it is you"), say("With something that you set up before this happened."), "",
             is_over or view.is_proven),
        Todo(say("Choose a new password"), say("One that you use nowhere else."), "/public/password",
             view.has_new_password),
        Todo(say("Add a second step"), say("Then a password alone lets nobody in."), "/me/factors", view.has_factor),
        Todo(say("Look through your devices and sign-ins"), say("Remove what you do not know."), "/me/security",
             is_done=False),
        Todo(say("Talk to the people close to you"),
             say("We warned those who got messages. A call from you says more."), "", is_done=False),
    ]
    first = next(number for number, todo in enumerate(todos) if not todo.is_done)
    return [*todos[:first], todos[first]._replace(is_next=True), *todos[first + 1 :]]


@router.post(f"{PAGE}/alarm")
def give_alarm(visit: OwnVisit, sign_in: Annotated[str, Form(pattern="^[0-9]{0,18}$")] = "") -> Response:
    try:
        visit.rooms.safety.give_alarm(visit.account, int(sign_in) if sign_in else None, clock.now())
    except AnlanError as error:
        return _draw(visit, problem=visit.tell(error), answer=error.status)
    return stay_alone(visit.go(PAGE), visit)


@router.post(f"{PAGE}/prove")
def prove(visit: OwnVisit) -> Response:
    """To the page that asks for the proof; it leads back here."""
    client = visit.request.client
    agent = visit.request.headers.get("user-agent", "")[:512]
    visitor = Visitor(session=session_of(visit), ip=client.host if client else "", agent=agent)
    try:
        started = visit.rooms.safety.prove(visit.account, visitor, clock.now())
    except AnlanError as error:
        return _draw(visit, problem=visit.tell(error), answer=error.status)
    return visit.go(started.path)


@router.post(f"{PAGE}/end")
def end(visit: OwnVisit, ending: Annotated[Ending, Form()]) -> Response:
    try:
        visit.rooms.safety.end(visit.account, session_of(visit), ending, REASONS[ending], clock.now())
    except AnlanError as error:
        return _draw(visit, problem=visit.tell(error), answer=error.status)
    return visit.go(PAGE)


def make_card(visit: MemberVisit) -> Card | None:
    """That the account is protected, for the member's first page; nothing while it is not."""
    found = visit.rooms.safety.look(visit.account, session_of(visit), clock.now()).containment
    if found is None or found.state != "standing":
        return None
    say = visit.language.say
    return Card(PAGE, say("Your account is protected"), "lock", say("Prove that it is you to use everything again."),
                is_pressing=True)
