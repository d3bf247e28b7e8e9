"""What members have and what holds it back: every movement is a transaction of the ledger, or it does not happen.

Whoever changes anything about an account's money locks the account first (`lock_owner`), so acts on one account take
turns, whichever process they come from; acts on different accounts do not wait for each other.
"""

import secrets
from collections.abc import Sequence

import msgspec
from sqlalchemy import Connection, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from anlan.domain.ledger import HOLDING_KINDS, HoldingKind, Posting, TransactionKind, changes, is_balanced
from anlan.store.batch import storable
from anlan.store.tables import fund_holds, fund_owners, holdings, ledger_lines, ledger_transactions, sanctions


class Holding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that a member has; amounts in whole minor units of `unit`.

    Attributes:
        kind: wallet, wealth (a savings product) or goods.
        unit: a currency, or the code of a virtual good.
        title: as the platform calls it.
        as_of: when the platform last counted it, seconds since the epoch.
        free: what its owner can use.
        held: what a sanction keeps; it is still theirs.
        paid: what was paid out of it.
    """

    id: str
    account: str
    kind: HoldingKind
    unit: str
    title: str
    as_of: float
    free: int
    held: int
    paid: int


class Total(msgspec.Struct, frozen=True, kw_only=True):
    """All holdings of one unit together."""

    unit: str
    owners: int
    free: int
    held: int
    paid: int


_HOLDING = select(*(holdings.c[name] for name in Holding.__struct_fields__))


def lock_owner(connection: Connection, account: str) -> None:
    """Make everybody else who acts on this account's money wait until this transaction ends."""
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    connection.execute(dialect.insert(fund_owners).values(account=account).on_conflict_do_nothing())
    connection.execute(select(fund_owners.c.account).where(fund_owners.c.account == account).with_for_update())


def set_channel(connection: Connection, account: str, opened_at: float | None) -> None:
    """Open the retrieval channel, if it is not open already, or close it with None."""
    row = update(fund_owners).where(fund_owners.c.account == account)
    if opened_at is not None:
        row = row.where(fund_owners.c.channel_opened_at.is_(None))
    connection.execute(row.values(channel_opened_at=opened_at))


def channel_opened_at(connection: Connection, account: str) -> float | None:
    """Since when the owner may ask for what is held; None while nothing is."""
    query = select(fund_owners.c.channel_opened_at).where(fund_owners.c.account == account)
    return connection.execute(query).scalar_one_or_none()


def holdings_of(connection: Connection, account: str) -> list[Holding]:
    """Everything that an account has, money first."""
    query = _HOLDING.where(holdings.c.account == account).order_by(holdings.c.unit)
    found = [Holding(**row) for row in connection.execute(query).mappings()]
    return sorted(found, key=lambda one: HOLDING_KINDS.index(one.kind))


def find_holding(connection: Connection, holding_id: str) -> Holding | None:
    """One holding by id."""
    row = connection.execute(_HOLDING.where(holdings.c.id == holding_id)).mappings().one_or_none()
    return Holding(**row) if row else None


def keep_holding(
    connection: Connection, account: str, kind: HoldingKind, unit: str, title: str, as_of: float
) -> Holding | None:
    """The holding with this title, made if it is new; None when it was counted later than `as_of` already."""
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    new = dialect.insert(holdings).values(
        id=f"hold_{secrets.token_hex(12)}", account=account, kind=kind, unit=unit, title=storable(title), as_of=as_of,
        free=0, held=0, paid=0,
    )
    kept = new.on_conflict_do_update(
        index_elements=["account", "kind", "unit"], set_={"title": new.excluded.title, "as_of": new.excluded.as_of},
        where=holdings.c.as_of <= new.excluded.as_of,
    )
    holding_id = connection.execute(kept.returning(holdings.c.id)).scalar_one_or_none()
    return find_holding(connection, holding_id) if holding_id else None


def post(
    connection: Connection, kind: TransactionKind, reference: str, holding_id: str, postings: Sequence[Posting],
    by: str, now: float,
) -> bool:
    """Write one transaction and move the balances with it; False when the postings are empty.

    Raises:
        ValueError: the postings do not sum to zero.
        sqlalchemy.exc.IntegrityError: this cause was posted already, or something would fall below zero.
    """
    if not is_balanced(postings):
        raise ValueError(f"the postings of {kind} {reference} do not sum to zero")
    if not postings:
        return False
    transaction_id = f"lt_{secrets.token_hex(12)}"
    row = {"id": transaction_id, "at": now, "kind": kind, "reference": reference, "by": storable(by)}
    connection.execute(insert(ledger_transactions), row)
    lines = [
        {"transaction_id": transaction_id, "ordinal": number, "account": line.account, "unit": line.unit,
         "amount": line.amount}
        for number, line in enumerate(postings)
    ]
    connection.execute(insert(ledger_lines), lines)
    moved = {name: holdings.c[name] + amount for name, amount in changes(postings, holding_id).items()}
    connection.execute(update(holdings).where(holdings.c.id == holding_id).values(**moved))
    return True


def note_count(connection: Connection, holding_id: str, as_of: float) -> None:
    """The platform's own books changed at `as_of`; counts from before say nothing any more."""
    row = update(holdings).where(holdings.c.id == holding_id, holdings.c.as_of < as_of)
    connection.execute(row.values(as_of=as_of))


def is_on_hold(connection: Connection, account: str) -> bool:
    """Whether any sanction keeps this account's money now."""
    query = select(fund_holds.c.sanction_id).where(fund_holds.c.account == account, fund_holds.c.released_at.is_(None))
    return connection.execute(query.limit(1)).first() is not None


def place_hold(connection: Connection, sanction_id: str, account: str, now: float) -> int:
    """Let a sanction keep the account's money; how many times it has done so, 0 when it does already."""
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    new = dialect.insert(fund_holds).values(
        sanction_id=sanction_id, account=account, placed_at=now, released_at=None, ordinal=1
    )
    placed = new.on_conflict_do_update(
        index_elements=["sanction_id"],
        set_={"placed_at": now, "released_at": None, "ordinal": fund_holds.c.ordinal + 1},
        where=fund_holds.c.released_at.is_not(None),
    )
    return connection.execute(placed.returning(fund_holds.c.ordinal)).scalar_one_or_none() or 0


def lift_hold(connection: Connection, sanction_id: str, now: float) -> int:
    """End a sanction's hold; how many times it had been placed, 0 when it holds nothing."""
    lifted = (
        update(fund_holds)
        .where(fund_holds.c.sanction_id == sanction_id, fund_holds.c.released_at.is_(None))
        .values(released_at=now)
        .returning(fund_holds.c.ordinal)
    )
    return connection.execute(lifted).scalar_one_or_none() or 0


def holding_sanctions(connection: Connection, account: str) -> list[str]:
    """The sanctions that keep this account's money now, the earliest first."""
    query = (
        select(fund_holds.c.sanction_id)
        .where(fund_holds.c.account == account, fund_holds.c.released_at.is_(None))
        .order_by(fund_holds.c.placed_at)
    )
    return list(connection.execute(query).scalars())


def limited_feature(connection: Connection, sanction_id: str) -> str:
    """Which feature a sanction limits; empty for none."""
    query = select(sanctions.c.feature).where(sanctions.c.id == sanction_id)
    return connection.execute(query).scalar_one_or_none() or ""


def is_scheduled(connection: Connection, sanction_id: str) -> bool:
    """Whether a sanction has yet to begin."""
    query = select(sanctions.c.state).where(sanctions.c.id == sanction_id)
    return connection.execute(query).scalar_one_or_none() == "scheduled"


def totals(connection: Connection) -> list[Total]:
    """What all members have, by unit."""
    sums = (func.sum(holdings.c[name]).label(name) for name in ("free", "held", "paid"))
    owners = func.count(holdings.c.account.distinct()).label("owners")
    query = select(holdings.c.unit, owners, *sums).group_by(holdings.c.unit).order_by(holdings.c.unit)
    return [
        Total(unit=row.unit, owners=row.owners, free=int(row.free), held=int(row.held), paid=int(row.paid))
        for row in connection.execute(query)
    ]
