"""Security event tokens over HTTP: streams as the Shared Signals Framework sets them up, poll, push to us, and keys."""

import asyncio
from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec
from fastapi import APIRouter, Path, Query, Request
from msgspec import Meta
from starlette.responses import Response

from anlan import clock
from anlan.app import House
from anlan.delivery.security_events.registration import StreamWanted, check_types, new_stream
from anlan.delivery.security_events.signing import TOKEN_TYPE, sign
from anlan.delivery.security_events.verifying import MAX_TOKEN_BYTES, Refused
from anlan.domain.security_events import METHODS, SENT, StreamStatus, SubjectFormat
from anlan.errors import Forbidden, InvalidRequest, TooLarge, Unauthorized
from anlan.store import security_events as stored
from anlan.store.audit import note
from anlan.store.transmitters import Transmitter
from anlan.web.api.access import Gate
from anlan.web.api.bodies import read_body
from anlan.web.api.calls import Caller, CallerDep, HouseDep, answer, body_of
from anlan.web.api.documented import documented, problem_response, schema_of

router = APIRouter(tags=["security events"])

MAX_POLLED = 100
LONG_POLL_S = 25.0
LOOK_EVERY_S = 0.5
AT_ONCE_POLLS = 64
"""Receivers that may wait at the same time; the next one is answered at once."""

_long_polls = asyncio.Semaphore(AT_ONCE_POLLS)

StreamId = Annotated[str, Path(pattern=r"^stream_[0-9a-f]{16}$")]
StreamName = Annotated[str, Meta(pattern=r"^stream_[0-9a-f]{16}$")]
AskedStream = Annotated[str, Query(pattern=r"^stream_[0-9a-f]{16}$")]
Text = Annotated[str, Meta(max_length=512, pattern=r"^[^\x00-\x1f\x7f]*$")]
Types = Annotated[tuple[Annotated[str, Meta(max_length=200)], ...], Meta(max_length=40)]
Names = Annotated[tuple[Annotated[str, Meta(max_length=256)], ...], Meta(max_length=1_000)]


class StreamDelivery(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How tokens travel: `urn:ietf:rfc:8935` (push, to `endpoint_url`) or `urn:ietf:rfc:8936` (poll).

    Attributes:
        authorization_header: what a push carries; it can be set and never read.
    """

    method: Literal["urn:ietf:rfc:8935", "urn:ietf:rfc:8936"]
    endpoint_url: Annotated[str, Meta(max_length=2_000)] | None = None
    authorization_header: Annotated[str, Meta(max_length=4_096)] | None = None


class StreamWantedBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A stream to set up.

    Attributes:
        events_requested: types, by URI or its last part; none for all that carry nobody's phone or mail address.
        subject_format: how accounts are named to this receiver.
        receiver_key: id of the only API key that may poll; null for any with the scope.
    """

    aud: Annotated[str, Meta(min_length=1, max_length=512, pattern=r"^[^\x00-\x1f\x7f]+$")]
    delivery: StreamDelivery
    events_requested: Types = ()
    subject_format: SubjectFormat = "iss_sub"
    receiver_key: Annotated[str, Meta(pattern=r"^[0-9a-f]{16}$")] | None = None
    description: Text = ""


class StreamChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What to change of a stream; what is left out stays."""

    stream_id: StreamName
    events_requested: Types | None = None
    description: Text | None = None


class StreamShown(msgspec.Struct, frozen=True, kw_only=True):
    """A stream (SSF 1.0, section 8.1).

    Attributes:
        waiting, dead: tokens that were not acknowledged yet, and those that were given up.
    """

    stream_id: str
    iss: str
    aud: str
    delivery: StreamDelivery
    events_supported: tuple[str, ...]
    events_delivered: tuple[str, ...]
    subject_format: SubjectFormat
    description: str
    waiting: int
    dead: int


class StreamState(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a stream flows: `paused` keeps what happens for later, `disabled` does not."""

    stream_id: StreamName
    status: StreamStatus
    reason: Text = ""


class VerificationWanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which stream to send a test token to, and what it is to say."""

    stream_id: StreamName
    state: Text = ""


class SetError(msgspec.Struct, frozen=True):
    """Why a receiver refuses a token."""

    err: Annotated[str, Meta(max_length=64)]
    description: Annotated[str, Meta(max_length=1_000)] = ""


class PollQuestion(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What a receiver asks and acknowledges (RFC 8936, section 2.2).

    Attributes:
        max_events: 0 for none, as when only something is acknowledged.
        return_immediately: do not wait for something to happen.
        ack: `jti` of tokens that the receiver has.
        set_errs: why it refuses others, by `jti`.
    """

    max_events: Annotated[int, Meta(ge=0, le=100_000)] | None = None
    return_immediately: bool = False
    ack: Names = ()
    set_errs: Annotated[dict[str, SetError], Meta(max_length=1_000)] = {}


class PollAnswer(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Tokens by `jti`; those that are not acknowledged come again."""

    sets: dict[str, str]
    more_available: bool


class KeySet(msgspec.Struct, frozen=True):
    """A JSON Web Key Set (RFC 7517)."""

    keys: tuple[dict[str, Any], ...]


class TransmitterConfiguration(msgspec.Struct, frozen=True, kw_only=True):
    """What a receiver needs to know of us (SSF 1.0, section 7.1)."""

    spec_version: str
    issuer: str
    jwks_uri: str
    delivery_methods_supported: tuple[str, ...]
    configuration_endpoint: str
    status_endpoint: str
    verification_endpoint: str
    authorization_schemes: tuple[dict[str, str], ...]
    default_subjects: str


@router.get("/.well-known/jwks.json", **documented(None, KeySet))
def show_keys(house: HouseDep) -> Response:
    """The keys that verify our tokens; a former key stays for 30 days."""
    response = answer(house.signing_keys.key_set(clock.now()))
    response.headers["cache-control"] = "public, max-age=300"
    return response


@router.get("/.well-known/ssf-configuration", **documented(None, TransmitterConfiguration))
def show_configuration(house: HouseDep) -> Response:
    """Who we are as a transmitter, and where everything is."""
    at = house.settings.address
    return answer(
        TransmitterConfiguration(
            spec_version="1_0", issuer=at, jwks_uri=f"{at}/.well-known/jwks.json",
            delivery_methods_supported=tuple(METHODS.values()), default_subjects="ALL",
            configuration_endpoint=f"{at}/v1/security-events/streams",
            status_endpoint=f"{at}/v1/security-events/status",
            verification_endpoint=f"{at}/v1/security-events/verification",
            authorization_schemes=({"spec_urn": "urn:ietf:rfc:6750"},),
        )
    )


def _streams_documented() -> dict[str, Any]:
    """One stream, or the list of all."""
    found = documented("security_events:write", StreamShown, problems=(404,))
    one = schema_of(StreamShown)
    found["responses"][200]["content"] = {
        "application/json": {"schema": {"oneOf": [one, {"type": "array", "items": one}]}}
    }
    return found


@router.get("/v1/security-events/streams", **_streams_documented())
def show_streams(house: HouseDep, stream_id: AskedStream | None = None) -> Response:
    """One stream, or a list of all without `stream_id`."""
    if stream_id is not None:
        return answer(_show(house, stream_id))
    with house.database.read() as connection:
        found = stored.all_streams(connection, house.database.vault)
    return answer([_show(house, one.id) for one in found])


@router.post(
    "/v1/security-events/streams",
    **documented(
        "security_events:write", StreamShown, status=201, takes=StreamWantedBody, problems=(422,), says="Set up."
    ),
)
def add_stream(caller: CallerDep, new: Annotated[StreamWantedBody, body_of(StreamWantedBody)]) -> Response:
    """Set up a stream to one receiver; it is enabled at once."""
    is_push = new.delivery.method == METHODS["push"]
    wanted = StreamWanted(
        audience=new.aud, delivery="push" if is_push else "poll", url=new.delivery.endpoint_url or "",
        authorization=new.delivery.authorization_header or "", types=new.events_requested,
        subject_format=new.subject_format, receiver_key=new.receiver_key or "", description=new.description,
    )
    house = caller.house
    made = new_stream(wanted, clock.now(), allows_private=house.settings.allow_http_endpoints)
    with house.database.write() as connection:
        stored.add_stream(connection, house.database.vault, made)
        note(connection, caller.actor, "stream.add", made.id, {"aud": made.audience, "url": made.url})
    return answer(_show(house, made.id), 201)


@router.patch(
    "/v1/security-events/streams",
    **documented("security_events:write", StreamShown, takes=StreamChange, problems=(404,)),
)
def change_stream(caller: CallerDep, change: Annotated[StreamChange, body_of(StreamChange)]) -> Response:
    """Choose its types anew, or describe it."""
    changes: dict[str, object] = {}
    if change.events_requested is not None:
        changes["types"] = check_types(change.events_requested)
    if change.description is not None:
        changes["description"] = change.description
    _change(caller, change.stream_id, changes, "stream.change")
    return answer(_show(caller.house, change.stream_id))


@router.delete(
    "/v1/security-events/streams", **documented("security_events:write", None, status=204, problems=(404,))
)
def delete_stream(caller: CallerDep, stream_id: AskedStream) -> Response:
    """Forget a stream and what waits in it."""
    with caller.house.database.write() as connection:
        stored.delete_stream(connection, stream_id)
        note(connection, caller.actor, "stream.delete", stream_id, {})
    return Response(status_code=204)


@router.get("/v1/security-events/status", **documented("security_events:write", StreamState, problems=(404,)))
def show_status(house: HouseDep, stream_id: AskedStream) -> Response:
    """Whether a stream flows."""
    return answer(_state(house, stream_id))


@router.post(
    "/v1/security-events/status",
    **documented("security_events:write", StreamState, takes=StreamState, problems=(404,)),
)
def set_status(caller: CallerDep, state: Annotated[StreamState, body_of(StreamState)]) -> Response:
    """Enable, pause or disable a stream."""
    _change(caller, state.stream_id, {"status": state.status, "reason": state.reason}, "stream.status")
    return answer(_state(caller.house, state.stream_id))


@router.post(
    "/v1/security-events/verification",
    **documented("security_events:write", None, status=204, takes=VerificationWanted, problems=(404,)),
)
def verify_stream(caller: CallerDep, wanted: Annotated[VerificationWanted, body_of(VerificationWanted)]) -> Response:
    """Let a token go out that says only that the stream works."""
    with caller.house.database.write() as connection:
        caller.house.security_events.verify_stream(connection, wanted.stream_id, wanted.state, clock.now())
        note(connection, caller.actor, "stream.verify", wanted.stream_id, {})
    return Response(status_code=204)


@router.post(
    "/v1/security-events/streams/{stream_id}:poll",
    **documented("security_events:read", PollAnswer, takes=PollQuestion, problems=(404,)),
)
async def poll(
    caller: CallerDep, stream_id: StreamId, question: Annotated[PollQuestion, body_of(PollQuestion)]
) -> Response:
    """Acknowledge tokens and take the next (RFC 8936); without `returnImmediately` it waits up to 25 seconds."""
    limit = MAX_POLLED if question.max_events is None else min(question.max_events, MAX_POLLED)
    await asyncio.to_thread(_settle, caller, stream_id, question)
    found = await asyncio.to_thread(_next_tokens, caller.house, stream_id, limit)
    if limit and not found.sets and not question.return_immediately and not _long_polls.locked():
        async with _long_polls:
            found = await _wait(caller.house, stream_id, limit)
    return answer(found)


async def _wait(house: House, stream_id: str, limit: int) -> PollAnswer:
    ends_at = clock.stopwatch() + LONG_POLL_S
    while True:
        found = await asyncio.to_thread(_next_tokens, house, stream_id, limit)
        if found.sets or clock.stopwatch() >= ends_at:
            return found
        await asyncio.sleep(LOOK_EVERY_S)


def _settle(caller: Caller, stream_id: str, question: PollQuestion) -> None:
    """Write down what the receiver has and what it refuses.

    Raises:
        NotFound, Forbidden: no such stream, or not this key's.
        InvalidRequest: a stream that is pushed.
    """
    database, now = caller.house.database, clock.now()
    with database.read() as connection:
        stream = stored.get_stream(connection, database.vault, stream_id)
    if stream.receiver_key not in (None, caller.key.id):
        raise Forbidden("this stream is another key's")
    if stream.delivery != "poll":
        raise InvalidRequest("this stream is pushed; set up one with the method urn:ietf:rfc:8936 to poll")
    if question.ack or question.set_errs:
        errors = {jti: f"{one.err}: {one.description}" for jti, one in question.set_errs.items()}
        with database.write() as connection:
            stored.acknowledge(connection, stream_id, question.ack, now)
            stored.give_up(connection, stream_id, errors, now)


def _next_tokens(house: House, stream_id: str, limit: int) -> PollAnswer:
    vault = house.database.vault
    with house.database.read() as connection:
        is_flowing = stored.get_stream(connection, vault, stream_id).status == "enabled"
        found = stored.waiting_tokens(connection, vault, stream_id, limit + 1) if is_flowing else []
    if not found:
        return PollAnswer(sets={}, more_available=False)
    key = house.signing_keys.current(clock.now())
    sets = {jti: sign(key, claims) for jti, claims in found[:limit]}
    return PollAnswer(sets=sets, more_available=len(found) > limit)


_REFUSAL = {
    "type": "object", "required": ["err"],
    "properties": {"err": {"type": "string"}, "description": {"type": "string"}},
}


@router.post(
    "/v1/security-events", status_code=202,
    responses={
        202: {"description": "Kept; a token that came before is answered alike."},
        400: {
            "description": "Refused, with a word of RFC 8935: it is no token, or not one for us.",
            "content": {"application/json": {"schema": _REFUSAL}},
        },
        **{status: problem_response(status) for status in (401, 403, 413, 429, 503)},
    },
    openapi_extra={
        "security": [{"bearer": ["security_events:write"]}],
        "requestBody": {
            "required": True, "content": {f"application/{TOKEN_TYPE}": {"schema": {"type": "string"}}},
        },
    },
)
async def receive(request: Request) -> Response:
    """Take a partner's token (RFC 8935). The caller is a registered transmitter by its own token, or an API key."""
    try:
        sender = await _sender(request)
        token = await _read_token(request)
        await request.app.state.house.token_receiver.receive(token, sender)
    except Refused as error:
        return _refuse(error.err, error.message)
    except Unauthorized as error:
        raise Unauthorized(error.message, err="authentication_failed") from error
    except Forbidden as error:
        raise Forbidden(error.message, err="access_denied") from error
    return Response(status_code=202)


async def _sender(request: Request) -> Transmitter | None:
    """The partner whose token it is; None for an API key, which may bring anybody's.

    Raises:
        Unauthorized, Forbidden, RateLimited: as for every key.
    """
    header = request.headers.get("authorization", "")
    scheme, _, token = header.partition(" ")
    if scheme.lower() == "bearer" and token.startswith("anlan_set_"):
        found = await asyncio.to_thread(request.app.state.house.token_receiver.find_pusher, token)
        if found is None:
            raise Unauthorized("this transmitter token is not known; register the transmitter again")
        return found  # type: ignore[no-any-return]  # Starlette's state is untyped
    gate: Gate = request.app.state.gate
    await gate.admit(header, "security_events:write")
    return None


async def _read_token(request: Request) -> str:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != f"application/{TOKEN_TYPE}":
        raise Refused("invalid_request", f"send it as application/{TOKEN_TYPE}")
    try:
        return (await read_body(request.receive, MAX_TOKEN_BYTES)).decode("ascii").strip()
    except UnicodeDecodeError as error:
        raise Refused("invalid_request", "a token is ASCII") from error
    except TooLarge as error:
        raise Refused("invalid_request", error.message) from error


def _refuse(err: str, description: str) -> Response:
    response = answer({"err": err, "description": description}, 400)
    response.headers["content-language"] = "en"
    return response


def _change(caller: Caller, stream_id: str, changes: Mapping[str, object], act: str) -> None:
    database = caller.house.database
    with database.write() as connection:
        stored.get_stream(connection, database.vault, stream_id)
        stored.change_stream(connection, stream_id, changes)
        note(connection, caller.actor, act, stream_id, dict(changes))


def _state(house: House, stream_id: str) -> StreamState:
    with house.database.read() as connection:
        found = stored.get_stream(connection, house.database.vault, stream_id)
    return StreamState(stream_id=found.id, status=found.status, reason=found.reason)


def _show(house: House, stream_id: str) -> StreamShown:
    at = house.settings.address
    with house.database.read() as connection:
        found = stored.get_stream(connection, house.database.vault, stream_id)
        backlog = stored.backlogs(connection).get(stream_id)
    url = found.url or f"{at}/v1/security-events/streams/{stream_id}:poll"
    return StreamShown(
        stream_id=found.id, iss=at, aud=found.audience, subject_format=found.subject_format,
        delivery=StreamDelivery(method=METHODS[found.delivery], endpoint_url=url),  # type: ignore[arg-type]  # one of the two
        events_supported=tuple(SENT), events_delivered=found.types, description=found.description,
        waiting=backlog.pending if backlog else 0, dead=backlog.dead if backlog else 0,
    )
