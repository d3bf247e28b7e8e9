"""What was not accepted, and why: kept for a while, so that a platform's engineers can see what they sent."""

from collections.abc import Sequence

import msgspec
from sqlalchemy import Connection, insert, select

from anlan.store.batch import storable
from anlan.store.tables import refused

KEPT_BODY_BYTES = 4096


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """One input that was not accepted.

    Attributes:
        received_at: wall-clock seconds.
        reason: a stable word.
        body: its first 4 KiB.
        id: order of refusal; given by the store.
    """

    received_at: float
    reason: str
    detail: str
    api_key: str | None
    body: bytes
    id: int = 0


def keep_refused(connection: Connection, refusals: Sequence[Refusal]) -> None:
    """Keep them, bodies cut."""
    rows = [
        {
            "received_at": one.received_at, "reason": one.reason[:64], "detail": storable(one.detail),
            "api_key": one.api_key, "body": one.body[:KEPT_BODY_BYTES],
        }
        for one in refusals
    ]
    if rows:
        connection.execute(insert(refused), rows)


def latest_refused(connection: Connection, limit: int, before_id: int | None = None) -> list[Refusal]:
    """Refusals, newest first."""
    columns = (refused.c[name] for name in Refusal.__struct_fields__)
    query = select(*columns).order_by(refused.c.id.desc()).limit(limit)
    if before_id is not None:
        query = query.where(refused.c.id < before_id)
    return [Refusal(**row) for row in connection.execute(query).mappings()]
