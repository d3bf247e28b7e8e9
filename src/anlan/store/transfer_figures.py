"""What pausing payments comes to: how payers decided, for which reasons, and what was lost by going on."""

from collections.abc import Callable, Hashable, Iterable
from typing import TypeVar

import msgspec
from sqlalchemy import Connection, func, select

from anlan.domain.transfers import Answer, TransferState
from anlan.store.tables import transfers
from anlan.store.transfers import Transfer

Key = TypeVar("Key", bound=Hashable)


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """Payments that came to the same.

    Attributes:
        reason: of those who went on; None for the others, and for a closer look that saw no risk.
        is_regretted: their payers say that they were frauds after all.
        amount_minor: of all together, in minor units of `currency`.
    """

    scenario: str
    currency: str
    state: TransferState
    answer: Answer | None
    reason: str | None
    is_regretted: bool
    count: int
    amount_minor: int


class Tally(msgspec.Struct, frozen=True, kw_only=True):
    """Payments of one group: numbers of them, and amounts in minor units of its currency.

    Attributes:
        stopped: payers decided not to pay, or cancelled it themselves while it waited.
        lapsed: nobody decided, and nothing was paid.
        went_on: payers decided to pay; `paid_minor` is what was paid, whoever decided it.
        regretted, lost_minor: of what was paid, what turned out to be a fraud by the payers' own word.
    """

    paused: int = 0
    waiting: int = 0
    stopped: int = 0
    lapsed: int = 0
    went_on: int = 0
    regretted: int = 0
    paused_minor: int = 0
    kept_minor: int = 0
    paid_minor: int = 0
    lost_minor: int = 0


def outcomes_since(connection: Connection, since: float) -> list[Outcome]:
    """What came of payments that were paused since `since` (wall clock)."""
    rows = transfers.c
    is_regretted = rows.regretted_at.is_not(None)
    keys = (rows.scenario, rows.currency, rows.state, rows.answer, rows.reason, is_regretted)
    query = select(*keys, func.count(), func.sum(rows.amount_minor)).where(rows.paused_at >= since).group_by(*keys)
    return [
        Outcome(scenario=row[0], currency=row[1], state=row[2], answer=row[3], reason=row[4], is_regretted=bool(row[5]),
                count=row[6], amount_minor=int(row[7]))
        for row in connection.execute(query)
    ]


def tally(outcomes: Iterable[Outcome], key: Callable[[Outcome], Key]) -> dict[Key, Tally]:
    """Outcomes put together by `key`, the most payments first."""
    found: dict[Key, Tally] = {}
    for one in outcomes:
        found[key(one)] = _with(found.get(key(one), Tally()), one)
    return dict(sorted(found.items(), key=lambda item: -item[1].paused))


def waiting_now(connection: Connection, limit: int = 50) -> list[Transfer]:
    """Payments that wait, those first whose time is over first; without who pays whom."""
    hidden = {"payer": "", "payee": "", "payee_account": None}
    query = select(*(transfers.c[name] for name in Transfer.__struct_fields__)).where(transfers.c.state == "waiting")
    rows = connection.execute(query.order_by(transfers.c.until).limit(limit)).mappings()
    return [Transfer(**{**row, **hidden}) for row in rows]


def _with(sums: Tally, one: Outcome) -> Tally:
    is_kept = one.state in ("stopped", "lapsed", "cancelled")
    is_lapsed = one.state == "lapsed"
    went_on = one.answer == "released"
    stopped = one.answer == "stopped" or (one.answer is None and one.state == "cancelled")
    return Tally(
        paused=sums.paused + one.count, waiting=sums.waiting + one.count * (one.state == "waiting"),
        stopped=sums.stopped + one.count * stopped, lapsed=sums.lapsed + one.count * is_lapsed,
        went_on=sums.went_on + one.count * went_on, regretted=sums.regretted + one.count * one.is_regretted,
        paused_minor=sums.paused_minor + one.amount_minor,
        kept_minor=sums.kept_minor + one.amount_minor * is_kept,
        paid_minor=sums.paid_minor + one.amount_minor * (one.state == "paid"),
        lost_minor=sums.lost_minor + one.amount_minor * one.is_regretted,
    )
