"""Counters after a crash are what they would have been without one, wherever it fell; on both databases."""

import random

import pytest
from spine import NOON, Spine

from anlan.domain.decisions import Judged
from anlan.engine.fuses import Fuses
from anlan.engine.recovery import SnapshotRound, recover
from anlan.protections.registry import COUNTERS_FILE
from anlan.store.counters import load_snapshots
from anlan.store.database import Database
from anlan.store.journal import Journal, Snapshot
from anlan.store.vault import Codec

COUNTERS = COUNTERS_FILE.read_text("utf-8")
PEOPLE = [f"a{number}" for number in range(12)]


def make_spine() -> Spine:
    return Spine(counters=COUNTERS)


def stream(spine: Spine, seed: int, length: int = 400) -> list[Judged]:
    """A busy hour of several types of event: late ones, far-ahead ones, and hot keys among them."""
    chance = random.Random(seed)
    made = []
    for number in range(length):
        at = NOON + number * 9 + chance.choice([0.0, 0.0, 0.0, -900.0, -4000.0, 590.0])
        someone, other = chance.choices(PEOPLE, k=2)
        ip = f"192.0.2.{chance.randrange(4)}"
        type_name, data = chance.choice([
            ("message.sent", {"sender": someone, "recipient": other, "text": f"hello {chance.randrange(5)}", "ip": ip}),
            ("account.login", {"account": someone, "result": chance.choice(["success", "failure"]), "ip": ip}),
            ("payment.initiated", {"payer": someone, "payee": other, "amount_minor": chance.randrange(10_000)}),
            ("account.registered", {"account": f"new{number}", "ip": ip, "device": "d", "phone": "+8613800000000"}),
            ("report.filed", {"reporter": someone, "reported": other, "category": "spam"}),
        ])
        made.append(spine.judge(spine.event(type_name, number, at, **data)))  # type: ignore[arg-type]
    return made


def states(spine: Spine) -> dict[str, bytes]:
    return {name: spine.counters.snapshot(name) for name in spine.counters.by_name}


def run_until_crash(journal: Journal, seed: int) -> int:
    """Commit a stream in batches with a snapshot now and then; how many events were committed when it stopped."""
    spine, chance = make_spine(), random.Random(seed)
    snapshots = SnapshotRound(spine.counters, spine.engine.fuses)
    crash_at = chance.randrange(40, 400)
    events = [judged.event for judged in stream(Spine(), seed)]
    start = 0
    while start < crash_at:
        batch = events[start : min(start + chance.randrange(1, 30), crash_at)]
        judged = [spine.judge(event) for event in batch]
        taken = snapshots.take() if chance.random() < 0.7 else []
        journal.commit(judged, [Snapshot(name, NOON, body) for name, body in taken])
        start += len(batch)
    for event in events[start : start + 10]:
        spine.judge(event)  # counted, and lost with the process before it was committed
    return start


@pytest.mark.parametrize("seed", range(6))
def test_counters_go_on_as_if_nothing_had_happened(database: Database, seed: int) -> None:
    journal = Journal(database, Codec(database.vault))
    committed = run_until_crash(journal, seed)
    whole, fresh = make_spine(), make_spine()
    events = [judged.event for judged in stream(Spine(), seed)]
    for event in events[:committed]:
        whole.judge(event)
    saved = load_snapshots(database)
    counted = recover(fresh.counters, Fuses(), saved, journal.since, fresh.catalogue)
    assert states(fresh) == states(whole)
    assert counted <= committed
    for event in events[committed:]:
        assert fresh.judge(event).decision.signals == whole.judge(event).decision.signals
    assert states(fresh) == states(whole)


def test_without_a_snapshot_everything_is_counted_from_the_journal(database: Database) -> None:
    journal, spine, fresh = Journal(database, Codec(database.vault)), make_spine(), make_spine()
    events = [judged.event for judged in stream(Spine(), 1)]
    journal.commit([spine.judge(event) for event in events])
    assert recover(fresh.counters, Fuses(), {}, journal.since, fresh.catalogue) == len(events)
    assert states(fresh) == states(spine)


def test_a_damaged_snapshot_costs_time_and_no_counts(database: Database) -> None:
    journal, spine, fresh = Journal(database, Codec(database.vault)), make_spine(), make_spine()
    events = [judged.event for judged in stream(Spine(), 2)]
    taken = SnapshotRound(spine.counters, spine.engine.fuses)
    journal.commit([spine.judge(event) for event in events])
    broken = [Snapshot(name, NOON, body[: len(body) // 2]) for name, body in taken.take_all()]
    journal.commit([], broken)
    recover(fresh.counters, Fuses(), load_snapshots(database), journal.since, fresh.catalogue)
    assert states(fresh) == states(spine)
