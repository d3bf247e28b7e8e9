"""Which events of the journal meet a condition, when they happened, who was in them and how they were answered."""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from anlan.domain.events import entity_fields
from anlan.domain.ports import AnalyticJournal, JournalView
from anlan.domain.sql_text import quoted
from anlan.engine.columns import duckdb_sql
from anlan.engine.conditions import Condition
from anlan.engine.journal_reports import Investigation, TopEntities
from anlan.engine.marks import fetch, missing_signals
from anlan.engine.readings import Readings, Scope, bucket_s, is_one_of, read_signals

TOP_ENTITIES = 10
MAX_PAGE = 500


class Page(msgspec.Struct, frozen=True):
    """Which of the matching events are shown: the newest `limit` (at most 500) with seq < `before_seq`."""

    limit: int = 50
    before_seq: int | None = None


def investigate(
    journal: AnalyticJournal, condition: Condition | None, event_types: Sequence[str], scope: Scope,
    page: Page | None = None,
) -> Investigation:
    """The events in scope of one of `event_types` (none: of any type) that meet `condition` (None: all of them).

    Raises:
        TookTooLong, Damaged: see `domain.ports`.
    """
    names = condition.names if condition else ()
    page = page or Page()
    with journal.view(scope.within_s) as view:
        readings = read_signals(view, scope, names)
        where = is_one_of(event_types) if event_types else "true"
        asked, total, unknown, *counts = _count(view, readings, where, condition)
        roles = _roles(scope, event_types, view)
        columns = ", ".join(["_seq", "_time", "_verdict", *map(quoted, roles)])
        claim = duckdb_sql(condition) if condition else "true"
        view.run(f"CREATE TEMP TABLE found AS SELECT {columns} FROM {readings.relation} WHERE {where} AND ({claim})")
        ((first, last),) = view.run("SELECT coalesce(min(_time), 0.0), coalesce(max(_time), 0.0) FROM found")
        bucket = bucket_s(first, last)
        seqs, more = _page(view, page)
        fields = [name for name in view.columns if name in scope.registry.field_names]
        events = fetch(view, readings, list(dict.fromkeys([*names, *fields])), seqs)
        return Investigation(
            asked=asked, total=total, unknown=unknown,
            events=tuple(events[seq] for seq in seqs),
            next_before_seq=seqs[-1] if more else None,
            bucket_s=bucket,
            series=tuple(_tally(view, f"floor(_time / {bucket!r}) * {bucket!r}", "1")),
            top=tuple(_top(view, roles)),
            verdicts=dict(_tally(view, "coalesce(_verdict, 'none')", "2 DESC, 1")),
            missing=missing_signals(readings, names, counts),
            recounted=readings.recounted,
        )


def _count(view: JournalView, readings: Readings, where: str, condition: Condition | None) -> tuple[int, ...]:
    """Events asked about, those that meet the condition, those it is undecided for, and by name those it lacks."""
    claim = duckdb_sql(condition) if condition else "true"
    names = condition.names if condition else ()
    lacking = "".join(f", coalesce(count_if(claim IS NULL AND n{index}), 0)" for index in range(len(names)))
    flags = "".join(f", {quoted(name)} IS NULL AS n{index}" for index, name in enumerate(names))
    (row,) = view.run(
        f"SELECT count(*), coalesce(count_if(claim), 0), coalesce(count_if(claim IS NULL), 0){lacking} "
        f"FROM (SELECT {claim} AS claim{flags} FROM {readings.relation} WHERE {where})"
    )
    return row


def _roles(scope: Scope, event_types: Sequence[str], view: JournalView) -> list[str]:
    """The entity fields of these types that the journal keeps, in order of declaration."""
    entries = [entry for entry in scope.registry.catalogue if not event_types or entry.name in event_types]
    named = dict.fromkeys(role for entry in entries for role, _ in entity_fields(entry.data))
    return [role for role in named if role in view.columns]


def _page(view: JournalView, page: Page) -> tuple[list[int], bool]:
    limit = min(page.limit, MAX_PAGE)
    where = "" if page.before_seq is None else f"WHERE _seq < {page.before_seq:d}"
    rows = view.run(f"SELECT _seq FROM found {where} ORDER BY _seq DESC LIMIT {limit + 1:d}")
    return [row[0] for row in rows[:limit]], len(rows) > limit


def _tally(view: JournalView, key: str, order: str) -> list[tuple[Any, int]]:
    rows = view.run(f"SELECT {key}, count(*) FROM found GROUP BY 1 ORDER BY {order}")
    return [(value, count) for value, count in rows]


def _top(view: JournalView, roles: Sequence[str]) -> Iterator[TopEntities]:
    for role in roles:
        rows = view.run(
            f"SELECT {quoted(role)}, count(*) FROM found WHERE {quoted(role)} IS NOT NULL "
            f"GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {TOP_ENTITIES}"
        )
        if rows:
            yield TopEntities(role, tuple((entity, count) for entity, count in rows))
