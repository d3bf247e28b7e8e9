"""What policies saw of thieves becomes a containment, each event once; a closer look that sees none takes it back.

Law 7 is kept before it comes here: past a policy's quota its decisions carry a case instead of the action.
"""

from typing import NamedTuple

from sqlalchemy import Connection

from anlan.center.containment import Containments
from anlan.store.automatic import Judged, Step, follow, passes_in, sort_orders
from anlan.store.containments import add_alarm, alarms_of, withdraw_alarm
from anlan.store.marks import AUTOMATIC_CONTAINMENTS
from anlan.store.own_acts import act_at
from anlan.store.vault import Codec

ACTION = "contain"
WITHDRAWN = "a closer look saw no thief"


class Wanted(NamedTuple):
    """What a policy asks for because of one event; `account` is `account:<id>`."""

    event_seq: int
    account: str
    policy: str


class AutomaticContainments:
    """Takes in what was decided since the last round, and second passes that came late."""

    def __init__(self, containments: Containments, codec: Codec) -> None:
        self._containments, self._codec = containments, codec

    def take_in(self, now: float) -> int:
        """Contain what policies want contained; returns how many events were new."""
        def look(connection: Connection, step: Step) -> tuple[list[Wanted], list[Wanted]]:
            wanted, gone = sort_orders(passes_in(connection, step), _wanted)
            told = alarms_of(connection, list(wanted))
            return [one for seq, one in wanted.items() if seq not in told], list(gone.values())

        def keep(connection: Connection, found: tuple[list[Wanted], list[Wanted]]) -> int:
            fresh, gone = found
            for one in gone:
                self._withdraw(connection, one, now)
            for one in fresh:
                self._contain(connection, one, now)
            return len(fresh)

        return follow(self._containments.database, AUTOMATIC_CONTAINMENTS, look, keep)

    def _contain(self, connection: Connection, wanted: Wanted, now: float) -> None:
        act = act_at(connection, self._codec, wanted.event_seq)
        containment_id = self._containments.open(
            connection, wanted.account, "policy", now, by=f"policy:{wanted.policy}", since=act.time,
            device=act.said.device, session=act.said.session, event_seq=wanted.event_seq,
        )
        add_alarm(connection, wanted.event_seq, containment_id, wanted.policy, now)

    def _withdraw(self, connection: Connection, wanted: Wanted, now: float) -> None:
        containment_id = withdraw_alarm(connection, wanted.event_seq, now)
        if containment_id is not None:
            by = f"policy:{wanted.policy}"
            self._containments.lift(connection, containment_id, by, WITHDRAWN, now, is_false_alarm=True)


def _wanted(judged: Judged) -> dict[int, Wanted]:
    """By event."""
    asked = (action for action in judged.decision.actions if action.kind == ACTION)
    action = next((one for one in asked if one.target.startswith("account:")), None)
    return {judged.event_seq: Wanted(judged.event_seq, action.target, action.policy)} if action else {}
