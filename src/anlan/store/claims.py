"""Who works on which case: claims that the database gives to one person at a time, and who must not have which."""

from collections.abc import Collection
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, String, Text, bindparam, cast, delete, exists, func, or_, select
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


class Asker(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks for work: `staff:<name>`, what they may judge, and which categories they are spared."""

    by: str
    may: May
    opted_out: Collection[str] = ()

    def parameters(self) -> dict[str, Any]:
        """What the statements below ask with."""
        may = [f"{kind} {stage}" for kind, stage in sorted(self.may)]
        return {"me": self.by, "may": may, "opted_out": list(self.opted_out)}


_ME = bindparam("me", type_=Text)
_MINE = case_judgements.c.by == _ME
_EARLIER = cases.alias("earlier")

BARS: dict[str, ColumnElement[bool]] = {
    "role": (cases.c.kind + " " + cast(cases.c.stage, String)).not_in(bindparam("may", expanding=True)),
    "judged": or_(
        exists().where(_MINE, case_judgements.c.case_id == cases.c.id),
        exists().where(
            _MINE, case_links.c.case_id == cases.c.id, case_links.c.kind == "again",
            case_judgements.c.case_id == case_links.c.other_id,
        ),
    ),
    "tie": exists().where(staff_ties.c.by == _ME, staff_ties.c.entity == cases.c.target),
    "own_work": (cases.c.kind == "appeal") & or_(
        exists().where(
            sanctions.c.target == cases.c.target,
            or_(sanctions.c.judged_by == _ME, sanctions.c.second_by == _ME, sanctions.c.ordered_by == _ME),
        ),
        exists().where(
            _MINE, case_judgements.c.case_id == _EARLIER.c.id,
            or_(_EARLIER.c.target == cases.c.target, _EARLIER.c.event_seq == cases.c.event_seq),
        ),
        exists().where(
            sanctions.c.target == cases.c.target, _MINE, case_judgements.c.case_id == sanctions.c.case_id
        ),
    ),
    "opted_out": cases.c.category.in_(bindparam("opted_out", expanding=True)),
    "golden": exists().where(golden_cases.c.case_id == cases.c.id, golden_cases.c.by != _ME),
}
"""What keeps a person from a case: no role for its next stage; an answer of theirs to it, or to the case whose work it
does again; a tie to whom it is about; an appeal of what they judged or ordered; a category that they are spared; a
check that is shown to somebody else. Each holds over the row of `cases` around it. Built once: building costs more
than asking."""

_NEXT = (
    select(cases.c.id)
    .where(
        cases.c.state == "open",
        ~exists().where(case_claims.c.case_id == cases.c.id, case_claims.c.expires_at > bindparam("now")),
        ~exists().where(case_skips.c.case_id == cases.c.id, case_skips.c.by == _ME),
        ~exists().where(golden_cases.c.case_id == cases.c.id),
        *(~bar for bar in BARS.values()),
    )
    .order_by(cases.c.ranked_at, cases.c.id)
    .limit(1)
    .with_for_update(skip_locked=True, of=cases)
)
_NEXT_OF_QUEUE = _NEXT.where(cases.c.queue == bindparam("queue"))
_NEXT_OF_ALL = _NEXT.where(cases.c.queue.not_in(bindparam("paused", expanding=True)))
_HELD_BACK = select(*(bar.label(name) for name, bar in BARS.items())).where(cases.c.id == bindparam("case_id"))

_LIVING = select(case_claims).where(
    case_claims.c.case_id == bindparam("case_id"), case_claims.c.expires_at > bindparam("now")
)


def bars_that_hold(connection: Connection, case_id: str, asker: Asker) -> list[str]:
    """Names of the bars that keep the person from this case."""
    row = connection.execute(_HELD_BACK, asker.parameters() | {"case_id": case_id}).mappings().one()
    return [name for name in BARS if row[name]]


def next_free(
    connection: Connection, asker: Asker, queue: str | None, paused: Collection[str], now: float
) -> str | None:
    """The first case in order that nobody holds and this person may have; on PostgreSQL its row is then locked.

    Args:
        queue: None for any that is not paused.
    """
    where = {"paused": list(paused)} if queue is None else {"queue": queue}
    query = _NEXT_OF_ALL if queue is None else _NEXT_OF_QUEUE
    return connection.execute(query, asker.parameters() | where | {"now": now}).scalar_one_or_none()


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
    return postgresql.insert(case_claims) if connection.dialect.name == "postgresql" else sqlite.insert(case_claims)


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
    row = connection.execute(_LIVING, {"case_id": case_id, "now": now}).mappings().one_or_none()
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
