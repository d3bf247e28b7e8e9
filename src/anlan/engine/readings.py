"""Which column of the journal stands for each signal that a condition reads, and which signals it cannot know.

A signal counts as recorded only in the version that is declared now. A declared counter that was not recorded is
counted again by its window over the journal; everything else that was not recorded is unknown, and named.
"""

from collections.abc import Iterable, Mapping
from typing import Literal

import msgspec

from anlan.domain.policies import Policy
from anlan.domain.ports import JournalView
from anlan.domain.sql_text import literal, quoted
from anlan.engine.columns import duckdb_sql
from anlan.engine.condition_tree import And, Claim, Condition, Name, walk
from anlan.engine.counter_columns import window_sql
from anlan.engine.counter_specs import CounterSpec
from anlan.engine.inline import cost_of
from anlan.engine.signals import Registry

_DUCKDB_TYPES = {"number": "DOUBLE", "text": "VARCHAR", "bool": "BOOLEAN"}

_NAMES_OF_EVENTS = {"seq", "type", "time"}
"""What `window_sql` calls our own columns; a counter over a field with such a name cannot be counted again."""

Reason = Literal["not_kept", "older_version", "not_recorded"]
REASONS: dict[Reason, dict[str, str]] = {
    "not_kept": {
        "zh": "敏感字段或未登记的信号，不进入分析日志",
        "en": "sensitive, or not in the catalogue: the journal does not keep it",
    },
    "older_version": {
        "zh": "这些事件记录的是该信号的旧版本，含义已变，不能比较",
        "en": "these events recorded an older version of it, which meant something else",
    },
    "not_recorded": {
        "zh": "当时没有这个信号，或者没有算出来",
        "en": "it did not exist then, or had no value",
    },
}


class Scope(msgspec.Struct, frozen=True, kw_only=True):
    """What a question to the journal is about.

    Attributes:
        counters: the declared counters, by name.
        start, end: event time; start <= time < end, None for no bound.
        within_s: seconds of wall time for the whole question.
    """

    registry: Registry
    counters: Mapping[str, CounterSpec] = {}
    start: float | None = None
    end: float | None = None
    within_s: float = 60.0


class Readings(msgspec.Struct, frozen=True):
    """A relation in which every signal asked for is a column.

    Attributes:
        reasons: why a signal is unknown more often than it would be live.
        recounted: counters that were counted again, for all or some events.
    """

    relation: str
    reasons: dict[str, Reason]
    recounted: tuple[str, ...]


def read_signals(view: JournalView, scope: Scope, names: Iterable[str]) -> Readings:
    """Make ready what conditions over `names` need."""
    relation = view.relation(scope.start, scope.end)
    wanted = list(dict.fromkeys(names))
    stale = _stale_versions(view, scope, wanted, relation)
    columns: dict[str, str] = {}
    reasons: dict[str, Reason] = {}
    for name in wanted:
        if name not in view.columns:
            columns[name] = f"CAST(NULL AS {_DUCKDB_TYPES[scope.registry.by_name[name].type]})"
            reasons[name] = "not_kept"
        elif name in stale:
            listed = ", ".join(map(literal, stale[name]))
            columns[name] = f"CASE WHEN e._signal_versions NOT IN ({listed}) THEN e.{quoted(name)} END"
            reasons[name] = "older_version"
        elif name not in scope.registry.field_names:
            reasons[name] = "not_recorded"
    values = {name: columns.get(name, f"e.{quoted(name)}") for name in wanted}
    recounted: dict[str, str] = {}
    for name in _lacking(view, scope, values, relation):
        table = recounted[name] = f"recounted_{len(recounted)}"
        _recount(view, scope, scope.counters[name], table)
        columns[name] = f"coalesce({values[name]}, {table}.{quoted(name)})"
        reasons.pop(name, None)
    joins = [f"LEFT JOIN {table} ON {table}.seq = e._seq" for table in recounted.values()]
    return Readings(_with_columns(relation, columns, joins, set(view.columns)), reasons, tuple(recounted))


def asked(policy: Policy, condition: Condition) -> str:
    """The policy's outcome at one row: true, false or NULL; false on types that it is not asked about.

    DuckDB evaluates every part of an AND that is not a filter; only CASE spares it the dear ones, so numbers are asked
    first, and texts only where those do not decide.
    """
    tree = condition.tree
    parts = sorted(tree.parts, key=_dearness) if isinstance(tree, And) else [tree]
    written = [f"({duckdb_sql(Condition(condition.text, part, condition.names))})" for part in parts]
    refusals = "".join(f" WHEN NOT {part} THEN false" for part in written[:-1])
    return f"CASE WHEN NOT {is_one_of(policy.on)} THEN false{refusals} ELSE {' AND '.join(written)} END"


def _dearness(part: Claim) -> tuple[bool, int]:
    return any(isinstance(node, Name) and node.type == "text" for node in walk(part)), cost_of(part)


def is_one_of(types: Iterable[str]) -> str:
    """SQL claim that the event's type is among `types`."""
    return f"_type IN ({', '.join(map(literal, types))})"


def bucket_s(start: float, end: float, at_most: int = 200) -> float:
    """A round length of time (from a minute to a week) that cuts [start, end] into at most `at_most` pieces, if any."""
    for length in (60.0, 300.0, 900.0, 3_600.0, 14_400.0, 86_400.0):
        if end - start <= length * at_most:
            return length
    return 604_800.0


def _stale_versions(view: JournalView, scope: Scope, names: list[str], relation: str) -> dict[str, list[str]]:
    """By signal, the recorded sets of versions in which it had another version than now."""
    recorded = [row[0] for row in view.run(f"SELECT DISTINCT _signal_versions FROM {relation}")]
    versions = {text: msgspec.json.decode(text, type=dict[str, int]) for text in recorded}
    stale: dict[str, list[str]] = {}
    for name in names:
        now = scope.registry.by_name[name].version
        old = [text for text, known in versions.items() if known.get(name, 1) != now]
        if old and name not in scope.registry.field_names:
            stale[name] = old
    return stale


def _lacking(view: JournalView, scope: Scope, values: Mapping[str, str], relation: str) -> list[str]:
    """The counters that events lack although they have the key, and for which the journal has all that they count."""
    known = view.columns.keys() - _NAMES_OF_EVENTS
    declared = [scope.counters[name] for name in values if name in scope.counters]
    specs = [spec for spec in declared if _reads(spec) <= known]
    if not specs:
        return []
    claims = ", ".join(f"bool_or({_has_key(spec)} AND {values[spec.name]} IS NULL)" for spec in specs)
    (row,) = view.run(f"SELECT {claims} FROM {relation} AS e")
    return [spec.name for spec, is_lacking in zip(specs, row, strict=True) if is_lacking]


def _has_key(spec: CounterSpec) -> str:
    ways = (
        " AND ".join([f"_type = {literal(name)}", *(f"{quoted(field)} IS NOT NULL" for field in spec.key_fields(name))])
        for name in sorted(spec.readable_on)
    )
    return f"({' OR '.join(ways)})"


def _reads(spec: CounterSpec) -> set[str]:
    """The event fields that the counter is made of."""
    reads = {*spec.by, *(field for fields in spec.read_by.values() for field in fields)}
    reads |= {spec.value} if spec.value else set()
    return reads | set(spec.condition.names if spec.condition else ())


def _recount(view: JournalView, scope: Scope, spec: CounterSpec, table: str) -> None:
    since = None if scope.start is None else scope.start - spec.over_s
    picked = ["_seq AS seq", "_type AS type", "_time AS time", *map(quoted, sorted(_reads(spec)))]
    view.run(
        f"CREATE OR REPLACE TEMP VIEW events AS SELECT {', '.join(picked)} FROM {view.relation(since, scope.end)}"
    )
    view.run(f"CREATE TEMP TABLE {table} AS {window_sql(spec)}")


def _with_columns(relation: str, columns: Mapping[str, str], joins: list[str], known: set[str]) -> str:
    if not columns:
        return relation
    replaced = [f"{sql} AS {quoted(name)}" for name, sql in columns.items() if name in known]
    added = "".join(f", {sql} AS {quoted(name)}" for name, sql in columns.items() if name not in known)
    replace = f" REPLACE ({', '.join(replaced)})" if replaced else ""
    return f"(SELECT e.*{replace}{added} FROM {relation} AS e {' '.join(joins)})"
