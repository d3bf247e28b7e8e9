"""How the desk works, in charts with their tables: a period to choose, and every table to take out."""

import csv
import io
from typing import Annotated, Any, NamedTuple

from fastapi import APIRouter, Query
from starlette.responses import Response

from anlan import clock
from anlan.errors import NotFound
from anlan.store import audit
from anlan.store.audit_export import inert
from anlan.store.campaigns import list_campaigns
from anlan.store.desk_figures import DAY_S, FIGURES, FigureTable, Span, read_figures
from anlan.web.console.gate import allowed
from anlan.web.console.shell import Visit
from anlan.web.languages import mark

router = APIRouter()
PERIODS = (7, 30, 90)


class Drawing(NamedTuple):
    """How a table is drawn.

    Attributes:
        chart: `days` (bars by day), `shares` (bars of a share) or `counts` (bars of a count).
        value: the column that is drawn; `part` a second one within it, if any.
    """

    title: str
    note: str
    chart: str
    value: str
    part: str = ""


DRAWINGS: dict[str, Drawing] = {
    "flow": Drawing(mark("Cases opened and closed"), mark("By day; the darker part was closed."), "days", "opened",
                    "closed"),
    "queue_ages": Drawing(mark("What waits, by queue"), mark("The darker part is past its service clock."), "counts",
                          "open", "overdue"),
    "handling": Drawing(mark("Judgements by day"), mark("With the median time from claim to judgement."), "days",
                        "judgements"),
    "service": Drawing(mark("Closed in time"), mark("Share of cases closed before their service clock ran out."),
                       "shares", "in_time_share"),
    "agreement": Drawing(mark("Agreement of first and second judgements"),
                         mark("Cohen's kappa beside it: 1 is full agreement, 0 no more than chance."), "shares",
                         "agreed_share"),
    "machine_precision": Drawing(mark("How often policies were right"),
                                 mark("Share of the cases they opened that people found to be violations."), "shares",
                                 "right_share"),
    "overturns": Drawing(mark("Appeals that took the sanction back"), mark("Share of decided appeals, by rule."),
                         "shares", "overturned_share"),
    "sanction_mix": Drawing(mark("Sanctions ordered"), mark("The darker part has been taken back since."), "counts",
                            "ordered", "taken_back"),
    "strikes": Drawing(mark("Accounts by strikes"), mark("Strikes that count against them today."), "counts",
                       "accounts"),
    "reporters": Drawing(mark("How often reports were right"), mark("Share of answered reports, by topic."), "shares",
                         "right_share"),
    "campaign_progress": Drawing(mark("Campaigns"), mark("How far their targets have been met."), "shares",
                                 "reached_share"),
}

COLUMNS: dict[str, str] = {
    "day": mark("Day"), "queue": mark("Queue"), "policy": mark("Policy"), "kind": mark("Kind"),
    "category": mark("Topic"), "strikes": mark("Strikes"), "campaign": mark("Campaign"), "target": mark("Target"),
    "open": mark("Open"), "oldest_s": mark("Oldest"), "within_hour": mark("Under an hour"),
    "within_day": mark("Under a day"), "within_3_days": mark("Under 3 days"), "older": mark("Older"),
    "overdue": mark("Overdue"), "opened": mark("Opened"), "closed": mark("Closed"), "judgements": mark("Judgements"),
    "median_s": mark("Median time"), "slow_tenth_s": mark("Slowest tenth from"), "twice_judged": mark("Judged twice"),
    "agreed_share": mark("Agreed"), "kappa": mark("Kappa"), "judged": mark("Judged"),
    "violations": mark("Violations"), "right_share": mark("Right"), "appeals": mark("Appeals"),
    "overturned": mark("Taken back"), "overturned_share": mark("Share taken back"), "accounts": mark("Accounts"),
    "answered": mark("Answered"), "ordered": mark("Ordered"), "taken_back": mark("Taken back since"),
    "in_time": mark("In time"), "in_time_share": mark("Share in time"), "aimed": mark("Aimed at"),
    "reached": mark("Reached"), "reached_share": mark("Share reached"),
}


@router.get("/figures")
def show_figures(
    visit: Annotated[Visit, allowed("see_figures")], days: Annotated[int, Query(ge=1, le=366)] = 30
) -> Response:
    tables, titles = _read(visit, days)

    def tell(name: str, value: float | str | None) -> str:
        return _tell(visit, name, value)

    return visit.page(
        "console/figures.html", tables=tables, drawings=DRAWINGS, columns=COLUMNS, days=days, periods=PERIODS,
        label=lambda row, column: titles.get(row[0], row[0]) if column == "campaign" else str(row[0]), tell=tell,
    )


@router.get("/figures/{name}.csv")
def take_out(
    visit: Annotated[Visit, allowed("see_figures")], name: str, days: Annotated[int, Query(ge=1, le=366)] = 30
) -> Response:
    """One table as CSV with raw values; days are RFC 3339."""
    if name not in FIGURES:
        raise NotFound(f"there is no figure {name[:40]}", zh="没有这个图表")
    tables, _ = _read(visit, days)
    with visit.rooms.database.write() as connection:
        audit.note(connection, visit.actor, "figures.export", name, {"days": days})
    headers = {"Content-Disposition": f'attachment; filename="anlan-{name}-{days}d.csv"', "Cache-Control": "no-store"}
    return Response(_csv(tables[name]), media_type="text/csv; charset=utf-8", headers=headers)


def _read(visit: Visit, days: int) -> tuple[dict[str, FigureTable], dict[str, str]]:
    """(the tables, titles of campaigns by id)."""
    now = clock.now()
    span = Span(visit.language.midnight(now - (days - 1) * DAY_S), now, visit.language.midnight)
    with visit.rooms.database.snapshot() as connection:
        tables = read_figures(connection, span)
        led = list_campaigns(connection, ("running", "ended"))
    return tables, {one.id: visit.language.pick(one.title) for one in led}


def _csv(table: FigureTable) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(table.columns)
    for row in table.rows:
        writer.writerow([_raw(name, value) for name, value in zip(table.columns, row, strict=True)])
    return b"\xef\xbb\xbf" + text.getvalue().encode("utf-8")


def _raw(name: str, value: Any) -> Any:
    if name == "day":
        return clock.to_rfc3339(value)
    return inert(value) if isinstance(value, str) else value


def _tell(visit: Visit, name: str, value: float | str | None) -> str:
    """A cell as people read it; the unit stands in the column's name."""
    language = visit.language
    if not isinstance(value, int | float):
        return value or "–"
    if name == "day":
        return language.month_day(value)
    if name.endswith("_share"):
        return language.share(value, 0)
    if name.endswith("_s"):
        return language.length(value)
    return language.number(value, 2)
