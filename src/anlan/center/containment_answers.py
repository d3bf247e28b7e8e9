"""What the platform says to the steps of a containment: done, refused, or nothing, and then it is asked again."""

from collections.abc import Sequence

import msgspec
from sqlalchemy import Connection

from anlan.center.containment import Containments
from anlan.center.containment_orders import send_order
from anlan.domain.facts import MAX_NOTICE_ID_CHARS, StaffNotice
from anlan.domain.keys import fitted
from anlan.errors import NotFound
from anlan.store import audit
from anlan.store.containments import (
    Containment,
    answer_steps,
    lock_containment,
    move_containment,
    steps_of,
    waiting_containments,
)
from anlan.store.notices import tell_staff

ASK_AGAIN_AFTER_S = (60.0, 300.0, 1_800.0, 6 * 3_600.0, 24 * 3_600.0)
"""How long each sending of the same steps waits; after the last they count as refused. A thief is inside: no time."""
NO_ANSWER = "no answer"


class ContainmentAnswers:
    """Takes in what the platform says; everything but the round is in the caller's transaction."""

    def __init__(self, containments: Containments) -> None:
        self._containments = containments

    def confirm(
        self, connection: Connection, containment_id: str, revision: int, step_ids: Sequence[str], by: str, now: float
    ) -> Containment:
        """The platform did these steps of an order; what a higher revision has changed since stays as it is.

        Raises:
            NotFound: no such containment or revision.
        """
        held = self._hold(connection, containment_id, revision)
        if count := answer_steps(connection, containment_id, revision, step_ids, "done", "", now):
            said = {"account": held.account, "revision": revision, "steps": count}
            audit.note(connection, by, "containment.confirm", containment_id, said)
        return held

    def refuse(
        self, connection: Connection, containment_id: str, revision: int, step_ids: Sequence[str], detail: str,
        by: str, now: float,
    ) -> Containment:
        """The platform does not do these steps; staff are told.

        Raises:
            NotFound: no such containment or revision.
        """
        held = self._hold(connection, containment_id, revision)
        if answer_steps(connection, containment_id, revision, step_ids, "refused", detail, now):
            said = {"account": held.account, "revision": revision, "detail": detail}
            audit.note(connection, by, "containment.refuse", containment_id, said)
            self._tell_staff(connection, held, "containment_refused", detail, now)
        return held

    def round(self, now: float) -> int:
        """Ask again for what was not answered in time, or give it up; how many containments that was."""
        database = self._containments.database
        with database.read() as connection:
            late = waiting_containments(connection, now - ASK_AGAIN_AFTER_S[0])
        count = 0
        for containment_id in late:
            with database.write() as connection:
                count += self._ask_again(connection, containment_id, now)
        return count

    def _ask_again(self, connection: Connection, containment_id: str, now: float) -> bool:
        held = lock_containment(connection, containment_id)
        if held is None or now - held.sent_at < ASK_AGAIN_AFTER_S[min(held.sendings, len(ASK_AGAIN_AFTER_S)) - 1]:
            return False
        vault = self._containments.database.vault
        waiting = steps_of(connection, vault, containment_id, waiting_only=True)
        if held.sendings >= len(ASK_AGAIN_AFTER_S):
            names = [step.id for step in waiting]
            answer_steps(connection, containment_id, held.revision, names, "refused", NO_ANSWER, now)
            self._tell_staff(connection, held, "containment_unanswered", NO_ANSWER, now)
            return True
        changes = {"revision": held.revision + 1, "sent_at": now, "sendings": held.sendings + 1}
        move_containment(connection, containment_id, (held.state,), **changes)
        send_order(connection, msgspec.structs.replace(held, **changes), waiting, now)
        return True

    def _hold(self, connection: Connection, containment_id: str, revision: int) -> Containment:
        held = lock_containment(connection, containment_id)
        if held is None or not 1 <= revision <= held.revision:
            raise NotFound(f"there is no order with revision {revision} about a containment {containment_id}")
        return held

    def _tell_staff(self, connection: Connection, held: Containment, kind: str, detail: str, now: float) -> None:
        notice_id = fitted(f"{kind}.{held.id}.{held.revision}", MAX_NOTICE_ID_CHARS)
        details = {"account": held.account, "detail": detail}
        tell_staff(connection, [StaffNotice(id=notice_id, at=now, kind=kind, subject=held.id, details=details)], now)
