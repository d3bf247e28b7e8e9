"""What intake and deferred signals ask of the store, without holding up the event loop."""

import asyncio
import time
from collections.abc import Iterable, Sequence
from threading import Lock

import numpy as np
from rapidfuzz import process
from rapidfuzz.distance import Levenshtein
from rbloom import Bloom

from anlan import clock
from anlan.domain.decisions import Decision, Waiting
from anlan.domain.facts import Fact
from anlan.domain.ports import AnalyticJournal
from anlan.store.batch import storable
from anlan.store.database import Database
from anlan.store.deferred import Deferred
from anlan.store.facts import Facts
from anlan.store.journal import Journal

EXPECTED_ENTITIES = 2_000_000
"""With facts; beyond, more look-ups find nothing. Takes 4 MB."""


class Recall:
    """The `Memory` of intake.

    SQLite answers a point read faster than a thread can be woken, so it is asked in the loop; PostgreSQL is not.
    """

    def __init__(self, database: Database, journal: Journal, facts: Facts) -> None:
        self._is_local = database.is_sqlite
        self._journal = journal
        self._facts = facts
        self._with_facts = Bloom(EXPECTED_ENTITIES, 1e-3)

    def start(self) -> None:
        """Learn of whom the store knows anything; the one process that takes in events adds to that."""
        self._with_facts.update(self._facts.entities())

    async def find(self, key: str) -> Decision | None:
        """The latest decision stored for an event key."""
        stored = self._journal.find(key) if self._is_local else await asyncio.to_thread(self._journal.find, key)
        return stored.decision if stored else None

    async def load_facts(self, names: Sequence[str]) -> list[Fact]:
        """Every stored version of every fact of these entities."""
        return self._facts.load(names) if self._is_local else await asyncio.to_thread(self._facts.load, names)


    def may_have_facts(self, name: str) -> bool:
        """Most pairs of people have nothing stored between them; the store need not be asked for each."""
        return storable(name) in self._with_facts

    def expect_facts(self, facts: Iterable[Fact]) -> None:
        """What an event has just established will be stored with it."""
        for fact in facts:
            self._with_facts.add(storable(fact.entity))


class DeferredWork:
    """The `DeferredQueue` of the second look; every question runs in a thread."""

    def __init__(self, deferred: Deferred) -> None:
        self._deferred = deferred

    async def take(self, limit: int) -> list[Waiting]:
        """Up to `limit` due jobs, leased."""
        return await asyncio.to_thread(self._deferred.take, limit)

    async def fail(self, seq: int, reason: str) -> None:
        """Try this one again later."""
        await asyncio.to_thread(self._deferred.fail, seq, reason)


NEAR_SHARE = 0.75
"""Two texts are near copies when at least this share of the longer one's characters stays put (Levenshtein)."""
COMPARED_CHARS = 300
COMPARED_MESSAGES = 20_000
"""The newest messages that are compared with; a busy platform's day is longer."""
FRESH_S = 1.0
LOOK_WITHIN_S = 10.0


class Recollection:
    """What deferred signals may ask of the recent past.

    One look at the journal serves every question of the next `FRESH_S` seconds, so that a wave of pending events costs
    as much as one.
    """

    def __init__(self, journal: AnalyticJournal) -> None:
        self._journal = journal
        self._lock = Lock()
        self._looked_at = float("-inf")
        self._newest = float("-inf")
        self._times = np.zeros(0)
        self._senders: list[str] = []
        self._texts: list[str] = []
        self._flagged: dict[str, list[tuple[float, str]]] = {}

    async def near_copy_senders(self, text: str, since: float, until: float) -> int:
        """How many accounts sent nearly the same text in [since, until] (event time); see `NEAR_SHARE`."""
        return await asyncio.to_thread(self._count_near_copies, text[:COMPARED_CHARS], since, until)

    async def flagged_senders(self, group: str, since: float, until: float) -> int:
        """How many accounts wrote to the group, in [since, until] (event time), what was not simply allowed."""
        return await asyncio.to_thread(self._count_flagged, group, since, until)

    def _count_flagged(self, group: str, since: float, until: float) -> int:
        with self._lock:
            self._keep_fresh(until)
            flagged = self._flagged.get(group, ())
        return len({sender for at, sender in flagged if since <= at <= until})

    def _count_near_copies(self, text: str, since: float, until: float) -> int:
        with self._lock:
            self._keep_fresh(until)
            times, senders, texts = self._times, self._senders, self._texts
        if not texts:
            return 0
        alike = process.cdist([text], texts, scorer=Levenshtein.normalized_similarity, score_cutoff=NEAR_SHARE)[0]
        near = np.flatnonzero((alike >= NEAR_SHARE) & (times >= since) & (times <= until))
        return len({senders[index] for index in near})

    def _keep_fresh(self, until: float) -> None:
        """Look again when the last look is old, or does not know the event that asks; the others of its wave wait."""
        age_s = clock.stopwatch() - self._looked_at
        if age_s <= FRESH_S and until <= self._newest:
            return
        time.sleep(max(0.0, FRESH_S - age_s))
        self._looked_at = clock.stopwatch()
        self._look()

    def _look(self) -> None:
        with self._journal.view(LOOK_WITHIN_S) as view:
            newest = (
                f"SELECT _time, sender, left(text, {COMPARED_CHARS}) FROM {view.relation()} "
                f"WHERE _type = 'message.sent' AND text <> '' ORDER BY _time DESC LIMIT {COMPARED_MESSAGES}"
            )
            rows = view.run(newest)
            flagged = view.run(
                f"SELECT _time, sender, \"group\" FROM {view.relation()} WHERE _type = 'message.sent' "
                f"AND \"group\" IS NOT NULL AND _verdict <> 'allow' ORDER BY _time DESC LIMIT {COMPARED_MESSAGES}"
            )
        self._times = np.array([row[0] for row in rows])
        self._newest = max((row[0] for row in rows), default=float("-inf"))
        self._senders = [row[1] for row in rows]
        self._texts = [row[2] for row in rows]
        self._flagged = {}
        for at, sender, group in flagged:
            self._flagged.setdefault(group, []).append((at, sender))
