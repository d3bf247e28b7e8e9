"""One push of one token (RFC 8935), and what its answer means: delivered, refused for good, or to be tried again."""

import httpx
import msgspec

from anlan.delivery.exchanges import Answer, describe, exchange, printable
from anlan.delivery.posting import Receipt, receipt_of, settle
from anlan.delivery.security_events.signing import TOKEN_TYPE, sign
from anlan.store.outbox import Due, Outcome
from anlan.store.security_events import Stream
from anlan.store.signing_keys import SigningKey

LASTING = ("invalid_request", "invalid_issuer", "invalid_audience")
"""Refusals that the same token would meet again; keys, authentication and access can be put right meanwhile."""


class _Refusal(msgspec.Struct, frozen=True):
    err: str = ""
    description: str = ""


async def push(
    client: httpx.AsyncClient, stream: Stream, key: SigningKey, due: Due, *, allows_private: bool
) -> Answer:
    """Try to bring one token to its receiver once. Never raises."""
    headers = {
        "content-type": f"application/{TOKEN_TYPE}", "accept": "application/json", "user-agent": "Anlan-SET/1",
        **({"authorization": stream.authorization} if stream.authorization else {}),
    }
    return await exchange(
        client, "POST", stream.url or "", headers, sign(key, due.body).encode(), allows_private=allows_private,
        turn=due.attempts - 1,
    )


def settle_push(due: Due, answer: Answer, now: float, draw: float) -> Outcome:
    """What becomes of a token after a push."""
    refusal = read_refusal(answer)
    if refusal is not None:
        said = printable(f"{refusal.err}: {refusal.description}")
        if refusal.err in LASTING:
            return Outcome(
                message_id=due.message_id, attempts=due.attempts, state="dead", next_at=now, status=answer.status,
                error=said,
            )
        return settle(due, Receipt(answer.status, said, answer.retry_after), now, draw)
    return settle(due, receipt_of(answer), now, draw)


def read_refusal(answer: Answer) -> _Refusal | None:
    """The receiver's own words, where it speaks as RFC 8935 says."""
    if answer.status != 400:
        return None
    try:
        said = msgspec.json.decode(answer.body, type=_Refusal)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None
    return said if said.err else None


def why_failed(answer: Answer) -> str:
    """For a log: why a push or poll failed."""
    return "" if answer.is_success else describe(answer)
