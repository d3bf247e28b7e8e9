"""Where messages go: the receivers that a platform registered, their secrets, and how they have been answering."""

import msgspec
from sqlalchemy import Connection, Row, delete, func, insert, or_, select, update

from anlan.errors import NotFound
from anlan.store.tables import deliveries, endpoints
from anlan.store.vault import Vault


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """One receiver.

    Attributes:
        secrets: `whsec_...`, the current one first; two while one is being replaced.
        kinds: dotted prefixes of the outbox kinds it takes; empty for all.
        failures: rounds of messages in a row of which none arrived.
        failing_since: wall-clock start of that row.
        probe_at: while set, nothing is sent before that moment, and then one message.
    """

    id: str
    url: str
    secrets: tuple[str, ...]
    kinds: tuple[str, ...]
    is_enabled: bool
    created_at: float
    failures: int = 0
    failing_since: float | None = None
    probe_at: float | None = None

    def __repr__(self) -> str:
        return f"Endpoint({self.id!r}, {self.url!r})"


def add_endpoint(connection: Connection, vault: Vault, endpoint: Endpoint) -> None:
    """Register a receiver; its URL has been checked."""
    connection.execute(
        insert(endpoints).values(
            id=endpoint.id,
            url=endpoint.url,
            secret=vault.seal(endpoint.secrets[0].encode(), endpoint.id.encode()),
            kinds=",".join(endpoint.kinds),
            is_enabled=endpoint.is_enabled,
            created_at=endpoint.created_at,
        )
    )


def all_endpoints(connection: Connection, vault: Vault) -> list[Endpoint]:
    """Every receiver, oldest first."""
    return [_read(row, vault) for row in connection.execute(select(endpoints).order_by(endpoints.c.created_at))]


def endpoints_due(connection: Connection, vault: Vault, now: float) -> list[Endpoint]:
    """The enabled receivers that have a message due and may be sent to now."""
    has_due = (
        select(deliveries.c.message_id)
        .where(deliveries.c.state == "pending", deliveries.c.endpoint_id == endpoints.c.id, deliveries.c.next_at <= now)
        .exists()
    )
    may_send = or_(endpoints.c.probe_at.is_(None), endpoints.c.probe_at <= now)
    rows = connection.execute(select(endpoints).where(endpoints.c.is_enabled, may_send, has_due))
    return [_read(row, vault) for row in rows]


def get_endpoint(connection: Connection, vault: Vault, endpoint_id: str) -> Endpoint:
    """One receiver.

    Raises:
        NotFound: there is none by that id.
    """
    row = connection.execute(select(endpoints).where(endpoints.c.id == endpoint_id)).one_or_none()
    if row is None:
        raise NotFound(f"no endpoint {endpoint_id}; list them to see their ids")
    return _read(row, vault)


def set_enabled(connection: Connection, endpoint_id: str, *, is_enabled: bool) -> bool:
    """Turn a receiver on (with a clean slate) or off; False when it was so already or is not there.

    While it is off it is given no new messages; those that already wait for it stay until they have waited too long.
    """
    changed = connection.execute(
        update(endpoints)
        .where(endpoints.c.id == endpoint_id, endpoints.c.is_enabled != is_enabled)
        .values(is_enabled=is_enabled, failures=0, failing_since=None, probe_at=None)
    )
    return changed.rowcount == 1


def set_kinds(connection: Connection, endpoint_id: str, kinds: tuple[str, ...]) -> None:
    """Choose which kinds are routed to a receiver from now on; none for all."""
    connection.execute(update(endpoints).where(endpoints.c.id == endpoint_id).values(kinds=",".join(kinds)))


def delete_endpoint(connection: Connection, endpoint_id: str) -> None:
    """Forget a receiver and what waits for it.

    Raises:
        NotFound: there is none by that id.
    """
    connection.execute(delete(deliveries).where(deliveries.c.endpoint_id == endpoint_id))
    if connection.execute(delete(endpoints).where(endpoints.c.id == endpoint_id)).rowcount != 1:
        raise NotFound(f"no endpoint {endpoint_id}; list them to see their ids")


def begin_rotation(connection: Connection, vault: Vault, endpoint_id: str, secret: str) -> None:
    """Sign with `secret` and, until the rotation ends, with the one before it too."""
    sealed = vault.seal(secret.encode(), endpoint_id.encode())
    connection.execute(
        update(endpoints)
        .where(endpoints.c.id == endpoint_id)
        .values(previous_secret=endpoints.c.secret, secret=sealed)
    )


def end_rotation(connection: Connection, endpoint_id: str) -> None:
    """Stop signing with the previous secret."""
    connection.execute(update(endpoints).where(endpoints.c.id == endpoint_id).values(previous_secret=None))


def note_arrival(connection: Connection, endpoint_id: str) -> None:
    """A message arrived: the receiver gets its normal flow again."""
    connection.execute(
        update(endpoints)
        .where(endpoints.c.id == endpoint_id, or_(endpoints.c.failures > 0, endpoints.c.probe_at.is_not(None)))
        .values(failures=0, failing_since=None, probe_at=None)
    )


def note_failure(connection: Connection, endpoint_id: str, now: float) -> int:
    """A round of messages failed altogether; returns how many rounds in a row now have."""
    failures: int = connection.execute(
        update(endpoints)
        .where(endpoints.c.id == endpoint_id)
        .values(
            failures=endpoints.c.failures + 1,
            failing_since=func.coalesce(endpoints.c.failing_since, now),
            probe_at=None,
        )
        .returning(endpoints.c.failures)
    ).scalar_one()
    return failures


def pause(connection: Connection, endpoint_id: str, until: float) -> None:
    """Send nothing before `until`, and then one message first."""
    connection.execute(update(endpoints).where(endpoints.c.id == endpoint_id).values(probe_at=until))


def _read(row: Row[tuple[object, ...]], vault: Vault) -> Endpoint:
    sealed = (row.secret, row.previous_secret)
    return Endpoint(
        id=row.id,
        url=row.url,
        secrets=tuple(vault.open(one, row.id.encode()).decode() for one in sealed if one is not None),
        kinds=tuple(row.kinds.split(",")) if row.kinds else (),
        is_enabled=row.is_enabled,
        created_at=row.created_at,
        failures=row.failures,
        failing_since=row.failing_since,
        probe_at=row.probe_at,
    )
