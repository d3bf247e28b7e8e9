"""Brings reports that platforms send as `report.filed` events to where all reports go, each exactly once, in order.

How far it has come is a mark in the store that is raised in the transaction that takes the report in.
"""

from collections.abc import Sequence

import msgspec
import structlog
from sqlalchemy import Connection, select

from anlan.desk.reports import MAX_WORDS_CHARS, NewReport, Reports, draft_of
from anlan.domain.report_reasons import reason_of
from anlan.errors import InvalidRequest, NotFound
from anlan.store.database import Database
from anlan.store.journal import StoredEvent, event_columns, last_seq, stored_event
from anlan.store.marks import REPORT_EVENTS, raise_mark, read_mark
from anlan.store.surroundings import message_named
from anlan.store.tables import events
from anlan.store.vault import Codec

ROUND_EVENTS = 500
"""Reports to a round; the others wait for the next one."""

log = structlog.get_logger(__name__)


class _Filed(msgspec.Struct, frozen=True):
    """What a `report.filed` event says; what has passed its retention is missing."""

    reporter: str = ""
    category: str = ""
    reported: str | None = None
    group: str | None = None
    message_id: str | None = None
    text: str = ""
    device: str | None = None


class ReportEvents:
    """Takes in what has come since the last round."""

    def __init__(self, database: Database, codec: Codec, reports: Reports) -> None:
        self._database = database
        self._codec = codec
        self._reports = reports

    def take_in(self, now: float) -> int:
        """File the reports of events that were committed since the last round; returns how many events were done."""
        found, newest = self._waiting()
        for event in found:
            self._take(event, now)
        if len(found) < ROUND_EVENTS:
            with self._database.write() as connection:
                _advance(connection, newest)
        return len(found)

    def _waiting(self) -> tuple[Sequence[StoredEvent], int]:
        with self._database.snapshot() as connection:
            newest = last_seq(connection)
            query = select(*event_columns()).where(
                events.c.seq > read_mark(connection, REPORT_EVENTS), events.c.seq <= newest,
                events.c.type == "report.filed",
            ).order_by(events.c.seq).limit(ROUND_EVENTS)
            return [stored_event(row, self._codec) for row in connection.execute(query)], newest

    def _take(self, event: StoredEvent, now: float) -> None:
        """File one event's report and pass it; one that cannot be filed is passed with a line in the log."""
        try:
            new = self._read(event)
            moment = self._reports.see(new)
            is_young = self._reports.is_young(new.reporter, event.time)
        except (InvalidRequest, NotFound) as error:
            log.warning("report_event_passed", key=event.key, code=error.code)
            with self._database.write() as connection:
                _advance(connection, event.seq)
            return
        draft = draft_of(new, moment, f"event:{event.key}", min(event.time, now), is_young=is_young)
        with self._database.write() as connection:
            if not _advance(connection, event.seq):
                return
            filed = self._reports.file_within(connection, new, moment, draft, now)
        self._reports.follow_up(filed, now)

    def _read(self, event: StoredEvent) -> NewReport:
        """The report that an event speaks of: of the message that it names if the journal has it, else of the account.

        Raises:
            InvalidRequest: it names nothing that can be reported.
        """
        said = msgspec.json.decode(event.data, type=_Filed)
        message = self._message(event, said)
        target = f"account:{said.reported}" if said.reported else f"group:{said.group}" if said.group else None
        if target is None and message is None:
            raise InvalidRequest("the event names neither an account nor a group nor a known message")
        return NewReport(
            reporter=event.actor, reason=reason_of(said.category).code, event=message,
            target=None if message else target, words=said.text[:MAX_WORDS_CHARS], device=said.device,
        )

    def _message(self, event: StoredEvent, said: _Filed) -> str | None:
        if said.message_id is None:
            return None
        with self._database.read() as connection:
            return message_named(connection, said.message_id, said.reported, event.seq)


def _advance(connection: Connection, seq: int) -> bool:
    """Raise the mark to `seq`; False when somebody else had come so far already. Locks it until the end."""
    done = raise_mark(connection, REPORT_EVENTS, 0)
    if done >= seq:
        return False
    raise_mark(connection, REPORT_EVENTS, seq - done)
    return True
