"""A payer with payments that policies want paused, for tests of what becomes of them."""

from typing import Any

import msgspec
from judged import CATALOGUE, NOON, decide
from sqlalchemy import Connection, select

from anlan.center.alerts import Alerts
from anlan.center.transfer_help import TransferHelp
from anlan.center.transfers import Transfers
from anlan.domain.actions import Action
from anlan.domain.decisions import Judged
from anlan.domain.transfers import Reason
from anlan.protections.fraud.scenario_file import load_scenarios
from anlan.store.database import Database
from anlan.store.journal import Journal
from anlan.store.tables import outbox, own_events
from anlan.store.transfers import Transfer, transfers_of
from anlan.store.vault import Codec

ANN, MUM, DAD = "account:ann", "account:mum", "account:dad"
COOL_DOWN_MIN = 30.0
LONG = "这是上周在店里看过的二手自行车，卖家是我同事，已经当面试骑过。"
FAMILY = Reason(code="family")


class Circle:
    """Whom ann chose, and who of them may hold her payments."""

    def __init__(self) -> None:
        self.guardians, self.may = [MUM, DAD], {MUM}

    def guardians_of(self, _connection: Connection, ward: str, _harm: str) -> list[str]:
        return self.guardians if ward == ANN else []

    def may_pause(self, _connection: Connection, ward: str, guardian: str) -> bool:
        return ward == ANN and guardian in self.may


class Purse:
    """Ann's payments over one database."""

    def __init__(self, database: Database) -> None:
        self.database, self.circle = database, Circle()
        self.codec = Codec(database.vault)
        self.transfers = Transfers(database, self.codec, load_scenarios(), self.circle)
        self.help = TransferHelp(self.transfers, self.circle)
        self.alerts = Alerts(database, load_scenarios(), (), address="https://safe.example", zone="UTC")
        self._number = 0

    def judge(
        self, *, is_risky: bool = True, strength: str = "stop", at: float = NOON, pending: tuple[str, ...] = (),
        type_name: str = "payment.initiated", **data: Any,
    ) -> Judged:
        """A payment of ann's that a policy wants to pause, unless it is not risky."""
        self._number += 1
        said = {"payer": "ann", "payee": "card-9", "amount_minor": 200_000, **data}
        if type_name != "payment.initiated":
            said = {"payer": "ann", **data}
        envelope = {"specversion": "1.0", "id": f"p{self._number}", "source": "im", "type": type_name, "data": said}
        event = CATALOGUE.decode(msgspec.json.encode(envelope), at)
        actions = (
            Action(kind="alert", target=ANN, policy="p.spam", parameters={"scenario": "coupon", "strength": strength}),
            Action(kind="cool_down", target=f"event:{event.id}", policy="p.spam",
                   parameters={"minutes": COOL_DOWN_MIN}),
        )
        return Judged(event, decide(event, "hold" if is_risky else "allow", actions if is_risky else (),
                                    pending=pending), at)

    def commit(self, *judged: Judged) -> list[int]:
        """Write to the journal."""
        return Journal(self.database, self.codec).commit(judged)

    def pause(self, payment_id: str | None = "pay-1", *, is_warned: bool = False, **more: Any) -> Transfer:
        """A payment that waits, with the alert that goes with it or before it is made."""
        named: dict[str, Any] = {"payment_id": payment_id} if payment_id else {}
        self.commit(self.judge(**named, **more))
        if is_warned:
            self.alerts.take_in(NOON + 1)
        self.transfers.take_in(NOON + 1)
        return self.latest()

    def settle(self, payment_id: str, outcome: str, at: float = NOON + 100) -> None:
        """The platform says what became of it, and the round takes it in."""
        self.commit(self.judge(is_risky=False, at=at, type_name="payment.settled", payment_id=payment_id,
                               outcome=outcome))
        self.transfers.round(at)

    def all(self) -> list[Transfer]:
        """Everything of ann's, newest first."""
        with self.database.read() as connection:
            return transfers_of(connection, ANN)

    def latest(self) -> Transfer:
        """What was paused last."""
        return self.all()[0]

    def release(self, found: Transfer, now: float = NOON + 60, reason: Reason | None = None) -> None:
        """Ann goes on, for a reason that is long enough."""
        self.transfers.release(found.id, reason or Reason(code="family", words=LONG), now, payer=ANN)

    def sent(self, kind: str) -> list[dict[str, Any]]:
        """Messages of one kind, in order."""
        with self.database.read() as connection:
            query = select(outbox.c.body).where(outbox.c.kind == kind).order_by(outbox.c.created_at, outbox.c.id)
            return [msgspec.json.decode(body)["data"] for body in connection.execute(query).scalars()]

    def said(self) -> list[dict[str, Any]]:
        """What Anlan's own events say that the journal has not taken."""
        with self.database.read() as connection:
            bodies = connection.execute(select(own_events.c.body).order_by(own_events.c.made_at)).scalars().all()
        return [msgspec.json.decode(body)["data"] for body in bodies]

    def take_own(self) -> None:
        """As if the journal had taken them."""
        with self.database.write() as connection:
            connection.execute(own_events.delete())
