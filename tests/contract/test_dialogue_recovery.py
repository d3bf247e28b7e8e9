"""What a dialogue showed is remembered after a crash as it would have been without one, on both databases."""

import random
from collections.abc import Mapping
from typing import Any

import pytest
from dialogued import make_spine
from spine import NOON, Spine, envelope

from anlan.domain.decisions import Judged
from anlan.domain.events import Event
from anlan.engine.fuses import Fuses
from anlan.engine.profiles import wanted
from anlan.engine.recovery import SnapshotRound, recover
from anlan.protections.dialogue.window import Dialogues
from anlan.store.counters import SavedSnapshot, load_snapshots
from anlan.store.database import Database
from anlan.store.journal import Journal, Snapshot
from anlan.store.retention import RetentionDays, apply
from anlan.store.vault import Codec

DAY_S = 86_400.0
TEXTS = (
    "你好，在吗", "您好，这里是市公安局刑侦支队", "不要告诉任何人", "请尽快转账到安全账户", "下载会议软件共享屏幕",
    "请把收到的验证码告诉我", "明天一起吃饭吗", "在家就能做，一单5元，日结", "加导师微信 abc_12345",
)


class House:
    """An engine with its window."""

    def __init__(self) -> None:
        self.spine, window = make_spine()
        self.accumulators = {window.name: window}

    def judge(self, event: Event) -> Judged:
        """The first pass; people are strangers."""
        profiles = self.spine.engine.profiles
        profiles.load(profiles.missing(wanted(event)), ())
        return self.spine.judge(event)

    def recover(self, journal: Journal, saved: Mapping[str, SavedSnapshot]) -> None:
        """As after a start."""
        recover(self.spine.counters, Fuses(), saved, journal.since, self.spine.catalogue, self.accumulators)

    @property
    def state(self) -> bytes:
        """What is remembered."""
        return self.accumulators[Dialogues.name].snapshot()


def stream(spine: Spine, seed: int, length: int = 160) -> list[Event]:
    """Messages of a few people to each other, some late, and payments between them."""
    chance = random.Random(seed)
    made = []
    for number in range(length):
        at = NOON + number * 60 + chance.choice([0.0, 0.0, -3_600.0])
        someone, other = chance.sample(["ann", "bob", "cat", "dan"], 2)
        kind: str = "message.sent"
        data: dict[str, Any] = {"sender": someone, "recipient": other, "text": chance.choice(TEXTS)}
        if chance.random() < 0.1:
            kind, data = "payment.initiated", {"payer": someone, "payee": "w", "amount_minor": 50_000}
        made.append(spine.catalogue.decode(envelope(kind, f"e{number}", data), at))
    return made


def run_until_crash(journal: Journal, house: House, events: list[Event], crash_at: int) -> None:
    """Commit in batches with a snapshot after each; the last events are counted and lost."""
    snapshots = SnapshotRound(house.spine.counters, house.spine.engine.fuses, house.accumulators)
    for start in range(0, crash_at, 20):
        batch = [house.judge(event) for event in events[start : min(start + 20, crash_at)]]
        taken = snapshots.take_all() if start == 40 else []
        journal.commit(batch, [Snapshot(name, NOON, body) for name, body in taken])
    for event in events[crash_at : crash_at + 5]:
        house.judge(event)


@pytest.mark.parametrize("has_snapshots", [True, False])
def test_dialogues_go_on_as_if_nothing_had_happened(database: Database, *, has_snapshots: bool) -> None:
    journal = Journal(database, Codec(database.vault))
    crashed, whole, fresh = House(), House(), House()
    events, crash_at = stream(crashed.spine, seed=5), 110
    run_until_crash(journal, crashed, events, crash_at)
    for event in events[:crash_at]:
        whole.judge(event)
    fresh.recover(journal, load_snapshots(database) if has_snapshots else {})
    assert fresh.state == whole.state
    assert len(fresh.state) > 1_000, "something was remembered"
    for event in events[crash_at:]:
        assert fresh.judge(event).decision.signals == whole.judge(event).decision.signals
    assert fresh.state == whole.state


def test_signals_outlive_the_text_that_they_were_read_from(database: Database) -> None:
    journal = Journal(database, Codec(database.vault))
    whole, fresh = House(), House()
    journal.commit([whole.judge(event) for event in stream(whole.spine, seed=6, length=40)])
    apply(database, RetentionDays(personal_days=1), NOON + 40 * DAY_S, whole.spine.catalogue.types)
    assert not any(text.encode() in stored.data for stored in journal.since(0) for text in TEXTS)
    fresh.recover(journal, {})
    assert fresh.state == whole.state
