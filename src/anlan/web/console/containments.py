"""Contained accounts as staff follow them: which stand, what was done in each, opening one by hand, ending it."""

from typing import Annotated, Any

from fastapi import APIRouter, Form
from starlette.responses import Response

from anlan import clock
from anlan.center.safety import Ending
from anlan.domain.containment import step_title
from anlan.errors import AnlanError, InvalidRequest
from anlan.store import audit
from anlan.store.containments import Step, list_containments, steps_of
from anlan.web.console.gate import allowed
from anlan.web.console.shell import Visit
from anlan.web.languages import Language, mark

router = APIRouter()

NAMED = ("message", "recipient", "group", "from", "other", "payee", "contact", "device", "session")
"""Details of steps that name something, in the order in which staff read them."""
GROUND_TITLES = {
    "owner": mark("Said by the owner"), "staff": mark("Seen by staff"), "policy": mark("Seen by a policy"),
    "platform": mark("Said by the platform"), "partner": mark("Said by a partner"),
}
STATE_TITLES = {
    "standing": mark("contained"), "lifted": mark("lifted"), "false_alarm": mark("false alarm"),
}
STATE_MARKS = {"standing": "care", "lifted": "good", "false_alarm": ""}
ANSWER_TITLES = {
    ("do", "waiting"): mark("waits for the platform"), ("do", "done"): mark("carried out"),
    ("do", "refused"): mark("not carried out"), ("undo", "waiting"): mark("being put back"),
    ("undo", "done"): mark("put back"), ("undo", "refused"): mark("not put back"),
}
ANSWER_MARKS = {"waiting": "care", "done": "good", "refused": "bad"}
HOURS = {1: mark("the last hour"), 24: mark("the last day"), 72: mark("the last three days")}

Name = Annotated[str, Form(max_length=128)]
Reason = Annotated[str, Form(max_length=2_000)]


@router.get("/containments")
def show_containments(visit: Annotated[Visit, allowed("see_accounts")], account: str = "") -> Response:
    return _draw_list(visit, account=account)


def _draw_list(visit: Visit, *, account: str = "", problem: str = "", answer: int = 200) -> Response:
    with visit.rooms.database.read() as connection:
        rows = list_containments(connection)
    return visit.page(
        "console/containments.html", answer=answer, rows=rows, account=account, problem=problem, hours=HOURS, **_words()
    )


@router.post("/containments/open")
def open_by_hand(
    visit: Annotated[Visit, allowed("contain_accounts")], account: Annotated[str, Form(max_length=128)],
    reason: Reason, hours: Annotated[int, Form(ge=1, le=72)] = 24, device: Name = "", session: Name = "",
) -> Response:
    """Contain an account; who did it and why is in the audit log."""
    now, name = clock.now(), account.strip().removeprefix("account:")
    try:
        if not (name and name.isprintable() and reason.strip()):
            raise InvalidRequest(mark("Name the account, and say why."))
        with visit.rooms.database.write() as connection:
            containment_id = visit.rooms.containments.open(
                connection, f"account:{name}", "staff", now, by=visit.actor, since=now - hours * 3_600.0,
                device=device.strip() or None, session=session.strip() or None,
            )
            audit.note(connection, visit.actor, "containment.ask", containment_id, {"reason": reason.strip()})
    except AnlanError as error:
        return _draw_list(visit, account=name, problem=visit.tell(error), answer=error.status)
    return visit.go(f"/containments/{containment_id}")


@router.get("/containments/{containment_id}")
def show_containment(visit: Annotated[Visit, allowed("see_accounts")], containment_id: str) -> Response:
    return _draw(visit, containment_id)


def _draw(visit: Visit, containment_id: str, *, problem: str = "", reason: str = "", answer: int = 200) -> Response:
    database = visit.rooms.database
    with database.read() as connection:
        one = visit.rooms.containments.get(connection, containment_id)
        steps = steps_of(connection, database.vault, containment_id)
    return visit.page(
        "console/containment.html", answer=answer, one=one, steps=_alike(steps, visit.language), problem=problem,
        reason=reason, step_words=_step_words, subject_of=_subject, **_words(),
    )


@router.post("/containments/{containment_id}/end")
def end_containment(
    visit: Annotated[Visit, allowed("contain_accounts")], containment_id: str, ending: Annotated[Ending, Form()],
    reason: Reason,
) -> Response:
    """Lift it, or put everything back because there was no thief."""
    try:
        with visit.rooms.database.write() as connection:
            visit.rooms.containments.lift(
                connection, containment_id, visit.actor, reason, clock.now(), is_false_alarm=ending == "false_alarm"
            )
    except AnlanError as error:
        return _draw(visit, containment_id, problem=visit.tell(error), reason=reason, answer=error.status)
    return visit.go(f"/containments/{containment_id}", done="1")


def _words() -> dict[str, Any]:
    return {
        "ground_titles": GROUND_TITLES, "state_titles": STATE_TITLES, "state_marks": STATE_MARKS,
        "answer_titles": ANSWER_TITLES, "answer_marks": ANSWER_MARKS,
    }


def _alike(steps: list[Step], language: Language) -> list[list[Step]]:
    """The steps that say the same and stand the same together, in the order of the first of each."""
    found: dict[tuple[str, str, str], list[Step]] = {}
    for step in steps:
        found.setdefault((_step_words(step, language), step.act, step.answer), []).append(step)
    return list(found.values())


def _step_words(step: Step, language: Language) -> str:
    return language.pick(step_title(step.kind, step.act, step.details))


def _subject(step: Step, language: Language) -> str:
    """What a step is about, an event only where nothing else names it; phones and mail stay with the platform."""
    said = step.details
    named = [str(said[name]) for name in NAMED if said.get(name)]
    if said.get("amount_minor") is not None:
        named.append(language.amount(said["amount_minor"], said.get("currency") or "CNY"))
    return " · ".join(named) or str(said.get("event") or "")
