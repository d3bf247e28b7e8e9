"""The one ASGI application: verdicts first, then the API, members' pages, the console; starts and stops the house."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Protocol

import structlog

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Asgi = Callable[[Message, Receive, Send], Awaitable[None]]

log = structlog.get_logger(__name__)


class Startable(Protocol):
    """What runs as long as the server does."""

    async def start(self) -> None: ...
    async def stop(self) -> None: ...


class Server:
    """Hands each request to whom it belongs.

    Args:
        verdicts: the bare verdict routes, once the house has started.
        api: everything else under `/v1`, `/healthz`, `/metrics`, `/docs`, `/openapi.json` and our own of
            `/.well-known`.
        pages: members' own under `/me`, everybody's under `/public`.
        console: everything that is left.
    """

    API_PATHS = (
        "/v1/", "/healthz", "/readyz", "/metrics", "/docs", "/openapi.json", "/.well-known/jwks.json",
        "/.well-known/ssf-configuration",
    )

    MEMBER_PATHS = ("/me", "/public")
    UNDER_MEMBER_PATHS = ("/me/", "/public/")

    def __init__(self, house: Startable, verdicts: Callable[[], Asgi], api: Asgi, pages: Asgi, console: Asgi) -> None:
        self._house = house
        self._verdicts = verdicts
        self._api = api
        self._pages = pages
        self._console = console

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            return await self._live(receive, send)
        path = scope["path"]
        if path == "/v1/events" or path == "/v1/events:batch":
            return await self._verdicts()(scope, receive, send)
        if path.startswith(self.API_PATHS):
            return await self._api(scope, receive, send)
        if path in self.MEMBER_PATHS or path.startswith(self.UNDER_MEMBER_PATHS):
            return await self._pages(scope, receive, send)
        return await self._console(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        try:
            await self._house.start()
        except Exception as error:  # the request edge: uvicorn needs the reason, then ends
            log.exception("start_failed")
            await send({"type": "lifespan.startup.failed", "message": str(error)})
            return
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._house.stop()
        await send({"type": "lifespan.shutdown.complete"})
