"""A chat endpoint for tests: a real HTTP server on a real socket that answers as it was told to."""

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Any

import uvicorn

Send = Callable[[dict[str, Any]], Awaitable[None]]


def said(content: str, tokens: tuple[int, int] = (100, 20), **choice: Any) -> bytes:
    """A chat completion."""
    message = {"role": "assistant", "content": content}
    body = {
        "object": "chat.completion", "model": "toy",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop", **choice}],
        "usage": {"prompt_tokens": tokens[0], "completion_tokens": tokens[1], "total_tokens": sum(tokens)},
    }
    return json.dumps(body, ensure_ascii=False).encode()


def judged_fraud(quote: str, **changes: Any) -> bytes:
    """The answer of a good model to a fraud."""
    fields = {"quote": quote, "clause": "fraud.1", "category": "fraud", "verdict": "violates", "confidence": 0.95}
    return said(json.dumps({**fields, **changes}, ensure_ascii=False))


def judged_clean(confidence: float = 0.9) -> bytes:
    """The answer of a good model to a harmless text."""
    fields = {"quote": "", "clause": "none", "category": "normal", "verdict": "clean", "confidence": confidence}
    return said(json.dumps(fields))


class ScriptedChat:
    """Answers /v1/chat/completions; start on entering, stop on leaving.

    Attributes:
        script: what each coming request gets, in order: (status, body) or (status, body, headers); the last one stays.
        requests: the JSON that came, in order.
        delay_s: before each answer.
        most_at_once: requests that were open together.
    """

    def __init__(self, *script: tuple[Any, ...], port: int = 0) -> None:
        self.script = list(script)
        self.requests: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.delay_s = 0.0
        self.most_at_once = 0
        self._open = 0
        config = uvicorn.Config(
            self._serve, host="127.0.0.1", port=port, log_level="error", lifespan="off",
            interface="asgi3",
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, daemon=True)

    @property
    def url(self) -> str:
        """The base URL."""
        return f"http://127.0.0.1:{self._server.servers[0].sockets[0].getsockname()[1]}/v1"

    def __enter__(self) -> "ScriptedChat":
        self._thread.start()
        while not self._server.started:
            assert self._thread.is_alive()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.should_exit = self._server.force_exit = True
        self._thread.join(10)

    async def _serve(self, scope: dict[str, Any], receive: Callable[[], Awaitable[dict[str, Any]]], send: Send) -> None:
        body, more = b"", True
        while more:
            part = await receive()
            body, more = body + part.get("body", b""), part.get("more_body", False)
        assert scope["path"] == "/v1/chat/completions"
        self.requests.append(json.loads(body))
        self.headers.append({name.decode(): value.decode() for name, value in scope["headers"]})
        status, answer, *headers = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        if callable(answer):
            answer = answer(self.requests[-1])
        self._open += 1
        self.most_at_once = max(self.most_at_once, self._open)
        await asyncio.sleep(self.delay_s)
        self._open -= 1
        named = [(name.encode(), value.encode()) for name, value in (headers[0] if headers else {}).items()]
        await send({"type": "http.response.start", "status": status, "headers": named})
        await send({"type": "http.response.body", "body": answer})
