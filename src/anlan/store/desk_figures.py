"""How the desk works: tables of figures over a time, each ready to be drawn, read aloud or taken out.

The unit of a column stands in its name: `_s` seconds, `_share` in [0, 1], `day` the midnight that it began with;
`kappa` is between -1 and 1; all others are counts. A value that cannot be known is None.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from statistics import median, quantiles
from typing import Any, NamedTuple

from sqlalchemy import Connection, func, select

from anlan.domain.agreement import cohen_kappa
from anlan.store.campaign_figures import tally_campaign
from anlan.store.campaigns import list_campaigns
from anlan.store.tables import appeals, case_judgements, cases, reports, sanctions

HOUR_S, DAY_S = 3_600.0, 86_400.0
MOST_ROWS = 15
"""Of a table by policy or rule: those with most to tell."""
ALL_POLICIES = "all_policies"
"""The row that tells of all of them together."""
_WITHOUT_EFFECT = ("refused", "reversed", "lifting")


class FigureTable(NamedTuple):
    """One table; the first column says what a row is about."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]


class Span(NamedTuple):
    """The time that is asked about, wall-clock seconds; `day_of` gives the midnight before a moment, in one zone."""

    start: float
    end: float
    day_of: Callable[[float], float]


def read_figures(connection: Connection, span: Span) -> dict[str, FigureTable]:
    """Every figure of the desk by name; what waits is told as it stands at the end of the span."""
    return {name: make(connection, span) for name, make in FIGURES.items()}


def queue_ages(connection: Connection, span: Span) -> FigureTable:
    """Open cases by queue and by how long they have waited."""
    age = span.end - cases.c.opened_at
    steps = (HOUR_S, DAY_S, 3 * DAY_S)
    rows = connection.execute(
        select(
            cases.c.queue, func.count(), func.max(age),
            func.count().filter(age < steps[0]), func.count().filter(age >= steps[0], age < steps[1]),
            func.count().filter(age >= steps[1], age < steps[2]), func.count().filter(age >= steps[2]),
            func.count().filter(cases.c.due_at < span.end),
        )
        .where(cases.c.state == "open").group_by(cases.c.queue).order_by(func.count().desc(), cases.c.queue)
    )
    columns = ("queue", "open", "oldest_s", "within_hour", "within_day", "within_3_days", "older", "overdue")
    return FigureTable(columns, _plain(rows))


def handling(connection: Connection, span: Span) -> FigureTable:
    """Judgements by day, and how long they took from claim to judgement."""
    at = case_judgements.c.at
    rows = connection.execute(
        select(at, case_judgements.c.took_s).where(at >= span.start, at < span.end).order_by(at)
    )
    days: dict[float, list[float]] = {day: [] for day in _days(span)}
    for moment, took_s in rows:
        days.setdefault(span.day_of(moment), []).append(took_s)
    return FigureTable(
        ("day", "judgements", "median_s", "slow_tenth_s"),
        tuple((day, len(took), median(took) if took else None, _ninth_tenth(took)) for day, took in days.items()),
    )


def _days(span: Span) -> list[float]:
    days, day = [], span.day_of(span.start)
    while day < span.end:
        days.append(day)
        day = span.day_of(day + 1.5 * DAY_S)
    return days


def _ninth_tenth(values: Sequence[float]) -> float | None:
    if not values:
        return None
    return quantiles(values, n=10, method="inclusive")[-1] if len(values) > 1 else values[0]


def agreement(connection: Connection, span: Span) -> FigureTable:
    """How far first and second, blind judgements of the same case agree beyond chance, in all and by policy."""
    first, second = case_judgements.alias("first"), case_judgements.alias("second")
    rows = connection.execute(
        select(cases.c.policy, first.c.answer, second.c.answer)
        .join(first, (first.c.case_id == cases.c.id) & (first.c.stage == 1))
        .join(second, (second.c.case_id == cases.c.id) & (second.c.stage == 2))
        .where(second.c.at >= span.start, second.c.at < span.end)
    )
    pairs: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
    for policy, one, other in rows:
        pairs[ALL_POLICIES].append((one, other))
        if policy:
            pairs[policy].append((one, other))
    ranked = sorted(pairs.items(), key=lambda item: (item[0] != ALL_POLICIES, -len(item[1]), item[0]))[:MOST_ROWS]
    return FigureTable(
        ("policy", "twice_judged", "agreed_share", "kappa"),
        tuple(
            (policy, len(held), sum(one == other for one, other in held) / len(held), cohen_kappa(held))
            for policy, held in ranked
        ),
    )


def machine_precision(connection: Connection, span: Span) -> FigureTable:
    """Of the cases that policies opened, how many people found to be violations; the undecided are left out."""
    is_decided = cases.c.outcome.in_(("violation", "no_violation"))
    rows = connection.execute(
        select(cases.c.policy, func.count(), func.count().filter(cases.c.outcome == "violation"))
        .where(cases.c.state == "closed", cases.c.policy != "", is_decided)
        .where(cases.c.closed_at >= span.start, cases.c.closed_at < span.end)
        .group_by(cases.c.policy).order_by(func.count().desc(), cases.c.policy).limit(MOST_ROWS)
    )
    return FigureTable(("policy", "judged", "violations", "right_share"), _with_share(rows))


def overturns(connection: Connection, span: Span) -> FigureTable:
    """Decided appeals by the rule that was said to be broken, and how many took the sanction back."""
    rows = connection.execute(
        select(sanctions.c.rule, func.count(), func.count().filter(appeals.c.outcome == "reverse"))
        .join(sanctions, sanctions.c.id == appeals.c.sanction_id)
        .where(appeals.c.decided_at >= span.start, appeals.c.decided_at < span.end)
        .group_by(sanctions.c.rule).order_by(func.count().desc(), sanctions.c.rule).limit(MOST_ROWS)
    )
    return FigureTable(("policy", "appeals", "overturned", "overturned_share"), _with_share(rows))


def strikes(connection: Connection, span: Span) -> FigureTable:
    """Accounts by the strikes that count against them at the end of the span."""
    counted = (
        select(func.sum(sanctions.c.strikes).label("strikes"))
        .where(sanctions.c.target.startswith("account:"), sanctions.c.strikes > 0)
        .where(sanctions.c.strikes_until > span.end, sanctions.c.state.not_in(_WITHOUT_EFFECT))
        .where(sanctions.c.ordered_at < span.end)
        .group_by(sanctions.c.target).subquery()
    )
    rows = connection.execute(
        select(counted.c.strikes, func.count()).group_by(counted.c.strikes).order_by(counted.c.strikes)
    )
    return FigureTable(("strikes", "accounts"), tuple((str(held), count) for held, count in rows))


def reporters(connection: Connection, span: Span) -> FigureTable:
    """Answered reports by topic, and how many of them were right; repeats and the undecided are left out."""
    rows = connection.execute(
        select(reports.c.category, func.count(), func.count().filter(reports.c.outcome == "violation"))
        .where(reports.c.answered_at >= span.start, reports.c.answered_at < span.end)
        .where(reports.c.outcome.in_(("violation", "no_violation")), ~reports.c.is_repeat)
        .group_by(reports.c.category).order_by(func.count().desc(), reports.c.category)
    )
    return FigureTable(("category", "answered", "violations", "right_share"), _with_share(rows))


def sanction_mix(connection: Connection, span: Span) -> FigureTable:
    """Sanctions ordered, by kind, and how many of those have been taken back since."""
    rows = connection.execute(
        select(sanctions.c.kind, func.count(), func.count().filter(sanctions.c.lifted_at.is_not(None)))
        .where(sanctions.c.ordered_at >= span.start, sanctions.c.ordered_at < span.end)
        .group_by(sanctions.c.kind).order_by(func.count().desc(), sanctions.c.kind)
    )
    return FigureTable(("kind", "ordered", "taken_back"), _plain(rows))


def service(connection: Connection, span: Span) -> FigureTable:
    """Closed cases with a service clock by queue, and how many were closed before it ran out."""
    rows = connection.execute(
        select(cases.c.queue, func.count(), func.count().filter(cases.c.closed_at <= cases.c.due_at))
        .where(cases.c.state == "closed", cases.c.due_at.is_not(None))
        .where(cases.c.closed_at >= span.start, cases.c.closed_at < span.end)
        .group_by(cases.c.queue).order_by(func.count().desc(), cases.c.queue)
    )
    return FigureTable(("queue", "closed", "in_time", "in_time_share"), _with_share(rows))


def campaign_progress(connection: Connection, span: Span) -> FigureTable:
    """How far campaigns that ran in the span have met their targets."""
    rows: list[tuple[Any, ...]] = []
    for one in list_campaigns(connection, ("running", "ended")):
        if one.starts_at < span.end and one.ends_at >= span.start:
            reached = tally_campaign(connection, one.id).reached()
            rows += [
                (one.id, name, aimed, reached[name], min(reached[name] / aimed, 1.0))
                for name, aimed in one.targets.items()
            ]
    return FigureTable(("campaign", "target", "aimed", "reached", "reached_share"), tuple(rows))


def opened_and_closed(connection: Connection, span: Span) -> FigureTable:
    """Cases opened and closed by day."""
    moments = [
        Counter(map(span.day_of, connection.execute(select(at).where(at >= span.start, at < span.end)).scalars()))
        for at in (cases.c.opened_at, cases.c.closed_at)
    ]
    opened, closed = moments
    return FigureTable(("day", "opened", "closed"), tuple((day, opened[day], closed[day]) for day in _days(span)))


FIGURES: dict[str, Callable[[Connection, Span], FigureTable]] = {
    "flow": opened_and_closed,
    "queue_ages": queue_ages,
    "handling": handling,
    "service": service,
    "agreement": agreement,
    "machine_precision": machine_precision,
    "overturns": overturns,
    "sanction_mix": sanction_mix,
    "strikes": strikes,
    "reporters": reporters,
    "campaign_progress": campaign_progress,
}


def _plain(rows: Iterable[Sequence[Any]]) -> tuple[tuple[Any, ...], ...]:
    return tuple(tuple(row) for row in rows)


def _with_share(rows: Iterable[Sequence[Any]]) -> tuple[tuple[Any, ...], ...]:
    """Rows of name, whole and part, with the part's share of the whole."""
    return tuple((name, whole, part, part / whole) for name, whole, part in rows)
