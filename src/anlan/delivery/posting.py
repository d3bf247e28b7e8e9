"""One signed POST to one receiver, and what its answer means for the message; knows no queue."""

import asyncio
import ssl
from collections.abc import Sequence

import httpx
import msgspec
from standardwebhooks import Webhook

from anlan import clock
from anlan.delivery.retries import GIVE_UP_AFTER_S, next_delay_s, retry_after_s
from anlan.delivery.targets import check_url, resolve
from anlan.store.outbox import Due, Outcome

CONNECT_S, ANSWER_S, WHOLE_S = 5.0, 15.0, 20.0
"""To connect, between two pieces of the answer, and for one attempt from start to end."""

MAX_ERROR_CHARS = 500
_MAX_ANSWER_BYTES = 2000

GONE = 410


class Receipt(msgspec.Struct, frozen=True):
    """What came back from one attempt.

    Attributes:
        status: HTTP status; None when there was no answer.
        error: short, printable, at most `MAX_ERROR_CHARS`; None for 2xx.
        retry_after: the header of that name, as sent.
    """

    status: int | None
    error: str | None = None
    retry_after: str | None = None

    @property
    def is_delivered(self) -> bool:
        """The receiver took responsibility: any 2xx."""
        return self.status is not None and 200 <= self.status < 300


def open_client(trust: ssl.SSLContext) -> httpx.AsyncClient:
    """A client for one endpoint; never shared, because connections are pooled by address and not by name."""
    timeout = httpx.Timeout(ANSWER_S, connect=CONNECT_S)
    return httpx.AsyncClient(verify=trust, trust_env=False, follow_redirects=False, timeout=timeout)


def sign(secrets: Sequence[str], message_id: str, body: bytes, now: float) -> dict[str, str]:
    """The Standard Webhooks headers of a message, with one `v1` signature for each secret."""
    moment, text = clock.to_datetime(now), body.decode()
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(now)),
        "webhook-signature": " ".join(Webhook(secret).sign(message_id, moment, text) for secret in secrets),
    }


async def post(
    client: httpx.AsyncClient, url: str, secrets: Sequence[str], due: Due, now: float, *, allows_private: bool
) -> Receipt:
    """Try to bring `due` to `url` once. Never raises: whatever goes wrong is a receipt without a status."""
    try:
        async with asyncio.timeout(WHOLE_S):
            signature = sign(secrets, due.message_id, due.body, now)
            return await _exchange(client, url, signature, due, allows_private=allows_private)
    except TimeoutError:
        return Receipt(None, f"no complete answer within {WHOLE_S:.0f} s")
    except Exception as error:
        return Receipt(None, _printable(f"{type(error).__name__}: {error}"))


async def _exchange(
    client: httpx.AsyncClient, url: str, signature: dict[str, str], due: Due, *, allows_private: bool
) -> Receipt:
    named = check_url(url, allows_private=allows_private)
    address = await resolve(named, due.attempts - 1, allows_private=allows_private)
    headers = {
        "host": named.netloc.decode(), "content-type": "application/json", "accept-encoding": "identity",
        "user-agent": "Anlan-Webhooks/1", **signature,
    }
    request = client.build_request(
        "POST", named.copy_with(host=str(address)), content=due.body, headers=headers,
        extensions={"sni_hostname": named.raw_host.decode()},
    )
    response = await client.send(request, stream=True)
    try:
        answer = await _beginning(response)
    finally:
        await response.aclose()
    retry_after = response.headers.get("retry-after")
    receipt = Receipt(response.status_code, None, retry_after)
    return receipt if receipt.is_delivered else Receipt(response.status_code, _describe(response, answer), retry_after)


async def _beginning(response: httpx.Response) -> bytes:
    """The first bytes of the answer, not decompressed; the rest is left unread."""
    read = b""
    async for chunk in response.aiter_raw():
        read += chunk
        if len(read) >= _MAX_ANSWER_BYTES:
            break
    return read[:_MAX_ANSWER_BYTES]


def _describe(response: httpx.Response, answer: bytes) -> str:
    if response.is_redirect:
        return f"HTTP {response.status_code}: redirects are not followed; register the final URL"
    return _printable(f"HTTP {response.status_code}: {answer.decode(errors='replace')}")


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() else " " for char in text)[:MAX_ERROR_CHARS]


def settle(due: Due, receipt: Receipt, now: float, draw: float) -> Outcome:
    """What becomes of a message after an attempt.

    A message to an endpoint that is gone keeps waiting, in case the operator enables it again in time.
    """
    if receipt.is_delivered:
        return Outcome(
            message_id=due.message_id, attempts=due.attempts, state="delivered", next_at=now, status=receipt.status
        )
    delay_s = next_delay_s(due.attempts, draw)
    is_late = now - due.waiting_since >= GIVE_UP_AFTER_S
    asked_s = retry_after_s(receipt.retry_after, now) or 0.0
    return Outcome(
        message_id=due.message_id,
        attempts=due.attempts,
        state="dead" if delay_s is None or is_late else "pending",
        next_at=now + max(delay_s or 0.0, asked_s),
        status=receipt.status,
        error=receipt.error,
    )
