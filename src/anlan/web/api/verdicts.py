"""The verdict routes, as bare ASGI: `POST /v1/events` (one event) and `POST /v1/events:batch` (NDJSON).

FastAPI costs more here than the judging itself; its document describes these routes all the same (see `openapi`).
"""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Protocol
from urllib.parse import parse_qs

import msgspec

from anlan import clock
from anlan.domain.events import MAX_EVENT_BYTES
from anlan.engine.intake import Intake
from anlan.errors import AnlanError, InvalidEvent, InvalidRequest, TooLarge, Unavailable
from anlan.web.api.access import Gate

MAX_BATCH_BYTES = 32 * 1024 * 1024
MAX_BATCH_EVENTS = 10_000

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

_JSON = (b"content-type", b"application/json")
_NDJSON = (b"content-type", b"application/x-ndjson")
_PROBLEM = (b"content-type", b"application/problem+json")


class Refusals(Protocol):
    """Keeps what was not accepted, with its reason."""

    async def refuse(self, received_at: float, reason: str, detail: str, api_key: str | None, body: bytes) -> None:
        """Store one refusal; only the first 4 KiB of the body are kept."""


class DeadlinePassed(Unavailable):
    """The answer was not durable in time; send the same event again and the stored decision answers."""

    code, status = "deadline_passed", 504


class Verdicts:
    """Both verdict routes as one ASGI application; `handles` says which requests are theirs."""

    def __init__(self, intake: Intake, gate: Gate, refusals: Refusals) -> None:
        self._intake = intake
        self._gate = gate
        self._refusals = refusals

    @staticmethod
    def handles(scope: Message) -> bool:
        """Whether this request is for one of the verdict routes."""
        return scope["type"] == "http" and scope["path"] in ("/v1/events", "/v1/events:batch")

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        try:
            if scope["method"] != "POST":
                return await _send(send, 405, b"", _JSON, (b"allow", b"POST"))
            if scope["path"] == "/v1/events":
                await self._one(scope, receive, send)
            else:
                await self._batch(scope, receive, send)
        except AnlanError as error:
            await _send_problem(send, error)

    async def _one(self, scope: Message, receive: Receive, send: Send) -> None:
        deadline_s = _deadline_s(scope["query_string"])
        key = await self._gate.admit(_authorization(scope), "events:write")
        try:
            body = await _read(receive, MAX_EVENT_BYTES)
            reply = await asyncio.wait_for(self._intake.accept(body), deadline_s)
        except TimeoutError as error:
            raise DeadlinePassed("not durable within the deadline; send the same event again") from error
        except InvalidEvent as error:
            await self._refuse(error, key, body)
            raise
        await _send(send, 200, reply, _JSON)

    async def _batch(self, scope: Message, receive: Receive, send: Send) -> None:
        authorization = _authorization(scope)
        key = await self._gate.admit(authorization, "events:write", 0.0)
        lines = _lines(await _read(receive, MAX_BATCH_BYTES))
        if not lines:
            raise InvalidRequest("the batch is empty; send one CloudEvent in JSON a line")
        if len(lines) > MAX_BATCH_EVENTS:
            raise TooLarge(f"{len(lines):,} events; a batch has at most {MAX_BATCH_EVENTS:,}")
        await self._gate.admit(authorization, "events:write", float(len(lines)))
        answers = await self._intake.accept_many(lines)
        for line, reply in zip(lines, answers, strict=True):
            if isinstance(reply, InvalidEvent):
                await self._refuse(reply, key, line)
        body = b"\n".join(_problem(r) if isinstance(r, AnlanError) else r for r in answers) + b"\n"
        await _send(send, 200, body, _NDJSON)

    async def _refuse(self, error: InvalidEvent, key: str, body: bytes) -> None:
        reason = str(error.details.get("reason", error.code))
        await self._refusals.refuse(clock.now(), reason, error.message, key, body)


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


async def _read(receive: Receive, limit: int) -> bytes:
    """The whole request body; a longer one is refused before it is in memory."""
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise InvalidRequest("the client went away before its request was whole")
        part = message.get("body", b"")
        size += len(part)
        if size > limit:
            raise TooLarge(f"the body is larger than {limit:,} bytes")
        parts.append(part)
        if not message.get("more_body", False):
            return parts[0] if len(parts) == 1 else b"".join(parts)


def _lines(body: bytes) -> list[bytes]:
    return [line for line in (line.strip() for line in body.split(b"\n")) if line]


def _problem(error: AnlanError) -> bytes:
    return msgspec.json.encode(error.problem())


async def _send(send: Send, status: int, body: bytes, *headers: tuple[bytes, bytes]) -> None:
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": status, "headers": [*headers, length]})
    await send({"type": "http.response.body", "body": body})


async def _send_problem(send: Send, error: AnlanError) -> None:
    headers = [_PROBLEM]
    retry_after_s = error.details.get("retry_after_s")
    if isinstance(retry_after_s, int | float):
        headers.append((b"retry-after", str(max(1, round(retry_after_s))).encode()))
    if error.status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    await _send(send, error.status, _problem(error), *headers)
