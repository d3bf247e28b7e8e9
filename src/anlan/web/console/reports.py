"""What members report, for staff: the room of figures, and the panel of a report case's review page.

Who reported is shown only when asked for, only to roles that see personal data, and every time it is in the audit log.
"""

from collections.abc import Mapping
from typing import Annotated, Any, NamedTuple

from fastapi import APIRouter, Query
from starlette.responses import Response

from anlan import clock
from anlan.domain.report_reasons import BY_CODE, HARM_TITLES
from anlan.store import audit, report_figures
from anlan.store.cases import Case
from anlan.store.reports import (
    Report,
    evidence_of,
    merged_here,
    report_case,
    reports_of_cases,
    shown_evidence,
    words_of,
)
from anlan.web.console.gate import allowed
from anlan.web.console.shell import Visit

router = APIRouter()

DAY_S = 86_400.0
SPANS_DAYS = (7, 14, 30, 90)


class Line(NamedTuple):
    """One message of a snapshot; `time` is event time."""

    key: str
    time: float
    sender: str
    text: str
    is_reported: bool


class Told(NamedTuple):
    """One report with the member's words; `name` is empty unless names were asked for."""

    report: Report
    words: str
    name: str


@router.get("/reports")
def show_reports(
    visit: Annotated[Visit, allowed("see_cases")], days: Annotated[int, Query(ge=1, le=365)] = 14, reporters: int = 0
) -> Response:
    """Volumes, precision, suspected brigades and whom to thank."""
    now = clock.now()
    since = visit.language.midnight(now) - (days - 1) * DAY_S
    names_shown = bool(reporters) and visit.can("see_personal")
    with visit.rooms.database.read() as connection:
        volumes = report_figures.volumes(connection, since)
        daily = report_figures.daily(connection, since, days)
        brigades = report_figures.brigades(connection, since)
        believed = report_figures.most_believed(connection, now)
    if names_shown:
        _note_names(visit, "reporters", len(believed))
    decided = [one for one in volumes if one.right_share is not None]
    right, wrong = sum(one.violation for one in decided), sum(one.no_violation for one in decided)
    return visit.page(
        "console/reports.html", days=days, spans=SPANS_DAYS, volumes=volumes, daily=daily, brigades=brigades,
        believed=believed, names_shown=names_shown, reasons=BY_CODE, harms=HARM_TITLES,
        filed=sum(one.filed for one in volumes), repeats=sum(one.repeats for one in volumes),
        open_count=sum(one.open for one in volumes),
        right_share=right / (right + wrong) if right + wrong else None,
    )


def case_panel(visit: Visit, case: Case) -> Mapping[str, Any]:
    """What the reports of a case say and the moment they were made at, for whoever may read the case."""
    vault = visit.rooms.database.vault
    names_shown = visit.request.query_params.get("reporters") == "1" and visit.can("see_personal")
    with visit.rooms.database.read() as connection:
        case_ids = merged_here(connection, case.id)
        found = reports_of_cases(connection, case_ids)
        sealed_words = words_of(connection, [one.id for one in found])
        evidence = evidence_of(connection, case_ids)
        standings = [one for name in case_ids if (one := report_case(connection, name))]
    if names_shown:
        _note_names(visit, case.id, len(found))
    words = {name: vault.open(body, name.encode()).decode() for name, body in sealed_words.items()}
    moments = [shown for one in evidence if (shown := shown_evidence(one, vault))]
    return {
        "told": [Told(one, words.get(one.id, ""), one.reporter if names_shown else "") for one in found],
        "count": sum(one.report_count for one in standings), "names_shown": names_shown, "reasons": BY_CODE,
        "suspected_at": next((one.suspected_at for one in standings if one.suspected_at), None),
        "lines": lines_of(moments), "evidence": evidence,
        "seen": sorted({str(moment["seen"]) for moment in moments if moment["seen"]}),
    }


def lines_of(moments: list[dict[str, Any]]) -> list[Line]:
    """The messages of all snapshots of a case, each once, in order of event time."""
    found: dict[str, Line] = {}
    for moment in moments:
        for part in ("around", "reported"):
            for one in moment[part]:
                data = one["data"]
                text = str(data.get("text") or data.get("title") or "")
                is_reported = part == "reported" or (one["key"] in found and found[one["key"]].is_reported)
                found[one["key"]] = Line(one["key"], one["time"], one["actor"], text, is_reported)
    return sorted(found.values(), key=lambda line: line.time)


def _note_names(visit: Visit, subject: str, count: int) -> None:
    with visit.rooms.database.write() as connection:
        audit.note(connection, visit.actor, "report.reporters", subject, {"names": count})
