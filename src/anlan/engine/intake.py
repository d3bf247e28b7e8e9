"""From bytes to a durable answer: each event is decoded, known or judged, committed, and only then answered.

Nothing that was answered is lost, and the same (source, id) always gets the stored decision back (law 5). When a commit
fails, counters and profiles have counted what is not in the journal; nothing is judged until they are rebuilt.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from typing import Any, NamedTuple

import structlog
from rbloom import Bloom

from anlan import clock
from anlan.domain.decisions import Judged, answer
from anlan.domain.events import Catalogue, Event
from anlan.domain.keys import event_key
from anlan.domain.ports import Committer, Memory
from anlan.engine.pipeline import Engine
from anlan.engine.profiles import wanted
from anlan.errors import AnlanError, DuplicateEvent, Unavailable

log = structlog.get_logger(__name__)

RECENT_ANSWERS = 20_000
SNAPSHOT_EVERY_EVENTS = 2_000
SNAPSHOT_EVERY_S = 5.0
YIELD_EVERY = 50
MEND_AGAIN_S = 1.0


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

    def update(self, keys: Iterable[str]) -> None:
        """Remember many."""
        self._bloom.update(keys)

    def __contains__(self, key: str) -> bool:
        return key in self._bloom


class _Fresh(NamedTuple):
    """An event that was not answered yet, and the promise of its answer."""

    event: Event
    key: str
    promise: "asyncio.Future[bytes]"


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
        self._group: list[_Fresh] = []
        self._since_snapshot = 0
        self._snapshot_at = clock.now()
        self._mending: asyncio.Future[None] | None = None
        self._mends = 0
        self._tasks: set[asyncio.Task[None]] = set()

    async def accept(self, body: bytes) -> bytes:
        """One CloudEvent to its answer (JSON bytes), durable when this returns.

        Raises:
            InvalidEvent: the event is refused; the caller stores the reason.
            Unavailable: the store did not take it; nothing is kept and the sender should send it again.
        """
        received_at = clock.now()
        event = self._catalogue.decode(body, received_at)
        key = event_key(event.source, event.id)
        promise = self._recent.get(key)
        if promise is None:
            fresh = _Fresh(event, key, promise := self._promise(key))
            if self._mending or key in self._known or self._unread(wanted(event)):
                self._begin(self._judge_in_order([fresh], received_at))
            else:
                self._judge_soon(fresh, received_at)
        return await asyncio.shield(promise)

    async def accept_many(self, bodies: Sequence[bytes]) -> list[bytes | AnlanError]:
        """Many CloudEvents, in order; a bad one becomes an error in its place and stops nothing.

        Events of one batch are judged in the order given and committed together.
        """
        received_at = clock.now()
        results: list[AnlanError | asyncio.Future[bytes]] = []
        fresh: list[_Fresh] = []
        for body in bodies:
            try:
                event = self._catalogue.decode(body, received_at)
            except AnlanError as error:
                results.append(error)
                continue
            key = event_key(event.source, event.id)
            promise = self._recent.get(key)
            if promise is None:
                fresh.append(_Fresh(event, key, promise := self._promise(key)))
            results.append(promise)
        self._begin(self._judge_in_order(fresh, received_at))
        return [await _settled(result) for result in results]

    def forget_answer(self, judged: Judged) -> None:
        """A second look has decided anew; a repeat gets that from the store."""
        self._recent.pop(event_key(judged.event.source, judged.event.id), None)

    @property
    def is_whole(self) -> bool:
        """Whether counters and profiles hold exactly what was accepted; if not, they are being rebuilt."""
        return self._mending is None

    def mend(self) -> None:
        """Rebuild what counted events that were not committed; intake waits meanwhile."""
        if self._mending is None:
            self._mends += 1
            self._mending = asyncio.get_running_loop().create_future()
            self._begin(self._mend())

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        """Do this whatever becomes of the caller: one that goes away must not leave an event half taken."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _judge_soon(self, one: _Fresh, received_at: float) -> None:
        """Together with what other connections have brought by now."""
        if not self._group:
            asyncio.get_running_loop().call_soon(self._judge_group, received_at)
        self._group.append(one)

    def _judge_group(self, received_at: float) -> None:
        group, self._group = self._group, []
        self._engine.look_ahead([one.event for one in group])
        for one in group:
            # The one before may have failed, or pushed out of memory whom this one is about.
            if self._mending or self._unread(wanted(one.event)):
                self._begin(self._judge_in_order([one], received_at))
            else:
                self._judge(one, received_at)

    async def _judge_in_order(self, fresh: Sequence[_Fresh], received_at: float) -> None:
        names = [wanted(one.event) for one in fresh]
        everybody = {name for some in names for name in some}
        for count, (one, some) in enumerate(zip(fresh, names, strict=True)):
            try:
                if not count:
                    await self._load(everybody)
                if count % YIELD_EVERY == 0:
                    self._engine.look_ahead([one.event for one in fresh[count : count + YIELD_EVERY]])
                if one.key in self._known and await self._answer_known(one):
                    continue
                if self._mending or self._unread(some):
                    await self._load(some)
            except Exception as error:  # the request's edge: whoever waits for this event must hear of it
                self._break(one, _told(error, one))
                continue
            self._judge(one, received_at)
            if count % YIELD_EVERY == YIELD_EVERY - 1:
                await asyncio.sleep(0)

    async def _load(self, names: "Sequence[str] | set[str]") -> None:
        """Everything that judging needs is in memory and whole when this returns; until the next await."""
        while True:
            while self._mending:
                await asyncio.shield(self._mending)
            missing, mends = self._unread(names), self._mends
            if not missing:
                return
            facts = await self._memory.load_facts(missing)
            if mends == self._mends:
                self._engine.profiles.load(missing, facts)

    def _unread(self, names: Iterable[str]) -> list[str]:
        """Whom the store must be asked about first."""
        missing = self._engine.profiles.missing(names)
        if not missing:
            return missing
        known = [name for name in missing if self._memory.may_have_facts(name)]
        self._engine.profiles.load(set(missing).difference(known), ())
        return known

    def _promise(self, key: str) -> "asyncio.Future[bytes]":
        promise: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._recent[key] = promise
        if len(self._recent) > RECENT_ANSWERS:
            oldest, first = next(iter(self._recent.items()))
            if first.done():
                del self._recent[oldest]
        return promise

    async def _answer_known(self, one: _Fresh) -> bool:
        stored = await self._memory.find(one.key)
        if stored is not None and not one.promise.done():
            one.promise.set_result(answer(stored))
        return stored is not None

    async def _answer_repeat(self, one: _Fresh) -> None:
        """Another process committed the same event first: its decision is the answer."""
        try:
            if not await self._answer_known(one):
                self._break(one, Unavailable("somebody else is storing this event; send it again"))
        except Exception as error:  # the request's edge
            self._break(one, _told(error, one))

    def _judge(self, one: _Fresh, received_at: float) -> None:
        try:
            self._committer.check_room()
        except AnlanError as error:
            self._break(one, error)  # Before anything was counted.
            return
        try:
            judged = self._engine.judge(one.event, received_at)
            self._memory.expect_facts(judged.facts)
            reply = answer(judged.decision)
            committed = self._committer.submit(judged)
        except Exception as error:  # the request's edge: one event must neither hang its sender nor spoil the counters
            self._break(one, _told(error, one))
            self.mend()
            return
        committed.add_done_callback(lambda done: self._settle(done, judged, one, reply))
        self._snapshot_when_due(received_at)

    def _settle(self, done: "asyncio.Future[int]", judged: Judged, one: _Fresh, reply: bytes) -> None:
        if done.cancelled():
            self._break(one, Unavailable("the server is stopping; send the event again"))
            return
        error = done.exception()
        if error is None:
            self._known.add(one.key)
            self._on_judged(judged)
            if not one.promise.done():
                one.promise.set_result(reply)
        elif isinstance(error, DuplicateEvent):
            self._known.add(one.key)
            self._begin(self._answer_repeat(one))
            self.mend()
        else:
            self._break(one, _told(error, one))
            self.mend()

    def _break(self, one: _Fresh, error: AnlanError) -> None:
        self._recent.pop(one.key, None)
        if not one.promise.done():
            _fail(one.promise, error)

    def _snapshot_when_due(self, now: float) -> None:
        self._since_snapshot += 1
        if self._since_snapshot >= SNAPSHOT_EVERY_EVENTS or now - self._snapshot_at >= SNAPSHOT_EVERY_S:
            self._since_snapshot, self._snapshot_at = 0, now
            self._snapshot()

    async def _mend(self) -> None:
        """Rebuild until it works; after a failure, whoever waits is told and newcomers are refused at once."""
        while self._mending:
            try:
                await self._rebuild()
            except Exception as error:  # the worker loop's edge
                log.warning("rebuild_failed", reason=type(error).__name__)
                if not self._mending.done():
                    _fail(self._mending, Unavailable("the store is away; send again in a moment", retry_after_s=1.0))
                await asyncio.sleep(MEND_AGAIN_S)
            else:
                mended, self._mending = self._mending, None
                if not mended.done():
                    mended.set_result(None)


def _told(error: BaseException, one: _Fresh) -> AnlanError:
    """What the sender hears; what nobody expected is only in the log."""
    if isinstance(error, AnlanError):
        return error
    log.error("event_failed", event_key=one.key, event_type=one.event.type.name, exc_info=error)
    return AnlanError("this event could not be judged or stored; the log says why")


def _fail(future: "asyncio.Future[Any]", error: AnlanError) -> None:
    future.set_exception(error)
    future.exception()  # Whoever waits sees it; nobody waiting is no error of its own.


async def _settled(result: "AnlanError | asyncio.Future[bytes]") -> bytes | AnlanError:
    if not isinstance(result, asyncio.Future):
        return result
    try:
        # Most of a batch is committed together, so after the first few everything is there.
        return result.result() if result.done() else await asyncio.shield(result)
    except AnlanError as error:
        return error
