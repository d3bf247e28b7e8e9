"""Who works on which case: claims that the database gives to one person at a time, and who must not have which."""

from collections.abc import Collection, Sequence
from typing import NamedTuple

import msgspec
from sqlalchemy import ColumnElement, Connection, and_, delete, exists, func, or_, select
from sqlalchemy import false as sql_false
from sqlalchemy.dialects import postgresql, sqlite

from anlan.domain.cases import CaseKind
from anlan.store.tables import (
    case_claims,
    case_judgements,
    case_links,
    case_skips,
    cases,
    golden_cases,
    sanctions,
    staff_ties,
)

TRIES = 8
"""How many cases are tried before the queue counts as taken: each was free a moment ago."""

May = frozenset[tuple[CaseKind, int]]
"""Kinds of cases with the stages that a person may judge."""


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """A case in somebody's hands until `expires_at`, wall-clock seconds."""

    case_id: str
    by: str
    claimed_at: float
    expires_at: float


class Bar(NamedTuple):
    """Something that keeps a person from a case: its name, and when it holds."""

    name: str
    holds: ColumnElement[bool]


def bars_of(by: str, may: May, opted_out: Collection[str]) -> list[Bar]:
    """What keeps this person from cases; each condition is over the row of `cases` in the query around it."""
    return [
        Bar("role", ~_may_judge(may)),
        Bar("judged", _has_judged(by)),
        Bar("tie", exists().where(staff_ties.c.by == by, staff_ties.c.entity == cases.c.target)),
        Bar("own_work", _appeals_own_work(by)),
        Bar("opted_out", cases.c.category.in_(sorted(opted_out))),
        Bar("golden", exists().where(golden_cases.c.case_id == cases.c.id, golden_cases.c.by != by)),
    ]


def _may_judge(may: May) -> ColumnElement[bool]:
    return or_(sql_false(), *(and_(cases.c.kind == kind, cases.c.stage == stage) for kind, stage in sorted(may)))


def _has_judged(by: str) -> ColumnElement[bool]:
    """This case, or the one whose work it does again."""
    mine = case_judgements.c.by == by
    before = case_links.c.case_id == cases.c.id, case_links.c.kind == "again"
    return or_(
        exists().where(mine, case_judgements.c.case_id == cases.c.id),
        exists().where(mine, *before, case_judgements.c.case_id == case_links.c.other_id),
    )


def _appeals_own_work(by: str) -> ColumnElement[bool]:
    """It is an appeal about whoever, or whatever, this person judged or punished."""
    earlier = cases.alias("earlier")
    mine = case_judgements.c.by == by
    punished = exists().where(
        sanctions.c.target == cases.c.target,
        or_(sanctions.c.judged_by == by, sanctions.c.second_by == by, sanctions.c.ordered_by == by),
    )
    judged = exists().where(
        mine, case_judgements.c.case_id == earlier.c.id,
        or_(earlier.c.target == cases.c.target, earlier.c.event_seq == cases.c.event_seq),
    )
    closed_with = exists().where(
        sanctions.c.target == cases.c.target, mine, case_judgements.c.case_id == sanctions.c.case_id
    )
    return and_(cases.c.kind == "appeal", or_(punished, judged, closed_with))


def bars_that_hold(connection: Connection, case_id: str, bars: Sequence[Bar]) -> list[str]:
    """Names of the bars that keep the person from this case."""
    asked = select(*(bar.holds.label(bar.name) for bar in bars)).select_from(cases).where(cases.c.id == case_id)
    row = connection.execute(asked).mappings().one()
    return [bar.name for bar in bars if row[bar.name]]


def next_free(
    connection: Connection, by: str, queues: Collection[str] | None, bars: Sequence[Bar], paused: Collection[str],
    now: float,
) -> str | None:
    """The first case in order that nobody holds and this person may have; on PostgreSQL its row is then locked."""
    held = exists().where(case_claims.c.case_id == cases.c.id, case_claims.c.expires_at > now)
    skipped = exists().where(case_skips.c.case_id == cases.c.id, case_skips.c.by == by)
    shown = exists().where(golden_cases.c.case_id == cases.c.id)
    query = (
        select(cases.c.id)
        .where(cases.c.state == "open", ~held, ~skipped, ~shown, *(~bar.holds for bar in bars))
        .order_by(cases.c.ranked_at, cases.c.id)
        .limit(1)
        .with_for_update(skip_locked=True, of=cases)
    )
    if queues is not None:
        query = query.where(cases.c.queue.in_(queues))
    if paused:
        query = query.where(cases.c.queue.not_in(paused))
    return connection.execute(query).scalar_one_or_none()


def take(connection: Connection, case_id: str, by: str, now: float, until: float) -> bool:
    """Give a case to `by` unless somebody's claim on it still lives; who holds it already keeps it for longer."""
    new = _insert(connection).values(case_id=case_id, by=by, claimed_at=now, expires_at=until)
    is_free = or_(case_claims.c.expires_at <= now, case_claims.c.by == by)
    taken = connection.execute(
        new.on_conflict_do_update(
            index_elements=[case_claims.c.case_id],
            set_={"by": by, "claimed_at": now, "expires_at": until}, where=is_free,
        ).returning(case_claims.c.case_id)
    )
    return taken.first() is not None


def _insert(connection: Connection) -> "postgresql.Insert | sqlite.Insert":
    return (postgresql if connection.dialect.name == "postgresql" else sqlite).insert(case_claims)


def give_back(connection: Connection, case_id: str, by: str, now: float) -> Claim | None:
    """End a living claim of `by`; None when it is over, or somebody else's."""
    ended = connection.execute(
        delete(case_claims)
        .where(case_claims.c.case_id == case_id, case_claims.c.by == by, case_claims.c.expires_at > now)
        .returning(*case_claims.c)
    ).mappings().one_or_none()
    return Claim(**ended) if ended else None


def drop_claim(connection: Connection, case_id: str) -> None:
    """End whatever claim there is on a case."""
    connection.execute(delete(case_claims).where(case_claims.c.case_id == case_id))


def claim_on(connection: Connection, case_id: str, now: float) -> Claim | None:
    """The living claim on a case."""
    found = select(case_claims).where(case_claims.c.case_id == case_id, case_claims.c.expires_at > now)
    row = connection.execute(found).mappings().one_or_none()
    return Claim(**row) if row else None


def claims_of(connection: Connection, by: str, now: float) -> list[Claim]:
    """What this person holds, the oldest first."""
    mine = select(case_claims).where(case_claims.c.by == by, case_claims.c.expires_at > now)
    return [Claim(**row) for row in connection.execute(mine.order_by(case_claims.c.claimed_at)).mappings()]


def expired_claims(connection: Connection, now: float, limit: int) -> list[Claim]:
    """Claims that ran out, at most `limit`."""
    over = select(case_claims).where(case_claims.c.expires_at <= now).limit(limit)
    return [Claim(**row) for row in connection.execute(over).mappings()]


def count_claims(connection: Connection, now: float) -> dict[str, int]:
    """How many cases of each queue are in somebody's hands."""
    query = (
        select(cases.c.queue, func.count())
        .join(case_claims, case_claims.c.case_id == cases.c.id)
        .where(case_claims.c.expires_at > now, cases.c.state == "open")
        .group_by(cases.c.queue)
    )
    return {row[0]: row[1] for row in connection.execute(query)}


def drop_expired(connection: Connection, case_id: str, now: float) -> bool:
    """End a claim that ran out; False when somebody has taken the case again meanwhile."""
    ended = connection.execute(
        delete(case_claims).where(case_claims.c.case_id == case_id, case_claims.c.expires_at <= now)
    )
    return ended.rowcount == 1
