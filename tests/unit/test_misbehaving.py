"""A signal that raises, hangs or returns nonsense is unknown, is recorded, and stops nothing else (law 6)."""

import functools
import math
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import uvloop
from spine import Spine, policy

from anlan.domain.signals import Signal, SignalType
from anlan.engine.evaluator import HANGS_ALLOWED, SAMPLE_EVERY
from anlan.engine.hang import HangGuard, HungSignal

TITLE = {"zh": "信号", "en": "a signal"}
OTHERS = policy("test.others", "good > 0", "good: 1", "good: 0")
BOTH = OTHERS + policy("test.bad", "bad > 0 OR bad <= 0", "bad: 1", "")


def bad(compute: Callable[..., Any], type: SignalType = "number", **more: Any) -> Signal:
    return Signal(name="bad", compute=compute, type=type, reads=("text",), title=TITLE, **more)


GOOD = Signal(name="good", compute=len, type="number", reads=("text",), title=TITLE)


def fail(error: BaseException) -> Any:
    raise error


class Odd:
    def __float__(self) -> float:
        raise RuntimeError("no number either")


NONSENSE: list[tuple[SignalType, Any, dict[str, Any]]] = [
    ("number", math.nan, {}), ("number", math.inf, {}), ("number", -math.inf, {}), ("number", "7", {}),
    ("number", b"7", {}), ("number", True, {}),
    ("number", [1], {}), ("number", 1j, {}), ("number", 10**400, {}), ("number", 2**60, {}),
    ("number", 1.5, {"high": 1.0}), ("number", -0.5, {"low": 0.0}), ("number", np.float64("nan"), {}),
    ("bool", 1, {}), ("bool", "true", {}), ("bool", 0.0, {}), ("bool", [], {}),
    ("text", 7, {}), ("text", b"x", {}), ("text", "x" * 40_000, {}), ("text", "\ud800", {}), ("text", ["a"], {}),
    ("text", "c", {"choices": ("a", "b")}), ("text", 7, {"choices": ("a", "b")}), ("text", [], {"choices": ("a", "b")}),
    ("number", Odd(), {}), ("number", object(), {}),
]


@pytest.mark.parametrize(("type", "value", "more"), NONSENSE, ids=lambda value: repr(value)[:20])
def test_nonsense_is_unknown_recorded_and_told(type: SignalType, value: Any, more: dict[str, Any]) -> None:
    spine = Spine([bad(lambda text: value, type, **more), GOOD], OTHERS)
    judged = spine.judge(spine.message())
    assert "bad" not in judged.decision.signals
    assert list(judged.decision.failed) == ["bad"]
    assert [finding.policy for finding in judged.decision.findings] == ["test.others"]
    assert [(notice.kind, notice.subject) for notice in judged.notices] == [("signal_failing", "bad")]
    assert spine.engine.stats.failures["bad"] == 1


@pytest.mark.parametrize(
    ("type", "value", "kept"),
    [
        ("number", np.float32(0.5), 0.5), ("number", np.int64(3), 3.0), ("bool", np.True_, True), ("number", 0, 0),
        ("text", "", ""), ("number", None, None), ("bool", False, False),
    ],
)
def test_what_is_no_nonsense_is_kept_as_a_plain_value(type: SignalType, value: Any, kept: Any) -> None:
    spine = Spine([bad(lambda text: value, type), GOOD])
    decision = spine.judge(spine.message()).decision
    assert decision.failed == {}
    assert decision.signals.get("bad") == kept
    assert "bad" not in decision.signals or decision.signals["bad"].__class__ is kept.__class__


@pytest.mark.parametrize("error", [ValueError("x"), KeyError("x"), RecursionError(), MemoryError(), AssertionError()])
def test_a_signal_that_raises_is_unknown_and_the_others_go_on(error: Exception) -> None:
    spine = Spine([bad(lambda text: fail(error)), GOOD], BOTH)
    for number in range(2 * SAMPLE_EVERY):  # timed evaluations among them
        decision = spine.judge(spine.message(number)).decision
        assert decision.failed == {"bad": type(error).__name__}
        assert [finding.policy for finding in decision.findings] == ["test.others"]


def test_staff_hear_of_a_failing_signal_once_a_day() -> None:
    spine = Spine([bad(lambda text: fail(ValueError())), GOOD])
    notices = [notice.id for hour in range(48) for notice in spine.judge(spine.message(hour, hour * 3600.0)).notices]
    assert len(notices) == len(set(notices)) == 2


def test_what_needs_an_unknown_reading_is_unknown_without_being_called() -> None:
    called: list[str] = []

    def after(name: str, **more: Any) -> Signal:
        def compute(bad: float | None) -> float:
            called.append(name)
            return 1.0

        return Signal(name=name, compute=compute, type="number", reads=("bad",), title=TITLE, **more)

    spine = Spine([bad(lambda text: None), after("strict"), after("lenient", optional_reads=frozenset({"bad"}))])
    decision = spine.judge(spine.message()).decision
    assert called == ["lenient"]
    assert (decision.signals, decision.failed) == ({"lenient": 1.0}, {})


def spin(text: str) -> float:
    while True:
        pass


def sleep(text: str) -> float:
    time.sleep(60)
    return 1.0


def swallow(text: str) -> float:
    while True:
        try:
            time.sleep(60)
        except Exception:
            continue


class Stubborn:
    def __call__(self, text: str) -> float:
        return spin(text)


@pytest.fixture
def _timer_is_off_afterwards() -> Iterator[None]:
    yield
    HangGuard().disarm()


@pytest.mark.usefixtures("_timer_is_off_afterwards")
@pytest.mark.parametrize("compute", [spin, sleep, swallow, functools.partial(spin), Stubborn()])
def test_a_signal_that_hangs_is_stopped_and_soon_not_called_any_more(compute: Callable[..., Any]) -> None:
    spine = Spine([bad(compute), GOOD], BOTH, budget_s=0.05)
    for number in range(HANGS_ALLOWED):
        decision = spine.judge(spine.message(number)).decision
        assert decision.failed == {"bad": "HungSignal"}
        assert [finding.policy for finding in decision.findings] == ["test.others"]
    for number in range(200):
        decision = spine.judge(spine.message(number)).decision
    assert decision.failed == {"bad": "OutOfService"}
    spine.engine.swap(spine.set_of(BOTH))
    assert spine.judge(spine.message()).decision.failed == {"bad": "HungSignal"}, "a new load is a new chance"


@pytest.mark.usefixtures("_timer_is_off_afterwards")
def test_a_machine_that_stands_still_stops_nothing_that_is_ours() -> None:
    """The timer runs out while counters and conditions are at work, as after a suspension."""
    guard = HangGuard(0.001)
    guard.watch([spin])
    guard.arm()
    deadline = time.perf_counter() + 0.05
    while time.perf_counter() < deadline:
        sum(range(100))
    with pytest.raises(HungSignal):
        spin("")
    guard.disarm()
    time.sleep(0.005)


@pytest.mark.usefixtures("_timer_is_off_afterwards")
def test_a_hanging_signal_is_stopped_on_the_servers_own_loop_too() -> None:
    spine = Spine([bad(spin), GOOD], BOTH, budget_s=0.05)

    async def judge() -> dict[str, str]:
        return spine.judge(spine.message()).decision.failed

    assert uvloop.run(judge()) == {"bad": "HungSignal"}


@pytest.mark.usefixtures("_timer_is_off_afterwards")
@pytest.mark.parametrize("prepare", [lambda texts: fail(ValueError("x")), spin])
def test_what_fails_to_prepare_for_many_is_told_and_each_is_judged_all_the_same(prepare: Callable[..., Any]) -> None:
    spine = Spine([bad(lambda text: 1.0, look_ahead=prepare), GOOD], BOTH, budget_s=0.05)
    waiting = [spine.message(number) for number in range(2)]
    spine.engine.look_ahead(waiting)
    assert spine.engine.stats.failures["bad"] == 1
    assert [spine.judge(event).decision.failed for event in waiting] == [{}, {}]


def test_a_program_that_judged_ends_in_peace() -> None:
    """At its end the interpreter takes signal handlers away first; a timer that still ticks would then kill it."""
    program = """
import time
from anlan.engine.hang import HangGuard

class SlowToGo:
    def __del__(self, sleep=time.sleep):
        sleep(0.05)

slow = SlowToGo()
guard = HangGuard(0.002)
guard.arm()
guard.disarm()
"""
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
