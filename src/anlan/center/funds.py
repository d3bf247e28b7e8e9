"""A punished person's money stays theirs (law 3): balances as the platform counts them, holds that move nothing."""

import secrets

import msgspec
from sqlalchemy import Connection

from anlan import clock
from anlan.center.payouts import release_unclaimed, withdraw_undecided
from anlan.desk.followers import SanctionMoved
from anlan.domain import ledger
from anlan.domain.ledger import LARGEST_AMOUNT, HoldingKind
from anlan.domain.payouts import FundsMoved, holds_funds, moved_message
from anlan.errors import Conflict, InvalidCount
from anlan.store import audit, funds, outbox
from anlan.store.database import Database
from anlan.store.funds import Holding

_PLACING = ("ordered", "in_force")
_RELEASING = ("lifted", "ended", "refused")


CLOCK_SLACK_S = 300.0
"""How far ahead of ours a platform's clock may be."""


class Count(msgspec.Struct, frozen=True, kw_only=True):
    """What the platform counts of one holding: all that the member has there now, in whole minor units."""

    kind: HoldingKind
    unit: str
    title: str
    amount: int


class Funds:
    """Holdings of members, and what sanctions do to them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def register(self, account: str, counts: tuple[Count, ...], as_of: float, by: str) -> list[Holding]:
        """Take over what the platform counted at `as_of`; holdings that are not named stay as they are.

        Everything is taken over or nothing. What comes in while a sanction keeps the account's money is held too.

        Returns:
            everything that the account has now.

        Raises:
            InvalidCount: an amount out of range, the same holding twice, or a count from the future.
            Conflict: a later count is registered, or what is held would become less.
        """
        if len({(count.kind, count.unit) for count in counts}) < len(counts):
            raise InvalidCount("the same kind and unit stand there twice; count them together")
        if any(not 0 <= count.amount <= LARGEST_AMOUNT for count in counts):
            raise InvalidCount(f"an amount is a whole number of minor units from 0 to {LARGEST_AMOUNT}")
        now = clock.now()
        if as_of > now + CLOCK_SLACK_S:
            raise InvalidCount("the count is from the future; send as_of in seconds since the epoch (UTC)")
        with self._database.write() as connection:
            funds.lock_owner(connection, account)
            is_held = funds.is_on_hold(connection, account)
            for count in counts:
                _take_over(connection, account, count, as_of, by, now, is_held=is_held)
            found = funds.holdings_of(connection, account)
            if is_held and any(one.held for one in found):
                funds.set_channel(connection, account, now)
            details = {f"{count.kind} {count.unit}": count.amount for count in counts}
            audit.note(connection, by, "funds.register", account, details)
        return found

    def holdings(self, account: str) -> list[Holding]:
        """Everything that an account has, money first."""
        with self._database.read() as connection:
            return funds.holdings_of(connection, account)

    def on_sanction_moved(self, connection: Connection, moved: SanctionMoved) -> None:
        """Keep the money of whom a ban or suspension begins for, in the same transaction; let go when the last ends."""
        if not moved.target.startswith("account:"):
            return
        if moved.move in _RELEASING:
            self._release(connection, moved)
        elif moved.move in _PLACING and _keeps_money(connection, moved):
            self._hold(connection, moved)

    def _hold(self, connection: Connection, moved: SanctionMoved) -> None:
        funds.lock_owner(connection, moved.target)
        times = funds.place_hold(connection, moved.sanction_id, moved.target, moved.at)
        if not times:
            return
        for one in funds.holdings_of(connection, moved.target):
            lines = ledger.held(one.id, one.unit, one.free)
            funds.post(connection, "hold", f"{moved.sanction_id}.{times}:{one.id}", one.id, lines, moved.by, moved.at)
        if any(one.held for one in funds.holdings_of(connection, moved.target)):
            funds.set_channel(connection, moved.target, moved.at)
            self._tell(connection, "funds.held", moved, times)

    def _release(self, connection: Connection, moved: SanctionMoved) -> None:
        funds.lock_owner(connection, moved.target)
        times = funds.lift_hold(connection, moved.sanction_id, moved.at)
        if not times or funds.is_on_hold(connection, moved.target):
            return
        had_any = any(one.held for one in funds.holdings_of(connection, moved.target))
        withdraw_undecided(connection, moved.target, moved.by, moved.at)
        release_unclaimed(connection, moved.target, f"{moved.sanction_id}.{times}", moved.by, moved.at)
        if had_any:
            self._tell(connection, "funds.released", moved, times)

    def _tell(self, connection: Connection, kind: str, moved: SanctionMoved, times: int) -> None:
        told = FundsMoved(account=moved.target, sanction=moved.sanction_id)
        message = moved_message(kind, told, f"{moved.sanction_id}.{times}", moved.at)
        outbox.put(connection, [message], moved.at)
        audit.note(connection, moved.by, kind, moved.target, {"sanction": moved.sanction_id})


def _keeps_money(connection: Connection, moved: SanctionMoved) -> bool:
    feature = funds.limited_feature(connection, moved.sanction_id)
    return holds_funds(moved.kind, feature) and not funds.is_scheduled(connection, moved.sanction_id)


def _take_over(
    connection: Connection, account: str, count: Count, as_of: float, by: str, now: float, *, is_held: bool
) -> None:
    """Let the ledger say what the platform says of one holding."""
    kept = funds.keep_holding(connection, account, count.kind, count.unit, count.title, as_of)
    if kept is None:
        raise Conflict(f"a later count of {count.kind} {count.unit} is registered; send the newest one")
    more = count.amount - kept.free - kept.held
    if count.amount < kept.held or (is_held and more < 0):
        raise Conflict(
            f"{kept.held} of {count.kind} {count.unit} are held and cannot become less; confirm the payout, or have "
            "the sanction lifted first", held=kept.held,
        )
    lines = ledger.registered(kept.id, kept.unit, more, is_held=is_held)
    funds.post(connection, "register", f"count_{secrets.token_hex(12)}", kept.id, lines, by, now)
