"""Who stands on the allow, block and watch lists, put there and taken off by people with a reason."""

import re
from typing import Annotated

from fastapi import APIRouter, Form
from starlette.responses import Response

from anlan import clock
from anlan.domain.entities import ENTITY_KINDS
from anlan.domain.lists import ListEntry, Purpose
from anlan.store import audit
from anlan.web.console.gate import allowed
from anlan.web.console.shell import Visit

router = APIRouter()

Text = Annotated[str, Form(max_length=500)]
_LIST_NAME = re.compile(r"[a-z0-9_\-]{1,64}")


@router.get("/lists")
def show_lists(visit: Annotated[Visit, allowed("see_signals")]) -> Response:
    return _draw(visit)


def _draw(visit: Visit, problem: str = "") -> Response:
    entries = sorted(visit.rooms.lists.all(), key=lambda entry: entry.created_at, reverse=True)
    return visit.page(
        "console/lists.html", answer=422 if problem else 200, entries=entries, kinds=ENTITY_KINDS, now=clock.now(),
        problem=problem,
    )


@router.post("/lists")
def add_entry(
    visit: Annotated[Visit, allowed("write_lists")],
    purpose: Annotated[Purpose, Form()],
    kind: Text,
    id: Text,
    list: Text,  # noqa: A002 - the form's own word
    note: Text,
    days: Annotated[int, Form(ge=0, le=3_650)],
) -> Response:
    name, now = id.strip(), clock.now()
    if kind not in ENTITY_KINDS or not name or not _LIST_NAME.fullmatch(list) or not note.strip():
        return _draw(visit, visit.language.say("Give the entity, a list name in small letters, and a reason."))
    entry = ListEntry(
        list=list, entity=f"{kind}:{name}", purpose=purpose, owner=visit.name, source="console", note=note.strip(),
        created_at=now, expires_at=now + days * 86_400.0 if days else None,
    )
    visit.rooms.lists.add([entry])
    visit.rooms.reload_lists()
    with visit.rooms.database.write() as connection:
        details = {"purpose": purpose, "days": days, "note": entry.note}
        audit.note(connection, visit.actor, "list.put", f"{list}: {entry.entity}", details)
    return visit.go("/lists")


@router.post("/lists/remove")
def remove_entry(visit: Annotated[Visit, allowed("write_lists")], list: Text, entity: Text) -> Response:  # noqa: A002
    if visit.rooms.lists.remove(list, entity):
        visit.rooms.reload_lists()
        with visit.rooms.database.write() as connection:
            audit.note(connection, visit.actor, "list.remove", f"{list}: {entity}", {})
    return visit.go("/lists")
