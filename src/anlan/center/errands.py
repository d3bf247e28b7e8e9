"""Asks the platform to do what only it can do for a member: block somebody, stop money that has gone; with a way back.

Nothing happens here but that the platform is told at once, and the member sees how it stands. Whom an errand is about
comes from what the member was shown, never from a form, so nobody is named who has nothing to do with them.
"""

from sqlalchemy import Connection

from anlan.domain.errands import ANSWER_WITHIN_S, MAX_A_DAY, BlockAsked, ErrandKind, FreezeAsked, Outcome
from anlan.domain.facts import StaffNotice
from anlan.domain.messages import seal_message
from anlan.errors import Conflict, InvalidRequest, NotFound, RateLimited
from anlan.store import errands as kept
from anlan.store import outbox
from anlan.store.audit import note
from anlan.store.database import Database
from anlan.store.errands import Errand
from anlan.store.notices import tell_staff

DAY_S = 86_400.0
ROUND_ERRANDS = 100
_KINDS: dict[ErrandKind, str] = {"block": "member.block", "freeze": "payment.freeze"}
"""How kinds of messages begin."""


class Errands:
    """What members ask for."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def ask(self, account: str, kind: ErrandKind, about: str, now: float) -> Errand:
        """Ask the platform; what stands already is not asked again.

        Args:
            about: `kind:id` of the other side; may be empty for money that went to somebody whom nobody knows.

        Raises:
            InvalidRequest: there is nobody to block, or it is the member themselves.
            RateLimited: too many today.
        """
        if about == account or (kind == "block" and not about.startswith("account:")):
            raise InvalidRequest("there is nobody to block here", zh="这里没有可以拉黑的账号",
                                 en="There is nobody to block here.")
        with self._database.write() as connection:
            new = kept.add_errand(connection, account, kind, about, now)
            if new is None:
                return kept.standing_errand(connection, account, kind, about)
            note(connection, account, f"errand.{kind}", new.id, {})  # whoever asks beside us waits here
            if kept.count_errands(connection, account, kind, now - DAY_S) > MAX_A_DAY[kind]:
                raise RateLimited(
                    "enough was asked for today; call the platform", zh="今天请求得够多了，请直接联系平台。",
                    en="You have asked for enough today. Call the platform.",
                )
            self._tell(connection, new, "asked", now)
            return new

    def take_back(self, account: str, errand_id: str, now: float) -> None:
        """Let the platform undo it.

        Raises:
            NotFound: there is no such errand of this member.
            Conflict: it stands no more.
        """
        with self._database.write() as connection:
            found = self.find(connection, errand_id, account)
            if not kept.take_errand_back(connection, errand_id, account, now):
                raise Conflict("this is over already", zh="这件事已经结束了", en="This is over already.")
            note(connection, account, "errand.take_back", errand_id, {})
            self._tell(connection, found, "taken_back", now)

    def answer(self, errand_id: str, outcome: Outcome, by: str, now: float) -> None:
        """Take the platform's word; the same again changes nothing.

        Raises:
            NotFound: there is no such errand.
            Conflict: it was answered otherwise, or the member has taken it back.
        """
        with self._database.write() as connection:
            found = self.find(connection, errand_id)
            if found.state == outcome:
                return
            if not kept.answer_errand(connection, errand_id, outcome, now):
                raise Conflict(f"this errand is {found.state}; do what that asks for")
            note(connection, by, "errand.answer", errand_id, {"outcome": outcome})

    def round(self, now: float) -> int:
        """Tell staff of money about which the platform says nothing, each once; returns how many were new."""
        with self._database.read() as connection:
            waiting = kept.unanswered_freezes(connection, now - DAY_S, now - ANSWER_WITHIN_S, ROUND_ERRANDS)
        if not waiting:
            return 0
        notices = [
            StaffNotice(id=f"errand_unanswered.{one.id}", at=now, kind="errand_unanswered", subject=one.id)
            for one in waiting
        ]
        with self._database.write() as connection:
            return tell_staff(connection, notices, now)

    def find(self, connection: Connection, errand_id: str, account: str | None = None) -> Errand:
        """The errand with this id; with `account` only if it is theirs.

        Raises:
            NotFound: there is none.
        """
        found = kept.find_errand(connection, errand_id, account)
        if found is None:
            raise NotFound("there is no such errand", zh="没有这件事，或它不是您的。", en="It is gone, or not yours.")
        return found

    def of(self, account: str) -> list[Errand]:
        """What a member asked for, newest first."""
        with self._database.read() as connection:
            return kept.errands_of(connection, account)

    def _tell(self, connection: Connection, errand: Errand, what: str, now: float) -> None:
        data: BlockAsked | FreezeAsked
        if errand.kind == "block":
            data = BlockAsked(errand=errand.id, account=errand.account, other=errand.about)
        else:
            meant = kept.payments_meant(connection, errand.account, errand.about, errand.asked_at)
            data = FreezeAsked(
                errand=errand.id, account=errand.account, other=errand.about or None, payments=meant
            )
        kind = f"{_KINDS[errand.kind]}_{what}"
        outbox.put(connection, [seal_message(f"msg_{errand.id}.{what}", kind, now, data)], now)
