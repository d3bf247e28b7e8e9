"""A model that writes as it is read: one streamed chat completion, within time, size, budget and breaker."""

import asyncio
import secrets
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing
from typing import TypeVar

import httpx
import msgspec

from anlan.models.llm.breaker import Breaker
from anlan.models.llm.budget import Budget
from anlan.models.llm.endpoint import CONNECT_S, MAX_ANSWER_BYTES, check_url
from anlan.models.llm.failures import LlmFailure, NoAnswer
from anlan.models.llm.replies import Reply
from anlan.models.llm.text import as_line

MAX_TOKENS = 400
CHARS_PER_TOKEN = 2
_EVENT = b"data:"


Form = TypeVar("Form")


class _Delta(msgspec.Struct, frozen=True):
    content: str | None = None


class _Choice(msgspec.Struct, frozen=True):
    delta: _Delta = _Delta()


class _Chunk(msgspec.Struct, frozen=True):
    choices: list[_Choice] = []


class ChatStream:
    """One model behind one URL that the operator gave. Redirects are not followed; belongs to one event loop.

    Never tried again: whoever reads along has waited long enough.

    Args:
        budget: may be shared with others who ask the same endpoint.
        timeout_s: for the whole answer.
    """

    def __init__(
        self, url: str, model: str, api_key: str = "", *, budget: Budget, timeout_s: float = 10.0,
        breaker: Breaker | None = None,
    ) -> None:
        self.breaker = breaker or Breaker()
        self._url, self._model = f"{check_url(url)}/chat/completions", model
        self._budget, self._timeout_s = budget, timeout_s
        headers = {"accept-encoding": "identity", "user-agent": "Anlan/1"}
        if api_key:
            headers["authorization"] = f"Bearer {api_key}"
        limits = httpx.Timeout(timeout_s, connect=min(CONNECT_S, timeout_s))
        self._client = httpx.AsyncClient(trust_env=False, follow_redirects=False, timeout=limits, headers=headers)

    async def close(self) -> None:
        """Give the connections back."""
        await self._client.aclose()

    async def stream(self, instructions: str, data: Mapping[str, object]) -> AsyncGenerator[str, None]:
        """What it writes, piece by piece; `data` stands as JSON in one line between marks that nobody can guess.

        Raises:
            LlmFailure: no answer, or no end of it; what came before it may be used.
        """
        self.breaker.enter()
        self._budget.take_call()
        mark, line = secrets.token_hex(8), as_line(data)
        body = self._body(instructions, f"DATA {mark}\n{line}\nEND {mark}")
        written = 0
        try:
            async with aclosing(self._pieces(body)) as pieces:
                async for piece in pieces:
                    written += len(piece)
                    yield piece
        except LlmFailure:
            self.breaker.fail()
            raise
        else:
            self.breaker.succeed()
        finally:
            self._budget.add_tokens((len(instructions) + len(line) + written) // CHARS_PER_TOKEN)

    def _body(self, instructions: str, fenced: str) -> dict[str, object]:
        messages = [{"role": "system", "content": instructions}, {"role": "user", "content": fenced}]
        return {"model": self._model, "messages": messages, "temperature": 0, "max_tokens": MAX_TOKENS, "stream": True}

    async def _pieces(self, body: Mapping[str, object]) -> AsyncGenerator[str, None]:
        deadline = asyncio.get_running_loop().time() + self._timeout_s
        try:
            async with asyncio.timeout_at(deadline):
                request = self._client.build_request("POST", self._url, json=body)
                response = await self._client.send(request, stream=True)
            try:
                async for piece in _read(response, deadline):
                    yield piece
            finally:
                await response.aclose()
        except (TimeoutError, httpx.TimeoutException) as error:
            raise NoAnswer("timeout", f"no complete answer within {self._timeout_s:g} s") from error
        except httpx.HTTPError as error:
            raise NoAnswer("connection", f"the endpoint cannot be reached ({type(error).__name__})") from error


async def _read(response: httpx.Response, deadline: float) -> AsyncIterator[str]:
    """The pieces of a stream, or the whole of an answer of a server that does not stream."""
    if response.status_code != 200:
        raise NoAnswer("refused", f"the endpoint answers with HTTP {response.status_code}")
    is_stream = "event-stream" in response.headers.get("content-type", "")
    held, size = b"", 0
    chunks = response.aiter_raw()
    while (chunk := await _next(chunks, deadline)) is not None:
        held, size = held + chunk, size + len(chunk)
        if size > MAX_ANSWER_BYTES:
            raise NoAnswer("too_large", f"the answer is larger than {MAX_ANSWER_BYTES:,} bytes")
        if is_stream:
            *lines, held = held.split(b"\n")
            for line in lines:
                if piece := _piece(line):
                    yield piece
    if not is_stream:
        yield _decode(held, Reply).content


async def _next(chunks: AsyncIterator[bytes], deadline: float) -> bytes | None:
    async with asyncio.timeout_at(deadline):
        return await anext(chunks, None)


def _piece(line: bytes) -> str:
    data = line.removeprefix(_EVENT).strip()
    if not line.startswith(_EVENT) or data == b"[DONE]":
        return ""
    return "".join(choice.delta.content or "" for choice in _decode(data, _Chunk).choices)


def _decode(text: bytes, form: type[Form]) -> Form:
    try:
        return msgspec.json.decode(text, type=form)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise NoAnswer("not_chat", "the endpoint's answer is not a chat completion; is ANLAN_LLM_URL right?") from error
