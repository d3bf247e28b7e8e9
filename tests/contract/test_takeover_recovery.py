"""What is watched in accounts and known of sessions is the same after a crash, even when the texts are gone by then."""

import random
from collections.abc import Mapping
from typing import Any

import pytest
from spine import NOON, Spine

from anlan.domain.events import Event
from anlan.domain.signals import Signal
from anlan.engine.fuses import Fuses
from anlan.engine.profiles import wanted
from anlan.engine.recovery import recover
from anlan.engine.signals import signal
from anlan.protections.accounts import signals as accounts
from anlan.protections.accounts.after_login import _READS, AfterLogin
from anlan.protections.accounts.sessions import Sessions
from anlan.store.counters import SavedSnapshot, load_snapshots
from anlan.store.database import Database
from anlan.store.journal import Journal, Snapshot
from anlan.store.retention import RetentionDays, apply
from anlan.store.vault import Codec

DAY_S = 86_400.0


@signal(title={"zh": "长度", "en": "length"}, low=0)
def text_length(content_text: str) -> int:
    """Characters."""
    return len(content_text)


@signal(title={"zh": "模板", "en": "template"})
def text_template(content_text: str) -> str | None:
    """The text itself stands for it here."""
    return content_text or None


@signal(title={"zh": "借钱", "en": "asks for money"})
def move_transfer_requested(content_text: str) -> bool:
    """Texts that say so."""
    return "money" in content_text


OWN = (text_length, text_template, move_transfer_requested, *accounts.SIGNALS)


class House:
    """An engine with both states."""

    def __init__(self) -> None:
        sessions, after = Sessions(1_000), AfterLogin(1_000)
        made = (*OWN, *sessions.signals, *after.signals)
        known = {one.name for one in made}
        absent = tuple(_unknown(name) for name in _READS if name not in known)
        self.spine = Spine((*made, *absent), budget_s=5.0)
        self.accumulators = {one.name: one for one in (sessions, after)}

    def judge(self, event: Event) -> Any:
        """The first pass; facts are learnt as intake does."""
        profiles = self.spine.engine.profiles
        profiles.load(profiles.missing(wanted(event)), ())
        return self.spine.judge(event)

    def recover(self, journal: Journal, saved: Mapping[str, SavedSnapshot]) -> None:
        """As after a start."""
        recover(self.spine.counters, Fuses(), saved, journal.since, self.spine.catalogue, self.accumulators)

    @property
    def states(self) -> list[bytes]:
        """What is remembered."""
        return [one.snapshot() for one in self.accumulators.values()]


def _unknown(name: str) -> Signal:
    return Signal(
        name=name, compute=lambda _: None, type="number", reads=("event",), title={"zh": name, "en": name}
    )


def stream(spine: Spine, seed: int, length: int = 120) -> list[Event]:
    """A few people on known and new devices, talking, begging, changing what accounts hang on."""
    chance = random.Random(seed)
    made = []
    for number in range(length):
        who, place = chance.choice(["ann", "bob"]), chance.choice(["phone", "phone", "odd"])
        where = {"session": f"s-{who}-{place}", "device": f"{who}-{chance.choice([place, 'phone'])}"}
        kind = chance.choice(["account.login", *["message.sent"] * 6, "account.binding_changed", "session.changed"])
        data: dict[str, Any] = {"account": who, **where}
        if kind == "account.login":
            data |= {"result": "success", "ip": chance.choice(["1.2.4.8", "8.8.8.8"]), "user_agent": "App/1 (X)"}
        elif kind == "message.sent":
            text = chance.choice(["hello there", "send money please", "see you"])
            data = {"sender": who, "recipient": chance.choice("cdefg"), "text": text, "ip": "1.2.4.8", **where}
        elif kind == "account.binding_changed":
            data |= {"binding": "phone", "change": "replaced"}
        else:
            data |= {"change": "refreshed", "user_agent": chance.choice(["App/2 (X)", "Other"])}
        made.append(spine.event(kind, number, NOON + number * 40, **data))
    return made


@pytest.mark.parametrize("has_snapshots", [True, False])
def test_watches_go_on_as_if_nothing_had_happened(database: Database, *, has_snapshots: bool) -> None:
    journal = Journal(database, Codec(database.vault))
    whole, fresh = House(), House()
    events = stream(whole.spine, seed=3)
    judged = [whole.judge(event) for event in events]
    assert max(one.decision.signals.get("takeover_score", 0.0) for one in judged) > 0.5
    assert not whole.spine.engine.stats.failures
    half = House()
    for event in events[:60]:
        half.judge(event)
    taken = [Snapshot(name, NOON, one.snapshot()) for name, one in half.accumulators.items()]
    journal.commit(judged[:60], taken if has_snapshots else [])
    journal.commit(judged[60:])
    fresh.recover(journal, load_snapshots(database) if has_snapshots else {})
    assert fresh.states == whole.states


def test_watches_outlive_the_texts(database: Database) -> None:
    journal = Journal(database, Codec(database.vault))
    whole, fresh = House(), House()
    journal.commit([whole.judge(event) for event in stream(whole.spine, seed=4, length=60)])
    apply(database, RetentionDays(personal_days=1), NOON + 40 * DAY_S, whole.spine.catalogue.types)
    assert not any(b"money" in stored.data for stored in journal.since(0))
    fresh.recover(journal, {})
    assert fresh.accumulators["after_login"].snapshot() == whole.accumulators["after_login"].snapshot()
