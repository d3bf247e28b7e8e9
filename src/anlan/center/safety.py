"""The owner's own part in a containment: they give the alarm, and end it by proving who they are.

A thief in a session of the account can open these pages too. So a proof counts only if the thief cannot have brought
it, what the account could prove itself by before they came, and only in the session that gave it.
"""

from typing import Literal

import msgspec
from sqlalchemy import Connection

from anlan.center.challenges import Challenges, Started, Visitor
from anlan.center.containment import Containments
from anlan.domain.factors import Level
from anlan.errors import Forbidden, NotFound
from anlan.store.containments import Containment, Step, latest_containment, proof_for, steps_of
from anlan.store.database import Database
from anlan.store.factors import factors_of
from anlan.store.sign_ins import sign_ins_of, standing_of

PURPOSE = "lift_containment"
PAGE = "/me/safety"
SHOWN_S = 30 * 86_400.0
"""So long a containment that has ended is still shown."""
UNNAMED_S = 86_400.0
"""How far back the alarm reaches of somebody who does not know which sign-in was not theirs."""
LEVELS: tuple[Level, ...] = ("factor", "channel")

Ending = Literal["lifted", "false_alarm"]


class SafetyView(msgspec.Struct, frozen=True, kw_only=True):
    """How the account stands, for its owner.

    Attributes:
        containment: the standing one, or the last of the past `SHOWN_S`.
        is_proven: the owner has just proved who they are.
        can_prove: the account has something that it could prove itself by before the thief came.
        has_new_password: a password was chosen since the alarm.
        has_factor: a second step is set up.
    """

    containment: Containment | None
    steps: tuple[Step, ...] = ()
    is_proven: bool = False
    can_prove: bool = False
    has_new_password: bool = False
    has_factor: bool = False


class Safety:
    """What an owner sees and does when somebody else is in their account."""

    def __init__(self, database: Database, containments: Containments, challenges: Challenges) -> None:
        self._database, self._containments, self._challenges = database, containments, challenges

    def look(self, account: str, session: str | None, now: float) -> SafetyView:
        """How `account:<id>` stands, for the session that looks."""
        with self._database.read() as connection:
            found = latest_containment(connection, account)
            if found is None or (found.closed_at is not None and found.closed_at < now - SHOWN_S):
                return SafetyView(containment=None)
            changed_at = standing_of(connection, account).password_changed_at
            return SafetyView(
                containment=found, steps=tuple(steps_of(connection, self._database.vault, found.id)),
                is_proven=proof_for(connection, found, PURPOSE, session, now) is not None,
                can_prove=self._level(connection, found) is not None,
                has_new_password=changed_at is not None and changed_at >= found.opened_at,
                has_factor=bool(factors_of(connection, account)),
            )

    def give_alarm(self, account: str, sign_in: int | None, now: float) -> str:
        """Contain the account because its owner says so; returns the containment's id.

        Args:
            sign_in: the event of the sign-in that was not theirs, by its place in the journal; None if they do not
                know, and then what was new within the last day is taken for the thief's.

        Raises:
            NotFound: the account has no such sign-in.
        """
        with self._database.write() as connection:
            since, device, session = now - UNNAMED_S, None, None
            if sign_in is not None:
                found = [one for one in sign_ins_of(connection, self._database.vault, account) if one.seq == sign_in]
                if not found:
                    raise NotFound("there is no such sign-in", zh="没有这次登录记录")
                since, said = found[0].at, found[0].particulars
                device, session = said.device, said.session
            return self._containments.open(
                connection, account, "owner", now, by=account, since=since, device=device, session=session
            )

    def prove(self, account: str, visitor: Visitor, now: float) -> Started:
        """Ask for a proof of who they are; its page leads back here. It is good in the visitor's session alone.

        Raises:
            NotFound: nothing contains the account, or has lately.
            Forbidden: the account has nothing to prove itself by that is older than the thief.
            RateLimited: too many at once.
        """
        with self._database.write() as connection:
            found = _existing(latest_containment(connection, account))
            level = self._level(connection, found)
            if level is None:
                raise Forbidden(
                    "nothing that the account has is older than what happened; ask the platform's people for help",
                    zh="账号在此之前没有可用的验证方式，请联系平台工作人员",
                )
            return self._challenges.start(
                connection, account, PURPOSE, now, level=level, visitor=visitor, by=account,
                factors_before=found.since, leads_to=PAGE,
            )

    def end(self, account: str, session: str | None, ending: Ending, reason: str, now: float) -> None:
        """End the containment by a proof that this session just gave; each proof is good once.

        Raises:
            NotFound: nothing contains the account, or has lately.
            Forbidden: no proof, or not any more.
            Conflict: it has ended so already.
        """
        with self._database.write() as connection:
            found = _existing(latest_containment(connection, account))
            proof = proof_for(connection, found, PURPOSE, session, now)
            if proof is None:
                raise Forbidden("prove first that it is you", zh="请先验证身份")
            self._challenges.use(connection, proof, account, PURPOSE, now, session)
            self._containments.lift(
                connection, found.id, account, reason, now, is_false_alarm=ending == "false_alarm"
            )

    def _level(self, connection: Connection, found: Containment) -> Level | None:
        methods_for = self._challenges.methods_for
        return next((level for level in LEVELS if methods_for(connection, found.account, level, found.since)), None)


def _existing(found: Containment | None) -> Containment:
    if found is None:
        raise NotFound("nothing limits this account", zh="账号没有受到限制")
    return found
