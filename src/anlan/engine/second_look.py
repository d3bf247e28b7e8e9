"""The deferred pass as a loop: takes events whose policies wait for deferred signals, judges again, commits."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol

import structlog

from anlan import clock
from anlan.domain.decisions import Judged, Waiting
from anlan.domain.ports import Committer, Recollection
from anlan.engine.pipeline import Engine
from anlan.errors import DuplicateEvent

log = structlog.get_logger(__name__)

IDLE_S = 0.5
AT_ONCE = 16


class DeferredQueue(Protocol):
    """The stored queue of events that wait; a job that is taken comes back by itself if this process dies."""

    async def take(self, limit: int) -> Sequence[Waiting]:
        """Up to `limit` due jobs, leased."""
        ...

    async def fail(self, seq: int, reason: str) -> None:
        """Try this one again later."""
        ...


class SecondLook:
    """Runs until cancelled; a failing job is recorded and comes back with backoff."""

    def __init__(
        self, engine: Engine, queue: DeferredQueue, committer: Committer, recollection: Recollection,
        on_judged: Callable[[Judged], None],
    ) -> None:
        self._engine = engine
        self._queue = queue
        self._committer = committer
        self._recollection = recollection
        self._on_judged = on_judged

    async def run(self) -> None:
        """Work through the queue for ever."""
        while True:
            if not await self.run_once():
                await asyncio.sleep(IDLE_S)

    async def run_once(self) -> int:
        """Judge what is due now; how many events that was. A store that is away counts as nothing due."""
        try:
            jobs = await self._queue.take(AT_ONCE)
        except Exception as error:  # the worker loop's edge: it must outlive a store that is away
            log.warning("deferred.unavailable", reason=type(error).__name__)
            return 0
        await asyncio.gather(*(self._judge(job) for job in jobs))
        return len(jobs)

    async def _judge(self, job: Waiting) -> None:
        try:
            judged = await self._engine.judge_again(job.event, job.first, clock.now(), self._recollection)
            await self._committer.submit(judged)
            self._on_judged(judged)
        except DuplicateEvent:
            return  # Another worker finished it.
        except Exception as error:  # the worker loop's edge
            log.warning("deferred.failed", seq=job.seq, reason=type(error).__name__)
            await self._queue.fail(job.seq, type(error).__name__)
