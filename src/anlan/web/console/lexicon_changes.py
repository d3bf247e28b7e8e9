"""Proposed changes of the lexicon: seen beside what they would have hit last week, approved or turned down."""

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Form, Query
from starlette.responses import Response

from anlan.desk.lexicon_preview import Preview
from anlan.domain.term_table import cells_of
from anlan.errors import AnlanError
from anlan.store import audit
from anlan.store.lexicon import Change, ChangeState, Edit
from anlan.web.console.gate import allowed
from anlan.web.console.previews import Run
from anlan.web.console.shell import Visit
from anlan.web.languages import mark

router = APIRouter()

Said = Annotated[str, Form(max_length=1000)]
SHOWN_EDITS = 200
PAGE_CHANGES = 50
_DECIDED: tuple[ChangeState, ...] = ("approved", "rejected", "withdrawn")
_DONE = {
    "proposed": mark("Proposed. It takes effect when somebody else approves it."),
    "approved": mark("Approved: messages are looked up in it from now on."),
    "rejected": mark("Turned down."),
    "withdrawn": mark("Taken back."),
}


@router.get("/lexicon/changes")
def show_changes(
    visit: Annotated[Visit, allowed("see_signals")], before: Annotated[int | None, Query(ge=1)] = None
) -> Response:
    book = visit.rooms.lexicon.book
    decided = book.changes(_DECIDED, PAGE_CHANGES, before)
    return visit.page(
        "console/lexicon_changes.html", open_changes=book.changes(("proposed",)), decided=decided,
        older=decided[-1].id if len(decided) == PAGE_CHANGES else None,
    )


@router.get("/lexicon/changes/{number}")
def show_change(visit: Annotated[Visit, allowed("see_signals")], number: int, done: str = "") -> Response:
    return _draw(visit, number, done=_DONE.get(done, ""))


def _draw(visit: Visit, number: int, *, done: str = "", problem: str = "", is_revealed: bool = False) -> Response:
    book = visit.rooms.lexicon.book
    change, edits = book.change(number), book.edits(number, SHOWN_EDITS)
    return visit.page(
        "console/lexicon_change.html",
        answer=409 if problem else 200,
        change=change, edits=[_shown(edit) for edit in edits], more=change.term_count - len(edits),
        done=visit.language.say(done), problem=problem, may=_moves(visit, change), is_revealed=is_revealed,
        **_preview_of(visit, change),
    )


def _shown(edit: Edit) -> dict[str, Any]:
    """An edit with only those cells that differ, as (column, before, after)."""
    before, after = (cells_of(term) if term else {} for term in (edit.before, edit.after))
    columns = [name for name in (after or before) if name != "term"]
    return {
        "key": edit.key, "text": (edit.after or edit.before).text,  # type: ignore[union-attr]  # one of them is there
        "kind": "new" if edit.before is None else "gone" if edit.after is None else "changed",
        "cells": [
            (name, before.get(name, ""), after.get(name, "")) for name in columns
            if before.get(name, "") != after.get(name, "")
        ],
    }


def _moves(visit: Visit, change: Change) -> dict[str, Any]:
    """What this reader may do with this change, and what stands in the way of approving it."""
    say, is_own, is_open = visit.language.say, change.author == visit.actor, change.state == "proposed"
    why_not: list[str] = []
    if is_open:
        run = visit.rooms.previews.latest(_name(change.id))
        if is_own:
            why_not.append(say("You proposed this change, so somebody else must approve it."))
        elif not visit.can("approve_lexicon"):
            why_not.append(say("An analyst who did not propose it can approve it."))
        if run is None or run.report is None:
            why_not.append(say("It needs a look at last week first."))
    return {
        "approve": is_open and not why_not, "why_not": why_not,
        "reject": is_open and visit.can("approve_lexicon") and not is_own,
        "withdraw": is_open and is_own,
        "look": is_open and (is_own or visit.can("approve_lexicon")),
    }


def _name(number: int) -> str:
    return f"change {number}"


def _preview_of(visit: Visit, change: Change) -> dict[str, Any]:
    """The look back under way or done here, else the report that was kept with the approval."""
    run: Run | None = visit.rooms.previews.latest(_name(change.id)) if change.state == "proposed" else None
    kept = msgspec.json.decode(change.preview, type=Preview) if change.preview else None
    return {
        "run": run, "run_problem": visit.tell(run.error) if run and run.error else "",
        "report": run.report if run and run.report else kept,
    }


@router.get("/lexicon/changes/{number}/preview")
def show_preview(visit: Annotated[Visit, allowed("see_signals")], number: int) -> Response:
    """The part of the page that changes while the journal is read; the whole page once it is."""
    change = visit.rooms.lexicon.book.change(number)
    shown = _preview_of(visit, change)
    if shown["run"] is None or shown["run"].state != "running":
        return Response(headers={"HX-Redirect": visit.at(f"/lexicon/changes/{number}")})
    return visit.page(
        "console/lexicon_preview.html", change=change, is_revealed=False, may=_moves(visit, change), **shown
    )


@router.post("/lexicon/changes/{number}/preview")
def look_back(visit: Annotated[Visit, allowed("write_lexicon")], number: int) -> Response:
    book = visit.rooms.lexicon.book
    if book.change(number).state == "proposed":
        visit.rooms.previews.start(_name(number), book.edits(number))
    return visit.go(f"/lexicon/changes/{number}")


@router.post("/lexicon/changes/{number}/messages")
def reveal(visit: Annotated[Visit, allowed("see_personal")], number: int) -> Response:
    """Show members' messages once, in the answer itself; every look writes its own audit row first."""
    with visit.rooms.database.write() as connection:
        audit.note(connection, visit.actor, "lexicon.personal", _name(number), {})
    return _draw(visit, number, is_revealed=True)


@router.post("/lexicon/changes/{number}/approve")
def approve(visit: Annotated[Visit, allowed("approve_lexicon")], number: int, note: Said = "") -> Response:
    run = visit.rooms.previews.latest(_name(number))
    if run is None or run.report is None:
        return _draw(visit, number, problem=visit.language.say("It needs a look at last week first."))
    try:
        kept = msgspec.json.encode(run.report.without_texts())
        visit.rooms.lexicon.approve(number, visit.actor, note.strip(), kept)
        visit.rooms.reload_lexicon()
    except AnlanError as error:
        return _draw(visit, number, problem=visit.tell(error))
    return visit.go(f"/lexicon/changes/{number}", done="approved")


@router.post("/lexicon/changes/{number}/reject")
def reject(visit: Annotated[Visit, allowed("write_lexicon")], number: int, note: Said = "") -> Response:
    """Its author takes it back; anybody else turns it down, which takes the right to approve."""
    life = visit.rooms.lexicon
    is_own = life.book.change(number).author == visit.actor
    if not is_own and not visit.can("approve_lexicon"):
        return _draw(visit, number, problem=visit.language.say("An analyst who did not propose it can approve it."))
    try:
        life.reject(number, visit.actor, note)
    except AnlanError as error:
        return _draw(visit, number, problem=visit.tell(error))
    return visit.go(f"/lexicon/changes/{number}", done="withdrawn" if is_own else "rejected")
