"""The path of an event: what unknown means, what shadow may not touch, what a second look may change."""

import asyncio
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from spine import NOON, Spine, policy

from anlan.domain.decisions import Decision, Judged, answer
from anlan.domain.messages import outgoing
from anlan.domain.signals import Signal, SignalType
from anlan.engine.evaluator import HANGS_ALLOWED

TITLE = {"zh": "信号", "en": "a signal"}


def score(compute: Callable[..., Any], name: str = "score", type: SignalType = "number", **more: Any) -> Signal:
    return Signal(name=name, compute=compute, type=type, reads=("text",), title=TITLE, **more)


def by_text(text: str) -> float | None:
    return {"bad": 0.9, "good": 0.1}.get(text)


def deep(compute: Callable[..., Any] = by_text, **more: Any) -> Signal:
    return score(compute, "deep_score", cost="deferred", **more)


class Nothing:
    """A recollection that nobody in these tests asks."""

    async def near_copy_senders(self, text: str, since: float, until: float) -> int:
        raise AssertionError

    async def flagged_senders(self, group: str, since: float, until: float) -> int:
        raise AssertionError


def test_a_decision_names_what_its_signals_came_from() -> None:
    """The second pass keeps what the first one named, because it keeps its values too."""
    policies = policy("test.deep", "deep_score > 0.5", "deep_score: 0.9", "deep_score: 0.1")
    spine = Spine([deep()], policies)
    spine.engine.name_model("lexicon", "old")
    first = spine.judge(spine.message(text="bad"))
    spine.engine.name_model("lexicon", "new")
    assert (first.decision.models, again(spine, first).decision.models) == ({"lexicon": "old"}, {"lexicon": "old"})
    assert spine.judge(spine.message(2, text="bad")).decision.models == spine.engine.models == {"lexicon": "new"}


def again(spine: Spine, first: Judged) -> Judged:
    return asyncio.run(spine.engine.judge_again(first.event, first.decision, first.received_at, Nothing()))


def names(decision: Decision) -> list[str]:
    return [finding.policy for finding in decision.findings]


BLOCKS = policy("test.blocks", "score > 0.5", "score: 0.9", "score: 0.1", "[{block: {}}, {mute: {hours: 1}}]")


@pytest.mark.parametrize(
    ("on_unknown", "verdict", "actions"), [("skip", "allow", []), ("review", "allow", ["case"])]
)
def test_unknown_is_not_no_and_each_policy_says_what_that_is(on_unknown: str, verdict: str, actions: list[str]) -> None:
    spine = Spine([score(by_text)], BLOCKS + f"  on_unknown: {on_unknown}\n")
    decision = spine.judge(spine.message(text="odd")).decision
    assert (decision.verdict, [action.kind for action in decision.actions]) == (verdict, actions)
    assert [finding.is_unknown for finding in decision.findings] == [True] * len(actions)
    assert spine.judge(spine.message(text="good")).decision.findings == ()
    assert spine.judge(spine.message(text="bad")).decision.verdict == "block"


def test_not_of_an_unknown_does_not_hold_either() -> None:
    spine = Spine([score(by_text)], policy("test.calm", "NOT score > 0.5", "score: 0.1", "score: 0.9", "[{hold: {}}]"))
    held = [spine.judge(spine.message(text=text)).decision.verdict for text in ("odd", "good", "bad")]
    assert held == ["allow", "hold", "allow"]


def test_a_decision_explains_itself_to_a_member_and_to_a_reviewer() -> None:
    """Law 4."""
    text = BLOCKS.replace("it held", "'score {score:.2f}'")
    spine = Spine([score(by_text)], text)
    decision = spine.judge(spine.message(text="bad")).decision
    (finding,) = decision.findings
    assert (finding.because["en"], finding.values, finding.version) == ("score 0.90", {"score": 0.9}, 1)
    assert set(finding.reason) == {"zh", "en"}
    assert decision.signals["score"] == 0.9
    assert decision.policy_set == spine.engine.policies.hash


def test_what_is_personal_stays_in_the_event() -> None:
    """Laws 4 and 10: a decision is kept for ever, an event's personal fields are not."""
    when = "length(text) > 3 AND ip = '192.0.2.7' AND sender = 'ann'"
    spine = Spine(policies=policy(
        "test.seen", when, "text: secret, ip: 192.0.2.7, sender: ann", "text: x", because="'{sender} wrote'"
    ))
    decision = spine.judge(spine.message(text="secret words", ip="192.0.2.7")).decision
    assert decision.findings[0].values == {"sender": "ann"}
    assert decision.findings[0].because == {"zh": "ann wrote", "en": "ann wrote"}
    assert "secret" not in repr(decision)
    assert "192.0.2.7" not in repr(decision)


def test_actions_go_to_whom_the_policy_says() -> None:
    then = "[{mute: {hours: 1}}, {alert: {scenario: x}}, {delete_message: {}}, {notify_staff: {}}, {case: {queue: q}}]"
    spine = Spine([score(by_text)], policy("test.acts", "score > 0.5", "score: 0.9", "score: 0.1", then))
    to_bob = spine.judge(spine.message(text="bad", recipient="bob", group="g")).decision
    key = to_bob.id.split(".")[0]
    assert {action.kind: action.target for action in to_bob.actions} == {
        "mute": "account:ann", "alert": "account:bob", "delete_message": f"event:{key}", "notify_staff": "staff",
        "case": f"event:{key}",
    }
    to_group = spine.judge(spine.message(text="bad", group="g")).decision
    assert [action.target for action in to_group.actions if action.kind == "alert"] == ["group:g"]
    to_nobody = spine.judge(spine.message(text="bad")).decision
    assert "alert" not in {action.kind for action in to_nobody.actions}


def test_past_a_quota_a_member_is_still_warned_and_nothing_is_done_to_anybody() -> None:
    then = "[{mute: {hours: 1}}, {alert: {scenario: x}}]"
    loud = policy("test.loud", "score > 0.5", "score: 0.9", "score: 0.1", then).replace("1000/h", "1/h")
    assert "quota: 1/h" in loud
    spine = Spine([score(by_text)], loud)
    first, second = (spine.judge(spine.message(n, text="bad", recipient="bob")).decision for n in (1, 2))
    assert [action.kind for action in first.actions] == ["mute", "alert"]
    assert [action.kind for action in second.actions] == ["case", "alert"]
    assert [finding.fuse for finding in second.findings] == ["quota"]


COUNTERS = """
- {name: sent_1h, kind: count, on: [message.sent], by: [sender], over: 1h, title: {zh: 数, en: count}}
"""
EVERYTHING = "[{block: {}}, {mute: {hours: 1}}, {case: {queue: q}}, {alert: {scenario: x, to: actor}}]"
SHADOWS = "".join(
    policy(f"test.shadow_{name}", when, hit, miss, EVERYTHING, state="shadow", quota="1/h", on_unknown="review")
    for name, when, hit, miss in (
        ("a", "score > 0.5", "score: 0.9", "score: 0.1"), ("b", "sent_1h > 2", "sent_1h: 3", "sent_1h: 0"),
        ("c", "deep_score > 0.5", "deep_score: 0.9", "deep_score: 0.1"),
        ("d", "failing > 0", "failing: 1", "failing: 0"),
    )
)


def test_shadow_never_touches() -> None:
    """Law 8: with and without policies in shadow, everything but the shadow findings is the same."""
    signals = [score(by_text), deep(), score(lambda text: 1 / 0, "failing")]
    live = policy("test.live", "score > 0.5 AND sent_1h > 3", "score: 0.9, sent_1h: 9", "score: 0.1", "[{hold: {}}]")
    bare, shadowed = Spine(signals, live, COUNTERS), Spine(signals, live + SHADOWS, COUNTERS)
    seen = 0
    for number in range(200):
        event = bare.message(number, NOON + number * 7, text=("bad", "good", "odd")[number % 3])
        first, other = (spine.judge(event) for spine in (bare, shadowed))
        assert answer(other.decision) == answer(first.decision)
        assert (outgoing(other), other.facts, other.notices) == (outgoing(first), first.facts, first.notices)
        assert (other.decision.signals, other.decision.failed) == (first.decision.signals, first.decision.failed)
        assert first.decision.shadow == ()
        seen += len(other.decision.shadow)
        if other.decision.shadow_pending:
            second = again(shadowed, other)
            assert outgoing(second) == ()
            assert second.decision.verdict == other.decision.verdict
            seen += len(second.decision.shadow)
    assert seen > 300
    assert shadowed.counters.snapshot("sent_1h") == bare.counters.snapshot("sent_1h")
    assert shadowed.engine.fuses.snapshot() == bare.engine.fuses.snapshot()


DEEP = policy(
    "test.deep", "length(text) > 2 AND deep_score > 0.5", "text: long, deep_score: 0.9", "text: long, deep_score: 0.1",
    "[{hold: {}}, {mute: {hours: 1}}]",
)


def test_a_deferred_signal_is_asked_only_when_all_else_held() -> None:
    asked: list[str] = []

    def look(text: str) -> float | None:
        asked.append(text)
        return by_text(text)

    spine = Spine([deep(look)], DEEP)
    first = spine.judge(spine.message(text="no"))
    assert (first.decision.pending, asked) == ((), [])
    first = spine.judge(spine.message(text="bad"))
    assert (first.decision.verdict, first.decision.pending, asked) == ("allow", ("test.deep",), [])
    second = again(spine, first)
    assert (second.decision.verdict, second.decision.pass_number, asked) == ("hold", 2, ["bad"])
    assert second.decision.signals["deep_score"] == 0.9
    assert [message.kind for message in outgoing(second)] == ["action.mute", "decision.revised"]


@pytest.mark.parametrize(("text", "verdict", "kinds"), [("bad", "block", []), ("good", "allow", ["unmute", "revised"])])
def test_a_second_look_may_take_back_the_first(text: str, verdict: str, kinds: list[str]) -> None:
    when = "length(text) > 2 AND coalesce(deep_score, 1.0) > 0.5"
    acts = policy("test.acts", when, "text: long, deep_score: 0.9", "text: long, deep_score: 0.1",
                  "[{block: {}}, {mute: {hours: 1}}]")
    spine = Spine([deep()], acts)
    first = spine.judge(spine.message(text=text))
    assert (first.decision.verdict, first.decision.pending) == ("block", ("test.acts",))
    second = again(spine, first)
    assert second.decision.verdict == verdict
    assert [message.kind.split(".")[1] for message in outgoing(second)] == kinds


def test_what_counts_an_unready_signal_as_nothing_still_waits_for_it() -> None:
    """Deferred is not unknown yet: `coalesce(deep, 0) > 0.5` would otherwise be decided before anybody looked."""
    for when in ("coalesce(deep_score, 0.0) > 0.5", "NOT (deep_score IS NULL) AND length(text) > 2",
                 "CASE WHEN deep_score > 0.5 THEN TRUE ELSE FALSE END", "(deep_score > 0.5) IS TRUE"):
        hit, miss = "deep_score: 0.9", "deep_score: 0.1"
        if "NULL" in when:
            hit, miss = "deep_score: 0.9, text: long", "text: long"
        spine = Spine([deep()], policy("test.waits", when, hit, miss, "[{hold: {}}]"))
        first = spine.judge(spine.message(text="bad"))
        assert first.decision.pending == ("test.waits",), when
        assert again(spine, first).decision.verdict == "hold", when


def test_a_deferred_signal_that_stays_unknown_means_what_the_policy_says() -> None:
    for on_unknown, found in (("skip", []), ("review", ["test.deep"])):
        spine = Spine([deep()], DEEP + f"  on_unknown: {on_unknown}\n")
        first = spine.judge(spine.message(text="odd"))
        assert names(first.decision) == []
        second = again(spine, first)
        assert (names(second.decision), second.decision.verdict) == (found, "allow")


async def wait_for_ever(text: str) -> float:
    await asyncio.sleep(60)
    return 1.0


def sleep(text: str) -> float:
    time.sleep(60)
    return 1.0


def fail(text: str) -> float:
    raise ValueError(text)


async def fail_later(text: str) -> float:
    raise ValueError(text)


@pytest.mark.parametrize(
    ("compute", "reason"),
    [(wait_for_ever, "TimeoutError"), (sleep, "TimeoutError"), (fail, "ValueError"), (fail_later, "ValueError"),
     (lambda text: float("nan"), "nonsense"), (lambda text: 10**400, "nonsense"), (lambda text: "high", "nonsense")],
)
def test_a_deferred_signal_that_misbehaves_is_unknown_and_told(compute: Callable[..., Any], reason: str) -> None:
    spine = Spine([deep(compute)], DEEP, deferred_budget_s=0.05)
    first = spine.judge(spine.message(text="bad words"))
    second = again(spine, first)
    assert second.decision.failed == {"deep_score": reason}
    assert [(notice.kind, notice.subject) for notice in second.notices] == [("signal_failing", "deep_score")]
    assert spine.engine.stats.failures["deep_score"] == 1


def test_a_deferred_signal_that_hangs_is_soon_not_called_any_more() -> None:
    spine = Spine([deep(sleep)], DEEP, deferred_budget_s=0.02)
    first = spine.judge(spine.message(text="bad words"))
    reasons = [again(spine, first).decision.failed["deep_score"] for _ in range(HANGS_ALLOWED + 1)]
    assert reasons == ["TimeoutError"] * HANGS_ALLOWED + ["OutOfService"]


def test_a_sync_deferred_signal_does_not_hold_up_the_event_loop() -> None:
    has_ticked = threading.Event()

    def slow(text: str) -> float:
        return 0.9 if has_ticked.wait(20) else 0.0

    spine = Spine([deep(slow)], DEEP)
    first = spine.judge(spine.message(text="bad words"))

    async def both() -> Judged:
        looking = asyncio.ensure_future(spine.engine.judge_again(first.event, first.decision, NOON, Nothing()))
        for _ in range(5):
            await asyncio.sleep(0.005)
        assert not looking.done()
        has_ticked.set()
        return await looking

    assert asyncio.run(both()).decision.verdict == "hold"


def test_a_set_is_swapped_whole() -> None:
    spine = Spine([score(by_text)], BLOCKS)
    bad = spine.message(text="bad")
    hash_before = spine.judge(bad).decision.policy_set
    spine.engine.swap(spine.set_of(BLOCKS.replace("block", "hold")))
    decision = spine.judge(bad).decision
    assert (decision.verdict, decision.policy_set != hash_before) == ("hold", True)


def test_the_same_event_gives_the_same_ids() -> None:
    spine = Spine([score(by_text)], BLOCKS)
    one, two = (spine.judge(spine.message(7, text="bad")) for _ in range(2))
    assert [m.id for m in outgoing(one)] == [m.id for m in outgoing(two)]
    assert one.decision.id == two.decision.id
