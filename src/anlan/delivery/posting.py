"""One signed POST to one receiver, and what its answer means for the message; knows no queue."""

from collections.abc import Sequence

import httpx
import msgspec
from standardwebhooks import Webhook

from anlan import clock
from anlan.delivery.exchanges import Answer, describe, exchange
from anlan.delivery.retries import GIVE_UP_AFTER_S, next_delay_s, retry_after_s
from anlan.store.outbox import Due, Outcome

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
    headers = {
        "content-type": "application/json", "user-agent": "Anlan-Webhooks/1",
        **sign(secrets, due.message_id, due.body, now),
    }
    answer = await exchange(
        client, "POST", url, headers, due.body, allows_private=allows_private, turn=due.attempts - 1
    )
    return receipt_of(answer)


def receipt_of(answer: Answer) -> Receipt:
    """What an answer means for the message."""
    return Receipt(answer.status, None if answer.is_success else describe(answer), answer.retry_after)


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
