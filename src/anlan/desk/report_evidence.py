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
        event_seq: of the reported event; None for an account or group.
        fingerprint: SHA-256 of what was reported, as it reads now; another one means new evidence.
        snapshot: JSON.
    """

    subject: str
    target: str
    event_seq: int | None
    fingerprint: str
    snapshot: bytes


class Witness:
    """Takes snapshots of the journal."""

    def __init__(self, database: Database, codec: Codec) -> None:
        self._database = database
        self._codec = codec

    def see_event(self, key: str, seen: str, now: float) -> Moment:
        """The event with this key and what stands around it.

        Args:
            seen: the text as the reporter sees it, when the platform sends it along; edited text is new evidence.

        Raises:
            NotFound: no such event.
        """
        with self._database.read() as connection:
            row = connection.execute(select(*event_columns()).where(events.c.key == key)).one_or_none()
            if row is None:
                raise NotFound(
                    f"no event {key} in the journal; send the event first, or report the account or group",
                    zh="这里没有这条消息的记录，请改为举报账号或群",
                )
            event = stored_event(row, self._codec)
            near = around(connection, event, self._codec, EACH_WAY)
            decided = _decisions(connection, event.seq)
        subject = f"event:{key}"
        return Moment(
            subject=subject, target=event.actor, event_seq=event.seq,
            fingerprint=_fingerprint(subject, event.data, seen.encode()),
            snapshot=_snapshot(subject, now, seen=seen, reported=[event], around=near, decided=decided),
        )

    def see_entity(self, target: str, cites: Sequence[str], now: float) -> Moment:
        """An account or group, the events that the reporter cites, and its newest messages.

        Raises:
            NotFound: a cited event is not in the journal.
        """
        with self._database.read() as connection:
            rows = connection.execute(select(*event_columns()).where(events.c.key.in_(cites))).all() if cites else []
            cited = [stored_event(row, self._codec) for row in rows]
            if missing := set(cites) - {event.key for event in cited}:
                raise NotFound(f"no event {min(missing)} in the journal; send the event first, or cite another")
            latest = self._latest(connection, target)
        return Moment(
            subject=target, target=target, event_seq=None,
            fingerprint=_fingerprint(target, *(key.encode() for key in sorted(set(cites)))),
            snapshot=_snapshot(target, now, seen="", reported=cited, around=latest, decided=[]),
        )

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
    subject: str, now: float, *, seen: str, reported: Sequence[StoredEvent], around: Sequence[StoredEvent],
    decided: Sequence[Decision],
) -> bytes:
    return msgspec.json.encode({
        "format": FORMAT, "subject": subject, "taken_at": now, "seen": seen,
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
