"""What goes on beside requests: rounds by the clock and rounds at a call; one that fails is logged and comes again."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

import structlog

from anlan import clock
from anlan.errors import InvalidEvent
from anlan.store import own_events
from anlan.store.database import Database

log = structlog.get_logger(__name__)

Act = Callable[[], Awaitable[object]]
Round = Callable[[float], object]
"""Takes the wall-clock time; may be slow, so it is made in a thread."""


def in_thread(act: Callable[[], object]) -> Act:
    """`act` for the event loop to wait for."""
    return lambda: asyncio.to_thread(act)


async def repeat(act: Act, every_s: float, failed: str, *, first_after_s: float | None = None) -> None:
    """Do it for ever, `every_s` seconds apart.

    Args:
        failed: what the log calls a failure.
        first_after_s: before the first time; as before all others when left out.
    """
    await asyncio.sleep(every_s if first_after_s is None else first_after_s)
    while True:
        await _attempt(act, failed)
        await asyncio.sleep(every_s)


async def _attempt(act: Act, failed: str) -> None:
    try:
        await act()
    except Exception:  # the worker loop's edge
        log.exception(failed)


async def make_rounds(rounds: Sequence[Round], over_s: float = 0.0) -> None:
    """Each in turn; one that fails keeps none of the others back.

    Args:
        over_s: seconds that they are spread over, so that events never meet all of them at once.
    """
    for make_round in rounds:
        await _attempt(in_thread(partial(make_round, clock.now())), "round_failed")
        await asyncio.sleep(over_s / len(rounds))


class CalledRound:
    """A round that is made as soon as somebody calls; calls while it is made are one call.

    Args:
        then: done in the event loop after it.
    """

    def __init__(self, make_round: Round, then: Callable[[], None]) -> None:
        self._round = make_round
        self._then = then
        self._called = asyncio.Event()

    def call(self) -> None:
        """There is something to do. Call in the event loop."""
        self._called.set()

    async def run(self) -> None:
        """Answer calls for ever."""
        while True:
            await self._called.wait()
            self._called.clear()
            await make_rounds([self._round])
            self._then()


class OwnEvents:
    """Lets what Anlan itself did go the way of every event.

    Args:
        accept: takes one CloudEvent in.
        then: made when something was taken in: for whoever waits until the journal knows.
    """

    def __init__(
        self, database: Database, accept: Callable[[bytes], Awaitable[bytes]], then: Sequence[Round] = ()
    ) -> None:
        self._database = database
        self._accept = accept
        self._then = tuple(then)

    async def take(self) -> None:
        """Take in what was said since the last time."""
        untaken = await asyncio.to_thread(self._untaken)
        for event_id, body in untaken:
            try:
                await self._accept(body)
            except InvalidEvent as error:  # ours to mend; it must not keep back what was said after it
                log.error("own_event_refused", id=event_id, reason=error.message)
            await asyncio.to_thread(self._forget_taken, event_id)
        if untaken:
            await make_rounds(self._then)

    def _untaken(self) -> list[tuple[str, bytes]]:
        with self._database.read() as connection:
            return own_events.untaken(connection)

    def _forget_taken(self, event_id: str) -> None:
        with self._database.write() as connection:
            own_events.taken(connection, event_id)
