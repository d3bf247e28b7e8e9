"""What stood around an event when it happened: the messages before and after it in the same conversation."""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, LargeBinary, and_, func, literal, select

from anlan.store.journal import StoredEvent, event_columns, stored_event
from anlan.store.tables import events
from anlan.store.vault import Codec

SEARCHED_EVENTS = 2_000
"""How far the journal is searched in each direction; beyond, the conversation was not lively enough to matter."""

NAMED_WITHIN_EVENTS = 50_000
"""How far back a message is looked for by the platform's own id, which the journal has no index of."""
SIMILAR_NAMES = 20
"""Messages that hold the id somewhere; the first of them that has it as its own is meant."""


class _Talk(msgspec.Struct, frozen=True):
    """The fields that say which conversation an event belongs to."""

    sender: str | None = None
    author: str | None = None
    recipient: str | None = None
    group: str | None = None
    message_id: str | None = None


_decode = msgspec.json.Decoder(_Talk).decode


def around(connection: Connection, event: StoredEvent, codec: Codec, each_way: int) -> list[StoredEvent]:
    """Up to `each_way` messages before `event` and as many after it in its group or between its two people, in order.

    An event of no conversation has nothing around it.
    """
    talk = _talk_of(event.data)
    if talk.group is None and talk.recipient is None:
        return []
    words = [talk.group] if talk.group is not None else [talk.sender, talk.recipient]
    mentions = and_(*(_mentions(connection, word) for word in words if word is not None))
    base = select(*event_columns()).where(events.c.type.in_(("message.sent", "content.published")), mentions)
    before = base.where(events.c.seq < event.seq, events.c.seq >= event.seq - SEARCHED_EVENTS)
    after = base.where(events.c.seq > event.seq, events.c.seq <= event.seq + SEARCHED_EVENTS)
    rows = [
        *reversed(connection.execute(before.order_by(events.c.seq.desc()).limit(each_way)).all()),
        *connection.execute(after.order_by(events.c.seq).limit(each_way)).all(),
    ]
    return [found for row in rows if _is_same_talk(talk, _talk_of((found := stored_event(row, codec)).data))]


def latest_of(connection: Connection, actor: str, last_seq: int, codec: Codec, limit: int) -> list[StoredEvent]:
    """The newest messages of one account among the last `SEARCHED_EVENTS` events, in order."""
    query = (
        select(*event_columns())
        .where(events.c.seq > last_seq - SEARCHED_EVENTS, events.c.seq <= last_seq, events.c.actor == actor)
        .where(events.c.type.in_(("message.sent", "content.published")))
        .order_by(events.c.seq.desc()).limit(limit)
    )
    return [stored_event(row, codec) for row in reversed(connection.execute(query).all())]


def group_latest(connection: Connection, group: str, last_seq: int, codec: Codec, limit: int) -> list[StoredEvent]:
    """The newest messages in one group (its id) among the last `SEARCHED_EVENTS` events, in order."""
    query = (
        select(*event_columns())
        .where(events.c.seq > last_seq - SEARCHED_EVENTS, events.c.seq <= last_seq)
        .where(events.c.type.in_(("message.sent", "content.published")), _mentions(connection, group))
        .order_by(events.c.seq.desc()).limit(limit)
    )
    found = [stored_event(row, codec) for row in reversed(connection.execute(query).all())]
    return [event for event in found if _talk_of(event.data).group == group]


def event_key_at(connection: Connection, seq: int) -> str | None:
    """The key of the event with this place in the journal."""
    return connection.execute(select(events.c.key).where(events.c.seq == seq)).scalar_one_or_none()


def message_named(connection: Connection, message_id: str, sender: str | None, before_seq: int) -> str | None:
    """The key of the message with this id of the platform's, by `sender` if one is given.

    Looks at the `NAMED_WITHIN_EVENTS` events before `before_seq`; None when it is not among them.
    """
    query = (
        select(events.c.key, events.c.data)
        .where(events.c.seq < before_seq, events.c.seq >= before_seq - NAMED_WITHIN_EVENTS)
        .where(events.c.type == "message.sent", _mentions(connection, message_id))
        .order_by(events.c.seq.desc()).limit(SIMILAR_NAMES)
    )
    if sender is not None:
        query = query.where(events.c.actor == f"account:{sender}")
    rows = connection.execute(query).all()
    return next((row.key for row in rows if _talk_of(row.data).message_id == message_id), None)


def _mentions(connection: Connection, word: str) -> ColumnElement[bool]:
    """A quick look for a value of the JSON, before any row is fetched; it may say yes too often."""
    needle: Any = literal(msgspec.json.encode(word), LargeBinary)
    if connection.dialect.name == "sqlite":
        return func.instr(events.c.data, needle) > 0
    return func.position(needle.op("IN")(events.c.data)) > 0


def _talk_of(data: bytes) -> _Talk:
    try:
        return _decode(data)
    except msgspec.MsgspecError:
        return _Talk()


def _is_same_talk(one: _Talk, other: _Talk) -> bool:
    if one.group is not None:
        return one.group == other.group
    return other.group is None and _people(one) == _people(other)


def _people(talk: _Talk) -> Sequence[str | None]:
    return sorted((talk.sender or "", talk.recipient or ""))
