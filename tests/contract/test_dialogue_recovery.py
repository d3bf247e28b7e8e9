"""What a dialogue showed is remembered after a crash as it would have been without one, on both databases."""

import random

import pytest
from spine import NOON, envelope

from anlan.domain.decisions import Judged
from anlan.domain.events import Event
from anlan.engine.fuses import Fuses
from anlan.engine.profiles import wanted
from anlan.engine.recovery import SnapshotRound, recover
from anlan.settings import Settings
from anlan.store.counters import load_snapshots
from anlan.store.database import Database
from anlan.store.journal import Journal, Snapshot
from anlan.store.retention import RetentionDays, apply
from anlan.store.vault import Codec
from anlan.workshop import Workshop, build_workshop

DAY_S = 86_400.0
TEXTS = (
    "你好，在吗", "您好，这里是市公安局刑侦支队", "不要告诉任何人", "请尽快转账到安全账户", "下载会议软件共享屏幕",
    "请把收到的验证码告诉我", "明天一起吃饭吗", "在家就能做，一单5元，日结", "加导师微信 abc_12345",
)


def stream(workshop: Workshop, seed: int, length: int = 160) -> list[Event]:
    """Messages of a few people to each other, some late, and payments between them."""
    chance = random.Random(seed)
    made = []
    for number in range(length):
        at = NOON + number * 60 + chance.choice([0.0, 0.0, -3_600.0])
        someone, other = chance.sample(["ann", "bob", "cat", "dan"], 2)
        data = {"sender": someone, "recipient": other, "text": chance.choice(TEXTS)}
        kind = "message.sent"
        if chance.random() < 0.1:
            kind, data = "payment.initiated", {"payer": someone, "payee": "w", "amount_minor": 50_000}  # type: ignore[dict-item]
        made.append(workshop.catalogue.decode(envelope(kind, f"e{number}", data), at))
    return made


def judge(workshop: Workshop, event: Event) -> Judged:
    workshop.engine.profiles.load(workshop.engine.profiles.missing(wanted(event)), ())
    return workshop.engine.judge(event, event.time)


def states(workshop: Workshop) -> dict[str, bytes]:
    return {name: accumulator.snapshot() for name, accumulator in workshop.accumulators.items()}


def run_until_crash(journal: Journal, workshop: Workshop, events: list[Event], crash_at: int) -> None:
    """Commit in batches with a snapshot after each; the last events are counted and lost."""
    snapshots = SnapshotRound(workshop.counters, workshop.engine.fuses, workshop.accumulators)
    for start in range(0, crash_at, 20):
        batch = [judge(workshop, event) for event in events[start : min(start + 20, crash_at)]]
        taken = snapshots.take_all() if start == 40 else snapshots.take()
        journal.commit(batch, [Snapshot(name, NOON, body) for name, body in taken])
    for event in events[crash_at : crash_at + 5]:
        judge(workshop, event)


@pytest.mark.parametrize("has_snapshots", [True, False])
def test_dialogues_go_on_as_if_nothing_had_happened(database: Database, *, has_snapshots: bool) -> None:
    journal = Journal(database, Codec(database.vault))
    crashed, whole, fresh = (build_workshop(Settings()) for _ in range(3))
    events, crash_at = stream(crashed, seed=5), 110
    run_until_crash(journal, crashed, events, crash_at)
    for event in events[:crash_at]:
        judge(whole, event)
    saved = load_snapshots(database) if has_snapshots else {}
    recover(fresh.counters, Fuses(), saved, journal.since, fresh.catalogue, fresh.accumulators)
    assert states(fresh) == states(whole)
    assert any(len(body) > 200 for body in states(fresh).values()), "something was remembered"
    for event in events[crash_at:]:
        assert judge(fresh, event).decision.signals == judge(whole, event).decision.signals
    assert states(fresh) == states(whole)


def test_signals_outlive_the_text_that_they_were_read_from(database: Database) -> None:
    journal = Journal(database, Codec(database.vault))
    whole, fresh = build_workshop(Settings()), build_workshop(Settings())
    journal.commit([judge(whole, event) for event in stream(whole, seed=6, length=40)])
    apply(database, RetentionDays(personal_days=1), NOON + 40 * DAY_S, whole.catalogue.types)
    assert not any(text.encode() in stored.data for stored in journal.since(0) for text in TEXTS)
    recover(fresh.counters, Fuses(), {}, journal.since, fresh.catalogue, fresh.accumulators)
    assert states(fresh) == states(whole)
