"""A desk that warns members, for tests: what decisions order, and what of it members are told."""

from collections.abc import Sequence
from typing import Any

import msgspec
from judged import NOON, decide
from judged import event as make_event
from sqlalchemy import Connection, select

from anlan.center.alerts import Alerts
from anlan.center.followers import AlertRaised
from anlan.domain.actions import Action
from anlan.domain.decisions import Judged
from anlan.protections.fraud.scenario_file import load_scenarios
from anlan.store.alerts import Alert
from anlan.store.database import Database
from anlan.store.journal import Journal
from anlan.store.tables import alert_days, alerts, outbox
from anlan.store.vault import Codec

NOW = NOON + 5.0
NIGHT = NOON - 9.5 * 3600
"""02:30 in UTC; tests keep the time of UTC."""


def alert_to(account: str, scenario: str = "coupon", **parameters: Any) -> Action:
    """What a policy orders."""
    return Action(
        kind="alert", target=f"account:{account}", policy="p.scam", parameters={"scenario": scenario, **parameters}
    )


class AlertDesk:
    """Alerts over one store; `heard` is what followers were told."""

    def __init__(self, database: Database, control_share: float = 0.0) -> None:
        self.database = database
        self.journal = Journal(database, Codec(database.vault))
        self.heard: list[AlertRaised] = []
        self.alerts = Alerts(
            database, load_scenarios(), (self._hear,), address="https://safe.example", zone="UTC",
            control_share=control_share,
        )
        self._events = 0

    def _hear(self, _connection: Connection, raised: Sequence[AlertRaised], _now: float) -> None:
        self.heard += raised

    def order(
        self, *actions: Action, type_name: str = "message.sent", at: float = NOON,
        signals: dict[str, Any] | None = None, **data: Any,
    ) -> Judged:
        """An event that was judged, with these actions; by default a message of sly to bob."""
        self._events += 1
        said = data or {"sender": "sly", "recipient": "bob", "text": "领券"}
        happened = make_event(self._events, type_name, **said)
        happened = msgspec.structs.replace(happened, time=at)
        decision = decide(happened, "warn", actions)
        decision = msgspec.structs.replace(decision, signals=signals or {})
        return Judged(happened, decision, NOON)

    def commit(self, *judged: Judged) -> None:
        """Into the journal, as the writer does it."""
        self.journal.commit(judged)

    def warn(self, *actions: Action, now: float = NOW, **more: Any) -> list[Alert]:
        """Order and take in; returns the new alerts, in order."""
        before = {one.id for one in self.all()}
        self.commit(self.order(*actions, **more))
        self.alerts.take_in(now)
        return [one for one in self.all() if one.id not in before]

    def all(self) -> list[Alert]:
        """Every alert, in order of events."""
        columns = [alerts.c[name] for name in Alert.__struct_fields__]
        with self.database.read() as connection:
            rows = connection.execute(select(*columns).order_by(alerts.c.event_seq, alerts.c.account)).mappings()
            return [Alert(**row) for row in rows]

    def sent(self) -> list[dict[str, Any]]:
        """The bodies that wait in the outbox, in order."""
        query = select(outbox.c.body).where(outbox.c.kind == "alert.raised").order_by(outbox.c.created_at, outbox.c.id)
        with self.database.read() as connection:
            return [msgspec.json.decode(body)["data"] for body in connection.execute(query).scalars()]

    def counted(self) -> dict[str, int]:
        """Counts by what happened, over all days and scenarios."""
        found: dict[str, int] = {}
        with self.database.read() as connection:
            for row in connection.execute(select(alert_days.c.what, alert_days.c.alerts)):
                found[row.what] = found.get(row.what, 0) + row.alerts
        return found
