"""The audit log: who did what, whether the chain is whole and the desk's tables agree with it, and taking it out."""

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Form
from starlette.responses import Response, StreamingResponse

from anlan import clock
from anlan.domain.audit_chain import BREAKS
from anlan.store import audit
from anlan.store.audit import Wanted
from anlan.store.audit_export import ExportForm, export
from anlan.store.audit_report import AuditReport, verify
from anlan.store.audit_witnesses import DOUBTS
from anlan.web.console.gate import allowed
from anlan.web.console.shell import Visit

router = APIRouter()
ROWS = 100
SHOWN_DOUBTS = 50
_MEDIA_TYPES = {"ndjson": "application/x-ndjson", "csv": "text/csv; charset=utf-8"}

Text = Annotated[str, Form(max_length=200)]


@router.get("/audit")
def show_audit(
    visit: Annotated[Visit, allowed("see_audit")], actor: str = "", act: str = "", before: int | None = None
) -> Response:
    return _draw(visit, Wanted(actor=actor.strip()[:200], act=act.strip()[:64]), before)


@router.post("/audit")
def verify_all(visit: Annotated[Visit, allowed("see_audit")]) -> Response:
    report = verify(visit.rooms.database, visit.actor, visit.rooms.anchors.read())
    return _draw(visit, Wanted(), None, report)


@router.post("/audit/export")
def take_out(
    visit: Annotated[Visit, allowed("see_audit")], form: Annotated[ExportForm, Form()], actor: Text = "", act: Text = ""
) -> Response:
    """The log as a file, with its head in a header; that is written down first."""
    head, pieces = export(visit.rooms.database, visit.actor, form, Wanted(actor=actor.strip(), act=act.strip()))
    name = f"anlan-audit-{clock.to_rfc3339(clock.now())[:10]}.{form}"
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"', "Anlan-Audit-Head": str(head),
        "Cache-Control": "no-store",
    }
    return StreamingResponse(pieces, media_type=_MEDIA_TYPES[form], headers=headers)


def _draw(visit: Visit, wanted: Wanted, before: int | None, report: AuditReport | None = None) -> Response:
    with visit.rooms.database.read() as connection:
        rows = audit.latest_entries(connection, ROWS, before, wanted=wanted)
        looks = audit.latest_entries(connection, 1, wanted=Wanted(act="audit.verify"))
        head = audit.read_head(connection)
    return visit.page(
        "console/audit.html",
        rows=[(row, _words(row.details)) for row in rows],
        older=rows[-1].seq if len(rows) == ROWS else None,
        chosen={"actor": wanted.actor, "act": wanted.act}, head=head, last_look=looks[0] if looks else None,
        report=report, **_found(visit, report),
    )


def _found(visit: Visit, report: AuditReport | None) -> dict[str, Any]:
    """What a look found, in words."""
    broken = report.broken if report else None
    doubts = report.doubts if report else ()
    return {
        "broken": (broken.seq, visit.language.pick(BREAKS[broken.kind])) if broken else None,
        "doubts": [(one, visit.language.pick(DOUBTS[one.kind])) for one in doubts[:SHOWN_DOUBTS]],
        "doubt_count": len(doubts),
    }


def _words(details: dict[str, object]) -> str:
    return " · ".join(
        f"{name} {value if isinstance(value, str) else msgspec.json.encode(value).decode()}"
        for name, value in details.items()
        if value not in (None, "", [])
    )
