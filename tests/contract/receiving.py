"""A real HTTP receiver on a loopback port, for tests of delivery; it can be stopped and started again."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable

import uvicorn
from ports import hold_port
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

Answer = Callable[[str], Awaitable[Response]]


async def accept(_message_id: str) -> Response:
    return Response(status_code=204)


def always(status: int, **headers: str) -> Answer:
    async def answer(_message_id: str) -> Response:
        return Response("no " * 1000, status_code=status, headers={k.replace("_", "-"): v for k, v in headers.items()})

    return answer


class Receiving:
    """Attributes: `got` holds (headers, body) of every request in order; `answer` may be replaced at any time."""

    def __init__(self) -> None:
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.answer: Answer = accept
        self.under_way = self.most_under_way = 0
        self.port = hold_port()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    @property
    def ids(self) -> list[str]:
        return [headers["webhook-id"] for headers, _ in self.got]

    async def _handle(self, request: Request) -> Response:
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            self.got.append((dict(request.headers), await request.body()))
            return await self.answer(request.headers.get("webhook-id", ""))
        finally:
            self.under_way -= 1

    @contextlib.asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        async with self.serving(Starlette(routes=[Route("/hook", self._handle, methods=["POST"])])):
            yield

    @contextlib.asynccontextmanager
    async def serving(self, app: Starlette) -> AsyncIterator[None]:
        config = uvicorn.Config(app, port=self.port, log_config=None, access_log=False, lifespan="off")
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server._serve([self._socket()]))
        while not server.started:
            await asyncio.sleep(0.005)
        try:
            yield
        finally:
            server.should_exit = server.force_exit = True
            await serving

    def _socket(self) -> socket.socket:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self.port))
        return listener
