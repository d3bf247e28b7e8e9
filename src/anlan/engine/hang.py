"""Stops a signal that hangs, so that it becomes unknown like any other failure.

An inline signal is interrupted by a timer that raises inside it. That works in the main thread, where the server and
the command line judge events; elsewhere (some tests) it does nothing, because only the main thread receives
operating-system signals. A deferred one runs in a thread of its own and is waited for only so long.
"""

import asyncio
import concurrent.futures
import signal
import threading
from collections.abc import Callable, Iterable, Sequence
from types import CodeType, FrameType
from typing import Any


class HungSignal(BaseException):
    """A signal ran longer than its budget. Not an `Exception`, so that the signal itself cannot swallow it."""


class HangGuard:
    """Arm before evaluating, disarm after; while armed, every `budget_s` of wall time raises `HungSignal` once.

    It raises only inside a watched function: counters and conditions are ours, end by themselves, and must not stop
    halfway because the machine stood still.
    """

    def __init__(self, budget_s: float = 0.25) -> None:
        self._budget_s = budget_s
        self._is_armed = False
        self._watched: frozenset[CodeType] = frozenset()
        self.is_active = threading.current_thread() is threading.main_thread()
        if self.is_active:
            signal.signal(signal.SIGALRM, self._raise)

    def watch(self, functions: Iterable[Callable[..., Any]]) -> None:
        """From now on, interrupt these."""
        codes = (_code_of(function) for function in functions)
        self._watched = frozenset(code for code in codes if code is not None)

    def arm(self) -> None:
        """Start the budget."""
        if self.is_active:
            self._is_armed = True
            signal.setitimer(signal.ITIMER_REAL, self._budget_s, self._budget_s)

    def disarm(self) -> None:
        """Stop it; nothing is raised after this returns."""
        if self.is_active:
            self._is_armed = False
            signal.setitimer(signal.ITIMER_REAL, 0)

    def _raise(self, _signum: int, frame: FrameType | None) -> None:
        while self._is_armed and frame is not None:
            if frame.f_code in self._watched:
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
