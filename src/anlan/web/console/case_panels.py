"""What a review page shows of each kind of case: one function per kind, whose answer its template is drawn with."""

from collections.abc import Callable, Mapping
from typing import Any

from anlan.domain.cases import CaseKind
from anlan.store.case_reading import FAR_SEQS, NEAR_SEQS, conversation
from anlan.store.cases import Case
from anlan.web.console import appeals, assistance, recoveries, reports
from anlan.web.console.explained import Reader
from anlan.web.console.funds import case_panel
from anlan.web.console.shell import Visit

Panel = Callable[[Visit, Case], Mapping[str, Any]]


def show_event(visit: Visit, case: Case) -> Mapping[str, Any]:
    """The conversation around the message that the case began with; of any other event its fields as they were sent."""
    is_far = visit.request.query_params.get("further") == "1"
    with visit.rooms.database.read() as connection:
        seq, reach = case.event_seq, FAR_SEQS if is_far else NEAR_SEQS
        messages = conversation(connection, seq, reach) if seq is not None else []
    this = next((said for said in messages if said.seq == case.event_seq), None)
    if this is not None:
        return {"type": "message.sent", "time": this.time, "messages": messages, "fields": (), "is_far": is_far,
                "media_count": this.media_count}
    return {**_fields_of(visit, case), "messages": (), "is_far": is_far, "media_count": 0}


def _fields_of(visit: Visit, case: Case) -> Mapping[str, Any]:
    found = visit.rooms.journal.events([case.event_key]) if case.event_key else []
    if not found:
        return {"type": "", "time": None, "fields": ()}
    (event,) = found
    registry = visit.rooms.engine.registry
    reader = Reader(registry, visit.language, "personal")
    return {"type": event.type, "time": event.time,
            "fields": reader.fields(event.data, registry.fields.get(event.type, {}))}


def show_appeal(visit: Visit, case: Case) -> Mapping[str, Any]:
    """What the appellant says, and what the sanction began with."""
    return {**show_event(visit, case), **appeals.case_panel(visit, case)}


PANELS: dict[CaseKind, Panel] = {
    "review": show_event,
    "report": reports.case_panel,
    "appeal": show_appeal,
    "funds": case_panel,
    "recovery": recoveries.case_panel,
    "assistance": assistance.case_panel,
}
