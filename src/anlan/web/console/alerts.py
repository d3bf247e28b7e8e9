"""What alerts come to: how many, what members make of them, what holding back costs and what stays; the catalogue."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from anlan import clock
from anlan.center.alert_figures import read_figures
from anlan.domain.alert_figures import is_often_wrong
from anlan.domain.alerts import Arm, Cap
from anlan.domain.scenarios import STRENGTHS, Strength
from anlan.errors import NotFound
from anlan.web.console.gate import allowed
from anlan.web.console.shell import Visit
from anlan.web.languages import mark

router = APIRouter()
PERIODS = (7, 28, 90)

RATE_TITLES = {
    "opened": mark("Looked at"), "stopped": mark("Stopped in time"), "went_on": mark("Went on"),
    "helped": mark("Helped"), "dismissed": mark("Dismissed"), "wrong": mark("Wrong"),
}
CAP_TITLES: dict[Cap, str] = {
    "pair": mark("The same of the same person a moment ago"), "day": mark("Enough for one day"),
    "dismissed": mark("Rests because it was dismissed"), "wrong": mark("Rests because it was said to be wrong"),
}
ARM_TITLES: dict[Arm, str] = {"usual": mark("Usual words"), "also": mark("Other words"), "control": mark("Held out")}
STRENGTH_TITLES: dict[Strength, str] = {"hint": mark("Hint"), "banner": mark("Banner"), "stop": mark("Full stop")}
HARM_TITLES = {
    "impersonation": mark("Impersonation"), "money": mark("Money"), "goods": mark("Goods and services"),
    "romance": mark("Romance"), "threat": mark("Threat"), "account": mark("Account"), "device": mark("Device"),
}


@router.get("/alerts")
def show_alerts(visit: Annotated[Visit, allowed("see_alerts")], days: Annotated[int, Query()] = 28) -> Response:
    """The figures of a period; nothing here names a member."""
    chosen = days if days in PERIODS else 28
    with visit.rooms.database.snapshot() as connection:
        figures = read_figures(connection, visit.rooms.zone, clock.now(), chosen)
    return visit.page(
        "console/alerts.html", figures=figures, days=chosen, periods=PERIODS, rate_titles=RATE_TITLES,
        cap_titles=CAP_TITLES, arm_titles=ARM_TITLES, strength_titles=STRENGTH_TITLES, strengths=STRENGTHS,
        scenarios=visit.rooms.alerts.scenarios, is_often_wrong=is_often_wrong,
    )


@router.get("/alerts/scenarios")
def show_scenarios(visit: Annotated[Visit, allowed("see_alerts")]) -> Response:
    """Every scenario, by harm."""
    scenarios = visit.rooms.alerts.scenarios
    groups = [
        (title, [one for one in scenarios.values() if one.harm == harm]) for harm, title in HARM_TITLES.items()
    ]
    return visit.page("console/scenarios.html", groups=groups, total=len(scenarios))


@router.get("/alerts/scenarios/{scenario_id}")
def show_scenario(visit: Annotated[Visit, allowed("see_alerts")], scenario_id: str) -> Response:
    """What is known of one scenario, in both languages' words as members read them."""
    scenario = visit.rooms.alerts.scenarios.get(scenario_id)
    if scenario is None:
        raise NotFound(f"there is no scenario {scenario_id[:64]}", zh="没有这个场景")
    return visit.page(
        "console/scenario.html", one=scenario, harm_titles=HARM_TITLES, strengths=STRENGTHS,
        strength_titles=STRENGTH_TITLES, arm_titles=ARM_TITLES, lines=visit.rooms.hotlines.pick(scenario.hotlines),
        move_titles=visit.rooms.move_titles,
    )
