"""What handlers are given: the house, the key that calls, and the body as a checked struct; how they answer."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, TypeVar

import msgspec
from fastapi import Depends, Request
from starlette.responses import Response

from anlan.app import House
from anlan.errors import InvalidRequest
from anlan.store.audit import note
from anlan.web.api.access import ApiKey, Gate, Scope
from anlan.web.api.bodies import read_body

MAX_BODY_BYTES = 256 * 1024

T = TypeVar("T")

class Caller(msgspec.Struct, frozen=True):
    """The key behind a request, already admitted for its route."""

    key: ApiKey
    house: House

    @property
    def actor(self) -> str:
        """The name that the audit log uses."""
        return f"key:{self.key.id}"

    @property
    def reads_personal(self) -> bool:
        """Whether this key may see what members wrote."""
        return "personal:read" in self.key.scopes

    def note(self, act: str, subject: str, **details: object) -> None:
        """Write down in the audit log what this caller did or saw."""
        with self.house.database.write() as connection:
            note(connection, self.actor, act, subject, details)


def admitted(scope: Scope) -> Callable[..., Awaitable[None]]:
    """The dependency of a route that needs `scope`."""

    async def admit(request: Request) -> None:
        gate: Gate = request.app.state.gate
        key = await gate.admit(request.headers.get("authorization"), scope)
        request.state.caller = Caller(key, request.app.state.house)

    return admit


def _caller(request: Request) -> Caller:
    caller: Caller = request.state.caller
    return caller


def _house(request: Request) -> House:
    house: House = request.app.state.house
    return house


CallerDep = Annotated[Caller, Depends(_caller)]
HouseDep = Annotated[House, Depends(_house)]


def body_of(kind: type[T]) -> Any:
    """The dependency that reads a JSON body as `kind`."""
    decode = msgspec.json.Decoder(kind).decode

    async def read(request: Request) -> T:
        body = await read_body(request.receive, MAX_BODY_BYTES)
        try:
            return decode(body)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise InvalidRequest(f"body: {error}") from error

    return Depends(read)


def answer(content: object, status: int = 200) -> Response:
    """JSON; `content` is a struct or plain data."""
    return Response(msgspec.json.encode(content), status, media_type="application/json")
