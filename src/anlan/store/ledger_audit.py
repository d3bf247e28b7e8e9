"""Whether the ledger is whole: sums, balances and payouts compared to the smallest unit, from what is stored."""

from collections.abc import Iterator
from typing import Literal, NamedTuple

from sqlalchemy import Connection, Table, func, select

from anlan.domain.ledger import POTS, platform, pot
from anlan.store.funds import Total, totals
from anlan.store.tables import holdings, ledger_lines, ledger_transactions, payout_applications

BreakKind = Literal["unbalanced", "balance", "below_zero", "platform", "empty", "payout"]

BREAKS: dict[BreakKind, dict[str, str]] = {
    "unbalanced": {"en": "a transaction does not sum to zero", "zh": "一笔分录借贷不平"},
    "balance": {"en": "a balance is not the sum of its lines", "zh": "余额与分录合计不一致"},
    "below_zero": {"en": "a holding is below zero", "zh": "资产余额为负"},
    "platform": {
        "en": "the platform's account is not the other side of all holdings", "zh": "平台账户与全部资产不对应",
    },
    "empty": {"en": "a transaction has no lines", "zh": "一笔交易没有分录"},
    "payout": {"en": "a payout has not exactly one payment of its amount", "zh": "付款申请没有恰好一笔等额付款"},
}


class Break(NamedTuple):
    """One thing that does not add up: what it is about, what stands there and what should."""

    kind: BreakKind
    subject: str
    found: int
    expected: int


class LedgerReport(NamedTuple):
    """What an audit looked at and found."""

    transactions: int
    lines: int
    payouts: int
    totals: tuple[Total, ...]
    breaks: tuple[Break, ...]


def audit_ledger(connection: Connection) -> LedgerReport:
    """Compare everything with everything; give it one moment of the database (`Database.snapshot`)."""
    sums = _sums_by_account(connection)
    found = (
        *_unbalanced(connection), *_empty(connection), *_balances(connection, sums), *_platforms(connection, sums),
        *_payouts(connection),
    )
    return LedgerReport(
        _count(connection, ledger_transactions), _count(connection, ledger_lines),
        _count(connection, payout_applications), tuple(totals(connection)), found,
    )


def _count(connection: Connection, table: Table) -> int:
    return connection.execute(select(func.count()).select_from(table)).scalar_one()


def _sums_by_account(connection: Connection) -> dict[tuple[str, str], int]:
    c = ledger_lines.c
    query = select(c.account, c.unit, func.sum(c.amount)).group_by(c.account, c.unit)
    return {(account, unit): int(total) for account, unit, total in connection.execute(query)}


def _unbalanced(connection: Connection) -> Iterator[Break]:
    c = ledger_lines.c
    total = func.sum(c.amount)
    query = select(c.transaction_id, c.unit, total).group_by(c.transaction_id, c.unit).having(total != 0)
    for transaction, unit, amount in connection.execute(query.order_by(c.transaction_id)):
        yield Break("unbalanced", f"{transaction} {unit}", int(amount), 0)


def _empty(connection: Connection) -> Iterator[Break]:
    has_lines = select(ledger_lines.c.ordinal).where(ledger_lines.c.transaction_id == ledger_transactions.c.id).exists()
    for name in connection.execute(select(ledger_transactions.c.id).where(~has_lines)).scalars():
        yield Break("empty", name, 0, 2)


def _balances(connection: Connection, sums: dict[tuple[str, str], int]) -> Iterator[Break]:
    """Every pot of every holding, and lines that name no holding."""
    known = set()
    for row in connection.execute(select(holdings)).mappings():
        for name in POTS:
            account = pot(name, row["id"])
            known.add((account, row["unit"]))
            summed = sums.get((account, row["unit"]), 0)
            if row[name] != summed:
                yield Break("balance", account, row[name], summed)
            if summed < 0 or row[name] < 0:
                yield Break("below_zero", account, min(summed, row[name]), 0)
    for account, unit in sums.keys() - known:
        if account != platform(unit):
            yield Break("balance", f"{account} {unit}", 0, sums[account, unit])


def _platforms(connection: Connection, sums: dict[tuple[str, str], int]) -> Iterator[Break]:
    """The platform owes what members have or were paid."""
    for total in totals(connection):
        expected = -(total.free + total.held + total.paid)
        found = sums.get((platform(total.unit), total.unit), 0)
        if found != expected:
            yield Break("platform", platform(total.unit), found, expected)


def _payouts(connection: Connection) -> Iterator[Break]:
    """Paid applications have one payment of their amount; the others none."""
    paid: dict[str, int] = {}
    c, t = ledger_lines.c, ledger_transactions.c
    lines = select(t.reference, c.amount).join(ledger_lines, c.transaction_id == t.id)
    for reference, amount in connection.execute(lines.where(t.kind == "pay", c.account.startswith("paid:"))):
        paid[reference] = paid.get(reference, 0) + amount
    p = payout_applications.c
    for name, state, amount in connection.execute(select(p.id, p.state, p.amount_minor).order_by(p.id)):
        expected = amount if state == "paid" else 0
        found = paid.pop(name, 0)
        if found != expected:
            yield Break("payout", name, found, expected)
    for reference, amount in sorted(paid.items()):
        yield Break("payout", reference, amount, 0)
