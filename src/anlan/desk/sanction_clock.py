"""What time does to sanctions: scheduled ones begin, temporary ones end, orders without an answer are sent again."""

from sqlalchemy import Connection

from anlan.desk.platform_answers import ASK_AGAIN_AFTER_S, PlatformAnswers
from anlan.desk.sanctions import Sanctions
from anlan.store import audit
from anlan.store.sanction_orders import waiting_orders
from anlan.store.sanctions import Sanction, beginning, ending, move_sanction


class SanctionClock:
    """Makes the rounds; each sanction moves once, however many processes make them."""

    def __init__(self, sanctions: Sanctions, answers: PlatformAnswers) -> None:
        self._sanctions, self._answers = sanctions, answers

    def round(self, now: float) -> int:
        """Begin, end and ask again what is due by `now` (wall-clock seconds); how many moved."""
        with self._sanctions.database.read() as connection:
            begins, ends = beginning(connection, now), ending(connection, now)
            if not (begins or ends or waiting_orders(connection, now - ASK_AGAIN_AFTER_S[0], limit=1)):
                return 0
        with self._sanctions.database.write() as connection:
            moved = sum(self._begin(connection, one, now) for one in begins)
            moved += sum(self._end(connection, one, now) for one in ends)
            return moved + self._answers.ask_again(connection, now)

    def _begin(self, connection: Connection, sanction: Sanction, now: float) -> bool:
        if not move_sanction(connection, sanction.id, ("scheduled",), "ordered"):
            return False
        self._sanctions.take_effect(connection, sanction, now)
        self._sanctions.tell(connection, sanction, "ordered", "system", now)
        return True

    def _end(self, connection: Connection, sanction: Sanction, now: float) -> bool:
        if not move_sanction(connection, sanction.id, (sanction.state,), "ended"):
            return False
        audit.note(connection, "system", "sanction.end", sanction.id, {"target": sanction.target})
        self._sanctions.send(connection, sanction, "lift", now)
        self._sanctions.tell(connection, sanction, "ended", "system", now)
        return True
