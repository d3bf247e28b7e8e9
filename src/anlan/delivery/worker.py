"""The loop that empties the outbox: routes new messages, sends what is due, writes down what became of it.

At least once: a message is sent, then recorded, and a crash in between sends it again under the same id. Order is not
promised. Memory is bounded by `LANE_WIDTH` messages for each endpoint, however many wait. Any number of workers may
share one PostgreSQL database.
"""

import asyncio
import contextlib
import random
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

import httpx
import structlog
from sqlalchemy import Connection

from anlan import clock
from anlan.delivery.exchanges import open_client
from anlan.delivery.posting import GONE, Receipt, post, settle
from anlan.delivery.retries import GIVE_UP_AFTER_S, probe_delay_s, retry_after_s
from anlan.domain.facts import StaffNotice
from anlan.store.database import Database
from anlan.store.endpoints import Endpoint, endpoints_due, note_arrival, note_failure, pause, set_enabled
from anlan.store.notices import tell_staff
from anlan.store.outbox import (
    Due,
    Outcome,
    backlogs,
    claim,
    count_unrouted,
    give_up,
    has_unrouted,
    record,
    route,
)
from anlan.telemetry import Metrics

LANE_WIDTH = 16
"""Messages under way to one endpoint at a time; a lane begins with one and doubles while they arrive."""

LANE_ROUNDS = 64
"""A lane then begins anew, so that a busy endpoint's new secret or URL is noticed."""

POLL_S = 1.0
GATHER_S = 0.1
"""News that comes close together is looked at once: under load it comes all the time, and a look is a commit."""
CLOSING_S = 3.0
_TIDY_EVERY_S = 600.0
_DAY_S = 86_400

_Result = TypeVar("_Result")

log = structlog.get_logger(__name__)


class DeliveryWorker:
    """Delivers until cancelled.

    Args:
        allows_private: the operator's word that receivers may stand on private addresses, and http there.
        now: wall-clock seconds; replaced in tests.
        draw: a number in [0, 1) for jitter.
    """

    def __init__(
        self,
        database: Database,
        metrics: Metrics,
        *,
        allows_private: bool = False,
        now: Callable[[], float] = clock.now,
        draw: Callable[[], float] = random.random,
    ) -> None:
        self._database = database
        self._metrics = metrics
        self._allows_private = allows_private
        self._now = now
        self._draw = draw
        self._threads = ThreadPoolExecutor(2, thread_name_prefix="delivery")
        self._lanes: dict[str, asyncio.Task[None]] = {}
        self._news = asyncio.Event()
        self._tidied_at = 0.0

    def wake(self) -> None:
        """Look at the outbox now instead of at the next poll; call it on the event loop."""
        self._news.set()

    async def run(self) -> None:
        """Deliver for ever; a failing store is waited for."""
        try:
            while True:
                try:
                    await self.begin_lanes()
                except Exception:
                    log.exception("delivery_round_failed")
                await self._rest()
        finally:
            await self.close()

    async def drain(self) -> None:
        """Deliver until nothing is due now."""
        while await self.begin_lanes():
            await asyncio.gather(*self._lanes.values())

    async def begin_lanes(self) -> bool:
        """Route what is new and send to every endpoint that has something due; False when there was nothing to do."""
        await self._in_thread(self._route)
        if self._now() - self._tidied_at >= _TIDY_EVERY_S:
            self._tidied_at = self._now()
            await self._in_thread(self._give_up)
        for endpoint in await self._in_thread(self._due):
            if endpoint.id not in self._lanes:
                lane = asyncio.create_task(self._lane(endpoint), name=f"lane {endpoint.id}")
                self._lanes[endpoint.id] = lane
                lane.add_done_callback(partial(self._forget_lane, endpoint.id))
        return bool(self._lanes)

    def _forget_lane(self, endpoint_id: str, _lane: asyncio.Task[None]) -> None:
        self._lanes.pop(endpoint_id, None)

    async def _lane(self, endpoint: Endpoint) -> None:
        """Send to one endpoint until nothing is due or nothing arrives."""
        try:
            async with open_client() as client:
                width, sent = 1, await self._settle(endpoint, [], 1)
                for rounds_left in reversed(range(LANE_ROUNDS)):
                    if not sent:
                        break
                    receipts = await asyncio.gather(*(self._post(client, endpoint, due) for due in sent))
                    have_arrived = all(receipt.is_delivered for receipt in receipts)
                    width = min(width * 2, LANE_WIDTH) if have_arrived else 1
                    done = list(zip(sent, receipts, strict=True))
                    sent = await self._settle(endpoint, done, width if rounds_left and have_arrived else 0)
            self.wake()
        except Exception:
            # What was under way is claimed still; its claim lapses and it is sent again under the same id.
            log.exception("delivery_lane_failed", endpoint=endpoint.id)

    async def _post(self, client: httpx.AsyncClient, endpoint: Endpoint, due: Due) -> Receipt:
        return await post(client, endpoint.url, endpoint.secrets, due, self._now(), allows_private=self._allows_private)

    async def _settle(self, endpoint: Endpoint, done: Sequence[tuple[Due, Receipt]], width: int) -> list[Due]:
        """Record a finished round and claim the next, in one commit."""
        return await self._in_thread(lambda: self._record_and_claim(endpoint.id, done, width))

    def _record_and_claim(self, endpoint_id: str, done: Sequence[tuple[Due, Receipt]], width: int) -> list[Due]:
        now = self._now()
        outcomes = [settle(due, receipt, now, self._draw()) for due, receipt in done]
        receipts = [receipt for _, receipt in done]
        with self._database.write() as connection:
            if done:
                record(connection, endpoint_id, outcomes, now)
                note_health(connection, endpoint_id, receipts, now, self._draw())
                tell_staff(connection, _notices(endpoint_id, outcomes, receipts, now), now)
            claimed = claim(connection, endpoint_id, now, width) if width else []
        for outcome in outcomes:
            self._metrics.deliveries.labels(outcome.state).inc()
            if outcome.state != "delivered":
                log.warning("delivery_failed", endpoint=endpoint_id, message_id=outcome.message_id,
                            attempts=outcome.attempts, status=outcome.status, state=outcome.state)
        return claimed

    def _route(self) -> None:
        """Idle rounds only read, so that a quiet house does not write."""
        with self._database.read() as connection:
            is_idle = not has_unrouted(connection)
        while not is_idle:
            with self._database.write() as connection:
                is_idle = route(connection, self._now()) == 0

    def _due(self) -> list[Endpoint]:
        with self._database.read() as connection:
            return endpoints_due(connection, self._database.vault, self._now())

    def _give_up(self) -> None:
        now, is_done = self._now(), False
        while not is_done:
            with self._database.write() as connection:
                counts = give_up(connection, now - GIVE_UP_AFTER_S, now)
                tell_staff(connection, [_dead_notice(endpoint_id, n, now) for endpoint_id, n in counts.items()], now)
            self._metrics.deliveries.labels("dead").inc(sum(counts.values()))
            is_done = not counts

    async def _in_thread(self, work: Callable[[], _Result]) -> _Result:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    async def _rest(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(POLL_S):
                await self._news.wait()
                await asyncio.sleep(GATHER_S)
        self._news.clear()

    async def close(self) -> None:
        """Let what is under way end for a moment; what does not is sent again by the next worker."""
        lanes = list(self._lanes.values())
        if lanes:
            await asyncio.wait(lanes, timeout=CLOSING_S)
        for lane in lanes:
            lane.cancel()
        await asyncio.gather(*lanes, return_exceptions=True)
        self._threads.shutdown()


def note_health(
    connection: Connection, endpoint_id: str, receipts: Sequence[Receipt], now: float, draw: float
) -> None:
    """Let a round's answers decide whether an endpoint gets its normal flow, a pause and a probe, or nothing more."""
    if any(receipt.is_delivered for receipt in receipts):
        note_arrival(connection, endpoint_id)
    else:
        failures = note_failure(connection, endpoint_id, now)
        probe_s = probe_delay_s(failures, draw)
        if probe_s is not None:
            pause(connection, endpoint_id, now + probe_s)
    asked_s = max(retry_after_s(receipt.retry_after, now) or 0.0 for receipt in receipts)
    if asked_s > 0:
        pause(connection, endpoint_id, now + asked_s)
    if any(receipt.status == GONE for receipt in receipts):
        set_enabled(connection, endpoint_id, is_enabled=False)


def _notices(
    endpoint_id: str, outcomes: Sequence[Outcome], receipts: Sequence[Receipt], now: float
) -> Iterator[StaffNotice]:
    dead_count = sum(outcome.state == "dead" for outcome in outcomes)
    if dead_count:
        yield _dead_notice(endpoint_id, dead_count, now)
    if any(receipt.status == GONE for receipt in receipts):
        yield StaffNotice(
            id=f"endpoint_gone.{endpoint_id}.{int(now)}", at=now, kind="endpoint_gone",
            subject=f"endpoint:{endpoint_id}",
        )


def _dead_notice(endpoint_id: str, count: int, now: float) -> StaffNotice:
    """One a day for each endpoint: ten thousand dead letters are one piece of news."""
    return StaffNotice(
        id=f"dead_letter.{endpoint_id}.{int(now // _DAY_S)}", at=now, kind="dead_letter",
        subject=f"endpoint:{endpoint_id}", details={"count_at_first": count},
    )


def measure_backlog(database: Database, metrics: Metrics, now: float) -> None:
    """Set the gauges of what waits; for the moment a scraper asks."""
    with database.read() as connection:
        unrouted, by_endpoint = count_unrouted(connection), backlogs(connection).values()
    metrics.delivery_backlog.labels("unrouted").set(unrouted)
    metrics.delivery_backlog.labels("pending").set(sum(backlog.pending for backlog in by_endpoint))
    metrics.delivery_backlog.labels("dead").set(sum(backlog.dead for backlog in by_endpoint))
    oldest_at = min((backlog.oldest_at for backlog in by_endpoint if backlog.oldest_at is not None), default=now)
    metrics.delivery_oldest_seconds.set(max(now - oldest_at, 0.0))
