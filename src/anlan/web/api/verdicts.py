"""The verdict routes, as bare ASGI: `POST /v1/events` (one event) and `POST /v1/events:batch` (NDJSON).

FastAPI costs more here than the judging itself; its document describes these routes all the same (see `document`).
"""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from typing import Any, Protocol
from urllib.parse import parse_qs

import msgspec

from anlan import clock
from anlan.domain.events import MAX_EVENT_BYTES
from anlan.engine.intake import Intake
from anlan.errors import AnlanError, InvalidEvent, InvalidRequest, TooLarge, Unavailable
from anlan.store.refused import Refusal
from anlan.web.api.access import Gate
from anlan.web.api.bodies import read_body
from anlan.web.api.problems import MethodNotAllowed, problem_parts, unexpected

MAX_BATCH_BYTES = 32 * 1024 * 1024
MAX_BATCH_EVENTS = 10_000

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

_JSON = (b"content-type", b"application/json")
_NDJSON = (b"content-type", b"application/x-ndjson")


class Refusals(Protocol):
    """Keeps what was not accepted, with its reason."""

    async def refuse(self, refusals: Sequence[Refusal]) -> None:
        """Store them in one transaction."""


class DeadlinePassed(Unavailable):
    """The answer was not durable in time; send the same event again and the stored decision answers."""

    code, status = "deadline_passed", 504


class Verdicts:
    """Both verdict routes as one ASGI application."""

    def __init__(self, intake: Intake, gate: Gate, refusals: Refusals) -> None:
        self._intake = intake
        self._gate = gate
        self._refusals = refusals

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        try:
            if scope["method"] != "POST":
                raise MethodNotAllowed(f"{scope['path']} takes POST", allow="POST")
            if scope["path"] == "/v1/events":
                await self._one(scope, receive, send)
            else:
                await self._batch(scope, receive, send)
        except AnlanError as error:
            await _send_problem(send, error)
        except Exception as error:  # the request edge
            await _send_problem(send, unexpected(error, scope["method"], scope["path"]))

    async def _one(self, scope: Message, receive: Receive, send: Send) -> None:
        key = await self._gate.admit(_authorization(scope), "events:write")
        deadline_s = _deadline_s(scope["query_string"])
        body = b""
        try:
            body = await read_body(receive, MAX_EVENT_BYTES)
            reply = await asyncio.wait_for(self._intake.accept(body), deadline_s)
        except TimeoutError as error:
            raise DeadlinePassed("not durable within the deadline; send the same event again") from error
        except (InvalidEvent, TooLarge) as error:
            await self._refusals.refuse([_refusal(error, key.id, body)])
            raise
        await _send(send, 200, reply, _JSON)

    async def _batch(self, scope: Message, receive: Receive, send: Send) -> None:
        authorization = _authorization(scope)
        key = await self._gate.admit(authorization, "events:write", 0.0)
        lines = _lines(await read_body(receive, MAX_BATCH_BYTES))
        if not lines:
            raise InvalidRequest("the batch is empty; send one CloudEvent in JSON a line")
        if len(lines) > MAX_BATCH_EVENTS:
            raise TooLarge(f"{len(lines):,} events; a batch has at most {MAX_BATCH_EVENTS:,}")
        await self._gate.admit(authorization, "events:write", float(len(lines)))
        answers = await self._intake.accept_many(lines)
        refused = [
            _refusal(reply, key.id, line)
            for line, reply in zip(lines, answers, strict=True)
            if isinstance(reply, InvalidEvent)
        ]
        if refused:
            await self._refusals.refuse(refused)
        body = b"\n".join(_problem(r) if isinstance(r, AnlanError) else r for r in answers) + b"\n"
        await _send(send, 200, body, _NDJSON)


def _refusal(error: AnlanError, key: str, body: bytes) -> Refusal:
    reason = str(error.details.get("reason", error.code))
    return Refusal(received_at=clock.now(), reason=reason, detail=error.message, api_key=key, body=body)


def _authorization(scope: Message) -> bytes | None:
    for name, value in scope["headers"]:
        if name == b"authorization":
            return bytes(value)
    return None


def _deadline_s(query: bytes) -> float | None:
    raw = parse_qs(query.decode("latin-1"), keep_blank_values=True).get("deadline_ms") if query else None
    if raw is None:
        return None
    try:
        deadline_ms = float(raw[-1])
    except ValueError:
        deadline_ms = 0.0
    if not 1 <= deadline_ms <= 60_000:
        raise InvalidRequest("deadline_ms is a number from 1 to 60000")
    return deadline_ms / 1000


def _lines(body: bytes) -> list[bytes]:
    return [line for line in (line.strip() for line in body.split(b"\n")) if line]


def _problem(error: AnlanError) -> bytes:
    return msgspec.json.encode(error.problem())


async def _send(send: Send, status: int, body: bytes, *headers: tuple[bytes, bytes]) -> None:
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": status, "headers": [*headers, length]})
    await send({"type": "http.response.body", "body": body})


async def _send_problem(send: Send, error: AnlanError) -> None:
    body, headers = problem_parts(error)
    await _send(send, error.status, body, *((name.encode(), value.encode("latin-1")) for name, value in headers))
