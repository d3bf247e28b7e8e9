"""From bytes to a durable answer: each event is decoded, known or judged, committed, and only then answered.

Nothing that was answered is lost, and the same (source, id) always gets the stored decision back (law 5). When a commit
fails, counters and profiles have counted what is not in the journal; they are rebuilt before the next event is judged.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence

from rbloom import Bloom

from anlan import clock
from anlan.domain.decisions import Judged, answer
from anlan.domain.events import Catalogue, Event
from anlan.domain.keys import event_key
from anlan.domain.ports import Committer, Memory
from anlan.engine.pipeline import Engine
from anlan.engine.profiles import wanted
from anlan.errors import AnlanError, DuplicateEvent, Unavailable

RECENT_ANSWERS = 20_000
SNAPSHOT_EVERY_EVENTS = 2_000
SNAPSHOT_EVERY_S = 5.0
YIELD_EVERY = 50


class KnownKeys:
    """Whether an event key may have been seen: never a false no; one yes in a million is false and costs a look-up.

    Args:
        expected: how many keys it is made for; past that, the rate of false answers grows slowly.
    """

    def __init__(self, expected: int = 2_000_000) -> None:
        self._bloom = Bloom(max(expected, 100_000), 1e-6)

    def add(self, key: str) -> None:
        """Remember a committed key."""
        self._bloom.add(key)

    def update(self, keys: Sequence[str]) -> None:
        """Remember many."""
        self._bloom.update(keys)

    def __contains__(self, key: str) -> bool:
        return key in self._bloom


class Intake:
    """Accepts events for one engine; lives on one event loop.

    Args:
        snapshot: saves the state of the next counter behind the event judged last; called every
            `SNAPSHOT_EVERY_EVENTS` events or `SNAPSHOT_EVERY_S` seconds.
        rebuild: makes counters, fuses and profiles again from the store after a failed commit.
        on_judged: told of each committed decision (metrics, live stream).
    """

    def __init__(
        self,
        engine: Engine,
        catalogue: Catalogue,
        committer: Committer,
        memory: Memory,
        known: KnownKeys,
        *,
        snapshot: Callable[[], None],
        rebuild: Callable[[], Awaitable[None]],
        on_judged: Callable[[Judged], None],
    ) -> None:
        self._engine = engine
        self._catalogue = catalogue
        self._committer = committer
        self._memory = memory
        self._known = known
        self._snapshot = snapshot
        self._rebuild = rebuild
        self._on_judged = on_judged
        self._recent: OrderedDict[str, asyncio.Future[bytes]] = OrderedDict()
        self._since_snapshot = 0
        self._snapshot_at = clock.now()
        self._mending: asyncio.Task[None] | None = None

    async def accept(self, body: bytes) -> bytes:
        """One CloudEvent to its answer (JSON bytes), durable when this returns.

        Raises:
            InvalidEvent: the event is refused; the caller stores the reason.
            Unavailable: the store did not take it; nothing is kept and the sender should send it again.
        """
        received_at = clock.now()
        event = self._catalogue.decode(body, received_at)
        key = event_key(event.source, event.id)
        earlier = self._recent.get(key)
        if earlier is not None:
            return await asyncio.shield(earlier)
        return await self._take(event, key, received_at)

    async def accept_many(self, bodies: Sequence[bytes]) -> list[bytes | AnlanError]:
        """Many CloudEvents, in order; a bad one becomes an error in its place and stops nothing.

        Events of one batch are judged in the order given and committed together.
        """
        received_at = clock.now()
        results: list[bytes | AnlanError | asyncio.Future[bytes]] = []
        fresh: list[tuple[int, Event, str]] = []
        for body in bodies:
            try:
                event = self._catalogue.decode(body, received_at)
            except AnlanError as error:
                results.append(error)
                continue
            key = event_key(event.source, event.id)
            if key in self._recent:
                results.append(self._recent[key])
            else:
                fresh.append((len(results), event, key))
                results.append(self._promise(key))
        await self._judge_many(fresh, results, received_at)
        return [await _settled(result) for result in results]

    async def _judge_many(
        self, fresh: list[tuple[int, Event, str]], results: list[bytes | AnlanError | asyncio.Future[bytes]],
        received_at: float,
    ) -> None:
        await self._load({name for _, event, _ in fresh for name in wanted(event)})
        for count, (index, event, key) in enumerate(fresh, 1):
            promise = results[index]
            assert isinstance(promise, asyncio.Future)
            if self._mending:
                await asyncio.shield(self._mending)
            if key in self._known and await self._answer_known(key, promise):
                continue
            self._judge(event, key, received_at, promise)
            if count % YIELD_EVERY == 0:
                await asyncio.sleep(0)

    async def _take(self, event: Event, key: str, received_at: float) -> bytes:
        promise = self._promise(key)
        names = wanted(event)
        missing = self._engine.profiles.missing(names)
        if missing or self._mending:
            try:
                await self._load(missing)
            except AnlanError as error:
                self._break(key, promise, error)
                raise
        if not (key in self._known and await self._answer_known(key, promise)):
            self._judge(event, key, received_at, promise)
        return await asyncio.shield(promise)

    async def _load(self, names: "Sequence[str] | set[str]") -> None:
        """Everything that judging needs to have in memory."""
        if self._mending:
            await asyncio.shield(self._mending)
        missing = self._engine.profiles.missing(names)
        if missing:
            self._engine.profiles.load(missing, await self._memory.load_facts(missing))

    def _promise(self, key: str) -> "asyncio.Future[bytes]":
        promise: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._recent[key] = promise
        if len(self._recent) > RECENT_ANSWERS:
            oldest, first = next(iter(self._recent.items()))
            if first.done():
                del self._recent[oldest]
        return promise

    async def _answer_known(self, key: str, promise: "asyncio.Future[bytes]") -> bool:
        try:
            stored = await self._memory.find(key)
        except AnlanError as error:
            self._break(key, promise, error)
            return True
        if stored is not None and not promise.done():
            promise.set_result(answer(stored))
        return stored is not None

    def _judge(self, event: Event, key: str, received_at: float, promise: "asyncio.Future[bytes]") -> None:
        judged = self._engine.judge(event, received_at)
        reply = answer(judged.decision)
        try:
            committed = self._committer.submit(judged)
        except AnlanError as error:
            self._break(key, promise, error)
            self.mend()
            return
        self._snapshot_when_due(received_at)
        committed.add_done_callback(lambda done: self._settle(done, judged, key, reply, promise))

    def _settle(
        self, done: "asyncio.Future[int]", judged: Judged, key: str, reply: bytes, promise: "asyncio.Future[bytes]"
    ) -> None:
        if done.cancelled():
            return self._break(key, promise, Unavailable("the server is stopping; send the event again"))
        error = done.exception()
        if error is None:
            self._known.add(key)
            self._on_judged(judged)
            if not promise.done():
                promise.set_result(reply)
        elif isinstance(error, DuplicateEvent):
            # Another process committed the same event first: its decision is the answer.
            self._known.add(key)
            self._look_up = asyncio.ensure_future(self._answer_known(key, promise))
            self.mend()
        else:
            failure = error if isinstance(error, AnlanError) else Unavailable("the store did not take the event")
            self._break(key, promise, failure)
            self.mend()

    def _break(self, key: str, promise: "asyncio.Future[bytes]", error: AnlanError) -> None:
        self._recent.pop(key, None)
        if not promise.done():
            promise.set_exception(error)
            promise.exception()  # Whoever waits sees it; nobody waiting is no error of its own.

    def _snapshot_when_due(self, now: float) -> None:
        self._since_snapshot += 1
        if self._since_snapshot >= SNAPSHOT_EVERY_EVENTS or now - self._snapshot_at >= SNAPSHOT_EVERY_S:
            self._since_snapshot, self._snapshot_at = 0, now
            self._snapshot()

    def mend(self) -> None:
        """Rebuild what counted events that were not committed; intake waits meanwhile."""
        if self._mending is None:
            self._mending = asyncio.ensure_future(self._rebuild())
            self._mending.add_done_callback(self._mended)

    def _mended(self, done: "asyncio.Task[None]") -> None:
        self._mending = None
        if not done.cancelled() and done.exception() is not None:
            asyncio.get_running_loop().call_later(1.0, self.mend)


async def _settled(result: "bytes | AnlanError | asyncio.Future[bytes]") -> bytes | AnlanError:
    if not isinstance(result, asyncio.Future):
        return result
    try:
        return await asyncio.shield(result)
    except AnlanError as error:
        return error
