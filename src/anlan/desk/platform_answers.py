"""What follows from the platform's word: confirmed, refused, silent, or something else in force than was ordered."""

from collections.abc import Iterator, Sequence

from sqlalchemy import Connection

from anlan.desk.sanctions import Sanctions
from anlan.domain.facts import MAX_NOTICE_ID_CHARS, StaffNotice
from anlan.domain.keys import fitted
from anlan.domain.sanctions import KINDS, SanctionState
from anlan.errors import NotFound
from anlan.store import audit
from anlan.store.notices import tell_staff
from anlan.store.platform_states import Difference, InForce, PlatformState, keep_state
from anlan.store.sanction_orders import Order, answer_order, orders_of, waiting_orders
from anlan.store.sanctions import Sanction, move_sanction, sanctions_of

ASK_AGAIN_AFTER_S = (600.0, 3_600.0, 6 * 3_600.0, 24 * 3_600.0)
"""How long each sending of the same order waits for an answer; after the last the platform counts as refusing."""
SAME_END_S = 60.0
"""Ends that lie closer together are the same end."""


class PlatformAnswers:
    """Takes in what the platform says about sanctions; everything but the round is in the caller's transaction."""

    def __init__(self, sanctions: Sanctions) -> None:
        self._sanctions = sanctions

    def confirm(self, connection: Connection, sanction_id: str, revision: int, by: str, now: float) -> Sanction:
        """The platform did as ordered; what a later order has superseded is noted and moves nothing.

        Raises:
            NotFound: no such sanction or revision.
        """
        sanction, order, is_latest = self._find(connection, sanction_id, revision)
        if answer_order(connection, order, "confirmed", "", now):
            audit.note(connection, by, "sanction.confirm", sanction_id, {"target": sanction.target, "act": order.act})
        if is_latest:
            self._settle(connection, sanction, order, by, now)
        return self._sanctions.get(connection, sanction_id)

    def refuse(
        self, connection: Connection, sanction_id: str, revision: int, detail: str, by: str, now: float
    ) -> Sanction:
        """The platform says no; staff are told, and can send it again.

        Raises:
            NotFound: no such sanction or revision.
        """
        sanction, order, is_latest = self._find(connection, sanction_id, revision)
        if answer_order(connection, order, "refused", detail, now) and is_latest:
            said = {"target": sanction.target, "act": order.act, "detail": detail}
            audit.note(connection, by, "sanction.refuse", sanction_id, said)
            self._give_up(connection, sanction, order, "sanction_refused", detail, by, now)
        return self._sanctions.get(connection, sanction_id)

    def send_again(self, connection: Connection, sanction_id: str, by: str, now: float) -> None:
        """Tell the platform once more what holds, under the next revision.

        Raises:
            NotFound: no such sanction.
        """
        sanction = self._sanctions.get(connection, sanction_id)
        self._resend(connection, sanction, now)
        audit.note(connection, by, "sanction.send_again", sanction_id, {"target": sanction.target})

    def take_state(
        self, connection: Connection, target: str, theirs: Sequence[InForce], by: str, now: float
    ) -> PlatformState:
        """Compare what the platform has in force on a target with what was ordered, and order again what differs."""
        ours = sanctions_of(connection, target)
        found = tuple(self._mend(connection, ours, difference, now) for difference in differences(ours, theirs, now))
        state = PlatformState(target=target, told_at=now, told_by=by, in_force=tuple(theirs), differences=found)
        keep_state(connection, state)
        if found:
            notice_id = fitted(f"sanction_drift.{target}.{int(now // 86_400)}", MAX_NOTICE_ID_CHARS)
            details = {"differences": len(found)}
            told = StaffNotice(id=notice_id, at=now, kind="sanction_drift", subject=target, details=details)
            tell_staff(connection, [told], now)
        return state

    def ask_again(self, connection: Connection, now: float) -> int:
        """Send again what was not answered in time, or give it up; how many orders that were."""
        late = waiting_orders(connection, now - ASK_AGAIN_AFTER_S[0])
        return sum(self._ask_again(connection, order, now) for order in late)

    def _ask_again(self, connection: Connection, order: Order, now: float) -> bool:
        alike = _sendings(orders_of(connection, order.sanction_id))
        if now - order.sent_at < ASK_AGAIN_AFTER_S[min(alike, len(ASK_AGAIN_AFTER_S)) - 1]:
            return False
        sanction = self._sanctions.get(connection, order.sanction_id)
        if alike < len(ASK_AGAIN_AFTER_S):
            self._resend(connection, sanction, now)
            return True
        answer_order(connection, order, "refused", NO_ANSWER, now)
        self._give_up(connection, sanction, order, "sanction_unanswered", NO_ANSWER, "system", now)
        return True

    def _resend(self, connection: Connection, sanction: Sanction, now: float) -> bool:
        """Under the sanction's lock; False when it moved meanwhile."""
        act = "apply" if sanction.state in ("ordered", "in_force", "refused") else "lift"
        state: SanctionState = "ordered" if sanction.state == "refused" else sanction.state
        if sanction.state == "scheduled" or not move_sanction(connection, sanction.id, (sanction.state,), state):
            return False
        self._sanctions.send(connection, sanction, act, now)
        return True

    def _find(self, connection: Connection, sanction_id: str, revision: int) -> tuple[Sanction, Order, bool]:
        sanction = self._sanctions.get(connection, sanction_id)
        orders = orders_of(connection, sanction_id)
        order = next((one for one in orders if one.revision == revision), None)
        if order is None:
            raise NotFound(f"sanction {sanction_id} has no order with revision {revision}")
        return sanction, order, order is orders[-1]

    def _settle(self, connection: Connection, sanction: Sanction, order: Order, by: str, now: float) -> None:
        if order.act == "lift":
            move_sanction(connection, sanction.id, ("lifting",), "reversed")
            return
        after: SanctionState = "ended" if KINDS[sanction.kind].is_told_only else "in_force"
        if move_sanction(connection, sanction.id, ("ordered", "refused"), after):
            self._sanctions.tell(connection, sanction, "in_force", by, now)

    def _give_up(
        self, connection: Connection, sanction: Sanction, order: Order, kind: str, detail: str, by: str, now: float
    ) -> None:
        details = {"target": sanction.target, "sanction": sanction.kind, "act": order.act, "detail": detail}
        notice_id = fitted(f"{kind}.{order.message_id}", MAX_NOTICE_ID_CHARS)
        told = StaffNotice(id=notice_id, at=now, kind=kind, subject=sanction.id, details=details)
        tell_staff(connection, [told], now)
        if order.act == "apply" and move_sanction(connection, sanction.id, ("ordered",), "refused"):
            self._sanctions.tell(connection, sanction, "refused", by, now, detail)

    def _mend(
        self, connection: Connection, ours: Sequence[Sanction], difference: Difference, now: float
    ) -> Difference:
        sanction = next((one for one in ours if one.id == difference.sanction_id), None)
        is_resent = sanction is not None and self._resend(connection, sanction, now)
        return Difference(
            what=difference.what, kind=difference.kind, feature=difference.feature,
            sanction_id=difference.sanction_id, is_resent=is_resent,
        )


NO_ANSWER = "no answer"


def differences(ours: Sequence[Sanction], theirs: Sequence[InForce], now: float) -> Iterator[Difference]:
    """Where the platform differs from what was ordered and confirmed; orders on their way are no difference.

    Args:
        ours: all sanctions on the target, newest first.
    """
    told = {(one.kind, one.feature): one for one in theirs if one.ends_at is None or one.ends_at > now}
    standing = [one for one in ours if one.state == "in_force" and (one.ends_at is None or one.ends_at > now)]
    for sanction in standing:
        found = told.get((sanction.kind, sanction.feature))
        if found is None and not KINDS[sanction.kind].is_at_once:
            yield _difference("missing", sanction)
        elif found is not None and not _is_same_end(sanction, found) and _is_longest(sanction, standing):
            yield _difference("end", sanction)
    for key, found in told.items():
        known = [one for one in ours if (one.kind, one.feature) == key]
        if not known:
            yield Difference(what="foreign", kind=found.kind, feature=found.feature, sanction_id=None, is_resent=False)
        elif all(one.state in ("ended", "reversed") for one in known):
            yield _difference("over", known[0])


def _difference(what: str, sanction: Sanction) -> Difference:
    return Difference(
        what=what, kind=sanction.kind, feature=sanction.feature, sanction_id=sanction.id, is_resent=False
    )


def _is_same_end(sanction: Sanction, found: InForce) -> bool:
    if sanction.ends_at is None or found.ends_at is None:
        return sanction.ends_at is None and found.ends_at is None
    return abs(sanction.ends_at - found.ends_at) <= SAME_END_S


def _is_longest(sanction: Sanction, standing: Sequence[Sanction]) -> bool:
    """Of several alike the platform has the one that ends last."""
    alike = [one for one in standing if (one.kind, one.feature) == (sanction.kind, sanction.feature)]
    return sanction is max(alike, key=lambda one: float("inf") if one.ends_at is None else one.ends_at)


def _sendings(orders: Sequence[Order]) -> int:
    """How often the latest order was sent in a row without an answer."""
    count = 0
    for order in reversed(orders):
        if order.act != orders[-1].act or not (order.answer == "waiting" or order.is_superseded):
            break
        count += 1
    return count
