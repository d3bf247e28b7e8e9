"""What reports amount to: how many by reason and day, how often reporters are right, brigades, and whom to thank."""

from typing import NamedTuple

import msgspec
from sqlalchemy import Connection, Integer, cast, func, select

from anlan.domain.credibility import Record, weight
from anlan.store.reporter_records import record_on, records_of
from anlan.store.tables import cases, report_cases, reporter_credits, reports

DAY_S = 86_400.0
CONSIDERED_REPORTERS = 200


class ReasonVolume(msgspec.Struct, frozen=True, kw_only=True):
    """Reports for one reason; `repeats` were answered at once with an earlier outcome and are not in the others."""

    reason: str
    filed: int
    repeats: int
    open: int
    violation: int
    no_violation: int
    unclear: int

    @property
    def right_share(self) -> float | None:
        """How many of those that were decided were right; None when none was."""
        decided = self.violation + self.no_violation
        return self.violation / decided if decided else None


class Brigade(msgspec.Struct, frozen=True, kw_only=True):
    """A case whose reports looked agreed upon; times are wall-clock seconds."""

    case_id: str
    target: str
    report_count: int
    suspected_at: float
    outcome: str | None


class Reporter(NamedTuple):
    """Somebody who is believed: their weight on their best topic, and the decayed counts there."""

    account: str
    topic: str
    weight: float
    right: float
    wrong: float


def volumes(connection: Connection, since: float) -> list[ReasonVolume]:
    """Reports since then by reason, the most frequent first."""
    is_first = ~reports.c.is_repeat
    counted = {
        outcome: func.count().filter(is_first, reports.c.outcome == outcome)
        for outcome in ("violation", "no_violation", "unclear")
    }
    query = select(
        reports.c.reason, func.count().filter(is_first).label("filed"),
        func.count().filter(reports.c.is_repeat).label("repeats"),
        func.count().filter(is_first, reports.c.outcome.is_(None)).label("open"),
        *(column.label(name) for name, column in counted.items()),
    ).where(reports.c.at >= since).group_by(reports.c.reason).order_by(func.count().desc(), reports.c.reason)
    return [ReasonVolume(**row) for row in connection.execute(query).mappings()]


def daily(connection: Connection, first_midnight: float, days: int) -> list[tuple[float, int]]:
    """(beginning, reports) of each of `days` days of 24 hours."""
    passed = (reports.c.at - first_midnight) / DAY_S
    # A cast rounds on PostgreSQL and cuts on SQLite, whose floor() not every build has.
    number = cast(passed, Integer) if connection.dialect.name == "sqlite" else func.floor(passed)
    query = select(number.label("number"), func.count()).where(reports.c.at >= first_midnight).group_by("number")
    counts = {int(row[0]): row[1] for row in connection.execute(query)}
    return [(first_midnight + index * DAY_S, counts.get(index, 0)) for index in range(days)]


def brigades(connection: Connection, since: float, limit: int = 50) -> list[Brigade]:
    """Cases that were suspected since then, newest first."""
    query = (
        select(
            report_cases.c.case_id, cases.c.target, report_cases.c.report_count, report_cases.c.suspected_at,
            cases.c.outcome,
        )
        .join(cases, cases.c.id == report_cases.c.case_id).where(report_cases.c.suspected_at >= since)
        .order_by(report_cases.c.suspected_at.desc()).limit(limit)
    )
    return [Brigade(**row) for row in connection.execute(query).mappings()]


def most_believed(connection: Connection, now: float, limit: int = 10) -> list[Reporter]:
    """The reporters who weigh most on their best topic, of the `CONSIDERED_REPORTERS` who were right most often."""
    table = reporter_credits.c
    often = select(table.reporter).group_by(table.reporter).order_by(func.sum(table.alpha).desc())
    found = []
    for account in connection.execute(often.limit(CONSIDERED_REPORTERS)).scalars().all():
        records = records_of(connection, account)
        topic, record = max(
            ((topic, record_on(records, topic, now)) for topic in records), key=lambda pair: weight(pair[1])
        )
        found.append(_reporter(account, topic, record))
    believed = [one for one in found if one.weight > 0.0]
    return sorted(believed, key=lambda one: (-one.weight, one.account))[:limit]


def _reporter(account: str, topic: str, record: Record) -> Reporter:
    return Reporter(account, topic, weight(record), record.alpha, record.beta)
