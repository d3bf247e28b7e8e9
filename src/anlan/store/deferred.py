"""The queue of events that wait for their second pass; a job that was taken comes back when its lease ends."""

from collections.abc import Sequence

import msgspec
from sqlalchemy import delete, func, select, update

from anlan import clock
from anlan.domain.decisions import Decision, Waiting
from anlan.domain.events import Catalogue
from anlan.errors import InvalidEvent
from anlan.store.database import Database
from anlan.store.tables import decisions, deferred, events
from anlan.store.vault import Codec

LEASE_S = 60.0
MAX_ATTEMPTS = 8

_decode = msgspec.json.Decoder(Decision).decode


class Deferred:
    """Takes due jobs, safe with several workers."""

    def __init__(self, database: Database, codec: Codec, catalogue: Catalogue) -> None:
        self._database = database
        self._codec = codec
        self._catalogue = catalogue

    def take(self, limit: int) -> list[Waiting]:
        """Up to `limit` due jobs, oldest first, each leased for `LEASE_S` seconds.

        An event that can no longer be read (its type is gone) keeps its first decision and leaves the queue.
        """
        now = clock.now()
        due = select(deferred.c.event_seq).where(deferred.c.next_at <= now).order_by(deferred.c.next_at).limit(limit)
        with self._database.write() as connection:
            seqs = list(connection.execute(due.with_for_update(skip_locked=True)).scalars())
            if not seqs:
                return []
            leased = update(deferred).where(deferred.c.event_seq.in_(seqs))
            connection.execute(leased.values(next_at=now + LEASE_S, attempts=deferred.c.attempts + 1))
            query = (
                select(events, decisions.c.body)
                .join(decisions)
                .where(events.c.seq.in_(seqs), decisions.c.pass_number == 1)
                .order_by(events.c.seq)
            )
            rows = connection.execute(query).all()
        jobs = [job for row in rows if (job := self._job(row)) is not None]
        self._drop(set(seqs) - {job.seq for job in jobs})
        return jobs

    def fail(self, seq: int, reason: str) -> None:
        """Try again later, twice as long each time; after `MAX_ATTEMPTS` the first decision stays."""
        with self._database.write() as connection:
            attempts = connection.execute(select(deferred.c.attempts).where(deferred.c.event_seq == seq)).scalar()
            if attempts is None:
                return
            if attempts >= MAX_ATTEMPTS:
                connection.execute(delete(deferred).where(deferred.c.event_seq == seq))
                return
            later = update(deferred).where(deferred.c.event_seq == seq)
            connection.execute(later.values(next_at=clock.now() + 2.0**attempts, last_error=reason))

    def count(self) -> int:
        """How many events wait."""
        with self._database.read() as connection:
            return int(connection.execute(select(func.count()).select_from(deferred)).scalar_one())

    def _job(self, row: object) -> Waiting | None:
        stored = row._mapping  # type: ignore[attr-defined]
        try:
            event = self._catalogue.restore(
                stored["type"], stored["type_version"], stored["id"], stored["source"], stored["time"],
                self._codec.open_data(stored["data"], stored["key"]),
            )
        except InvalidEvent:
            return None
        return Waiting(stored["seq"], event, _decode(stored["body"]), stored["received_at"])

    def _drop(self, seqs: Sequence[int] | set[int]) -> None:
        if seqs:
            with self._database.write() as connection:
                connection.execute(delete(deferred).where(deferred.c.event_seq.in_(seqs)))
