"""One request to somebody else's server: only to an address that was checked, never following anything, bounded."""

import asyncio
import ssl
from collections.abc import Mapping
from functools import cache

import httpx
import msgspec

from anlan.delivery.targets import check_url, resolve

CONNECT_S, ANSWER_S, WHOLE_S = 5.0, 15.0, 20.0
"""To connect, between two pieces of the answer, and for one exchange from start to end."""

MAX_ERROR_CHARS = 500


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What came back.

    Attributes:
        status: HTTP status; None when there was no answer, and then `error` says why.
        body: its first bytes, not decompressed.
        error: short and printable.
        is_redirect: it points elsewhere, which is never followed.
    """

    status: int | None = None
    body: bytes = b""
    retry_after: str | None = None
    error: str = ""
    is_redirect: bool = False

    @property
    def is_success(self) -> bool:
        """Any 2xx."""
        return self.status is not None and 200 <= self.status < 300


@cache
def _trust() -> ssl.SSLContext:
    """The authorities that this machine trusts; reading them takes longer than an exchange."""
    return ssl.create_default_context()


def open_client() -> httpx.AsyncClient:
    """A client for one receiver; never shared, because connections are pooled by address and not by name."""
    timeout = httpx.Timeout(ANSWER_S, connect=CONNECT_S)
    return httpx.AsyncClient(verify=_trust(), trust_env=False, follow_redirects=False, timeout=timeout)


async def exchange(
    client: httpx.AsyncClient, method: str, url: str, headers: Mapping[str, str], content: bytes = b"", *,
    allows_private: bool, turn: int = 0, max_answer_bytes: int = 2_000,
) -> Answer:
    """Send one request. Never raises: whatever goes wrong is an answer without a status.

    Args:
        turn: which of the host's addresses is used, so that a retry tries the next.
    """
    try:
        async with asyncio.timeout(WHOLE_S):
            named = check_url(url, allows_private=allows_private)
            address = await resolve(named, turn, allows_private=allows_private)
            request = client.build_request(
                method, named.copy_with(host=str(address)), content=content,
                headers={"host": named.netloc.decode(), "accept-encoding": "identity", **headers},
                extensions={"sni_hostname": named.raw_host.decode()},
            )
            return await _read(await client.send(request, stream=True), max_answer_bytes)
    except TimeoutError:
        return Answer(error=f"no complete answer within {WHOLE_S:.0f} s")
    except Exception as error:
        return Answer(error=printable(f"{type(error).__name__}: {error}"))


async def _read(response: httpx.Response, limit: int) -> Answer:
    """The first bytes of the answer; the rest is left unread."""
    read = b""
    try:
        async for chunk in response.aiter_raw():
            read += chunk
            if len(read) >= limit:
                break
    finally:
        await response.aclose()
    return Answer(
        status=response.status_code, body=read[:limit], retry_after=response.headers.get("retry-after"),
        is_redirect=response.is_redirect,
    )


def printable(text: str) -> str:
    """`text` without line breaks and controls, at most `MAX_ERROR_CHARS`."""
    return "".join(char if char.isprintable() else " " for char in text)[:MAX_ERROR_CHARS]


def describe(answer: Answer) -> str:
    """Why an answer is not a success."""
    if answer.status is None:
        return answer.error
    if answer.is_redirect:
        return f"HTTP {answer.status}: redirects are not followed; register the final URL"
    return printable(f"HTTP {answer.status}: {answer.body.decode(errors='replace')}")
