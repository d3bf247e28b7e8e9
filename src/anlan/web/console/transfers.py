"""Paused payments as staff see them: what waits now, how payers decide, and what going on cost; amounts, no words."""

from typing import Annotated

from fastapi import APIRouter
from starlette.responses import Response

from anlan import clock
from anlan.domain.transfers import REASONS
from anlan.store.transfer_figures import outcomes_since, tally, waiting_now
from anlan.web.console.gate import allowed
from anlan.web.console.shell import Visit

router = APIRouter()

DAYS = 30
_DAY_S = 86_400.0


@router.get("/alerts/transfers")
def show_transfers(visit: Annotated[Visit, allowed("see_alerts")]) -> Response:
    now = clock.now()
    with visit.rooms.database.read() as connection:
        outcomes = outcomes_since(connection, now - DAYS * _DAY_S)
        rows = waiting_now(connection)
    reasons = [one for one in outcomes if one.answer == "released" and one.reason is not None]
    return visit.page(
        "console/transfers.html", days=DAYS, rows=rows, totals=tally(outcomes, lambda one: one.currency),
        by_scenario=tally(outcomes, lambda one: (one.scenario, one.currency)),
        by_reason=tally(reasons, lambda one: (one.reason, one.currency)), reasons=REASONS, now=now,
        scenarios=visit.rooms.transfers.scenarios,
    )
