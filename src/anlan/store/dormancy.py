"""What is kept only while a member is there: how old minors are, and what members wished for.

Somebody is there as long as the journal knows an event of theirs that is young enough. A minor's age is needed for as
long as they may be one, however seldom the platform tells it; without it their cards would stop, and nobody would see.
"""

from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection, Row, Select, delete, func, select, text, tuple_

from anlan.domain.care_cards import MINOR_FOR_S, band_of
from anlan.store.tables import alert_wishes, events, facts
from anlan.store.vault import Codec

AGE = "age_band"
"""The field of facts that says how old somebody is."""
_EXPIRING = text("privacy IN ('personal', 'sensitive')")
"""As the index has it, so that both databases use it."""


def present(connection: Connection, accounts: Collection[str], since: float) -> set[str]:
    """Those of whom there is an event since `since` (event time)."""
    query = select(events.c.actor).where(events.c.actor.in_(accounts)).group_by(events.c.actor)
    return set(connection.execute(query.having(func.max(events.c.time) >= since)).scalars())


def forget_ages(
    connection: Connection, codec: Codec, after: str, before: float, limit: int, now: float
) -> tuple[int, str | None]:
    """Remove ages that nobody needs any more, of the next accounts after the name `after`.

    What was told before `before` goes, but for the last word on a minor who is there and may still be one.

    Returns how many facts went, and the last account that was looked at; None when there was none.
    """
    old = select(facts.c.entity).where(facts.c.field == AGE, facts.c.since < before, facts.c.entity > after, _EXPIRING)
    names = connection.execute(old.distinct().order_by(facts.c.entity).limit(limit)).scalars().all()
    told: Select[Any] = select(facts.c.entity, facts.c.since, facts.c.value)
    told = told.where(facts.c.field == AGE, facts.c.entity.in_(names))
    rows = connection.execute(told.order_by(facts.c.since)).all()
    last_words = {row.entity: row for row in rows}
    there = present(connection, names, before)
    kept = {name for name, row in last_words.items() if name in there and _may_be_minor(codec, row, now)}
    gone = [
        (row.entity, AGE, row.since) for row in rows
        if row.since < before and not (row.entity in kept and row is last_words[row.entity])
    ]
    if gone:
        connection.execute(delete(facts).where(tuple_(facts.c.entity, facts.c.field, facts.c.since).in_(gone)))
    return len(gone), names[-1] if names else None


def _may_be_minor(codec: Codec, told: Row[Any], now: float) -> bool:
    band = band_of(codec.open_value(bytes(told.value), told.entity, AGE))
    return band is not None and told.since + MINOR_FOR_S[band] > now


def forget_wishes(connection: Connection, after: str, before: float, limit: int) -> tuple[int, str | None]:
    """Remove quiet hours of those who are not there since `before`; otherwise like `forget_ages`."""
    wishes = alert_wishes.c
    old = select(wishes.account).where(wishes.set_at < before, wishes.account > after).order_by(wishes.account)
    names = connection.execute(old.limit(limit)).scalars().all()
    gone = set(names) - present(connection, names, before)
    if gone:
        connection.execute(delete(alert_wishes).where(wishes.account.in_(gone)))
    return len(gone), names[-1] if names else None
