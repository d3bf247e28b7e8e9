"""How often each reporter was right, by topic: read for weighing, and brought up to date when a case closes."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from anlan.domain.credibility import NO_RECORD, Record, pooled
from anlan.store.tables import reporter_credits, reports

_AT_ONCE = 500


class Answered(NamedTuple):
    """A report that turned out right or wrong; `counts` is how many reports it stands for."""

    reporter: str
    topic: str
    is_right: bool
    counts: float


class ReporterTotals(NamedTuple):
    """What became of one member's reports."""

    filed: int
    open: int
    violation: int
    no_violation: int
    unclear: int
    first_at: float | None


def records_of(connection: Connection, reporter: str) -> dict[str, Record]:
    """The records of one reporter by topic, each as of its own time."""
    query = select(reporter_credits).where(reporter_credits.c.reporter == reporter)
    return {row.topic: Record(row.alpha, row.beta, row.at) for row in connection.execute(query)}


def record_on(records: Mapping[str, Record], topic: str, now: float) -> Record:
    """The record that counts on one topic: its own, with a share of the others."""
    others = [record for name, record in records.items() if name != topic]
    return pooled(records.get(topic, NO_RECORD), others, now)


def learn(connection: Connection, answered: Iterable[Answered], now: float) -> None:
    """Add these answers to the records; rows are locked in order of name, so that two closings cannot deadlock."""
    grouped: dict[tuple[str, str], list[Answered]] = {}
    for one in answered:
        grouped.setdefault((one.reporter, one.topic), []).append(one)
    names = sorted(grouped)
    for start in range(0, len(names), _AT_ONCE):
        _learn_some(connection, names[start : start + _AT_ONCE], grouped, now)


def _learn_some(
    connection: Connection, names: Sequence[tuple[str, str]], grouped: Mapping[tuple[str, str], list[Answered]],
    now: float,
) -> None:
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    empty = [{"reporter": who, "topic": topic, "alpha": 0.0, "beta": 0.0, "at": now} for who, topic in names]
    connection.execute(dialect.insert(reporter_credits).on_conflict_do_nothing(), empty)
    table = reporter_credits.c
    held = select(reporter_credits).where(table.reporter.in_(sorted({who for who, _ in names})))
    rows = connection.execute(held.order_by(table.reporter, table.topic).with_for_update()).all()
    known = {(row.reporter, row.topic): Record(row.alpha, row.beta, row.at) for row in rows}
    changes = []
    for who, topic in names:
        record = known[who, topic]
        for one in grouped[who, topic]:
            record = record.with_answer(is_right=one.is_right, now=now, counts=one.counts)
        changes.append({"who": who, "what": topic, "a": record.alpha, "b": record.beta, "t": record.at})
    connection.execute(
        update(reporter_credits).where(table.reporter == bindparam("who"), table.topic == bindparam("what"))
        .values(alpha=bindparam("a"), beta=bindparam("b"), at=bindparam("t")),
        changes,
    )


def totals_of(connection: Connection, reporter: str) -> ReporterTotals:
    """What became of everything that one member reported."""
    query = select(reports.c.outcome, func.count(), func.min(reports.c.at)).where(reports.c.reporter == reporter)
    rows = connection.execute(query.group_by(reports.c.outcome)).all()
    counts = {row[0]: row[1] for row in rows}
    return ReporterTotals(
        sum(counts.values()), counts.get(None, 0), counts.get("violation", 0), counts.get("no_violation", 0),
        counts.get("unclear", 0), min((row[2] for row in rows), default=None),
    )
