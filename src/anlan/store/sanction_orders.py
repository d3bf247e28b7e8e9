"""What the platform was told to do about sanctions, in order, and what it said to each order."""

import msgspec
from sqlalchemy import Connection, func, insert, select, update

from anlan.store.tables import sanction_orders

SUPERSEDED = "superseded by revision"


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """One message about a sanction.

    Attributes:
        act: `apply` or `lift`.
        answer: `waiting`, `confirmed` or `refused`.
        detail: what the platform wrote; empty if nothing.
    """

    message_id: str
    sanction_id: str
    act: str
    sent_at: float
    answer: str
    answered_at: float | None
    detail: str

    @property
    def is_superseded(self) -> bool:
        """Whether a later order took its place before the platform answered."""
        return self.detail.startswith(SUPERSEDED)

    @property
    def revision(self) -> int:
        """Which order about this sanction it is, from 1; the highest holds."""
        return int(self.message_id.rpartition(".")[2])


_ORDER = select(*(sanction_orders.c[name] for name in Order.__struct_fields__))


def add_order(connection: Connection, sanction_id: str, act: str, now: float) -> Order:
    """The next order about a sanction; those before it no longer wait for an answer.

    Whoever calls holds the sanction's row, so that numbers do not meet.
    """
    query = select(func.count()).select_from(sanction_orders).where(sanction_orders.c.sanction_id == sanction_id)
    revision = connection.execute(query).scalar_one() + 1
    order = Order(
        message_id=f"msg_{sanction_id}.{revision}", sanction_id=sanction_id, act=act, sent_at=now, answer="waiting",
        answered_at=None, detail="",
    )
    earlier = (sanction_orders.c.sanction_id == sanction_id) & (sanction_orders.c.answer == "waiting")
    superseded = {"answer": "refused", "answered_at": now, "detail": f"{SUPERSEDED} {revision}"}
    connection.execute(update(sanction_orders).where(earlier).values(superseded))
    connection.execute(insert(sanction_orders), msgspec.structs.asdict(order))
    return order


def orders_of(connection: Connection, sanction_id: str) -> list[Order]:
    """Every order about a sanction, in the order of sending."""
    rows = connection.execute(_ORDER.where(sanction_orders.c.sanction_id == sanction_id)).mappings()
    return sorted((Order(**row) for row in rows), key=lambda order: order.revision)


def answer_order(connection: Connection, order: Order, answer: str, detail: str, now: float) -> bool:
    """Note what the platform said; False when it had said so before."""
    noted = connection.execute(
        update(sanction_orders)
        .where(sanction_orders.c.message_id == order.message_id, sanction_orders.c.answer != answer)
        .values(answer=answer, answered_at=now, detail=detail)
    )
    return noted.rowcount == 1


def waiting_orders(connection: Connection, sent_before: float, limit: int = 200) -> list[Order]:
    """Orders without an answer that were sent before this, the oldest first."""
    query = _ORDER.where(sanction_orders.c.answer == "waiting", sanction_orders.c.sent_at < sent_before)
    rows = connection.execute(query.order_by(sanction_orders.c.sent_at).limit(limit)).mappings()
    return [Order(**row) for row in rows]
