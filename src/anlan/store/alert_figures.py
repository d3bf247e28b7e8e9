"""What became of alerts, out of the counts by day: nothing here reads alerts themselves, however many there are."""

from typing import NamedTuple

from sqlalchemy import Connection, func, select

from anlan.store.tables import alert_days


class Count(NamedTuple):
    """How often something happened to the alerts of one cohort."""

    day: str
    scenario: str
    policy: str
    strength: str
    arm: str
    what: str
    alerts: int


def counts_since(connection: Connection, day: str) -> list[Count]:
    """All counts since `day` (`YYYY-MM-DD`), oldest first."""
    query = select(alert_days).where(alert_days.c.day >= day).order_by(alert_days.c.day)
    return [Count(*row) for row in connection.execute(query)]


def answers_by_policy(connection: Connection, day: str) -> dict[str, dict[str, int]]:
    """By policy and what happened since `day`, how many alerts."""
    found: dict[str, dict[str, int]] = {}
    query = select(alert_days.c.policy, alert_days.c.what, func.sum(alert_days.c.alerts)).where(alert_days.c.day >= day)
    for policy, what, alerts in connection.execute(query.group_by(alert_days.c.policy, alert_days.c.what)):
        found.setdefault(policy, {})[what] = int(alerts)
    return found
