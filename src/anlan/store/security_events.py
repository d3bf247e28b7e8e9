"""Streams of security event tokens, and what waits in each of them until its receiver has it.

A token lies here as its claims; it is signed when it leaves, so that a change of keys leaves nothing behind. Every
function works in the caller's transaction.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, bindparam, delete, exists, func, insert, or_, select, update

from anlan.domain.security_events import MAX_ERROR_CHARS, Delivery, StreamStatus, SubjectFormat
from anlan.errors import NotFound
from anlan.store.outbox import CLAIM_S, Backlog, Due, Outcome
from anlan.store.tables import event_streams, stream_tokens
from anlan.store.vault import Vault

KEPT_S = 30 * 86_400.0
"""So long a token waits to be fetched; then it is dead."""


class Stream(msgspec.Struct, frozen=True, kw_only=True):
    """One receiver of tokens.

    Attributes:
        url: of a receiver that is pushed to; None for one that polls.
        authorization: the header that a push carries; empty for none.
        receiver_key: id of the only API key that may poll; None for any with the scope.
        types: URIs of event types.
        reason: why it has its status, as whoever set it said.
        failures: rounds in a row of which nothing arrived, since `failing_since`.
        probe_at: while set, nothing is sent before that moment.
    """

    id: str
    audience: str
    description: str
    delivery: Delivery
    url: str | None
    authorization: str
    receiver_key: str | None
    types: tuple[str, ...]
    subject_format: SubjectFormat
    status: StreamStatus
    reason: str
    created_at: float
    failures: int = 0
    failing_since: float | None = None
    probe_at: float | None = None

    def __repr__(self) -> str:
        return f"Stream({self.id!r}, {self.audience!r})"


class NewToken(msgspec.Struct, frozen=True, kw_only=True):
    """A token that begins to wait."""

    jti: str
    stream_id: str
    type: str
    claims: dict[str, Any]


def add_stream(connection: Connection, vault: Vault, stream: Stream) -> None:
    """Register a receiver; its URL has been checked."""
    row = msgspec.structs.asdict(stream) | _sealed(vault, stream.id, stream.authorization)
    connection.execute(insert(event_streams), row | {"types": ",".join(stream.types)})


def all_streams(connection: Connection, vault: Vault) -> list[Stream]:
    """Every stream, oldest first."""
    query = select(event_streams).order_by(event_streams.c.created_at, event_streams.c.id)
    return [_read(row, vault) for row in connection.execute(query)]


def get_stream(connection: Connection, vault: Vault, stream_id: str) -> Stream:
    """One stream.

    Raises:
        NotFound: there is none by that id.
    """
    row = connection.execute(select(event_streams).where(event_streams.c.id == stream_id)).one_or_none()
    if row is None:
        raise NotFound(f"no stream {stream_id[:64]}; list them to see their ids")
    return _read(row, vault)


def streams_for(connection: Connection, vault: Vault, type_: str) -> list[Stream]:
    """The streams that carry this type and are not disabled."""
    return [one for one in all_streams(connection, vault) if type_ in one.types and one.status != "disabled"]


def change_stream(connection: Connection, stream_id: str, changes: Mapping[str, object]) -> None:
    """Set columns of a stream, with a clean slate for its receiver."""
    clean = {"failures": 0, "failing_since": None, "probe_at": None}
    kept = {name: ",".join(value) if isinstance(value, tuple) else value for name, value in changes.items()}
    connection.execute(update(event_streams).where(event_streams.c.id == stream_id).values(clean | kept))


def set_authorization(connection: Connection, vault: Vault, stream_id: str, header: str) -> None:
    """The header that pushes carry from now on."""
    change_stream(connection, stream_id, _sealed(vault, stream_id, header))


def delete_stream(connection: Connection, stream_id: str) -> None:
    """Forget a stream and what waits in it.

    Raises:
        NotFound: there is none by that id.
    """
    connection.execute(delete(stream_tokens).where(stream_tokens.c.stream_id == stream_id))
    if connection.execute(delete(event_streams).where(event_streams.c.id == stream_id)).rowcount != 1:
        raise NotFound(f"no stream {stream_id[:64]}; list them to see their ids")


def put_tokens(connection: Connection, vault: Vault, tokens: Iterable[NewToken], now: float) -> None:
    """Let tokens wait in their streams."""
    rows = [
        {
            "jti": one.jti, "stream_id": one.stream_id, "type": one.type, "made_at": now, "state": "pending",
            "claims": vault.seal(msgspec.json.encode(one.claims), _context(one.jti)), "attempts": 0, "next_at": now,
        }
        for one in tokens
    ]
    if rows:
        connection.execute(insert(stream_tokens), rows)


def pushes_due(connection: Connection, vault: Vault, now: float) -> list[Stream]:
    """The enabled push streams that have a token due and may be sent to now."""
    has_due = exists().where(
        stream_tokens.c.state == "pending", stream_tokens.c.stream_id == event_streams.c.id,
        stream_tokens.c.next_at <= now,
    )
    may_send = or_(event_streams.c.probe_at.is_(None), event_streams.c.probe_at <= now)
    query = select(event_streams).where(
        event_streams.c.status == "enabled", event_streams.c.delivery == "push", may_send, has_due
    )
    return [_read(row, vault) for row in connection.execute(query)]


def claim(connection: Connection, vault: Vault, stream_id: str, now: float, limit: int) -> list[Due]:
    """Take up to `limit` due tokens of a stream for `CLAIM_S`; the attempt counts at once. The body is the claims."""
    found = connection.execute(
        select(stream_tokens)
        .where(stream_tokens.c.stream_id == stream_id, stream_tokens.c.state == "pending")
        .where(stream_tokens.c.next_at <= now)
        .order_by(stream_tokens.c.next_at, stream_tokens.c.jti).limit(limit).with_for_update(skip_locked=True)
    ).all()
    connection.execute(
        update(stream_tokens).where(stream_tokens.c.jti.in_([row.jti for row in found]))
        .values(attempts=stream_tokens.c.attempts + 1, next_at=now + CLAIM_S)
    )
    return [
        Due(row.jti, row.type, vault.open(row.claims, _context(row.jti)), row.attempts + 1, row.made_at)
        for row in found
    ]


def record(connection: Connection, outcomes: Sequence[Outcome], now: float) -> None:
    """Write down what became of claimed tokens; one that was delivered stays so."""
    rows = [
        {
            "this": one.message_id, "state": one.state, "next_at": one.next_at, "last_status": one.status,
            "last_error": one.error, "done_at": None if one.state == "pending" else now,
        }
        for one in outcomes
    ]
    if rows:
        is_this = (stream_tokens.c.jti == bindparam("this")) & (stream_tokens.c.state == "pending")
        connection.execute(update(stream_tokens).where(is_this), rows)


def note_round(connection: Connection, stream_id: str, now: float, *, has_arrived: bool) -> int:
    """Count a round of which nothing arrived, or begin anew; returns how many in a row failed."""
    changes: dict[str, object] = {"failures": 0, "failing_since": None, "probe_at": None}
    if not has_arrived:
        changes = {
            "failures": event_streams.c.failures + 1, "probe_at": None,
            "failing_since": func.coalesce(event_streams.c.failing_since, now),
        }
    counted = update(event_streams).where(event_streams.c.id == stream_id).values(changes)
    return connection.execute(counted.returning(event_streams.c.failures)).scalar_one_or_none() or 0


def wait_until(connection: Connection, stream_id: str, moment: float) -> None:
    """Push nothing before `moment`."""
    connection.execute(update(event_streams).where(event_streams.c.id == stream_id).values(probe_at=moment))


def waiting_tokens(connection: Connection, vault: Vault, stream_id: str, limit: int) -> list[tuple[str, bytes]]:
    """(jti, claims) of what was not acknowledged, oldest first."""
    query = select(stream_tokens.c.jti, stream_tokens.c.claims).where(
        stream_tokens.c.stream_id == stream_id, stream_tokens.c.state == "pending"
    ).order_by(stream_tokens.c.made_at, stream_tokens.c.jti).limit(limit)
    return [(row.jti, vault.open(row.claims, _context(row.jti))) for row in connection.execute(query)]


def acknowledge(connection: Connection, stream_id: str, jtis: Sequence[str], now: float) -> int:
    """The receiver has these; unknown ones are passed over. Returns how many left."""
    return _end(connection, stream_id, jtis, {"state": "delivered", "done_at": now})


def give_up(connection: Connection, stream_id: str, errors: Mapping[str, str], now: float) -> int:
    """The receiver refuses these for what it says of each; returns how many left."""
    return sum(
        _end(connection, stream_id, [jti], {"state": "dead", "done_at": now, "last_error": error[:MAX_ERROR_CHARS]})
        for jti, error in errors.items()
    )


def revive(connection: Connection, stream_id: str, now: float) -> int:
    """Send dead tokens of a stream again, from the first attempt; returns how many."""
    is_dead = (stream_tokens.c.stream_id == stream_id) & (stream_tokens.c.state == "dead")
    again = {"state": "pending", "attempts": 0, "next_at": now, "made_at": now, "done_at": None}
    return connection.execute(
        update(stream_tokens).where(is_dead, stream_tokens.c.claims.is_not(None)).values(again)
    ).rowcount


def backlogs(connection: Connection) -> dict[str, Backlog]:
    """What waits and what is dead, by stream; one with neither is not listed."""
    is_pending = stream_tokens.c.state == "pending"
    rows = connection.execute(
        select(
            stream_tokens.c.stream_id, func.count().filter(is_pending),
            func.count().filter(stream_tokens.c.state == "dead"), func.min(stream_tokens.c.made_at).filter(is_pending),
        )
        .where(stream_tokens.c.state != "delivered").group_by(stream_tokens.c.stream_id)
    )
    return {row[0]: Backlog(row[1], row[2], row[3]) for row in rows}


def forget_tokens(connection: Connection, before: float, limit: int, now: float) -> int:
    """Delete what was done before `before`, and give up what has waited for `KEPT_S`; returns how many it touched."""
    late = select(stream_tokens.c.jti).where(
        stream_tokens.c.state == "pending", stream_tokens.c.made_at < now - KEPT_S
    ).limit(limit)
    over = {"state": "dead", "done_at": now, "last_error": "waited too long"}
    given_up = connection.execute(update(stream_tokens).where(stream_tokens.c.jti.in_(late)).values(over)).rowcount
    old = select(stream_tokens.c.jti).where(stream_tokens.c.done_at < before).limit(limit)
    return given_up + connection.execute(delete(stream_tokens).where(stream_tokens.c.jti.in_(old))).rowcount


def _end(connection: Connection, stream_id: str, jtis: Sequence[str], changes: Mapping[str, object]) -> int:
    is_waiting = (stream_tokens.c.stream_id == stream_id) & (stream_tokens.c.state == "pending")
    ended = update(stream_tokens).where(is_waiting, stream_tokens.c.jti.in_(jtis)).values(changes)
    return connection.execute(ended).rowcount if jtis else 0


def _sealed(vault: Vault, stream_id: str, header: str) -> dict[str, bytes | None]:
    return {"authorization": vault.seal(header.encode(), _context(stream_id)) if header else None}


def _context(name: str) -> bytes:
    return f"security_event:{name}".encode()


def _read(row: Row[Any], vault: Vault) -> Stream:
    header = vault.open(row.authorization, _context(row.id)).decode() if row.authorization else ""
    return Stream(**dict(row._mapping) | {"authorization": header, "types": tuple(row.types.split(","))})
