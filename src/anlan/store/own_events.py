"""Events that Anlan sends itself: what it did to an account belongs in the journal, from which all knowledge follows.

They are written in the transaction of the act and taken in afterwards by the same path as a platform's; the id makes a
second taking harmless.
"""

from collections.abc import Mapping
from typing import Any

import msgspec
from sqlalchemy import Connection, delete, insert, select

from anlan.clock import to_rfc3339
from anlan.store.tables import own_events

SOURCE = "anlan"
ROUND_EVENTS = 500


def say(connection: Connection, type_: str, data: Mapping[str, Any], event_id: str, now: float) -> None:
    """Let an event of the catalogue happen, at `now`; `event_id` names the act and what it touched (128 characters)."""
    body = msgspec.json.encode(
        {"specversion": "1.0", "id": event_id, "source": SOURCE, "type": type_, "time": to_rfc3339(now), "data": data}
    )
    connection.execute(insert(own_events), {"id": event_id, "body": body, "made_at": now})


def untaken(connection: Connection) -> list[tuple[str, bytes]]:
    """(id, CloudEvent) of what the intake has not taken, oldest first, `ROUND_EVENTS` at most."""
    query = select(own_events.c.id, own_events.c.body).order_by(own_events.c.made_at, own_events.c.id)
    return [(row.id, row.body) for row in connection.execute(query.limit(ROUND_EVENTS))]


def taken(connection: Connection, event_id: str) -> None:
    """The journal has it now."""
    connection.execute(delete(own_events).where(own_events.c.id == event_id))
