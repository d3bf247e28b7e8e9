"""Talking to one chat endpoint: one POST with its limits, and tries again where that can help. Knows no prompt."""

import asyncio
import random
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

import httpx
import msgspec

from anlan.errors import InvalidSettings
from anlan.models.llm.breaker import Breaker
from anlan.models.llm.failures import LlmFailure, NoAnswer
from anlan.models.llm.replies import Reply

MAX_ANSWER_BYTES = 262_144
ATTEMPTS = 3
FIRST_WAIT_S = 0.5
MAX_WAIT_S = 8.0
"""Who asks us to wait longer than this is not asked again for the same text."""
CONNECT_S = 3.0

FORMS = ("json_schema", "json_object", "free")
"""How strictly a server can be asked to keep the form of the answer; what it refuses is given up for the next one."""
_REFUSALS = frozenset({400, 404, 415, 422, 501})
_TRY_AGAIN = frozenset({408, 409, 425, 429, 500, 502, 503, 504})

_decode = msgspec.json.Decoder(Reply).decode


def check_url(url: str) -> str:
    """The base URL without a slash at its end.

    Raises:
        InvalidSettings: not an http(s) URL of a host, or one with a user, a query or a fragment.
    """
    try:
        parts = urlsplit(url)
        is_plain = not (parts.username or parts.password or parts.query or parts.fragment or parts.port == 0)
    except ValueError as error:
        raise InvalidSettings(f"ANLAN_LLM_URL: {error}") from error
    if parts.scheme not in ("http", "https") or not parts.hostname or not is_plain:
        raise InvalidSettings(
            "ANLAN_LLM_URL: give the base URL of an OpenAI-compatible API, such as http://127.0.0.1:8000/v1; a key "
            "goes into ANLAN_LLM_API_KEY"
        )
    return url.rstrip("/")


class Endpoint:
    """One model behind one URL that the operator gave; nothing that a member wrote decides where a call goes.

    Redirects are not followed and proxies of the environment are not used. Belongs to one event loop.

    Args:
        url: the base; `/chat/completions` is added.
        api_key: sent as a bearer token unless empty.
        timeout_s: for one attempt from start to end.
        take_call: asked before each attempt; may refuse by raising.
    """

    def __init__(
        self, url: str, model: str, api_key: str = "", *, timeout_s: float = 10.0, breaker: Breaker | None = None,
        take_call: Callable[[], None] = lambda: None, first_wait_s: float = FIRST_WAIT_S,
    ) -> None:
        self.model = model
        self.breaker = breaker or Breaker()
        self._url = f"{check_url(url)}/chat/completions"
        self._headers = {"accept-encoding": "identity", "user-agent": "Anlan/1"}
        if api_key:
            self._headers["authorization"] = f"Bearer {api_key}"
        self._timeout_s = timeout_s
        self._take_call = take_call
        self._first_wait_s = first_wait_s
        self._form = 0
        # Made here and not at the first question: reading the trusted certificates takes a while.
        limits = httpx.Timeout(timeout_s, connect=min(CONNECT_S, timeout_s))
        self._client = httpx.AsyncClient(trust_env=False, follow_redirects=False, timeout=limits)

    async def complete(self, body: Mapping[str, Any]) -> Reply:
        """Ask once, trying again after what may pass.

        Raises:
            LlmFailure: no answer; the breaker knows of it.
        """
        attempt = 1
        while True:
            self.breaker.enter()
            self._take_call()
            try:
                reply = await self._try(body)
            except _Refused as refused:
                # The server works; it only cannot be asked in this form.
                self.breaker.succeed()
                if refused.form == self._form:
                    self._form += 1
            except _Retryable as failure:
                self.breaker.fail()
                if attempt >= ATTEMPTS or failure.retry_after_s > MAX_WAIT_S:
                    raise failure.cause from failure
                await asyncio.sleep(self._wait_s(attempt, failure.retry_after_s))
                attempt += 1
            except LlmFailure:
                self.breaker.fail()
                raise
            else:
                self.breaker.succeed()
                return reply

    async def close(self) -> None:
        """Give the connections back."""
        await self._client.aclose()

    def _wait_s(self, attempt: int, asked_s: float) -> float:
        """Twice as long each time, with jitter so that many callers do not come back together."""
        drawn: float = self._first_wait_s * 2 ** (attempt - 1) * random.uniform(0.5, 1.5)  # noqa: S311 - spreads calls in time
        return max(drawn, asked_s)

    async def _try(self, body: Mapping[str, Any]) -> Reply:
        form = self._form
        try:
            async with asyncio.timeout(self._timeout_s):
                status, retry_after, answer = await self._post(self._shaped(body, form))
        except (TimeoutError, httpx.ReadTimeout, httpx.WriteTimeout) as error:
            # Not tried again: the server is busy with this very question.
            raise NoAnswer("timeout", f"no complete answer within {self._timeout_s:g} s") from error
        except httpx.HTTPError as error:
            cause = NoAnswer("connection", f"the endpoint cannot be reached ({type(error).__name__})")
            raise _Retryable(cause) from error
        if status == 200:
            return _read(answer)
        if status in _REFUSALS and "response_format" in body and form < len(FORMS) - 1:
            raise _Refused(form)
        reason = "rate_limited" if status == 429 else "server_error" if status >= 500 else "refused"
        failure = NoAnswer(reason, f"the endpoint answers with HTTP {status}")
        if status in _TRY_AGAIN:
            raise _Retryable(failure, retry_after)
        raise failure

    def _shaped(self, body: Mapping[str, Any], form: int) -> dict[str, Any]:
        shaped = {**body, "model": self.model, "stream": False}
        if "response_format" in shaped and FORMS[form] == "json_object":
            shaped["response_format"] = {"type": "json_object"}
        elif FORMS[form] == "free":
            shaped.pop("response_format", None)
        return shaped

    async def _post(self, body: Mapping[str, Any]) -> tuple[int, float, bytes]:
        request = self._client.build_request("POST", self._url, json=body, headers=self._headers)
        response = await self._client.send(request, stream=True)
        try:
            answer = b""
            async for chunk in response.aiter_raw():
                answer += chunk
                if len(answer) > MAX_ANSWER_BYTES:
                    raise NoAnswer("too_large", f"the answer is larger than {MAX_ANSWER_BYTES:,} bytes")
        finally:
            await response.aclose()
        return response.status_code, _seconds(response.headers.get("retry-after")), answer


class _Refused(Exception):
    """The server does not take this form of request."""

    def __init__(self, form: int) -> None:
        super().__init__()
        self.form = form


class _Retryable(Exception):
    """A failure that may pass."""

    def __init__(self, cause: NoAnswer, retry_after_s: float = 0.0) -> None:
        super().__init__()
        self.cause = cause
        self.retry_after_s = retry_after_s


def _seconds(retry_after: str | None) -> float:
    """The seconds form of Retry-After; 0 for none and for dates, which chat servers do not send."""
    return float(retry_after) if retry_after and retry_after.isascii() and retry_after.isdigit() else 0.0


def _read(answer: bytes) -> Reply:
    try:
        return _decode(answer)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise NoAnswer("not_chat", "the endpoint's answer is not a chat completion; is ANLAN_LLM_URL right?") from error
