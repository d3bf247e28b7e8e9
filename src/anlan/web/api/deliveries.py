"""Where messages go and what became of them: endpoints, dead letters, and events that were refused on the way in."""

import base64
from typing import Annotated

import msgspec
from fastapi import APIRouter, Query
from msgspec import Meta
from starlette.responses import Response

from anlan import clock
from anlan.delivery.registration import check_kinds, register_endpoint, rotate_secret
from anlan.store import endpoints as stored
from anlan.store.outbox import DeadLetter, dead_letters, replay
from anlan.store.refused import latest_refused
from anlan.web.api.calls import Caller, CallerDep, HouseDep, answer, body_of
from anlan.web.api.documented import Before, EndpointId, Limit, documented

router = APIRouter(tags=["deliveries"])

Kind = Annotated[str, Meta(pattern=r"^(action|decision|staff)(\.[a-z_.]{1,50})?$")]
Kinds = Annotated[tuple[Kind, ...], Meta(max_length=20)]


class EndpointShown(msgspec.Struct, kw_only=True):
    """One receiver; `kinds` empty for all.

    Attributes:
        failures: rounds of messages in a row of which none arrived, since `failing_since`.
        is_rotating: messages carry a signature of the previous secret too.
    """

    id: str
    url: str
    kinds: tuple[str, ...]
    is_enabled: bool
    created_at: float
    failures: int
    failing_since: float | None
    is_rotating: bool


class EndpointList(msgspec.Struct, kw_only=True):
    """Every receiver, oldest first."""

    items: tuple[EndpointShown, ...]


class NewEndpoint(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A receiver to register; without `kinds` it gets everything."""

    url: Annotated[str, Meta(pattern="^https?://", max_length=2000)]
    kinds: Kinds = ()


class EndpointSecret(msgspec.Struct, kw_only=True):
    """A secret, shown this once."""

    id: str
    secret: str


class EndpointChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What to change; what is left out stays."""

    kinds: Kinds | None = None
    is_enabled: bool | None = None


class DeadLetterList(msgspec.Struct, kw_only=True):
    """Messages that were given up, the latest first; `next_offset` continues, null on the last page."""

    items: tuple[DeadLetter, ...]
    next_offset: int | None


class Replay(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which dead messages to send again: all, those of one endpoint, or one message."""

    endpoint_id: Annotated[str, Meta(pattern="^ep_[0-9a-f]{16}$")] | None = None
    message_id: Annotated[str, Meta(min_length=1, max_length=80, pattern=r"^[^\x00]*$")] | None = None


class Replayed(msgspec.Struct, kw_only=True):
    """How many messages are on their way again."""

    messages: int


class RefusedEvent(msgspec.Struct, kw_only=True):
    """An input that was not accepted; `body` is the first 4 KiB in base64, null without the scope `personal:read`."""

    id: int
    received_at: float
    reason: str
    detail: str
    api_key: str | None
    body: str | None


class RefusedPage(msgspec.Struct, kw_only=True):
    """Refused inputs, newest first; `next_before_id` continues, null on the last page."""

    items: tuple[RefusedEvent, ...]
    next_before_id: int | None


@router.get("/v1/endpoints", **documented("deliveries:write", EndpointList))
def list_endpoints(house: HouseDep) -> Response:
    """Every receiver."""
    with house.database.read() as connection:
        found = stored.all_endpoints(connection, house.database.vault)
    return answer(EndpointList(items=tuple(map(_show, found))))


@router.post(
    "/v1/endpoints",
    **documented("deliveries:write", EndpointSecret, status=201, takes=NewEndpoint, problems=(422,), says="Kept."),
)
def add_endpoint(caller: CallerDep, new: Annotated[NewEndpoint, body_of(NewEndpoint)]) -> Response:
    """Register a receiver. Its secret is in this answer and can never be read again."""
    settings = caller.house.settings
    made = register_endpoint(
        caller.house.database, new.url, new.kinds, clock.now(), allows_private=settings.allow_http_endpoints
    )
    caller.note("endpoint.add", made.id, url=made.url, kinds=list(made.kinds))
    return answer(EndpointSecret(id=made.id, secret=made.secrets[0]), 201)


@router.get("/v1/endpoints/{endpoint_id}", **documented("deliveries:write", EndpointShown, problems=(404,)))
def get_endpoint(caller: CallerDep, endpoint_id: EndpointId) -> Response:
    """One receiver."""
    return answer(_read(caller, endpoint_id))


@router.patch(
    "/v1/endpoints/{endpoint_id}",
    **documented("deliveries:write", EndpointShown, takes=EndpointChange, problems=(404, 422)),
)
def change_endpoint(
    caller: CallerDep, endpoint_id: EndpointId, change: Annotated[EndpointChange, body_of(EndpointChange)]
) -> Response:
    """Choose its kinds, turn it off, or on again with a clean slate."""
    _read(caller, endpoint_id)
    with caller.house.database.write() as connection:
        if change.kinds is not None:
            stored.set_kinds(connection, endpoint_id, check_kinds(change.kinds))
        if change.is_enabled is not None:
            stored.set_enabled(connection, endpoint_id, is_enabled=change.is_enabled)
    caller.note("endpoint.change", endpoint_id, kinds=change.kinds and list(change.kinds), is_enabled=change.is_enabled)
    return answer(_read(caller, endpoint_id))


@router.delete("/v1/endpoints/{endpoint_id}", **documented("deliveries:write", None, status=204, problems=(404,)))
def delete_endpoint(caller: CallerDep, endpoint_id: EndpointId) -> Response:
    """Forget a receiver and what waits for it."""
    with caller.house.database.write() as connection:
        stored.delete_endpoint(connection, endpoint_id)
    caller.note("endpoint.delete", endpoint_id)
    return Response(status_code=204)


@router.post(
    "/v1/endpoints/{endpoint_id}/rotation",
    **documented("deliveries:write", EndpointSecret, status=201, problems=(404,), says="Begun."),
)
def begin_rotation(caller: CallerDep, endpoint_id: EndpointId) -> Response:
    """A new secret, in this answer only. Until the rotation ends, messages carry a signature by each."""
    secret = rotate_secret(caller.house.database, endpoint_id)
    caller.note("endpoint.rotate", endpoint_id)
    return answer(EndpointSecret(id=endpoint_id, secret=secret), 201)


@router.delete(
    "/v1/endpoints/{endpoint_id}/rotation", **documented("deliveries:write", None, status=204, problems=(404,))
)
def end_rotation(caller: CallerDep, endpoint_id: EndpointId) -> Response:
    """Stop signing with the previous secret."""
    _read(caller, endpoint_id)
    with caller.house.database.write() as connection:
        stored.end_rotation(connection, endpoint_id)
    caller.note("endpoint.rotated", endpoint_id)
    return Response(status_code=204)


@router.get("/v1/deliveries/dead", **documented("deliveries:write", DeadLetterList))
def list_dead_letters(
    house: HouseDep, limit: Limit = 50, offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
    endpoint_id: Annotated[str | None, Query(pattern="^ep_[0-9a-f]{16}$")] = None,
) -> Response:
    """Messages that were given up."""
    with house.database.read() as connection:
        found = dead_letters(connection, endpoint_id, limit + 1, offset)
    more = len(found) > limit
    return answer(DeadLetterList(items=tuple(found[:limit]), next_offset=offset + limit if more else None))


@router.post("/v1/deliveries:replay", **documented("deliveries:write", Replayed, takes=Replay))
def replay_dead_letters(caller: CallerDep, which: Annotated[Replay, body_of(Replay)]) -> Response:
    """Send dead messages again, from the first attempt and under the same ids."""
    with caller.house.database.write() as connection:
        count = replay(connection, clock.now(), which.endpoint_id, which.message_id)
    caller.note("deliveries.replay", which.message_id or which.endpoint_id or "all", count=count)
    return answer(Replayed(messages=count))


@router.get("/v1/refused", **documented("decisions:read", RefusedPage))
def list_refused(caller: CallerDep, limit: Limit = 50, before_id: Before = None) -> Response:
    """What was sent but not accepted, and why."""
    with caller.house.database.read() as connection:
        found = latest_refused(connection, limit + 1, before_id)
    if caller.reads_personal:
        caller.note("refused.personal", f"the {len(found[:limit])} before {before_id or 'now'}")
    items = tuple(
        RefusedEvent(
            id=one.id, received_at=one.received_at, reason=one.reason, detail=one.detail, api_key=one.api_key,
            body=base64.b64encode(one.body).decode() if caller.reads_personal else None,
        )
        for one in found[:limit]
    )
    return answer(RefusedPage(items=items, next_before_id=items[-1].id if len(found) > limit else None))


def _read(caller: Caller, endpoint_id: str) -> EndpointShown:
    database = caller.house.database
    with database.read() as connection:
        return _show(stored.get_endpoint(connection, database.vault, endpoint_id))


def _show(found: stored.Endpoint) -> EndpointShown:
    return EndpointShown(
        id=found.id, url=found.url, kinds=found.kinds, is_enabled=found.is_enabled, created_at=found.created_at,
        failures=found.failures, failing_since=found.failing_since, is_rotating=len(found.secrets) > 1,
    )
