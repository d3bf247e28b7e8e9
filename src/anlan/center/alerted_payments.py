"""Follows payments into and out of warnings, each once: which were warned of, and how they and all others ended."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from anlan.domain.prevented_loss import AFTERWARDS_S
from anlan.store import alerted_payments as rows
from anlan.store.alerted_payments import INITIATED, AlertedPayment, Earlier, PaymentEvent
from anlan.store.database import Database
from anlan.store.marks import ALERTED_PAYMENTS, ALERTS, raise_mark, read_mark

SCAN_EVENTS = 10_000


class AlertedPayments:
    """Takes in payments of which it is known whether anybody was warned.

    Args:
        zone: IANA name of the zone in which days are told.
    """

    def __init__(self, database: Database, zone: str) -> None:
        self._database = database
        self._zone = ZoneInfo(zone)

    def take_in(self, now: float) -> int:
        """Follow the journal as far as alerts were made; returns how many payments were begun or ended."""
        total = 0
        while True:
            with self._database.read() as connection:
                done, newest = read_mark(connection, ALERTED_PAYMENTS), read_mark(connection, ALERTS)
            if newest <= done:
                return total
            with self._database.write() as connection:
                done = raise_mark(connection, ALERTED_PAYMENTS, 0)  # other processes wait here
                until = min(newest, done + SCAN_EVENTS)
                if until > done:
                    total += self._take(connection, done, until)
                    raise_mark(connection, ALERTED_PAYMENTS, until - done)

    def _take(self, connection: Connection, done: int, until: int) -> int:
        found = rows.payment_events(connection, done, until)
        begun = [one for one in found if one.type == INITIATED]
        since = min((one.at for one in begun), default=0.0) - AFTERWARDS_S
        known = rows.alerts_before(connection, {one.payer for one in begun}, since)
        rows.add_payments(connection, [made for one in begun if (made := _warned(one, known))])
        unwarned = rows.settle(connection, [one for one in found if one.said.outcome is not None])
        rows.count_unwarned(connection, Counter((self._day(one.at), str(one.said.outcome)) for one in unwarned))
        return len(found)

    def _day(self, at: float) -> str:
        return datetime.fromtimestamp(at, self._zone).date().isoformat()


def _warned(payment: PaymentEvent, known: Mapping[str, Sequence[Earlier]]) -> AlertedPayment | None:
    """The payment with the alerts that came before it; None where there were none."""
    mine = known.get(payment.payer, ())
    own = next((one.id for one in mine if one.event_seq == payment.seq), None)
    before = mine[: bisect_left(mine, payment.at, key=lambda one: one.at)]
    about = [one for one in before if one.other == payment.other and payment.at - one.at <= AFTERWARDS_S]
    if own is None and not about:
        return None
    earlier = max(about, key=lambda one: (not one.is_capped, one.at), default=None)
    return AlertedPayment(
        payer=payment.payer, payment_id=payment.name, own_id=own,
        earlier_id=earlier.id if earlier else None, other=payment.other, amount_minor=payment.said.amount_minor,
        currency=payment.said.currency, at=payment.at,
    )
