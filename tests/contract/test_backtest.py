"""Backtests and investigations over a real journal say what the live engine said, and say what they cannot know."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from anlan.clock import now
from anlan.domain.events import CATALOGUE, Catalogue
from anlan.domain.keys import event_key
from anlan.domain.policies import Policy
from anlan.domain.signals import Signal
from anlan.engine.backtest import backtest, diff
from anlan.engine.conditions import parse
from anlan.engine.counter_specs import CounterSpec, load_counters
from anlan.engine.counters import Counters
from anlan.engine.investigate import Page, investigate
from anlan.engine.journal_reports import BACKTEST_LIMITS, PolicyBacktest
from anlan.engine.pipeline import Engine
from anlan.engine.policies import CheckedPolicy, PolicySet
from anlan.engine.readings import REASONS, Scope
from anlan.engine.signals import Registry, signal
from anlan.errors import TookTooLong
from anlan.store.analysis import Analysis
from anlan.store.database import Database
from anlan.store.journal import Journal
from anlan.store.rows import Columns
from anlan.store.segments import SegmentLimits, Segments
from anlan.store.vault import Codec

START = 1_790_000_000.0
COUNTERS = """
- name: sender_messages_10m
  kind: count
  on: [message.sent]
  by: [sender]
  over: 10m
  title: {zh: 十分钟内消息数, en: messages in ten minutes}
- name: phone_registrations_1h
  kind: count
  on: [account.registered]
  by: [phone]
  over: 1h
  title: {zh: 同一手机号注册数, en: registrations by phone}
"""


@signal(title={"zh": "长度", "en": "length"})
def text_length(content_text: str) -> int:
    return len(content_text)


@signal(title={"zh": "语气", "en": "tone"}, choices=("calm", "angry"))
def tone(content_text: str) -> str | None:
    return {"!": "angry", ".": "calm"}.get(content_text[-1:])


class House:
    """An engine with a journal; `judge` sends what is committed, some of it sealed."""

    def __init__(
        self, database: Database, folder: Path, signals: tuple[Signal, ...] = (text_length, tone),
        counters: str = COUNTERS,
    ) -> None:
        self.database, self.folder = database, folder
        catalogue = Catalogue(CATALOGUE, 1e9)
        self.specs = {spec.name: spec for spec in load_counters(counters, catalogue, "counters.yaml")}
        made = Counters(self.specs.values())
        self.registry = Registry(
            catalogue, signals, {name: (_as_signal(spec), spec.readable_on) for name, spec in self.specs.items()}
        )
        self.engine = Engine(self.registry, {entry.name: made.for_type(entry.name) for entry in catalogue})
        self.journal = Journal(database, Codec(database.vault))
        columns = Columns(catalogue.types, self.registry.by_name.values())
        self.segments = Segments(database, folder, columns, SegmentLimits(events=40))
        self.analysis = Analysis(self.segments)
        self.scope = Scope(registry=self.registry, counters=self.specs)

    def policy(self, name: str, when: str, on: tuple[str, ...] = ("message.sent",), **more: Any) -> CheckedPolicy:
        policy = Policy(
            id=name, on=on, when=when, because={"zh": "", "en": ""}, reason={}, category="c",
            **({"state": "live"} | more),
        )
        return CheckedPolicy(policy, parse(when, self.registry.types_on(on)))

    def send(self, *messages: tuple[str, str, float], first: int = 1) -> None:
        """Judge and commit (sender, text, seconds after START), numbered from `first`."""
        judged = []
        for number, (sender, text, after) in enumerate(messages, first):
            body = {
                "specversion": "1.0", "id": str(number), "source": "test", "type": "message.sent",
                "data": {"sender": sender, "text": text, "recipient": "r", "ip": f"10.0.0.{number % 4}"},
            }
            event = self.registry.catalogue.decode(msgspec.json.encode(body), START)
            judged.append(self.engine.judge(msgspec.structs.replace(event, time=START + after), now()))
        self.journal.commit(judged)

    def backtest(self, *policies: CheckedPolicy, **more: Any) -> tuple[PolicyBacktest, ...]:
        return backtest(self.analysis, policies, self.scope, **more).policies

    def close(self) -> None:
        self.segments.close()


def _as_signal(spec: CounterSpec) -> Signal:
    return Signal(
        name=spec.name, compute=lambda: None, type="number", reads=("event",), title=spec.title,
        applies_to=tuple(spec.readable_on),
    )


@pytest.fixture
def backend() -> str:
    """What is asked of the journal does not depend on the database; test_segments runs on both."""
    return "sqlite"


@pytest.fixture
def house(database: Database, tmp_path: Path) -> Iterator[House]:
    made = House(database, tmp_path / "journal")
    yield made
    made.close()


def chatter(count: int) -> list[tuple[str, str, float]]:
    """Messages of five senders; every third ends unknown, every fifth is angry."""
    ends = ["", ".", ".", "!", ""]
    return [(f"a{n % 5 if n % 2 else 0}", "x" * (n % 30) + ends[n % 5], n * 37.0) for n in range(count)]


def test_an_empty_journal_gives_an_empty_report(house: House) -> None:
    (report,) = house.backtest(house.policy("p", "text_length > 3", quota=(5, 60.0), verdict="block"), labels={})
    assert (report.asked, report.hits, report.unknown, report.examples, report.series) == (0, 0, 0, (), ())
    found = investigate(house.analysis, None, (), house.scope)
    assert (found.total, found.events, found.series, found.next_before_seq) == (0, (), (), None)
    assert diff(house.analysis, (), (), house.scope).changes == ()
    assert backtest(house.analysis, (), house.scope).policies == ()


def test_live_findings_and_the_backtest_agree(house: House) -> None:
    policies = (
        house.policy("long", "text_length >= 20", verdict="block"),
        house.policy("angry", "tone = 'angry' OR text_length > 27"),
        house.policy("not_calm", "NOT tone = 'calm'", state="shadow"),
        house.policy("unsure", "tone = 'angry' AND text_length > 5", on_unknown="review"),
        house.policy("busy", "sender_messages_10m > 1 AND sender <> 'a0'"),
        house.policy("logins", "result = 'failure'", on=("account.login",)),
    )
    house.engine.swap(PolicySet(policies, "h"))
    house.send(*chatter(100))
    house.segments.seal()
    assert len(house.segments.listed()) == 2
    reports = house.backtest(*policies)
    assert [(r.hits == r.recorded == r.also_found) for r in reports] == [True] * 6
    assert [r.hits > 0 for r in reports] == [True] * 5 + [False]
    assert [r.asked for r in reports] == [100] * 5 + [0]
    unknown = sum(1 for _, text, _ in chatter(100) if not text or text[-1] not in ".!")
    assert reports[2].unknown == unknown
    assert [(m.signal, m.events) for m in reports[2].missing] == [("tone", unknown)]
    assert reports[0].given == {"block": reports[0].hits}


def test_one_policy_in_every_detail(house: House) -> None:
    house.engine.swap(PolicySet((house.policy("live", "text_length > 6", verdict="warn"),), "h"))
    texts = ["aaaa", "bbbbbbbb", "cc", "dddd", "eeeee"]
    house.send(*((f"a{n % 2}", text, n * 3_600.0) for n, text in enumerate(texts)))
    actions = (("case", {"queue": "q"}),)
    policy = house.policy("p", "text_length > 3", state="draft", verdict="hold", actions=actions)
    because = {"zh": "{text_length} 字", "en": "{text_length} long"}
    policy = CheckedPolicy(msgspec.structs.replace(policy.policy, because=because), policy.condition)
    labels = {event_key("test", "1"): True, event_key("test", "2"): False, event_key("test", "3"): True}
    (report,) = house.backtest(policy, labels=labels)
    assert (report.hits, report.unknown, report.recorded, report.uncovered) == (4, 0, 0, 3)
    assert report.actions == {"case": 4}
    assert report.given == {"allow": 3, "warn": 1}
    assert [count for _, count in report.series] == [1, 1, 1, 1]
    assert report.top_actors == (("account:a0", 2), ("account:a1", 2))
    newest = report.examples[0]
    assert (newest.id, newest.because["en"], newest.values) == ("5", "5 long", {"text_length": 5})
    assert report.labels is not None
    assert msgspec.structs.astuple(report.labels) == (1, 1, 1)


def test_a_report_carries_its_limits_and_can_be_written(house: House) -> None:
    house.send(*chatter(5))
    report = backtest(house.analysis, [house.policy("p", "text_length > 3")], house.scope)
    assert report.limits == BACKTEST_LIMITS
    assert all(limit["zh"] and limit["en"] for limit in report.limits)
    assert msgspec.json.decode(msgspec.json.encode(report))["events"] == 5


def test_the_quota_is_forecast_by_the_fuse(house: House) -> None:
    house.send(*(("a", "hello", n * 10.0) for n in range(30)))
    tight = house.policy("tight", "text_length > 3", verdict="block", quota=(5, 60.0))
    loose = house.policy("loose", "text_length > 3", verdict="block", quota=(6, 60.0))
    mild = house.policy("mild", "text_length > 3", quota=(1, 60.0))
    reports = house.backtest(tight, loose, mild)
    assert reports[0].quota is not None
    assert reports[1].quota is not None
    assert (reports[0].quota.blown, reports[0].quota.withheld) == (5, 5)
    assert (reports[1].quota.blown, reports[1].quota.withheld) == (0, 0)
    assert reports[2].quota is None


def test_a_counter_declared_later_is_counted_over_old_events(house: House) -> None:
    later = COUNTERS + """
- name: sender_messages_5m
  kind: count
  on: [message.sent]
  by: [sender]
  over: 5m
  title: {zh: 五分钟内消息数, en: messages in five minutes}
"""
    house.send(*chatter(50))
    house.segments.seal()
    renewed = House(house.database, house.folder, counters=later)
    policies = (renewed.policy("five", "sender_messages_5m >= 3"), renewed.policy("ten", "sender_messages_10m >= 3"))
    report = backtest(renewed.analysis, policies, renewed.scope)
    assert report.recounted == ("sender_messages_5m",)
    times: dict[str, list[float]] = {}
    expected = 0
    for sender, _, after in chatter(50):
        times.setdefault(sender, []).append(after)
        expected += sum(after - 300 < time <= after for time in times[sender]) >= 3
    assert (report.policies[0].hits, report.policies[0].unknown) == (expected, 0)
    assert expected > 0
    within = msgspec.structs.replace(renewed.scope, start=START + 1_000.0)
    narrowed = backtest(renewed.analysis, policies, within)
    assert narrowed.policies[0].unknown == 0
    assert 0 < narrowed.policies[0].hits < expected
    renewed.close()


def test_a_new_version_and_a_new_signal_are_unknown_on_old_events(house: House) -> None:
    house.send(*chatter(20))

    @signal(title={"zh": "新", "en": "new"})
    def fresh(content_text: str) -> int:
        return len(content_text)

    raised = msgspec.structs.replace(text_length, version=2)
    renewed = House(house.database, house.folder, (raised, tone, fresh))
    renewed.send(("a", "y" * 25, 2_000.0), first=21)
    report = backtest(
        renewed.analysis, [renewed.policy("v", "text_length >= 0"), renewed.policy("f", "fresh >= 0")], renewed.scope
    )
    assert [(p.hits, p.unknown) for p in report.policies] == [(1, 20), (1, 20)]
    assert report.policies[0].missing[0].reason == REASONS["older_version"]
    assert report.policies[1].missing[0].reason == REASONS["not_recorded"]
    renewed.close()


def test_sensitive_fields_are_said_to_be_missing(house: House) -> None:
    body = {"specversion": "1.0", "id": "1", "source": "t", "type": "account.registered",
            "data": {"account": "a", "phone": "+861380000"}}
    event = house.registry.catalogue.decode(msgspec.json.encode(body), START)
    house.journal.commit([house.engine.judge(event, START)])
    on = ("account.registered",)
    policies = house.policy("p", "phone = '+861380000'", on), house.policy("c", "phone_registrations_1h >= 1", on)
    report = house.backtest(*policies)
    assert (report[0].hits, report[0].unknown) == (0, 1)
    assert report[0].missing[0].reason == REASONS["not_kept"]
    assert report[1].hits == 1  # the live counter's value is recorded, though its key is not


def test_diff_tells_what_changes_and_by_whom(house: House) -> None:
    house.send(*((f"a{n}", "x" * n, n * 60.0) for n in range(20)))
    old = (
        house.policy("same", "text_length > 15", verdict="warn"),
        house.policy("moves", "text_length BETWEEN 5 AND 9"),
    )
    new = (
        house.policy("same", "text_length > 15", verdict="warn"),
        house.policy("moves", "text_length BETWEEN 8 AND 12", version=2, verdict="block"),
        house.policy("added", "text_length = 0", state="shadow", verdict="block"),
    )
    report = diff(house.analysis, old, new, house.scope)
    assert [msgspec.structs.astuple(change)[:6] for change in report.changes] == [
        ("added", None, 1, 0, 1, 0), ("moves", 1, 2, 2, 3, 3), ("same", 1, 1, 4, 0, 0),
    ]
    moves = report.changes[1]
    assert [e.values["text_length"] for e in moves.newly_examples] == [12, 11, 10]
    assert [e.values["text_length"] for e in moves.no_longer_examples] == [7, 6, 5]
    assert report.verdicts == (("allow", "block", 5),)
    assert diff(house.analysis, new, new, house.scope).verdicts == ()


def test_an_investigation_page_by_page(house: House) -> None:
    house.engine.swap(PolicySet((house.policy("live", "text_length > 25", verdict="block"),), "h"))
    house.send(*chatter(60))
    house.segments.seal()
    condition = parse("tone = 'angry'", house.registry.types_on(("message.sent",)))
    found = investigate(house.analysis, condition, ("message.sent",), house.scope, Page(limit=5))
    angry = [n for n, (_, text, _) in enumerate(chatter(60), 1) if text.endswith("!")]
    assert (found.asked, found.total) == (60, len(angry))
    assert found.unknown == sum(1 for _, text, _ in chatter(60) if not text or text[-1] not in ".!")
    assert sum(count for _, count in found.series) == found.total == sum(found.verdicts.values())
    assert {top.role for top in found.top} == {"sender", "recipient", "ip"}
    seen = [event.seq for event in found.events]
    while found.next_before_seq is not None:
        page = Page(limit=5, before_seq=found.next_before_seq)
        found = investigate(house.analysis, condition, ("message.sent",), house.scope, page)
        seen += [event.seq for event in found.events]
    assert seen == angry[::-1]
    either = parse("tone = 'angry' OR text_length >= 0", house.registry.types_on(("message.sent",)))
    assert investigate(house.analysis, either, ("message.sent",), house.scope).total == 60
    none = investigate(house.analysis, either, ("account.login",), house.scope)
    assert (none.asked, none.total) == (0, 0)
    everything = investigate(house.analysis, None, (), house.scope)
    assert everything.total == 60
    assert everything.events[0].values["text"] == chatter(60)[-1][1]


def test_hostile_conditions_stay_conditions(house: House) -> None:
    hostile = "'); DROP TABLE tail; --\""
    house.send(("a", hostile, 0.0), ("b", "harmless", 1.0))
    types = house.registry.types_on(("message.sent",))
    escaped = hostile.replace("'", "''")
    for text in (f"text = '{escaped}'", f"contains(text, '{escaped}')", f"text IN ('{escaped}', 'x')"):
        assert investigate(house.analysis, parse(text, types), ("message.sent",), house.scope).total == 1
        (report,) = house.backtest(house.policy(hostile, text))
        assert (report.policy, report.hits) == (hostile, 1)
    assert investigate(house.analysis, None, ("x') OR ('' = '",), house.scope).asked == 0


def test_a_question_ends_when_its_time_is_up(house: House) -> None:
    house.send(*chatter(10))
    hurried = msgspec.structs.replace(house.scope, within_s=0.0)
    with pytest.raises(TookTooLong):
        backtest(house.analysis, [house.policy("p", "text_length > 3")], hurried)
