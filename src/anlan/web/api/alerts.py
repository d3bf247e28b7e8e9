"""Alerts for platforms that show them in a dialogue of their own: what was said, what members did, the scenarios."""

from typing import Annotated, Literal

import msgspec
from fastapi import APIRouter, Path
from msgspec import Meta
from starlette.responses import Response

from anlan import clock
from anlan.center.alerts import Alerts
from anlan.domain.alert_messages import words_of
from anlan.domain.alerts import AlertAnswer, AlertState, Moment
from anlan.domain.scenarios import Harm, Scenario, Strength, Words
from anlan.store.alerts import Alert, alerts_of
from anlan.web.api.calls import CallerDep, answer, body_of
from anlan.web.api.documented import documented
from anlan.web.api.funds import AccountPath

router = APIRouter(tags=["alerts"])

AlertId = Annotated[str, Path(pattern=r"^alert_[0-9a-f]{24}$")]
_NAME = r"^[^\x00-\x1f\x7f]+$"


class AlertShown(msgspec.Struct, frozen=True, kw_only=True):
    """One alert; times in seconds since the epoch, `at` is that of the event.

    Attributes:
        account: the id of who is at risk.
        other: `kind:id` of who is on the other side; null for nobody.
        state: `sent`, or `quiet` for one that waits on the member's page.
        title, text, question: as in `alert.raised`; null once nobody has the scenario any more.
        answer: what the member did last; null while they have not said.
    """

    alert: str
    account: str
    scenario: str
    version: int
    strength: Strength
    moment: Moment
    other: str | None
    state: AlertState
    at: float
    title: Words | None
    text: Words | None
    question: Words | None
    link: str
    opened_at: float | None
    answer: AlertAnswer | None
    answered_at: float | None


class AlertList(msgspec.Struct, frozen=True):
    """What one account was told, newest first."""

    alerts: tuple[AlertShown, ...]


class AlertAnswered(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a member did with an alert.

    Attributes:
        account: the member's id; only their own alerts take it.
        answer: `opened` when they looked; `dismissed`, `wrong`, `helped`, `went_on` or `stopped` when they said so.
    """

    account: Annotated[str, Meta(min_length=1, max_length=256, pattern=_NAME)]
    answer: AlertAnswer | Literal["opened"]


class ScenarioShown(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of fraud, as members are told of it.

    Attributes:
        version: raised with every change of what members read.
        say: the words at each strength.
        do, evidence, honest: what to do now, what to keep, how an honest deal looks.
    """

    id: str
    version: int
    owner: str
    harm: Harm
    title: Words
    summary: Words
    signs: tuple[Words, ...]
    say: dict[Strength, Words]
    question: Words
    do: tuple[Words, ...]
    evidence: tuple[Words, ...]
    honest: tuple[Words, ...]


class ScenarioList(msgspec.Struct, frozen=True):
    """Every scenario."""

    scenarios: tuple[ScenarioShown, ...]


@router.get("/v1/accounts/{account}/alerts", **documented("alerts:write", AlertList))
def list_alerts(caller: CallerDep, account: AccountPath) -> Response:
    """What an account was warned of. Each look is in the audit log."""
    name, alerts = f"account:{account}", caller.house.company.alerts
    with caller.house.database.read() as connection:
        found = alerts_of(connection, name)
    caller.note("alert.list", name)
    return answer(AlertList(tuple(_shown(alerts, one) for one in found)))


@router.post(
    "/v1/alerts/{alert}:answer", **documented("alerts:write", AlertShown, takes=AlertAnswered, problems=(404,))
)
def answer_alert(
    caller: CallerDep, alert: AlertId, said: Annotated[AlertAnswered, body_of(AlertAnswered)]
) -> Response:
    """Say what a member did. Saying so again changes nothing; another answer takes the place of the last."""
    alerts, name, now = caller.house.company.alerts, f"account:{said.account}", clock.now()
    if said.answer == "opened":
        return answer(_shown(alerts, alerts.open(name, alert, now)))
    return answer(_shown(alerts, alerts.answer(name, alert, said.answer, now)))


@router.get("/v1/scenarios", **documented("alerts:write", ScenarioList))
def list_scenarios(caller: CallerDep) -> Response:
    """The scenarios that alerts name, with the words that members read."""
    return answer(ScenarioList(tuple(_scenario(one) for one in caller.house.company.alerts.scenarios.values())))


def _shown(alerts: Alerts, one: Alert) -> AlertShown:
    scenario = alerts.scenarios.get(one.scenario)
    return AlertShown(
        alert=one.id, account=one.account.removeprefix("account:"), scenario=one.scenario, version=one.version,
        strength=one.strength, moment=one.moment, other=one.other or None, state=one.state, at=one.at,
        title=scenario.title if scenario else None,
        text=words_of(scenario, one.strength, one.arm) if scenario else None,
        question=scenario.question if scenario and one.strength == "stop" else None, link=alerts.link_to(one.id),
        opened_at=one.opened_at, answer=one.answer, answered_at=one.answered_at,
    )


def _scenario(one: Scenario) -> ScenarioShown:
    return ScenarioShown(
        id=one.id, version=one.version, owner=one.owner, harm=one.harm, title=one.title, summary=one.summary,
        signs=tuple(sign.says for sign in one.signs), say=one.say, question=one.question, do=one.do,
        evidence=one.evidence, honest=one.honest,
    )
