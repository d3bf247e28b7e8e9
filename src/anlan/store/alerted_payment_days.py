"""What became of payments, by day: whoever settles a payment moves the figures by just what that changes.

A payment counts by the day of the alert that it stands beside. What one payment changes lies within `AFTERWARDS_S` of
it and with the same payer, so that part is summed up before and after; the difference is added to the days.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Double, Select, Table, and_, bindparam, cast, exists, func, select
from sqlalchemy.dialects import postgresql, sqlite

from anlan.domain.prevented_loss import AFTERWARDS_S, ArmPaid, WarnedPayments
from anlan.store.tables import alerted_payments, alerts, paid_after_days, warned_payment_days

_Key = tuple[str, ...]
_Sums = tuple[float, ...]
_INSERT: dict[str, Callable[[Table], postgresql.Insert | sqlite.Insert]] = {
    "postgresql": postgresql.insert, "sqlite": sqlite.insert,
}
_ONE = alerted_payments.c
_AMOUNT = cast(_ONE.amount_minor, Double)
_IS_NEAR = and_(
    _ONE.payer.in_(bindparam("payers", expanding=True)), _ONE.at.between(bindparam("since"), bindparam("until")),
)


def _warned() -> Select[Any]:
    """What `warned_payment_days` holds, of the part that is asked about."""
    later = alerted_payments.alias("later").c
    was_made_after_all = exists().where(
        later.payer == _ONE.payer, later.other == _ONE.other, later.currency == _ONE.currency, later.outcome == "paid",
        later.at.between(_ONE.at, _ONE.at + AFTERWARDS_S),
    )
    is_kept = and_(_ONE.outcome == "cancelled", ~was_made_after_all)
    ended = select(
        alerts.c.day, _ONE.currency, _AMOUNT.label("amount"), is_kept.label("is_kept"),
        (_ONE.outcome != "refused").label("was_possible"),
    ).join(alerts, alerts.c.id == _ONE.own_id).where(_IS_NEAR, _ONE.outcome.is_not(None)).subquery().c
    amount = func.sum(ended.amount)
    return select(
        ended.day, ended.currency, func.count(), func.count().filter(ended.is_kept),
        func.coalesce(amount.filter(ended.is_kept), 0.0), func.coalesce(amount.filter(ended.was_possible), 0.0),
    ).group_by(ended.day, ended.currency)


def _paid_after() -> Select[Any]:
    """What `paid_after_days` holds, likewise."""
    each = select(alerts.c.day, _ONE.currency, alerts.c.state, func.sum(_AMOUNT).label("paid")).join(
        alerts, alerts.c.id == _ONE.earlier_id
    ).where(_IS_NEAR, alerts.c.moment != "money", _ONE.outcome == "paid").group_by(
        _ONE.earlier_id, alerts.c.day, _ONE.currency, alerts.c.state
    ).subquery().c
    return select(
        each.day, each.currency, each.state, func.count(), func.sum(each.paid), func.sum(each.paid * each.paid)
    ).group_by(each.day, each.currency, each.state)


_FIGURES = ((warned_payment_days, _warned()), (paid_after_days, _paid_after()))


@contextmanager
def figures_moved(connection: Connection, payers: Collection[str], moments: Sequence[float]) -> Iterator[None]:
    """Add to the days what is changed within.

    Args:
        moments: event time of the payments that change.
    """
    near = {"payers": list(payers), "since": min(moments) - AFTERWARDS_S, "until": max(moments) + AFTERWARDS_S}
    before = [_read(connection, table, query, near) for table, query in _FIGURES]
    yield
    for (table, query), was in zip(_FIGURES, before, strict=True):
        _add(connection, table, _moved(was, _read(connection, table, query, near)))


def _read(
    connection: Connection, table: Table, query: Select[Any], near: Mapping[str, object]
) -> dict[_Key, _Sums]:
    """Both in the order of the table's columns."""
    keys = len(table.primary_key)
    return {tuple(row[:keys]): tuple(row[keys:]) for row in connection.execute(query, near)}


def _moved(before: Mapping[_Key, _Sums], after: Mapping[_Key, _Sums]) -> dict[_Key, _Sums]:
    """By how much; what did not move is left out."""
    found = dict(after)
    for key, was in before.items():
        now = after.get(key, (0.0,) * len(was))
        found[key] = tuple(new - old for new, old in zip(now, was, strict=True))
    return {key: sums for key, sums in found.items() if any(sums)}


def _add(connection: Connection, table: Table, moved: Mapping[_Key, _Sums]) -> None:
    if not moved:
        return
    adding = _INSERT[connection.dialect.name](table)
    names, keys = table.columns.keys(), table.primary_key.columns.keys()
    summed = {name: table.c[name] + adding.excluded[name] for name in names[len(keys):]}
    rows = [dict(zip(names, (*key, *sums), strict=True)) for key, sums in sorted(moved.items())]
    connection.execute(adding.on_conflict_do_update(index_elements=keys, set_=summed), rows)


def warned_payments(connection: Connection, day: str) -> dict[str, WarnedPayments]:
    """What became of payments that members were warned of, since `day` (`YYYY-MM-DD`); by currency."""
    table = warned_payment_days.c
    sums = [func.sum(table[name]) for name in ("payments", "kept", "kept_minor", "possible_minor")]
    query = select(table.currency, *sums).where(table.day >= day).group_by(table.currency)
    return {
        currency: WarnedPayments(count=int(count), kept=int(kept), kept_minor=int(stayed), possible_minor=int(possible))
        for currency, count, kept, stayed, possible in connection.execute(query)
    }


def paid_after_alerts(connection: Connection, day: str) -> dict[str, dict[str, ArmPaid]]:
    """What was paid after each earlier alert, since `day` (`YYYY-MM-DD`): by currency and the alert's state."""
    table = paid_after_days.c
    sums = [func.sum(table[name]) for name in ("alerts", "paid_minor", "squares")]
    query = select(table.currency, table.state, *sums).where(table.day >= day).group_by(table.currency, table.state)
    found: dict[str, dict[str, ArmPaid]] = defaultdict(dict)
    for currency, state, count, total, squares in connection.execute(query):
        found[currency][state] = ArmPaid(members=int(count), total=total, squares=squares)
    return found
