"""The same counters as DuckDB window functions over the journal, so that a new counter can be tried on old events."""

from anlan.engine.columns import duckdb_sql
from anlan.engine.counter_specs import CounterSpec


def window_sql(spec: CounterSpec) -> str:
    """A query for the counter's value at every event on which it is readable.

    It reads the relation `events` (seq BIGINT, type VARCHAR, time DOUBLE in seconds, one column per event field) and
    gives (seq, value), the value in a column named after the counter. An event without a key has no row, so join it
    LEFT: NULL is unknown. Events of one key are taken in order of (time, seq): a late event is counted as if it had
    come in time, which the live counter could not do, and nothing is sampled or bucketed.
    """
    amount = _column(spec.value) if spec.value else "NULL"
    return f"""
WITH rows AS (
    SELECT seq, time, {_key_columns(spec)}, {amount} AS amount, ({_is_counted(spec)}) AS is_counted
    FROM events
    WHERE type IN ({", ".join(map(_quote, sorted(spec.readable_on)))})
), framed AS (
    SELECT *, {_rows_back(spec)} AS rows_back
    FROM rows
    WHERE {" AND ".join(f"{key} IS NOT NULL" for key in _keys(spec))}
)
SELECT seq, {_value(spec)} AS {spec.name}
FROM framed
WINDOW before AS ({_partition(spec)} ORDER BY time, seq ROWS BETWEEN rows_back PRECEDING AND CURRENT ROW)
"""


def _key_columns(spec: CounterSpec) -> str:
    columns = []
    for index in range(len(spec.by)):
        by_type = ((name, spec.key_fields(name)[index]) for name in sorted(spec.readable_on))
        cases = " ".join(f"WHEN {_quote(name)} THEN {_column(field)}" for name, field in by_type)
        columns.append(f"CASE type {cases} END AS k{index}")
    return ", ".join(columns)


def _is_counted(spec: CounterSpec) -> str:
    conditions = [f"type IN ({', '.join(map(_quote, spec.on))})"]
    if spec.condition is not None:
        conditions.append(f"({duckdb_sql(spec.condition)}) IS TRUE")
    if spec.value is not None:
        conditions.append(f"{_column(spec.value)} IS NOT NULL")
    return " AND ".join(conditions)


def _keys(spec: CounterSpec) -> list[str]:
    return [f"k{index}" for index in range(len(spec.by))]


def _partition(spec: CounterSpec) -> str:
    return f"PARTITION BY {', '.join(_keys(spec))}"


def _rows_back(spec: CounterSpec) -> str:
    # A RANGE frame would include later events of the same instant and the event at exactly t - over; so count rows.
    return f"""row_number() OVER ({_partition(spec)} ORDER BY time, seq) - 1 - count(*) OVER (
        {_partition(spec)} ORDER BY time RANGE BETWEEN UNBOUNDED PRECEDING AND {spec.over_s!r} PRECEDING
    )"""


def _value(spec: CounterSpec) -> str:
    if spec.kind == "last_seen":
        return f"""time - max(time) FILTER (WHERE is_counted) OVER (
        {_partition(spec)} ORDER BY time, seq ROWS BETWEEN rows_back PRECEDING AND 1 PRECEDING
    )"""
    if spec.kind == "sum":
        return "coalesce(sum(amount) FILTER (WHERE is_counted) OVER before, 0)"
    if spec.kind == "distinct":
        return "count(DISTINCT amount) FILTER (WHERE is_counted) OVER before"
    return "count(*) FILTER (WHERE is_counted) OVER before"


def _column(name: str) -> str:
    return f'"{name}"'


def _quote(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
