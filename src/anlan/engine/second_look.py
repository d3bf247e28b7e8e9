"""The deferred pass as a loop: takes events whose policies wait for deferred signals, judges again, commits."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol

import structlog

from anlan.domain.decisions import Judged, Waiting
from anlan.domain.ports import Committer, Memory, Recollection
from anlan.engine.pipeline import Engine
from anlan.engine.profiles import wanted
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
        self, engine: Engine, queue: DeferredQueue, committer: Committer, memory: Memory, recollection: Recollection,
        on_judged: Callable[[Judged], None],
    ) -> None:
        self._engine = engine
        self._queue = queue
        self._committer = committer
        self._memory = memory
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
            await self._load(wanted(job.event))
            judged = await self._engine.judge_again(job.event, job.first, job.received_at, self._recollection)
            await self._committer.submit(judged)
            self._on_judged(judged)
        except DuplicateEvent:
            return  # Another worker finished it.
        except Exception as error:  # the worker loop's edge
            log.warning("deferred.failed", event_seq=job.seq, reason=type(error).__name__)
            await self._postpone(job, type(error).__name__)

    async def _load(self, names: Sequence[str]) -> None:
        """After a restart, what deferred signals ask about people is not in memory."""
        missing = self._engine.profiles.missing(names)
        if missing:
            self._engine.profiles.load(missing, await self._memory.load_facts(missing))

    async def _postpone(self, job: Waiting, reason: str) -> None:
        try:
            await self._queue.fail(job.seq, reason)
        except Exception as error:  # the worker loop's edge: its lease ends by itself, and the loop must outlive this
            log.warning("deferred.unavailable", event_seq=job.seq, reason=type(error).__name__)
