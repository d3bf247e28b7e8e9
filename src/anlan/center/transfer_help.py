"""Two heads are better than one: a payer asks somebody of their circle, who vouches, advises against it, or holds it.

Whoever is asked sees what the payer chose to show by asking: who, how much, what it may be; never what was written.
"""

from collections.abc import Sequence
from typing import Protocol

import msgspec
from sqlalchemy import Connection

from anlan.center.transfer_orders import tell_answered, tell_asked
from anlan.center.transfers import Transfers
from anlan.domain.transfers import (
    GUARDIAN_PAUSE_S,
    HELP_ANSWERS,
    HOUR_S,
    MAX_ASKED_A_DAY,
    MAX_GUARDIAN_PAUSES_7D,
    MAX_HELPERS,
    HelpAnswer,
)
from anlan.errors import Conflict, Forbidden, InvalidAnswer, NotFound, RateLimited
from anlan.store import audit
from anlan.store.containments import standing_containment
from anlan.store.transfer_helpers import (
    Helper,
    add_helper,
    answer_help,
    count_asked,
    count_pauses,
    find_helper,
    helpers_of,
)
from anlan.store.transfers import Transfer, find_transfer, guard_transfer

DAY_S = 24 * HOUR_S


class Circles(Protocol):
    """Who stands by whom, and what they were allowed; accounts are `account:<id>`."""

    def guardians_of(self, connection: Connection, ward: str, harm: str) -> Sequence[str]:
        """Whom `ward` chose to be warned of this kind of harm."""

    def may_pause(self, connection: Connection, ward: str, guardian: str) -> bool:
        """Whether `ward` agreed, and has not taken it back, that `guardian` may hold their payments."""


class AskedView(msgspec.Struct, frozen=True, kw_only=True):
    """A payment as one of the payer's circle sees it.

    Attributes:
        helper: None when they were not asked and came by themselves.
        may_pause: they may hold it now.
    """

    transfer: Transfer
    helper: Helper | None
    may_pause: bool


class TransferHelp:
    """Asks the circle, and takes what it says."""

    def __init__(self, transfers: Transfers, circles: Circles) -> None:
        self._transfers, self._circles = transfers, circles
        self._database = transfers.database

    def guardians_for(self, connection: Connection, found: Transfer) -> list[str]:
        """Whom the payer can ask, in the circle's order; nobody twice."""
        harm = self._transfers.scenario_of(found).harm
        asked = {one.guardian for one in helpers_of(connection, found.id)}
        return [
            one for one in self._circles.guardians_of(connection, found.payer, harm)
            if one not in asked and not _is_barred(connection, found, one)
        ]

    def ask(self, payer: str, transfer_id: str, guardians: Sequence[str], now: float) -> None:
        """Ask some of the circle about a payment that waits.

        Raises:
            NotFound: there is no such payment of this payer.
            InvalidAnswer: nobody was named, or somebody who cannot be asked.
            RateLimited: too many for one payment or one day.
            Conflict: it was decided already.
        """
        with self._database.write() as connection:
            audit.note(connection, payer, "transfer.ask", transfer_id, {"count": len(guardians)})  # others wait here
            found = self._transfers.get(connection, transfer_id, payer)
            _check_waits(found)
            free = self.guardians_for(connection, found)
            if not guardians or not set(guardians) <= set(free):
                raise InvalidAnswer("choose somebody of the circle", zh="请选择守护圈里的一个人",
                                    en="Choose somebody of your circle.")
            asked = len(helpers_of(connection, found.id))
            today = count_asked(connection, payer, now - DAY_S)
            if asked + len(guardians) > MAX_HELPERS or today + len(guardians) > MAX_ASKED_A_DAY:
                raise RateLimited("enough people were asked for now", zh="已经问过足够多的人了，请等一等回复",
                                  en="You have asked enough people for now. Wait for an answer.")
            for ordinal, guardian in enumerate(dict.fromkeys(guardians), asked):
                if add_helper(connection, Helper(transfer_id=found.id, guardian=guardian, asked_at=now)):
                    tell_asked(connection, found, guardian, ordinal, self._transfers.scenario_of(found), now)

    def look(self, guardian: str, transfer_id: str, now: float) -> AskedView:
        """A payment as a guardian sees it who was asked, or may hold it.

        Raises:
            NotFound: there is none, or they have nothing to do with it.
        """
        with self._database.read() as connection:
            found, helper = self._known_to(connection, guardian, transfer_id)
            may_pause = found.guarded_by is None and self._may_pause(connection, found, guardian, now)
            return AskedView(transfer=found, helper=helper, may_pause=found.state == "waiting" and may_pause)

    def answer(self, guardian: str, transfer_id: str, answer: HelpAnswer, now: float) -> None:
        """Take what a guardian says, once; to hold it needs the ward's consent.

        Raises:
            NotFound: they have nothing to do with it.
            Forbidden: the ward has not agreed that they hold payments, or they did so too often.
            Conflict: it was decided already, somebody holds it, or they have said something before.
        """
        if answer not in HELP_ANSWERS:
            raise InvalidAnswer(f"choose one of {', '.join(HELP_ANSWERS)}")
        with self._database.write() as connection:
            found, helper = self._known_to(connection, guardian, transfer_id)
            _check_waits(found)
            held_until = self._hold(connection, found, guardian, now) if answer == "paused" else None
            if helper is None:
                add_helper(connection, Helper(transfer_id=found.id, guardian=guardian, asked_at=None))
            if not answer_help(connection, found.id, guardian, answer, now):
                raise Conflict("you have answered already", zh="您已经回复过了", en="You have answered already.")
            names = [one.guardian for one in helpers_of(connection, found.id)]
            tell_answered(connection, found, guardian, names.index(guardian), answer, now, held_until)
            audit.note(connection, guardian, f"transfer.{answer}", found.id, {})

    def _hold(self, connection: Connection, found: Transfer, guardian: str, now: float) -> float:
        if not self._may_pause(connection, found, guardian, now):
            raise Forbidden(
                "the payer has not agreed to this, or it was done often enough lately",
                zh="对方没有同意由您暂停付款，或近期次数已满。您仍然可以打电话提醒。",
                en="They have not agreed that you hold payments, or you did so often lately. You can still call them.",
            )
        until = now + GUARDIAN_PAUSE_S
        if not guard_transfer(connection, found.id, guardian, until):
            raise Conflict("somebody was faster", zh="已有人先处理了", en="Somebody was faster.")
        return until

    def _may_pause(self, connection: Connection, found: Transfer, guardian: str, now: float) -> bool:
        is_allowed = self._circles.may_pause(connection, found.payer, guardian)
        lately = count_pauses(connection, found.payer, guardian, now - 7 * DAY_S)
        return is_allowed and lately < MAX_GUARDIAN_PAUSES_7D

    def _known_to(self, connection: Connection, guardian: str, transfer_id: str) -> tuple[Transfer, Helper | None]:
        """The payment as they may know it: to whoever left the circle, or was left, it looks decided."""
        found = find_transfer(connection, transfer_id)
        helper = find_helper(connection, transfer_id, guardian)
        may_pause = found is not None and self._circles.may_pause(connection, found.payer, guardian)
        if found is None or not (helper or may_pause) or _is_barred(connection, found, guardian):
            raise NotFound(f"there is no payment {transfer_id} that you were asked about", zh="没有这笔付款",
                           en="There is no such payment.")
        harm = self._transfers.scenario_of(found).harm
        if not (may_pause or guardian in self._circles.guardians_of(connection, found.payer, harm)):
            found = msgspec.structs.replace(found, state="lapsed")
        return found, helper


def _is_barred(connection: Connection, found: Transfer, guardian: str) -> bool:
    """Whoever gets the money does not vouch for themselves, nor does a thief in a guardian's account."""
    is_payee = found.payee_account is not None and guardian == f"account:{found.payee_account}"
    return is_payee or standing_containment(connection, guardian) is not None


def _check_waits(found: Transfer) -> None:
    if found.state != "waiting":
        raise Conflict("this payment was decided already", zh="这笔付款已经有了决定",
                       en="This payment was decided already.")
