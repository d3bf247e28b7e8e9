"""The audit log, and whether its chain is whole."""

from typing import Annotated, NamedTuple

import msgspec
from fastapi import APIRouter
from starlette.responses import Response

from anlan.store import audit
from anlan.web.console.gate import allowed
from anlan.web.console.shell import Visit

router = APIRouter()
ROWS = 100


class Verified(NamedTuple):
    """What a look at the whole chain found; `broken_at` is the first row that is not as it was written."""

    broken_at: int | None


@router.get("/audit")
def show_audit(
    visit: Annotated[Visit, allowed("see_audit")], actor: str = "", before: int | None = None
) -> Response:
    return _draw(visit, actor, before, None)


@router.post("/audit")
def verify(visit: Annotated[Visit, allowed("see_audit")]) -> Response:
    with visit.rooms.database.read() as connection:
        found = Verified(audit.first_break(connection))
    with visit.rooms.database.write() as connection:
        audit.note(connection, visit.actor, "audit.verify", "audit", {"broken_at": found.broken_at})
    return _draw(visit, "", None, found)


def _draw(visit: Visit, actor: str, before: int | None, verified: Verified | None) -> Response:
    wanted = actor.strip()
    with visit.rooms.database.read() as connection:
        rows = audit.latest_entries(connection, ROWS, before, wanted or None)
    return visit.page(
        "console/audit.html",
        rows=[(row, _words(row.details)) for row in rows],
        older=rows[-1].seq if len(rows) == ROWS else None,
        chosen={"actor": actor},
        verified=verified,
    )


def _words(details: dict[str, object]) -> str:
    return " · ".join(
        f"{name} {value if isinstance(value, str) else msgspec.json.encode(value).decode()}"
        for name, value in details.items()
        if value not in (None, "", [])
    )
