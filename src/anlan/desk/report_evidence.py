"""The moment of a report: what was reported, the messages around it and what the machine said, as one snapshot."""

import hashlib
from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, select

from anlan.domain.decisions import Decision
from anlan.errors import NotFound
from anlan.store.database import Database
from anlan.store.journal import StoredEvent, event_columns, last_seq, stored_event
from anlan.store.surroundings import around, group_latest, latest_of
from anlan.store.tables import decisions, events
from anlan.store.vault import Codec

EACH_WAY = 12
"""Messages kept before and after a reported one."""
LATEST = 20
"""Messages kept of a reported account or group."""
FORMAT = 1


class Moment(msgspec.Struct, frozen=True, kw_only=True):
    """What a report is about, looked up once.

    Attributes:
        subject: `event:<key>`, `account:<id>` or `group:<id>`.
        target: whom it is about.
        event: the reported one; None for an account or group.
        cited: what the reporter cites of an account or group.
        seen: the text as the reporter sees it; empty when the platform does not say.
        fingerprint: SHA-256 of what was reported, as it reads now; another one means new evidence.
    """

    subject: str
    target: str
    event: StoredEvent | None
    cited: tuple[StoredEvent, ...]
    seen: str
    fingerprint: str


class Witness:
    """Looks up what is reported, and takes snapshots of it."""

    def __init__(self, database: Database, codec: Codec) -> None:
        self._database = database
        self._codec = codec

    def see_event(self, key: str, seen: str) -> Moment:
        """The event with this key.

        Args:
            seen: edited text is new evidence.

        Raises:
            NotFound: no such event.
        """
        (event,) = self._events([key])
        subject = f"event:{key}"
        return Moment(
            subject=subject, target=event.actor, event=event, cited=(), seen=seen,
            fingerprint=_fingerprint(subject, event.data, seen.encode()),
        )

    def see_entity(self, target: str, cites: Sequence[str]) -> Moment:
        """An account or group, and the events that the reporter cites.

        Raises:
            NotFound: a cited event is not in the journal.
        """
        cited = self._events(sorted(set(cites)))
        return Moment(
            subject=target, target=target, event=None, cited=tuple(cited), seen="",
            fingerprint=_fingerprint(target, *(key.encode() for key in sorted(set(cites)))),
        )

    def snapshot(self, connection: Connection, moment: Moment, now: float) -> bytes:
        """JSON of what was reported and what stands around it at this moment, in the transaction that keeps it."""
        event = moment.event
        if event is not None:
            near = around(connection, event, self._codec, EACH_WAY)
            return _snapshot(moment, now, [event], near, _decisions(connection, event.seq))
        return _snapshot(moment, now, moment.cited, self._latest(connection, moment.target), [])

    def _events(self, keys: Sequence[str]) -> list[StoredEvent]:
        if not keys:
            return []
        with self._database.read() as connection:
            rows = connection.execute(select(*event_columns()).where(events.c.key.in_(keys))).all()
        found = [stored_event(row, self._codec) for row in rows]
        if missing := set(keys) - {event.key for event in found}:
            raise NotFound(
                f"no event {min(missing)} in the journal; send the event first, or report the account or group",
                zh="这里没有这条消息的记录，请改为举报账号或群",
            )
        return found

    def _latest(self, connection: Connection, target: str) -> list[StoredEvent]:
        kind, _, name = target.partition(":")
        newest = last_seq(connection)
        if kind == "group":
            return group_latest(connection, name, newest, self._codec, LATEST)
        return latest_of(connection, target, newest, self._codec, LATEST)


def _decisions(connection: Connection, seq: int) -> list[Decision]:
    query = select(decisions.c.body).where(decisions.c.event_seq == seq).order_by(decisions.c.pass_number)
    return [msgspec.json.decode(body, type=Decision) for body in connection.execute(query).scalars()]


def _snapshot(
    moment: Moment, now: float, reported: Sequence[StoredEvent], around: Sequence[StoredEvent],
    decided: Sequence[Decision],
) -> bytes:
    return msgspec.json.encode({
        "format": FORMAT, "subject": moment.subject, "taken_at": now, "seen": moment.seen,
        "reported": [_line(event) for event in reported], "around": [_line(event) for event in around],
        "decisions": decided,
    })


def _line(event: StoredEvent) -> dict[str, Any]:
    return {
        "key": event.key, "type": event.type, "time": event.time, "received_at": event.received_at,
        "actor": event.actor, "data": msgspec.Raw(event.data),
    }


def _fingerprint(*parts: str | bytes) -> str:
    digest = hashlib.sha256()
    for part in parts:
        body = part.encode() if isinstance(part, str) else part
        digest.update(len(body).to_bytes(8) + body)
    return digest.hexdigest()
