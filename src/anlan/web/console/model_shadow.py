"""Text models made from judgements: what the one in shadow would change, who lets it into force, and the way back."""

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Form, Query
from starlette.responses import Response

from anlan import clock
from anlan.desk.drift import ALARM, MIN_EVENTS, Drift, DriftReport
from anlan.desk.judged_texts import judged_texts, texts_of
from anlan.desk.model_diff import Diff, compare, likeliest
from anlan.desk.model_life import MIN_COMPARED, Measured
from anlan.domain.text_scores import TEXT_CATEGORIES, Compared
from anlan.errors import AnlanError, TookTooLong
from anlan.store import audit
from anlan.store.text_models import TextModelRow
from anlan.web.console.gate import allowed
from anlan.web.console.shell import Visit
from anlan.web.languages import mark

router = APIRouter()

PATH = "/model/candidates"
DEFAULT_THRESHOLD = 0.7
SHOWN_DRIFTS = 24
_DONE = {
    "shadow": mark("In shadow: it scores along and changes nothing."),
    "stopped": mark("Taken out of shadow."),
    "promoted": mark("In force: decisions name it from now on."),
    "back": mark("Rolled back: the model before it is in force again."),
}
Threshold = Annotated[float, Query(ge=0.01, le=0.99)]


@router.get(PATH)
def show_models(
    visit: Annotated[Visit, allowed("see_signals")], threshold: Threshold = DEFAULT_THRESHOLD, done: str = ""
) -> Response:
    return _draw(visit, threshold, done=_DONE.get(done, ""))


@router.post(PATH + "/texts")
def reveal(
    visit: Annotated[Visit, allowed("see_personal")],
    threshold: Annotated[float, Form(ge=0.01, le=0.99)] = DEFAULT_THRESHOLD,
) -> Response:
    """Show members' texts once, in the answer itself; every look writes its own audit row first."""
    shadow = visit.rooms.models.book.standing("shadow")
    with visit.rooms.database.write() as connection:
        audit.note(connection, visit.actor, "model.personal", shadow.version if shadow else "", {})
    return _draw(visit, threshold, is_revealed=True)


@router.post(PATH + "/{version}/shadow")
def put_in_shadow(
    visit: Annotated[Visit, allowed("write_models")], version: str,
    share: Annotated[int, Form(ge=1, le=100)] = 20,
) -> Response:
    return _move(visit, "shadow", lambda: visit.rooms.models.book.shadow(version, visit.actor, share / 100))


@router.post(PATH + "/{version}/stop")
def stop(visit: Annotated[Visit, allowed("write_models")], version: str) -> Response:
    return _move(visit, "stopped", lambda: visit.rooms.models.book.stop(version, visit.actor))


@router.post(PATH + "/{version}/promote")
def promote(visit: Annotated[Visit, allowed("approve_models")], version: str) -> Response:
    return _move(visit, "promoted", lambda: visit.rooms.models.promote(version, visit.actor))


@router.post(PATH + "/{version}/rollback")
def roll_back(
    visit: Annotated[Visit, allowed("write_models")], version: str,
    why: Annotated[str, Form(max_length=1000)] = "",
) -> Response:
    return _move(visit, "back", lambda: visit.rooms.models.book.roll_back(version, visit.actor, why.strip()))


def _move(visit: Visit, done: str, move: Callable[[], object]) -> Response:
    """Do it, let the engine know, and say so; what stands in its way is said on the page."""
    try:
        move()
        visit.rooms.reload_models()
    except AnlanError as error:
        return _draw(visit, problem=visit.tell(error))
    return visit.go(PATH, done=done)


def _draw(
    visit: Visit, threshold: float = DEFAULT_THRESHOLD, *, done: str = "", problem: str = "", is_revealed: bool = False
) -> Response:
    rooms = visit.rooms
    models = rooms.models.book.all()
    shadow = next((one for one in models if one.state == "shadow"), None)
    return visit.page(
        "console/model_shadow.html", answer=409 if problem else 200, models=models, shadow=shadow,
        in_force=rooms.models.in_force, judgements=rooms.judgements.counts(), threshold=threshold,
        categories=TEXT_CATEGORIES, done=visit.language.say(done), problem=problem, is_revealed=is_revealed,
        min_compared=MIN_COMPARED, why_not=_why_not(visit, shadow), **_diff_of(visit, shadow, threshold, is_revealed),
        **_drift_of(visit),
    )


def _why_not(visit: Visit, shadow: TextModelRow | None) -> str:
    """What stands in the way of this reader's promoting it; empty for nothing."""
    if shadow is None:
        return ""
    if shadow.shadowed_by == visit.actor:
        return visit.language.say("You put it into shadow, so somebody else must let it into force.")
    if not visit.can("approve_models"):
        return visit.language.say("An analyst who did not put it into shadow can let it into force.")
    return ""


def _diff_of(visit: Visit, shadow: TextModelRow | None, threshold: float, is_revealed: bool) -> dict[str, Any]:
    nothing: dict[str, Any] = {"diff": None, "measured": None, "changed": []}
    if shadow is None:
        return nothing
    rooms = visit.rooms
    diff = compare(rooms.models.scores.read(shadow.version), threshold)
    judged = judged_texts(rooms.database, rooms.journal, rooms.engine.registry.catalogue)
    measured: Measured = rooms.models.measure(judged)
    return {"diff": diff, "measured": measured, "changed": _changed(visit, diff, is_revealed)}


def _changed(visit: Visit, diff: Diff, is_revealed: bool) -> list[tuple[str, int, list[Mapping[str, Any]]]]:
    """(title, how many, the most changed ones) for texts that newly reach the threshold, then for the others."""
    rooms = visit.rooms
    keys = [one.key for one in (*diff.caught, *diff.passed)] if is_revealed else []
    texts = texts_of(keys, rooms.journal, rooms.engine.registry.catalogue)
    return [
        (visit.language.say("Newly found"), diff.caught_count, _lines(diff.caught, texts)),
        (visit.language.say("Newly passed"), diff.passed_count, _lines(diff.passed, texts)),
    ]


def _lines(pairs: Sequence[Compared], texts: Mapping[str, str]) -> list[Mapping[str, Any]]:
    return [
        {
            "key": one.key, "text": texts.get(one.key), "time": one.time,
            "old": TEXT_CATEGORIES[likeliest(one.old)], "old_score": max(one.old[1:]),
            "new": TEXT_CATEGORIES[likeliest(one.new)], "new_score": max(one.new[1:]),
        }
        for one in pairs
    ]


def _drift_of(visit: Visit) -> dict[str, Any]:
    try:
        report: DriftReport | None = visit.rooms.drift.report(visit.rooms.models.in_force, clock.now())
    except TookTooLong:
        report = None
    drifts: Sequence[Drift] = report.drifts[:SHOWN_DRIFTS] if report else ()
    return {"report": report, "drifts": drifts, "alarm": ALARM, "min_events": MIN_EVENTS}
