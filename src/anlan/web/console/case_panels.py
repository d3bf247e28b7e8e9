"""What a review page shows of each kind of case: one function per kind, whose answer its template is drawn with."""

from collections.abc import Callable, Mapping
from typing import Any

from anlan.domain.cases import CaseKind
from anlan.store.case_reading import FAR_SEQS, NEAR_SEQS, conversation
from anlan.store.cases import Case
from anlan.store.review import wellbeing_of
from anlan.web.console import appeals, reports
from anlan.web.console.explained import Reader
from anlan.web.console.funds import case_panel
from anlan.web.console.shell import Visit

Panel = Callable[[Visit, Case], Mapping[str, Any]]


def show_event(visit: Visit, case: Case) -> Mapping[str, Any]:
    """The event that the case began with, as it was sent, and the conversation around it."""
    rooms = visit.rooms
    found = rooms.journal.events([case.event_key]) if case.event_key else []
    if not found:
        return {"event": None, "fields": [], "messages": [], "is_far": False, "media": "blurred", "media_count": 0}
    (event,) = found
    is_far = visit.request.query_params.get("further") == "1"
    with rooms.database.read() as connection:
        messages = conversation(connection, event.seq, FAR_SEQS if is_far else NEAR_SEQS)
        media = wellbeing_of(connection, visit.actor).media
    reader = Reader(rooms.engine.registry, visit.language, "personal")
    fields = reader.fields(event.data, rooms.engine.registry.fields.get(event.type, {}))
    this = next((said for said in messages if said.seq == event.seq), None)
    return {
        "event": event, "fields": fields, "messages": messages, "is_far": is_far, "media": media,
        "media_count": this.media_count if this else 0,
    }


def show_appeal(visit: Visit, case: Case) -> Mapping[str, Any]:
    """What the appellant says, and what the sanction began with."""
    return {**show_event(visit, case), **appeals.case_panel(visit, case)}


PANELS: dict[CaseKind, Panel] = {
    "review": show_event,
    "report": reports.case_panel,
    "appeal": show_appeal,
    "funds": case_panel,
}
