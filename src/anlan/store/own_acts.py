"""What one account did, out of the journal, and which devices were its own at a time."""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, func, select

from anlan.domain.facts import MAX_VERSIONS
from anlan.domain.thefts import OwnAct, Said
from anlan.store.batch import storable
from anlan.store.journal import StoredEvent, event_columns, stored_event
from anlan.store.tables import events, facts
from anlan.store.vault import Codec

_decode = msgspec.json.Decoder(Said).decode


def acts_of(
    connection: Connection, codec: Codec, account: str, since: float, after_seq: int, limit: int
) -> list[OwnAct]:
    """What `account:<id>` did from `since` (event time) on, after a place of the journal, in order of commit."""
    query = select(*event_columns()).where(
        events.c.actor == storable(account), events.c.seq > after_seq, events.c.time >= since,
        events.c.data.is_not(None),
    )
    rows = connection.execute(query.order_by(events.c.seq).limit(limit))
    return [_act(stored_event(row, codec)) for row in rows]


def act_at(connection: Connection, codec: Codec, seq: int) -> OwnAct:
    """The event at this place of the journal."""
    row = connection.execute(select(*event_columns()).where(events.c.seq == seq)).one()
    return _act(stored_event(row, codec))


def devices_before(
    connection: Connection, codec: Codec, account: str, time: float, named: str | None = None
) -> frozenset[str]:
    """The devices that were the account's own before `time`: those of its last sign-ins, and `named` if it was."""
    seen = _versions(connection, codec, account, "sign_in", time)[:MAX_VERSIONS]
    devices: set[str] = {value["device"] for value in seen if value.get("device")}
    if named is not None:
        devices.add(named)
    return frozenset(device for device in devices if _was_known(connection, codec, account, device, time))


def first_known_at(connection: Connection, account: str, device: str, since: float) -> float | None:
    """When the account first signed in with a device, from `since` on; None if it had before, or never did."""
    tie = _tie(account, device)
    query = select(func.min(facts.c.since)).where(facts.c.entity == tie, facts.c.field == "is_known")
    first = connection.execute(query).scalar_one_or_none()
    return first if first is not None and first >= since else None


def _was_known(connection: Connection, codec: Codec, account: str, device: str, time: float) -> bool:
    values = _versions(connection, codec, _tie(account, device), "is_known", time)
    return bool(values and values[0])


def _versions(connection: Connection, codec: Codec, entity: str, field: str, time: float) -> Sequence[Any]:
    """The values that a field had before `time`, newest first."""
    stored = storable(entity)
    query = select(facts.c.value).where(facts.c.entity == stored, facts.c.field == field, facts.c.since < time)
    rows = connection.execute(query.order_by(facts.c.since.desc())).scalars()
    return [codec.open_value(bytes(value), entity, field) for value in rows]


def _tie(account: str, device: str) -> str:
    return storable(f"tie:{account}|device:{device}")


def _act(event: StoredEvent) -> OwnAct:
    return OwnAct(event.seq, event.id, event.type, event.time, _said(event.data))


def _said(data: bytes) -> Said:
    try:
        return _decode(data)
    except msgspec.MsgspecError:  # an operator's own type may use a name of ours for something else
        return Said()
