"""Asking a partner for its tokens (RFC 8936), for one that does not push: each is kept first and acknowledged then."""

import httpx
import msgspec

from anlan.delivery.exchanges import describe, exchange
from anlan.delivery.security_events.receiving import Receiver
from anlan.delivery.security_events.verifying import MAX_TOKEN_BYTES, Refused
from anlan.store.transmitters import Transmitter

BATCH_TOKENS = 50
MAX_ROUNDS = 20
"""Questions to one partner in a row; the others wait for the next round."""


class _PollAnswer(msgspec.Struct, frozen=True, rename="camel"):
    sets: dict[str, str]
    more_available: bool = False


async def poll(client: httpx.AsyncClient, partner: Transmitter, receiver: Receiver, *, allows_private: bool) -> str:
    """Take everything that waits at a partner; what went wrong, or nothing."""
    question: dict[str, object] = {"maxEvents": BATCH_TOKENS, "returnImmediately": True}
    for _ in range(MAX_ROUNDS):
        found = await _ask(client, partner, question, allows_private=allows_private)
        if isinstance(found, str):
            return found
        taken, refused = await _take(found.sets, partner, receiver)
        question = {"maxEvents": BATCH_TOKENS, "returnImmediately": True, "ack": taken, "setErrs": refused}
        if not found.more_available:
            question["maxEvents"] = 0
        if not (taken or refused):
            return ""
        if question["maxEvents"] == 0:
            told = await _ask(client, partner, question, allows_private=allows_private)
            return told if isinstance(told, str) else ""
    return ""


async def _ask(
    client: httpx.AsyncClient, partner: Transmitter, question: dict[str, object], *, allows_private: bool
) -> _PollAnswer | str:
    headers = {
        "content-type": "application/json", "accept": "application/json", "content-language": "en",
        "user-agent": "Anlan-SET/1",
        **({"authorization": partner.poll_authorization} if partner.poll_authorization else {}),
    }
    answer = await exchange(
        client, "POST", partner.poll_url or "", headers, msgspec.json.encode(question), allows_private=allows_private,
        max_answer_bytes=2 * BATCH_TOKENS * MAX_TOKEN_BYTES,
    )
    if not answer.is_success:
        return describe(answer)
    try:
        return msgspec.json.decode(answer.body, type=_PollAnswer)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        return f"the answer is not of RFC 8936: {error}"


async def _take(
    sets: dict[str, str], partner: Transmitter, receiver: Receiver
) -> tuple[list[str], dict[str, dict[str, str]]]:
    """Names of tokens that are kept now, and of those that are refused."""
    taken: list[str] = []
    refused: dict[str, dict[str, str]] = {}
    for name, token in sets.items():
        try:
            await receiver.receive(token, partner)
            taken.append(name)
        except Refused as error:
            refused[name] = {"err": error.err, "description": error.message}
    return taken, refused
