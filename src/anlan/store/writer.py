"""Group commit: one thread takes everything that waits, commits it as one transaction, and answers all at once.

A verdict that was answered is therefore durable, and a busy moment costs one disk flush instead of hundreds.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from threading import Condition, Thread

import structlog

from anlan.clock import stopwatch
from anlan.domain.decisions import Judged
from anlan.errors import AnlanError, DuplicateEvent, Unavailable
from anlan.store.journal import Journal, Snapshot

log = structlog.get_logger(__name__)

_Answer = tuple[asyncio.Future[int], int | BaseException]


class _Item:
    """One thing that waits: an event with its decision, or snapshots that belong behind everything before them.

    `losses` is how many failed commits whoever took the snapshots knew of.
    """

    __slots__ = ("future", "judged", "losses", "snapshots")

    def __init__(
        self, future: asyncio.Future[int], judged: Judged | None, snapshots: Sequence[Snapshot] = (), losses: int = 0
    ) -> None:
        self.future = future
        self.judged = judged
        self.snapshots = snapshots
        self.losses = losses


class Writer:
    """Commits for one event loop, in the order of submission.

    Args:
        max_batch: events in one transaction.
        max_backlog: events that may wait; beyond, `submit` refuses.
        on_failure: called in the event loop, before the futures fail, when a commit failed for a reason other than a
            repeat: what was counted for those events is not in the store, so counters must be reloaded from it.
        on_commit: told in the writer's thread of each committed batch and how many seconds it took.
    """

    def __init__(
        self,
        journal: Journal,
        max_batch: int = 256,
        max_backlog: int = 20_000,
        on_failure: Callable[[AnlanError], None] | None = None,
        on_commit: Callable[[Sequence[Judged], float], None] | None = None,
    ) -> None:
        self._journal = journal
        self._max_batch = max_batch
        self._max_backlog = max_backlog
        self._on_failure = on_failure
        self._on_commit = on_commit
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[_Item] = deque()
        self._changed = Condition()
        self._is_idle = True
        self._is_closed = False
        self._losses = self._told_losses = 0
        self._thread = Thread(target=self._run, name="journal-writer", daemon=True)
        self._thread.start()

    @property
    def backlog(self) -> int:
        """Events that wait for their commit to begin."""
        return len(self._waiting)

    @property
    def is_alive(self) -> bool:
        """Whether commits go on."""
        return self._thread.is_alive() and not self._is_closed

    def submit(self, judged: Judged) -> asyncio.Future[int]:
        """Commit soon; the future gives the event's sequence number once it is durable. Call in the event loop.

        The future raises `DuplicateEvent` for a repeat (answer with `Journal.find`) and `Unavailable` when the store
        could not be written.

        Raises:
            Unavailable: too many events wait already, or the writer is closed.
        """
        self.check_room()
        return self._put(_Item(self._loop.create_future(), judged))

    def check_room(self) -> None:
        """Raises `Unavailable` when too many events wait already, or the writer is closed."""
        if self._is_closed:
            raise Unavailable("the store is closing; send again in a moment", retry_after_s=1.0)
        if len(self._waiting) >= self._max_backlog:
            raise Unavailable(
                f"{self._max_backlog:,} events wait to be stored; slow down and send again", retry_after_s=1.0
            )

    def save(self, snapshots: Sequence[Snapshot]) -> asyncio.Future[int]:
        """Commit counter snapshots together with the last event submitted before them.

        They are left out when one of those events could not be stored: they count what is not there.
        """
        return self._put(_Item(self._loop.create_future(), None, snapshots, self._told_losses))

    async def flush(self) -> None:
        """Wait until everything submitted so far is answered."""
        await self.save(())

    async def close(self) -> None:
        """Commit what waits, then stop; afterwards `submit` refuses."""
        with self._changed:
            self._is_closed = True
            self._changed.notify()
        await asyncio.to_thread(self._thread.join)
        await asyncio.sleep(0)  # the last answers are on their way into the loop

    def _put(self, item: _Item) -> asyncio.Future[int]:
        if self._is_closed:
            raise Unavailable("the store is closing; send again in a moment", retry_after_s=1.0)
        self._waiting.append(item)
        if self._is_idle:
            with self._changed:
                self._changed.notify()
        return item.future

    def _run(self) -> None:
        while items := self._take():
            answers, failure = self._commit(items)
            self._loop.call_soon_threadsafe(self._answer, answers, failure, self._losses)

    def _take(self) -> list[_Item]:
        """Everything that waits, up to a full batch or up to snapshots; empty when closed and drained."""
        with self._changed:
            while not self._waiting:
                if self._is_closed:
                    return []
                self._is_idle = True
                if not self._waiting:  # submitted between the check above and our becoming idle
                    self._changed.wait()
            self._is_idle = False
        items: list[_Item] = []
        while self._waiting and len(items) < self._max_batch:
            items.append(self._waiting.popleft())
            if items[-1].judged is None:
                break
        return items

    def _commit(self, items: list[_Item]) -> tuple[list[_Answer], AnlanError | None]:
        try:
            return self._commit_together(items), None
        except DuplicateEvent as error:
            return self._commit_without(items, error.repeats)
        except Unavailable as error:
            self._losses += 1
            return [(item.future, error) for item in items], error
        except Exception as error:  # an edge: whatever one event did to its batch, the others must get through
            if len(items) > 1:
                return self._commit_one_by_one(items)
            if not isinstance(error, AnlanError):
                log.exception("journal.commit_failed")
            self._losses += 1
            return [(items[0].future, error)], Unavailable(f"an event could not be stored: {error}")

    def _commit_together(self, items: list[_Item]) -> list[_Answer]:
        judged = [item.judged for item in items if item.judged is not None]
        snapshots = items[-1].snapshots if items[-1].losses == self._losses else ()
        began = stopwatch()
        seqs = iter(self._journal.commit(judged, snapshots) if judged or snapshots else ())
        if self._on_commit is not None and judged:
            self._on_commit(judged, stopwatch() - began)
        return [(item.future, next(seqs) if item.judged is not None else 0) for item in items]

    def _commit_without(self, items: list[_Item], repeats: dict[int, str]) -> tuple[list[_Answer], AnlanError | None]:
        rest = [item for position, item in enumerate(items) if position not in repeats]
        answers, failure = self._commit(rest) if rest else ([], None)
        return answers + [(items[at].future, DuplicateEvent({0: key})) for at, key in repeats.items()], failure

    def _commit_one_by_one(self, items: list[_Item]) -> tuple[list[_Answer], AnlanError | None]:
        answers: list[_Answer] = []
        failure: AnlanError | None = None
        for item in items:
            one, problem = self._commit([item])
            answers += one
            failure = problem or failure
        return answers, failure

    def _answer(self, answers: list[_Answer], failure: AnlanError | None, losses: int) -> None:
        self._told_losses = losses
        if failure is not None and self._on_failure is not None:
            self._on_failure(failure)
        for future, outcome in answers:
            if future.done():  # whoever asked has gone
                continue
            if isinstance(outcome, BaseException):
                future.set_exception(outcome)
            else:
                future.set_result(outcome)
