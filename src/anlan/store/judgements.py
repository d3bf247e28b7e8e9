"""What people said texts really are: one current judgement for each text and person, every earlier one kept.

A judgement and its trace in the audit log are written together. The text stays in the journal, under its retention.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from anlan import clock
from anlan.domain.judgements import Given, Judgement, Origin, digest_of
from anlan.domain.text_scores import TEXT_CATEGORIES
from anlan.errors import InvalidRequest
from anlan.store.audit import note
from anlan.store.batch import storable
from anlan.store.database import Database
from anlan.store.marks import JUDGEMENTS, raise_mark
from anlan.store.tables import events, judgements

_COLUMNS = [judgements.c[name] for name in Judgement._fields]


class Judgements:
    """Keeps judgements and reads them back."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def give(self, given: Sequence[Given], by: str, origin: Origin) -> int:
        """Keep these, each in place of what the same person said of the same text before; how many were new.

        Raises:
            InvalidRequest: no such category, or no such event; nothing was kept.
        """
        with self._database.write() as connection:
            kept = sum(_keep(connection, one, by, origin) for one in given)
            subject = f"event:{given[0].subject}" if len(given) == 1 and given[0].subject else origin
            details: dict[str, Any] = {"judgements": kept, "origin": origin}
            if len(given) == 1:
                details["category"] = given[0].category
            note(connection, by, "judgement.give", subject, details)
        return kept

    def of(self, subject: str) -> list[Judgement]:
        """Everything that was said of one text, newest first."""
        query = select(*_COLUMNS).where(judgements.c.subject == subject).order_by(judgements.c.id.desc())
        with self._database.read() as connection:
            return [Judgement(*row) for row in connection.execute(query)]

    def current(self) -> list[Judgement]:
        """What stands of every text, in order of subject."""
        query = select(*_COLUMNS).where(judgements.c.is_current)
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(judgements.c.subject, judgements.c.id))
            return [Judgement(*row) for row in rows]

    def counts(self) -> dict[str, int]:
        """Current judgements by category."""
        query = select(judgements.c.category, func.count()).where(judgements.c.is_current)
        with self._database.read() as connection:
            return {row[0]: row[1] for row in connection.execute(query.group_by(judgements.c.category))}


def _keep(connection: Connection, one: Given, by: str, origin: Origin) -> int:
    """1, or 0 when the same person says the same again."""
    if one.category not in TEXT_CATEGORIES:
        raise InvalidRequest(f"a text is one of {', '.join(TEXT_CATEGORIES)}, not {one.category!r}")
    text = None if one.text is None else storable(one.text)
    subject = one.subject or digest_of(text or "")
    if one.subject and connection.execute(select(events.c.seq).where(events.c.key == subject)).first() is None:
        raise InvalidRequest(f"no event has the key {subject}; give the text itself instead")
    number = raise_mark(connection, JUDGEMENTS)  # also the lock that keeps two writers apart
    mine = (judgements.c.subject == subject) & (judgements.c.by == by) & judgements.c.is_current
    before = connection.execute(select(judgements.c.category, judgements.c.note).where(mine)).first()
    if before is not None and tuple(before) == (one.category, storable(one.note)):
        return 0
    connection.execute(update(judgements).where(mine).values(is_current=False))
    row = Judgement(
        number, subject, bool(one.subject), one.category, by, clock.now(), origin, storable(one.provenance),
        storable(one.note), is_current=True, text=None if one.subject else text,
    )
    connection.execute(insert(judgements), row._asdict())
    return 1


def forget_texts(connection: Connection, before: float, limit: int) -> int:
    """Remove texts that came with judgements older than `before`; how many of at most `limit`."""
    is_over = judgements.c.text.is_not(None) & (judgements.c.at < before)
    old = connection.execute(select(judgements.c.id).where(is_over).limit(limit)).scalars().all()
    connection.execute(update(judgements).where(judgements.c.id.in_(old)).values(text=None))
    return len(old)
