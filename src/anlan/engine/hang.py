"""Stops a signal that hangs, so that it becomes unknown like any other failure.

An inline signal is interrupted by a timer that raises inside it. That works in the main thread, where the server and
the command line judge events; elsewhere (some tests) it does nothing, because only the main thread receives
operating-system signals. A deferred one runs in a thread of its own and is waited for only so long.
"""

import asyncio
import atexit
import concurrent.futures
import signal
import threading
from collections.abc import Callable, Iterable, Sequence
from types import CodeType, FrameType
from typing import Any

from anlan import clock

IDLE_BUDGETS = 8
"""A signal that waits instead of working is given this many budgets: it may be the machine that is slow."""
_TICKS_A_BUDGET = 2
_QUIET_TICKS = 64
"""The timer stops after so many ticks without an event, and starts again with the next one."""


class HungSignal(BaseException):
    """A signal ran longer than its budget. Not an `Exception`, so that the signal itself cannot swallow it."""


@atexit.register
def _stop_timer() -> None:
    """Also when the interpreter ends: it takes its handlers away first, and a signal without one ends the process."""
    signal.setitimer(signal.ITIMER_REAL, 0)


class HangGuard:
    """Arm before evaluating, disarm after; while armed, a watched function that uses up `budget_s` is interrupted.

    The budget is wall time of which half was this thread's own work, or `IDLE_BUDGETS` times as much wall time spent
    waiting: on a machine that is busy with others, or that stood still, nothing hangs. It is measured from the first
    tick of a timer that goes on from event to event, since to set one for each event costs as much as ten signals;
    so it ends up to half a budget late. It raises only inside a watched function: counters and conditions are ours,
    end by themselves, and must not stop halfway.
    """

    def __init__(self, budget_s: float = 0.25) -> None:
        self._tick_s = budget_s / _TICKS_A_BUDGET
        self._is_armed = self._is_ticking = False
        self._turn = self._turn_seen = 0
        self._worked_at = 0.0
        self._ticks = self._quiet_ticks = 0
        self._watched: frozenset[CodeType] = frozenset()
        self.is_active = threading.current_thread() is threading.main_thread()
        if self.is_active:
            _stop_timer()
            signal.signal(signal.SIGALRM, self._tick)

    def watch(self, functions: Iterable[Callable[..., Any]]) -> None:
        """From now on, interrupt these."""
        codes = (_code_of(function) for function in functions)
        self._watched = frozenset(code for code in codes if code is not None)

    def arm(self) -> None:
        """Start the budget."""
        self._turn += 1
        self._is_armed = self.is_active
        if not self._is_ticking and self.is_active:
            self._is_ticking = True
            signal.setitimer(signal.ITIMER_REAL, self._tick_s, self._tick_s)

    def disarm(self) -> None:
        """Stop it; nothing is raised after this returns."""
        self._is_armed = False

    def _tick(self, _signum: int, frame: FrameType | None) -> None:
        if not self._is_armed:
            self._rest()
            return
        if self._turn != self._turn_seen:
            self._start_budget()
            return
        self._ticks += 1
        has_worked = clock.thread_seconds() - self._worked_at >= self._tick_s
        if self._ticks >= (_TICKS_A_BUDGET if has_worked else _TICKS_A_BUDGET * IDLE_BUDGETS):
            self._interrupt(frame)

    def _rest(self) -> None:
        self._quiet_ticks += 1
        if self._quiet_ticks >= _QUIET_TICKS:
            self._is_ticking = False
            _stop_timer()

    def _start_budget(self) -> None:
        self._turn_seen = self._turn
        self._worked_at = clock.thread_seconds()
        self._ticks = self._quiet_ticks = 0

    def _interrupt(self, frame: FrameType | None) -> None:
        while frame is not None:
            if frame.f_code in self._watched:
                self._start_budget()
                raise HungSignal
            frame = frame.f_back


def _code_of(function: Any) -> CodeType | None:
    """The code that runs when `function` is called; None for what is not written in Python."""
    for inner in ("func", "__wrapped__"):
        function = getattr(function, inner, function)
    found = getattr(function, "__code__", None) or getattr(type(function).__call__, "__code__", None)
    return found if isinstance(found, CodeType) else None


def run_beside(compute: Callable[..., Any], arguments: Sequence[Any]) -> "asyncio.Future[Any]":
    """Call `compute` in a thread that nobody has to wait for, not even the end of the process."""
    done: concurrent.futures.Future[Any] = concurrent.futures.Future()

    def work() -> None:
        try:
            done.set_result(compute(*arguments))
        except Exception as error:  # the signal's edge: it becomes unknown where the result is read
            done.set_exception(error)

    done.set_running_or_notify_cancel()
    threading.Thread(target=work, name="deferred-signal", daemon=True).start()
    return asyncio.wrap_future(done)
