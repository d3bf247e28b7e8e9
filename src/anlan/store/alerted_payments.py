"""Payments that members were warned of, or were about to make to whom they were warned of, and how they ended."""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, Table, bindparam, delete, func, select, text, update
from sqlalchemy.dialects import postgresql, sqlite

from anlan.domain.prevented_loss import PaymentOutcome
from anlan.store.alerted_payment_days import figures_moved
from anlan.store.batch import storable
from anlan.store.tables import alerted_payments, alerts, events, payment_days
from anlan.store.tables.alerts import CAPPED, SHOWN
from anlan.store.vault import shown_data

INITIATED, SETTLED = "payment.initiated", "payment.settled"
_INSERT: dict[str, Callable[[Table], postgresql.Insert | sqlite.Insert]] = {
    "postgresql": postgresql.insert, "sqlite": sqlite.insert,
}


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """What an event says of a payment."""

    payer: str
    payment_id: str | None = None
    payee: str | None = None
    payee_account: str | None = None
    amount_minor: int = 0
    currency: str = "CNY"
    outcome: PaymentOutcome | None = None


class PaymentEvent(msgspec.Struct, frozen=True):
    """One event of the journal about a payment; `at` is event time."""

    seq: int
    type: str
    at: float
    said: Said

    @property
    def payer(self) -> str:
        """`account:<id>`, as it is stored."""
        return storable(f"account:{self.said.payer}")

    @property
    def name(self) -> str:
        """Its name on the platform, as it is stored."""
        return storable(self.said.payment_id or "")

    @property
    def other(self) -> str:
        """Who would get it, as alerts name them."""
        account = self.said.payee_account
        return storable(f"account:{account}" if account is not None else f"payee:{self.said.payee}")


class Earlier(msgspec.Struct, frozen=True):
    """An alert that a payment may follow; `at` is event time."""

    id: str
    event_seq: int
    other: str
    at: float
    is_capped: bool


class AlertedPayment(msgspec.Struct, frozen=True, kw_only=True):
    """A payment with the alerts that came before it; `at` is event time."""

    payer: str
    payment_id: str
    own_id: str | None
    earlier_id: str | None
    other: str
    amount_minor: int
    currency: str
    at: float


_decode = msgspec.json.Decoder(Said).decode
_SHOWN, _CAPPED = text(SHOWN), text(CAPPED)
"""As the indexes have it, so that both databases use them."""


def payment_events(connection: Connection, after_seq: int, until_seq: int) -> list[PaymentEvent]:
    """Payments that were begun or ended in this part of the journal and have a name, in order."""
    query = select(events.c.seq, events.c.type, events.c.time, events.c.data).where(
        events.c.seq > after_seq, events.c.seq <= until_seq, events.c.type.in_((INITIATED, SETTLED)),
        events.c.data.is_not(None),
    )
    found = (
        PaymentEvent(row.seq, row.type, row.time, _decode(shown_data(row.data)))
        for row in connection.execute(query.order_by(events.c.seq))
    )
    return [one for one in found if one.said.payment_id is not None]


def alerts_before(connection: Connection, payers: Collection[str], since: float) -> Mapping[str, list[Earlier]]:
    """The alerts of each payer since `since` (event time), held back or not, oldest first."""
    known: dict[str, list[Earlier]] = defaultdict(list)
    if not payers:
        return known
    columns = (alerts.c.account, alerts.c.id, alerts.c.event_seq, alerts.c.other, alerts.c.at)
    for is_capped, condition in enumerate((_SHOWN, _CAPPED)):
        query = select(*columns).where(alerts.c.account.in_(payers), alerts.c.at > since, condition)
        for row in connection.execute(query):
            known[row.account].append(Earlier(row.id, row.event_seq, row.other, row.at, bool(is_capped)))
    return {account: sorted(mine, key=lambda one: one.at) for account, mine in known.items()}


def add_payments(connection: Connection, payments: Sequence[AlertedPayment]) -> None:
    """Keep them; a name that a payer used before stays with its first payment."""
    if payments:
        adding = _INSERT[connection.dialect.name](alerted_payments).on_conflict_do_nothing()
        connection.execute(adding, [msgspec.structs.asdict(one) for one in payments])


def settle(connection: Connection, ended: Sequence[PaymentEvent]) -> list[PaymentEvent]:
    """Note how payments ended; returns those that nobody was warned of. The first word counts."""
    if not ended:
        return []
    known = _begun_at(connection, {one.payer for one in ended})
    warned = [one for one in ended if (one.payer, one.name) in known]
    if warned:
        moments = [known[one.payer, one.name] for one in warned]
        with figures_moved(connection, {one.payer for one in warned}, moments):
            _end(connection, warned)
    return [one for one in ended if (one.payer, one.name) not in known]


def _begun_at(connection: Connection, payers: Collection[str]) -> dict[tuple[str, str], float]:
    """When each payment of theirs that stands beside an alert was begun, by payer and name."""
    columns = (alerted_payments.c.payer, alerted_payments.c.payment_id, alerted_payments.c.at)
    query = select(*columns).where(alerted_payments.c.payer.in_(payers))
    return {(row.payer, row.payment_id): row.at for row in connection.execute(query)}


def _end(connection: Connection, warned: Sequence[PaymentEvent]) -> None:
    this = (alerted_payments.c.payer == bindparam("by")) & (alerted_payments.c.payment_id == bindparam("name"))
    setting = update(alerted_payments).where(this, alerted_payments.c.outcome.is_(None))
    rows = [{"by": one.payer, "name": one.name, "result": one.said.outcome, "then": one.at} for one in warned]
    connection.execute(setting.values(outcome=bindparam("result"), settled_at=bindparam("then")), rows)


def count_unwarned(connection: Connection, counts: Counter[tuple[str, str]]) -> None:
    """Add to how payments without a warning ended, by (day, outcome)."""
    if not counts:
        return
    adding = _INSERT[connection.dialect.name](payment_days)
    summed = {"payments": payment_days.c.payments + adding.excluded.payments}
    rows = [{"day": day, "outcome": outcome, "payments": n} for (day, outcome), n in sorted(counts.items())]
    connection.execute(adding.on_conflict_do_update(index_elements=["day", "outcome"], set_=summed), rows)


def unwarned_since(connection: Connection, day: str) -> dict[str, int]:
    """How payments without a warning ended since `day` (`YYYY-MM-DD`), by outcome."""
    query = select(payment_days.c.outcome, func.sum(payment_days.c.payments)).where(payment_days.c.day >= day)
    return {row[0]: int(row[1]) for row in connection.execute(query.group_by(payment_days.c.outcome))}


def forget_payments(connection: Connection, before: float, limit: int) -> int:
    """Remove payments before `before` (event time); how many that were."""
    names = (alerted_payments.c.payer, alerted_payments.c.payment_id)
    old = connection.execute(select(*names).where(alerted_payments.c.at < before).limit(limit)).all()
    if old:
        this = (names[0] == bindparam("by")) & (names[1] == bindparam("name"))
        connection.execute(delete(alerted_payments).where(this), [{"by": row[0], "name": row[1]} for row in old])
    return len(old)


def payments_of(connection: Connection, payer: str, limit: int) -> list[Any]:
    """Payments of one member that an alert stands beside, newest first; rows as the table has them."""
    table = alerted_payments
    query = select(table).where(table.c.payer == storable(payer)).order_by(table.c.at.desc(), table.c.payment_id)
    return list(connection.execute(query.limit(limit)))
