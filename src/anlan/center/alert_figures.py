"""Tells staff what alerts came to, what holding some back cost, and which policy warns wrongly too often."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import Connection

from anlan.domain.alert_figures import Cohort, cohorts, is_often_wrong
from anlan.domain.alerts import CAPS, DAY_S
from anlan.domain.facts import MAX_NOTICE_ID_CHARS, StaffNotice
from anlan.domain.keys import fitted
from anlan.domain.prevented_loss import (
    AFTERWARDS_S,
    ArmPaid,
    AtPayment,
    ByTrial,
    WarnedPayments,
    at_payment,
    by_trial,
)
from anlan.store.alert_figures import Count, answers_by_policy, counts_since
from anlan.store.alerted_payment_days import paid_after_alerts, warned_payments
from anlan.store.alerted_payments import unwarned_since
from anlan.store.database import Database
from anlan.store.notices import tell_staff

NO_PAYMENTS = WarnedPayments(count=0, kept=0, kept_minor=0, possible_minor=0)
NOBODY_PAID = ArmPaid(members=0, total=0.0, squares=0.0)
WRONG_DAYS = 7
LOOK_EVERY_S = 600.0


class Money(NamedTuple):
    """What stayed with members and what went, of one currency; amounts in minor units.

    Attributes:
        after_capped: paid to somebody about whom an alert was held back by a cap and nothing else was said: what caps
            cost at most.
        capped_payers: to how many alerts that happened.
    """

    currency: str
    at_payment: AtPayment
    by_trial: ByTrial | None
    after_capped: int
    capped_payers: int


class AlertFigures(NamedTuple):
    """What alerts came to since `since`.

    Attributes:
        days: (seconds of its midnight, all made, those told) of every day, oldest first.
        arms: by scenario, of those that have more than one.
        caps: how many were held back by which.
        quiet, past, control: likewise by quiet hours, because they came too late, and to learn.
    """

    since: float
    whole: Cohort
    days: list[tuple[float, int, int]]
    scenarios: list[Cohort]
    policies: list[Cohort]
    strengths: list[Cohort]
    arms: dict[str, list[Cohort]]
    caps: dict[str, int]
    quiet: int
    past: int
    control: int
    money: list[Money]


def read_figures(connection: Connection, zone: str, now: float, days: int) -> AlertFigures:
    """The figures of the last `days` days, today included; days are those of `zone`."""
    midnights = _midnights(ZoneInfo(zone), now, days)
    counts = counts_since(connection, next(iter(midnights)))
    by_day = {one.name: one for one in cohorts((one.day, one.what, one.alerts) for one in counts)}
    whole = next(iter(cohorts(("", one.what, one.alerts) for one in counts)), Cohort("", {}))
    since = midnights[next(iter(midnights))]
    return AlertFigures(
        since=since, whole=whole,
        days=[
            (midnight, by_day[day].made if day in by_day else 0, by_day[day].told if day in by_day else 0)
            for day, midnight in midnights.items()
        ],
        scenarios=cohorts((one.scenario, one.what, one.alerts) for one in counts),
        policies=cohorts((one.policy, one.what, one.alerts) for one in counts),
        strengths=cohorts((one.strength, one.what, one.alerts) for one in counts),
        arms=_arms(counts), caps={cap: whole.counts.get(f"cap_{cap}", 0) for cap in CAPS},
        quiet=whole.counts.get("quiet", 0), past=whole.counts.get("past", 0),
        control=whole.counts.get("control", 0),
        money=_money(connection, next(iter(midnights)), counts, _last_settled_day(midnights, now)),
    )


def _midnights(zone: ZoneInfo, now: float, days: int) -> dict[str, float]:
    """Each day with when it began, oldest first."""
    found = {}
    for back in range(days - 1, -1, -1):
        local = datetime.fromtimestamp(now - back * DAY_S, zone).replace(hour=0, minute=0, second=0, microsecond=0)
        found[local.date().isoformat()] = local.timestamp()
    return found


def _last_settled_day(midnights: Mapping[str, float], now: float) -> str:
    """The last day of which every payment that may follow an alert is known."""
    return max((day for day, at in midnights.items() if at + DAY_S + AFTERWARDS_S <= now), default="")


def _arms(counts: Sequence[Count]) -> dict[str, list[Cohort]]:
    by_scenario: dict[str, list[Count]] = defaultdict(list)
    for one in counts:
        by_scenario[one.scenario].append(one)
    found = {
        scenario: cohorts((one.arm, one.what, one.alerts) for one in mine) for scenario, mine in by_scenario.items()
    }
    several = [(scenario, arms) for scenario, arms in found.items() if len(arms) > 1]
    return dict(sorted(several, key=lambda one: (-sum(arm.made for arm in one[1]), one[0])))


def _money(connection: Connection, first_day: str, counts: Sequence[Count], last_day: str) -> list[Money]:
    warned, after = warned_payments(connection, first_day), paid_after_alerts(connection, first_day)
    usual = unwarned_since(connection, first_day)
    members = {
        state: sum(one.alerts for one in counts if one.what == state and one.strength != "stop" and one.day <= last_day)
        for state in ("sent", "control")
    }
    return [
        _money_of(currency, warned.get(currency, NO_PAYMENTS), usual, after.get(currency, {}), members)
        for currency in sorted({*warned, *after})
    ]


def _money_of(
    currency: str, warned: WarnedPayments, usual: Mapping[str, int], after: Mapping[str, ArmPaid],
    members: Mapping[str, int],
) -> Money:
    def arm(state: str) -> ArmPaid:
        paid = after.get(state, NOBODY_PAID)
        return msgspec.structs.replace(paid, members=max(members[state], paid.members))

    capped = after.get("capped", NOBODY_PAID)
    return Money(
        currency=currency, at_payment=at_payment(warned, usual.get("paid", 0), usual.get("cancelled", 0)),
        by_trial=by_trial(arm("sent"), arm("control")),
        after_capped=int(capped.total), capped_payers=capped.members,
    )


class WrongAlertWatch:
    """Tells staff, once a week and policy, when members say too often that its alerts are wrong.

    Args:
        zone: IANA name of the zone in which days are told.
    """

    def __init__(self, database: Database, zone: str) -> None:
        self._database = database
        self._zone = ZoneInfo(zone)
        self._looked_at = float("-inf")

    def round(self, now: float) -> int:
        """Look, if that was not done within `LOOK_EVERY_S`; how many new notices that made."""
        if now - self._looked_at < LOOK_EVERY_S:
            return 0
        self._looked_at = now
        today = datetime.fromtimestamp(now, self._zone)
        first = next(iter(_midnights(self._zone, now, WRONG_DAYS)))
        with self._database.read() as connection:
            counted = answers_by_policy(connection, first)
        wrong = {policy: counts for policy, counts in counted.items() if is_often_wrong(counts)}
        if not wrong:
            return 0
        week = f"{today:%G-W%V}"
        with self._database.write() as connection:
            return tell_staff(connection, [_notice(policy, week, counts, now) for policy, counts in wrong.items()], now)


def _notice(policy: str, week: str, counts: Mapping[str, int], now: float) -> StaffNotice:
    name = fitted(f"alerts_wrong.{policy}.{week}", MAX_NOTICE_ID_CHARS)
    details = {what: counts.get(what, 0) for what in ("sent", "wrong", "dismissed", "helped", "stopped")}
    return StaffNotice(id=name, at=now, kind="alerts_wrong", subject=policy, details=details)
