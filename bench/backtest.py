"""What a backtest of 100 policies over a journal of 60 signals costs, beside a row loop and hand-written DuckDB SQL.

The row loop decodes each event from its stored JSON and asks the server's own compiled policies.
"""

import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
from msgspec.structs import replace
from sqlalchemy import insert

from anlan.domain.events import Catalogue
from anlan.domain.keys import event_key
from anlan.domain.policies import Policy
from anlan.engine.backtest import backtest
from anlan.engine.conditions import parse
from anlan.engine.policies import CheckedPolicy
from anlan.engine.readings import Scope
from anlan.engine.signals import Registry
from anlan.store import tables
from anlan.store.analysis import Analysis
from anlan.store.columnar import open_columnar
from anlan.store.database import Database
from anlan.store.rows import Columns, CommittedRow
from anlan.store.segments import Segments
from bench.measure import Figure, at_least, at_most, interleave, run_alone, show_table
from bench.policies import MEASURED, make_events, ours
from bench.workload import Rule, make_rows, make_rules

CHUNK_EVENTS = 50_000
UNKNOWN_SHARE = 0.02
START = 1.7e9
APART_S = 0.9


class SealedJournal:
    """A journal of `events` events, all of them sealed, in a folder of its own."""

    def __init__(self, folder: Path, rows: list[dict[str, Any]], events: int) -> None:
        self.registry = Registry(Catalogue((MEASURED,)), (), {})
        self._database = Database(f"sqlite:///{folder / 'bench.db'}", bytes(32))
        self._database.migrate()
        columns = Columns((MEASURED,), self.registry.by_name.values())
        self._segments = Segments(self._database, folder / "journal", columns)
        self.seal_s = self._seal(rows, events)
        self.analysis = Analysis(self._segments)
        self.files = [str(self._segments.files.folder / segment.file) for segment in self._segments.listed()]

    def _seal(self, rows: list[dict[str, Any]], events: int) -> float:
        """CPU seconds that sealing the first chunk took; the others repeat it later in time."""
        files = self._segments.files
        count = min(events, len(rows))
        began = time.process_time()
        with files.encoded(_stored(rows[:count])) as (query, _):
            first = files.name(files.write(query, count), is_redacted=False)
        taken = time.process_time() - began
        made = [first]
        for shift in range(count, events, count):
            moved = f"* REPLACE (_seq + {shift} AS _seq, _time + {shift * APART_S} AS _time)"
            query = f"SELECT {moved} FROM ({files.select_all([first])})"
            made.append(files.name(files.write(query, count), is_redacted=False))
        with self._database.write() as connection:
            connection.execute(insert(tables.segments), [msgspec.structs.asdict(segment) for segment in made])
        return taken

    def close(self) -> None:
        """Give files and memory back."""
        self._segments.close()
        self._database.close()


def _stored(rows: list[dict[str, Any]]) -> Iterator[CommittedRow]:
    for number, row in enumerate(rows, 1):
        body: dict[str, Any] = {"signals": {}, "findings": [], "shadow": []}
        yield CommittedRow(
            seq=number, key=event_key("bench", str(number)), source="bench", id=str(number), type=MEASURED.name,
            type_version=1, time=START + number * APART_S, received_at=START + number * APART_S,
            actor=f"account:a{number % 20_000}", data=msgspec.json.encode({"actor": f"a{number % 20_000}", **row}),
            verdict="allow", category=None, policy_set="bench", body=msgspec.json.encode(body),
        )


def _members(rules: list[Rule], registry: Registry) -> list[CheckedPolicy]:
    types = registry.types_on((MEASURED.name,))
    return [
        CheckedPolicy(
            Policy(
                id=f"bench.p{number}", on=(MEASURED.name,), when=rule.write("sql"), because={}, reason={}, category="",
                verdict="hold", quota=(10_000, 3_600.0),
            ),
            parse(rule.write("sql"), types),
        )
        for number, rule in enumerate(rules)
    ]


def run(is_quick: bool) -> list[Figure]:
    """The figures of this module."""
    events = 50_000 if is_quick else 200_000
    rows = make_rows(CHUNK_EVENTS, UNKNOWN_SHARE)
    rules = make_rules(100)
    with TemporaryDirectory() as folder:
        journal = SealedJournal(Path(folder), rows, events)
        members, scope = _members(rules, journal.registry), Scope(registry=journal.registry)
        raw = open_columnar(Path(folder))
        counted = ", ".join(f"count_if({rule.write('sql')})" for rule in rules)
        by_hand = f"SELECT {counted} FROM read_parquet({journal.files!r})"
        judge = ours(rules)
        decode = msgspec.json.Decoder(MEASURED.data).decode
        stored = [(event, msgspec.json.encode({"actor": "a", **row})) for event, row in
                  zip(make_events(rows[:10_000]), rows, strict=False)]
        report = backtest(journal.analysis, members, scope)
        hits = [policy.hits for policy in report.policies]
        if tuple(hits) != raw.execute(by_hand).fetchone():
            raise AssertionError("the backtest and the hand-written SQL disagree")
        taken = interleave(
            {
                "row loop": lambda: [judge(replace(event, data=decode(raw))) for event, raw in stored],
                "hand-written SQL": lambda: raw.execute(by_hand).fetchall(),
                "backtest": lambda: backtest(journal.analysis, members, scope),
            },
            rounds=3 if is_quick else 5,
        )
        sealing = len(rows) / journal.seal_s
        raw.close()
        journal.close()
    per_second = {name: (len(stored) if name == "row loop" else events) / cpu for name, cpu in taken.items()}
    show_table(
        f"100 policies over {events:,} events of 60 signals, one core ({sum(hits):,} hits)",
        ["way", "events/s", "beside ours"],
        [(name, f"{speed:,.0f}", f"{speed / per_second['backtest']:.2f}") for name, speed in per_second.items()],
    )
    growth = [] if is_quick else _growth(rows, rules)
    return [
        at_least("backtest of 100 policies, events/s", per_second["backtest"], 100_000),
        at_most("backtest, times the hand-written SQL", per_second["hand-written SQL"] / per_second["backtest"], 2.0),
        Figure("backtest, times faster than the row loop", f"{per_second['backtest'] / per_second['row loop']:.1f}"),
        Figure("sealing, events/s", f"{sealing:,.0f}"),
        *growth,
    ]


def _growth(rows: list[dict[str, Any]], rules: list[Rule]) -> list[Figure]:
    """Cost per event of the same backtest on 10 k, 100 k and 1 M events."""
    costs = {}
    for events in (10_000, 100_000, 1_000_000):
        with TemporaryDirectory() as folder:
            journal = SealedJournal(Path(folder), rows[:events], events)
            members, scope = _members(rules, journal.registry), Scope(registry=journal.registry)
            taken = interleave({"": lambda j=journal, m=members, s=scope: backtest(j.analysis, m, s)}, rounds=3)  # type: ignore[misc]
            costs[events] = taken[""] / events * 1e6
            journal.close()
    shown = [(f"{events:,}", f"{cost:.2f}") for events, cost in costs.items()]
    show_table("backtest by size of the journal", ["events", "µs per event"], shown)
    return [at_most("backtest, cost per event at 1 M beside 100 k", costs[1_000_000] / costs[100_000], 1.2)]


if __name__ == "__main__":
    run_alone(run)
