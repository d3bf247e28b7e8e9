"""Taking tokens from partners: whose it is, the right keys for it, and each of them once, however it came."""

import asyncio
from collections.abc import Callable

from sqlalchemy import Connection

from anlan import clock
from anlan.delivery.exchanges import describe, exchange, open_client
from anlan.delivery.security_events.verifying import Refused, UnknownKey, read_unverified, verify
from anlan.domain.key_sets import read_key_set
from anlan.domain.security_events import ReceivedEvent
from anlan.errors import InvalidRequest
from anlan.store.database import Database
from anlan.store.transmitters import Transmitter, find_by_issuer, find_by_token, keep_keys, keep_received

FRESH_S = 60.0
"""A key set this young is not fetched again for a key that it lacks, so that strangers cannot make us ask."""
STALE_S = 24 * 3_600.0
"""An older one is fetched before it is used, so that keys that were taken back stop working."""
MAX_KEY_SET_BYTES = 256 * 1024

Taking = Callable[[Connection, ReceivedEvent, float], None]


class Receiver:
    """Verifies tokens and hands the new ones on.

    Args:
        take: what follows from a token; called in the transaction that writes it down.
    """

    def __init__(
        self, database: Database, take: Taking, *, allows_private: bool = False, now: Callable[[], float] = clock.now
    ) -> None:
        self._database = database
        self._take = take
        self._allows_private = allows_private
        self._now = now

    def find_pusher(self, token: str) -> Transmitter | None:
        """The partner that this bearer token was given to."""
        with self._database.read() as connection:
            return find_by_token(connection, self._database.vault, token)

    async def receive(self, token: str, sender: Transmitter | None = None) -> bool:
        """Take one token; False when it was taken before, which its sender need not know.

        Args:
            sender: who brought it, where that is proved; None for whoever its issuer is.

        Raises:
            Refused: with the word for its sender.
        """
        claimed = read_unverified(token).claims.get("iss")
        if sender is None:
            sender = await asyncio.to_thread(self._find, str(claimed))
        if sender is None or sender.issuer != claimed:
            raise Refused("invalid_issuer", "nobody is registered here whose tokens have this issuer")
        event = await self._verified(token, sender)
        return await asyncio.to_thread(self._keep, event)

    async def _verified(self, token: str, sender: Transmitter) -> ReceivedEvent:
        now, keys, fetched_at = self._now(), sender.keys, sender.keys_at
        if sender.keys_url and (keys is None or now - fetched_at > STALE_S):
            keys, fetched_at = await self._fetch_keys(sender) or keys, now
        if keys is None:
            raise Refused("invalid_key", "the issuer's key set cannot be fetched now; send the token again later")
        try:
            return verify(token, keys, sender.issuer, sender.audience, now)
        except UnknownKey:
            newer = await self._fetch_keys(sender) if sender.keys_url and now - fetched_at > FRESH_S else None
            if newer is None:
                raise
            return verify(token, newer, sender.issuer, sender.audience, now)

    async def _fetch_keys(self, sender: Transmitter) -> bytes | None:
        """The key set as it stands at its address; None when it cannot be had."""
        keys = await fetch_key_set(sender.keys_url or "", allows_private=self._allows_private)
        if isinstance(keys, str):
            return None
        await asyncio.to_thread(self._keep_keys, sender.id, keys)
        return keys

    def _find(self, issuer: str) -> Transmitter | None:
        with self._database.read() as connection:
            return find_by_issuer(connection, self._database.vault, issuer)

    def _keep_keys(self, transmitter_id: str, keys: bytes) -> None:
        with self._database.write() as connection:
            keep_keys(connection, transmitter_id, keys, self._now())

    def _keep(self, event: ReceivedEvent) -> bool:
        now = self._now()
        with self._database.write() as connection:
            is_new = keep_received(connection, self._database.vault, event, now)
            if is_new:
                self._take(connection, event, now)
        return is_new


async def fetch_key_set(url: str, *, allows_private: bool) -> bytes | str:
    """The key set at `url`, or why it cannot be had."""
    async with open_client() as client:
        answer = await exchange(
            client, "GET", url, {"accept": "application/json"}, allows_private=allows_private,
            max_answer_bytes=MAX_KEY_SET_BYTES,
        )
    if not answer.is_success:
        return describe(answer)
    try:
        return read_key_set(answer.body)
    except InvalidRequest as error:
        return error.message
