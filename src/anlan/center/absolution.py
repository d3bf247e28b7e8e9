"""Decides which automatic sanctions a thief earned: the owner broke no rule, so they are taken back whole."""

from sqlalchemy import Connection, select

from anlan.desk.sanctions import Sanctions
from anlan.domain.sanctions import LIFTABLE_STATES
from anlan.store.containments import standing_containment
from anlan.store.own_acts import act_at
from anlan.store.tables import containments, sanctions
from anlan.store.vault import Codec

REASON = "somebody else was using the account"


class Absolution:
    """Follows the accounts that are contained; what people ordered stays for people to take back."""

    def __init__(self, sanctions: Sanctions, codec: Codec) -> None:
        self._sanctions, self._codec = sanctions, codec

    def round(self, now: float) -> int:
        """Take back what policies did to contained accounts for their thieves' acts; how many sanctions that were.

        The thief's messages stay deleted: the containment took them back too.
        """
        with self._sanctions.database.read() as connection:
            unearned = self._unearned(connection)
        for sanction_id in unearned:
            with self._sanctions.database.write() as connection:
                self._sanctions.lift(connection, sanction_id, "system", REASON, now, restores_content=False)
        return len(unearned)

    def _unearned(self, connection: Connection) -> list[str]:
        query = (
            select(sanctions.c.id, sanctions.c.target, sanctions.c.finding_seq)
            .join(containments, containments.c.account == sanctions.c.target)
            .where(containments.c.state == "standing", sanctions.c.finding_seq.is_not(None))
            .where(sanctions.c.ordered_by.startswith("policy:"), sanctions.c.state.in_(LIFTABLE_STATES))
        )
        rows = connection.execute(query).all()
        return [row.id for row in rows if self._is_thiefs(connection, row.target, row.finding_seq)]

    def _is_thiefs(self, connection: Connection, account: str, event_seq: int) -> bool:
        standing, act = standing_containment(connection, account), act_at(connection, self._codec, event_seq)
        return standing is not None and act.time >= standing.since and standing.traces.is_thiefs(act.said)
