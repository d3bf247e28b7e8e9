"""The loop that pushes what waits in streams and polls partners that do not push.

At least once, as for webhooks: a token is sent, then recorded, and a crash in between sends it again under its `jti`.
"""

import asyncio
import random
from collections.abc import Callable, Coroutine, Sequence

import structlog

from anlan import clock
from anlan.delivery.exchanges import Answer, open_client
from anlan.delivery.posting import GONE
from anlan.delivery.retries import probe_delay_s, retry_after_s
from anlan.delivery.security_events.polling import poll
from anlan.delivery.security_events.pushing import push, read_refusal, settle_push, why_failed
from anlan.delivery.security_events.receiving import Receiver
from anlan.delivery.security_events.signing import SigningKeys
from anlan.domain.facts import StaffNotice
from anlan.store.database import Database
from anlan.store.notices import tell_staff
from anlan.store.outbox import Due, Outcome
from anlan.store.security_events import (
    Stream,
    change_stream,
    claim,
    note_round,
    pushes_due,
    record,
    wait_until,
)
from anlan.store.transmitters import Transmitter, all_transmitters, note_poll

LANE_WIDTH = 8
"""Tokens under way to one receiver at a time."""
ROUND_S = 1.0
POLL_EVERY_S = 15.0
_DAY_S = 86_400

log = structlog.get_logger(__name__)


class SecurityEventWorker:
    """Pushes and polls until cancelled.

    Args:
        allows_private: the operator's word that receivers may stand on private addresses, and http there.
        now: wall-clock seconds; replaced in tests.
        draw: a number in [0, 1) for jitter.
    """

    def __init__(
        self, database: Database, keys: SigningKeys, receiver: Receiver, *, allows_private: bool = False,
        now: Callable[[], float] = clock.now, draw: Callable[[], float] = random.random,
    ) -> None:
        self._database = database
        self._keys = keys
        self._receiver = receiver
        self._allows_private = allows_private
        self._now = now
        self._draw = draw
        self._under_way: dict[str, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Carry tokens for ever; a failing store is waited for."""
        try:
            while True:
                try:
                    await self.begin_round()
                except Exception:  # the worker loop's edge
                    log.exception("security_event_round_failed")
                await asyncio.sleep(ROUND_S)
        finally:
            for task in list(self._under_way.values()):
                task.cancel()
            await asyncio.gather(*self._under_way.values(), return_exceptions=True)

    async def drain(self) -> None:
        """Carry what is due now, and nothing else."""
        await self.begin_round()
        await asyncio.gather(*self._under_way.values())

    async def begin_round(self) -> None:
        """Begin with every receiver and partner that is due and not under way; a slow one holds up no other."""
        streams, partners = await asyncio.to_thread(self._due)
        for stream in streams:
            if stream.id not in self._under_way:
                self._under_way[stream.id] = asyncio.create_task(self._guarded(stream.id, self._push_all(stream)))
        for partner in partners:
            if partner.id not in self._under_way:
                self._under_way[partner.id] = asyncio.create_task(self._guarded(partner.id, self._poll(partner)))

    async def _guarded(self, name: str, work: Coroutine[None, None, None]) -> None:
        try:
            await work
        except Exception:  # the worker loop's edge: what is claimed lapses and is sent again
            log.exception("security_event_lane_failed", stream=name)
        finally:
            self._under_way.pop(name, None)

    def _due(self) -> tuple[list[Stream], list[Transmitter]]:
        now = self._now()
        with self._database.read() as connection:
            streams = pushes_due(connection, self._database.vault, now)
            partners = all_transmitters(connection, self._database.vault)
        asked = [one for one in partners if one.poll_url and now - (one.polled_at or 0.0) >= POLL_EVERY_S]
        return streams, asked

    async def _push_all(self, stream: Stream) -> None:
        """Push until nothing is due or a round fails altogether."""
        key = await asyncio.to_thread(self._keys.current, self._now())
        async with open_client() as client:
            while sent := await asyncio.to_thread(self._claim, stream.id):
                answers = await asyncio.gather(
                    *(push(client, stream, key, due, allows_private=self._allows_private) for due in sent)
                )
                if not await asyncio.to_thread(self._settle, stream, sent, answers):
                    return

    def _claim(self, stream_id: str) -> list[Due]:
        with self._database.write() as connection:
            return claim(connection, self._database.vault, stream_id, self._now(), LANE_WIDTH)

    def _settle(self, stream: Stream, sent: Sequence[Due], answers: Sequence[Answer]) -> bool:
        """Write down a round; whether the receiver gets its next one at once."""
        now = self._now()
        outcomes = [settle_push(due, answer, now, self._draw()) for due, answer in zip(sent, answers, strict=True)]
        has_arrived = any(answer.is_success or read_refusal(answer) for answer in answers)
        with self._database.write() as connection:
            record(connection, outcomes, now)
            failures = note_round(connection, stream.id, now, has_arrived=has_arrived)
            asked_s = max(retry_after_s(answer.retry_after, now) or 0.0 for answer in answers)
            pause_s = max(asked_s, probe_delay_s(failures, self._draw()) or 0.0)
            if pause_s > 0:
                wait_until(connection, stream.id, now + pause_s)
            if any(answer.status == GONE for answer in answers):
                change_stream(connection, stream.id, {"status": "paused", "reason": "the receiver answered 410 Gone"})
            tell_staff(connection, _notices(stream, outcomes, now), now)
        for answer in answers:
            if why := why_failed(answer):
                log.warning("security_event_push_failed", stream=stream.id, reason=why)
        return has_arrived and pause_s == 0

    async def _poll(self, partner: Transmitter) -> None:
        async with open_client() as client:
            error = await poll(client, partner, self._receiver, allows_private=self._allows_private)
        if error:
            log.warning("security_event_poll_failed", transmitter=partner.id, reason=error)
        await asyncio.to_thread(self._note_poll, partner.id, error or None)

    def _note_poll(self, transmitter_id: str, error: str | None) -> None:
        with self._database.write() as connection:
            note_poll(connection, transmitter_id, self._now(), error)


def _notices(stream: Stream, outcomes: Sequence[Outcome], now: float) -> list[StaffNotice]:
    """One a day for each stream of which tokens were given up."""
    dead_count = sum(outcome.state == "dead" for outcome in outcomes)
    if not dead_count:
        return []
    return [
        StaffNotice(
            id=f"dead_letter.{stream.id}.{int(now // _DAY_S)}", at=now, kind="dead_letter",
            subject=f"stream:{stream.id}", details={"count_at_first": dead_count},
        )
    ]
