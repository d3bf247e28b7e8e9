"""Alerts a second with two guardians each, how that grows with the table, and how long one takes inline.

Capacity is that of the part that follows decisions, beside a floor: the same number of rows, as large, written bare
into a store of the same kind in the same run. Inline means through a whole house: from the event's bytes until alert,
message and the guardians' warnings are committed, at the steady rate of the Reach.

`python -m bench.alerts --large` fills the table with 3,000,000 alerts first, a day at the mark.
"""

import asyncio
import gc
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import count, islice
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import uvloop
from sqlalchemy import Connection, Table, func, insert, select, text

from anlan import clock
from anlan.app import House
from anlan.center.alerts import Alerts
from anlan.center.circle_warnings import CircleWarnings
from anlan.domain.actions import Action
from anlan.domain.decisions import Decision, Finding, Judged
from anlan.domain.events import Catalogue
from anlan.domain.keys import decision_id, event_key
from anlan.domain.scenarios import HARMS
from anlan.protections.fraud.scenario_file import load_scenarios
from anlan.serving import GC_THRESHOLDS, SWITCH_INTERVAL_S
from anlan.settings import Settings
from anlan.store.database import Database
from anlan.store.journal import Journal
from anlan.store.tables import alerts, circle_bonds, circle_warnings, outbox
from anlan.store.vault import Codec
from bench.measure import Figure, at_least, at_most, interleave, run_alone, show_table

GUARDIANS = 2
WARDS = 40_000
START = 1_795_262_400.0
TOGETHER = 25
"""Events to a commit at 500 alerts a second: twenty commits a second."""
REACH_PER_S, REACH_P99_MS = 500.0, 50.0
LARGE = 3_000_000
SETTLING_S = 2.0
"""What a house does once when it starts is not what an alert takes."""
WORDS = "SCAM"
POLICY = f"""
- id: bench.words
  on: message.sent
  when: text = '{WORDS}'
  because: it said so
  reason: {{zh: 提醒, en: watch}}
  category: fraud
  then: [{{alert: {{scenario: coupon, strength: stop, to: recipient}}}}]
  state: live
  examples:
    - {{given: {{text: {WORDS}}}, hits: true}}
    - {{given: {{text: ok}}, hits: false}}
"""
CATALOGUE = Catalogue()
ROWS = (alerts, circle_warnings, outbox)


def body(number: int, now: float, words: str = WORDS) -> bytes:
    """A message of a stranger to a ward; every ward gets one before any gets two."""
    data = {"sender": f"s{number % 997}", "recipient": f"w{number % WARDS}", "text": words, "message_id": f"m{number}"}
    return msgspec.json.encode({
        "specversion": "1.0", "id": f"e{number:012}", "source": "bench", "type": "message.sent",
        "time": clock.to_rfc3339(now), "data": data,
    })


def ordered(number: int) -> Judged:
    """The same, judged: a policy orders a full stop."""
    event = CATALOGUE.decode(body(number, START + number / REACH_PER_S), START + number)
    action = Action(
        kind="alert", target=f"account:w{number % WARDS}", policy="bench.words",
        parameters={"scenario": "coupon", "strength": "stop", "to": "recipient"},
    )
    finding = Finding(
        policy="bench.words", version=1, verdict="warn", severity="high", category="fraud", because={}, values={},
        actions=(action,),
    )
    return Judged(event, Decision(
        id=decision_id(event_key(event.source, event.id), 1), pass_number=1, verdict="warn", findings=(finding,),
        shadow=(), actions=(action,), pending=(), signals={"text_fraud_score": 0.9}, failed={}, policy_set="a" * 64,
        models={}, took_us=300.0,
    ), event.time)


def form_circles(connection: Connection) -> None:
    """Two guardians for every ward, who agreed to everything."""
    rows = [
        {"id": f"bond_{ward}_{guardian}", "ward": f"account:w{ward}", "guardian": f"account:g{ward}.{guardian}",
         "ward_harms": ",".join(HARMS), "guardian_harms": ",".join(HARMS), "may_pause": False, "state": "standing",
         "began_at": START}
        for ward in range(WARDS) for guardian in range(GUARDIANS)
    ]
    connection.execute(insert(circle_bonds), rows)


def fill(database: Database, rows: int) -> None:
    """As many old alerts of members who are among ours or not, in the order of a night and a day."""
    numbers = f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows}) "
    columns = {
        "id": "'alert_old' || i", "event_seq": "-i", "account": "'account:w' || (i * 7919 % 2000003)",
        "scenario": "'coupon'", "version": "1", "strength": "'hint'", "moment": "'setting'",
        "other": "'account:s' || (i % 997)", "policy": "'bench.words'", "arm": "'usual'", "state": "'sent'",
        "day": "'2026-11-20'", "at": f"{START} - 86400 + i * 86400.0 / {rows}",
        "made_at": f"{START} - 86400 + i * 86400.0 / {rows}",
    }
    named, values = ", ".join(columns), ", ".join(columns.values())
    with database.write() as connection:
        connection.execute(text(f"INSERT INTO alerts ({named}) {numbers} SELECT {values} FROM n"))


class Desk:
    """Alerts with circles over one store, and decisions that go on and on."""

    def __init__(self, folder: Path, old_rows: int = 0) -> None:
        folder.mkdir()
        self.database = Database(f"sqlite:///{folder / 'bench.db'}", bytes(32))
        self.database.migrate()
        self.journal = Journal(self.database, Codec(self.database.vault))
        scenarios = load_scenarios()
        circle = CircleWarnings(self.database, scenarios, "https://safe.example")
        self.alerts = Alerts(
            self.database, scenarios, (circle.on_alerts_raised,), address="https://safe.example", zone="UTC"
        )
        self._judged: Iterator[Judged] = (ordered(number) for number in count())
        with self.database.write() as connection:
            form_circles(connection)
        if old_rows:
            fill(self.database, old_rows)

    def commit(self, events: int) -> None:
        """Decisions into the journal."""
        self.journal.commit(list(islice(self._judged, events)))

    def take_in(self) -> None:
        """Follow them; each of `TOGETHER` and all of the rest."""
        self.alerts.take_in(START)


def rows_of(database: Database, table: Table, limit: int) -> list[dict[str, object]]:
    """Rows as large as those that were made."""
    with database.read() as connection:
        return [dict(row) for row in connection.execute(select(table).limit(limit)).mappings()]


def bare_inserts(folder: Path, made: Desk) -> Callable[[int], None]:
    """Writes as many rows of the same tables as `alerts` alerts make, with nothing weighed and nobody asked."""
    database = Database(f"sqlite:///{folder / 'bare.db'}", bytes(32))
    database.migrate()
    samples = {table: rows_of(made.database, table, 1)[0] for table in ROWS}
    numbers = count()

    def anew(table: Table, rows: int) -> list[dict[str, object]]:
        found = []
        for number in islice(numbers, rows):
            row = samples[table] | {"id": f"{number:032}"}
            changed: dict[str, object] = {"event_seq": number} if table is alerts else {}
            changed |= {"alert_id": f"{number:032}"} if table is circle_warnings else {}
            found.append(row | changed)
        return found

    def write(made_alerts: int) -> None:
        with database.write() as connection:
            connection.execute(insert(alerts), anew(alerts, made_alerts))
            connection.execute(insert(circle_warnings), anew(circle_warnings, made_alerts * GUARDIANS))
            connection.execute(insert(outbox), anew(outbox, made_alerts * (1 + GUARDIANS)))

    return write


def rates(desks: dict[str, Desk], floor: Callable[[int], None], alerts_each: int) -> dict[str, float]:
    """Alerts a second on the wall by each desk, and by the floor, in turns."""
    taken: dict[str, float] = dict.fromkeys((*desks, "floor"), 0.0)
    for _ in range(alerts_each // TOGETHER):
        for name, desk in desks.items():
            desk.commit(TOGETHER)
            began = time.perf_counter()
            desk.take_in()
            taken[name] += time.perf_counter() - began
        began = time.perf_counter()
        floor(TOGETHER)
        taken["floor"] += time.perf_counter() - began
    return {name: alerts_each / seconds for name, seconds in taken.items()}


def capacity_figures(quick: bool, old_rows: int) -> list[Figure]:
    """What one store takes, and what a table full of old alerts adds."""
    with TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        desks = {"empty": Desk(folder / "empty"), "full": Desk(folder / "full", old_rows)}
        for desk in desks.values():
            stack.callback(desk.database.close)
            desk.commit(TOGETHER)
            desk.take_in()
        found = rates(desks, bare_inserts(folder, desks["empty"]), 1_000 if quick else 4_000)
        cpu = interleave({"empty": _follow(desks["empty"], 500), "full": _follow(desks["full"], 500)}, 3)
        with desks["empty"].database.read() as connection:
            warned, told = (connection.execute(select(func.count()).select_from(t)).scalar_one() for t in ROWS[:2])
    title = f"Alerts with {GUARDIANS} guardians each, {TOGETHER} to a commit"
    show_table(title, ["store", "alerts/s", "CPU µs each"], [
        ["no alert before", f"{found['empty']:,.0f}", f"{cpu['empty'] / 500 * 1e6:,.0f}"],
        [f"{old_rows:,} alerts before", f"{found['full']:,.0f}", f"{cpu['full'] / 500 * 1e6:,.0f}"],
        ["floor: the same rows written bare", f"{found['floor']:,.0f}", ""],
    ])
    return [
        at_least(f"alerts/s with {GUARDIANS} guardians each", found["empty"], REACH_PER_S),
        at_least(f"alerts/s with {old_rows:,} alerts before", found["full"], REACH_PER_S),
        Figure("alerts: wall time beside writing the same rows bare", f"{found['floor'] / found['empty']:.1f} ×"),
        at_most(f"alerts: CPU with {old_rows:,} alerts before, beside none", cpu["full"] / cpu["empty"], 1.5),
        at_most("alerts: guardians' warnings that are missing", warned * GUARDIANS - told, 0, "{:.0f}"),
    ]


def _follow(desk: Desk, alerts_each: int) -> Callable[[], None]:
    def work() -> None:
        for _ in range(alerts_each // TOGETHER):
            desk.commit(TOGETHER)
            desk.take_in()

    return work


class Watched:
    """A house that notes when each alert was committed."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.committed_at: dict[str, float] = {}
        self._take = house.company.alerts.take_in
        house.company.called_rounds["alert"] = self._take_in
        self._seen = 0

    def _take_in(self, now: float) -> int:
        made = self._take(now)
        at = time.perf_counter()
        with self.house.database.read() as connection:
            query = text(
                "SELECT alerts.rowid, events.id FROM alerts JOIN events ON events.seq = alerts.event_seq "
                "WHERE alerts.rowid > :seen"
            )
            for row, event in connection.execute(query, {"seen": self._seen}):
                self._seen = max(self._seen, row)
                self.committed_at[event] = at
        return made


def as_served() -> None:
    """Set this process as the server sets its own."""
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)


async def _inline(folder: Path, per_s: float, seconds: float) -> list[float]:
    """Milliseconds from an event's bytes to the committed alert, in order of events."""
    (folder / "policies").mkdir()
    (folder / "policies" / "bench.yaml").write_text(POLICY, "utf-8")
    house = House(Settings(_env_file=None, data_dir=folder / "data", policies_dir=folder / "policies"))
    with house.database.write() as connection:
        form_circles(connection)
    watched, sent = Watched(house), {}
    await house.start()
    as_served()
    await asyncio.sleep(SETTLING_S)
    try:
        tasks, began = [], time.perf_counter()
        for number in range(int(per_s * seconds)):
            await asyncio.sleep(max(began + number / per_s - time.perf_counter(), 0))
            sent[f"e{number:012}"] = time.perf_counter()
            tasks.append(asyncio.create_task(house.intake.accept(body(number, clock.now()))))
        await asyncio.gather(*tasks)
        async with asyncio.timeout(30):
            while len(watched.committed_at) < len(sent):
                await asyncio.sleep(0.01)
    finally:
        await house.stop()
    return [1_000 * (watched.committed_at[event] - at) for event, at in sent.items()]


def inline_figures(quick: bool) -> list[Figure]:
    """How long one alert takes from its trigger to the outbox, at a rate that leaves room and at that of the Reach."""
    figures, rows = [], []
    for per_s in (50.0, REACH_PER_S):
        with TemporaryDirectory() as name:
            found = sorted(uvloop.run(_inline(Path(name), per_s, 4.0 if quick else 15.0)))
        p50, p99 = found[len(found) // 2], found[int(len(found) * 0.99)]
        rows.append([f"{per_s:.0f}", f"{p50:.1f}", f"{p99:.1f}", f"{found[-1]:.1f}"])
        figures.append(Figure(f"alert: trigger to outbox at {per_s:.0f}/s, p50 ms", f"{p50:.1f}"))
        figures.append(at_most(f"alert: trigger to outbox at {per_s:.0f}/s, p99 ms", p99, REACH_P99_MS, "{:.1f}"))
    show_table("From trigger to outbox, milliseconds", ["alerts/s", "p50", "p99", "slowest"], rows)
    return figures


def run(quick: bool) -> list[Figure]:
    """Print the tables; the figures of the Reach."""
    old_rows = LARGE if "--large" in sys.argv else 50_000 if quick else 300_000
    return capacity_figures(quick, old_rows) + inline_figures(quick)


if __name__ == "__main__":
    run_alone(run)
