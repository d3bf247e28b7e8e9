"""Stops a signal that hangs: an interval timer raises inside it, so that it becomes unknown like any other failure.

Works in the main thread, where the server and the command line judge events; elsewhere (some tests) it does nothing,
because only the main thread receives operating-system signals.
"""

import signal
import threading
from types import FrameType


class HungSignal(Exception):
    """A signal ran longer than its budget."""


class HangGuard:
    """Arm before evaluating, disarm after; while armed, every `budget_s` of wall time raises `HungSignal` once."""

    def __init__(self, budget_s: float = 0.25) -> None:
        self._budget_s = budget_s
        self._is_armed = False
        self.is_active = threading.current_thread() is threading.main_thread()
        if self.is_active:
            signal.signal(signal.SIGALRM, self._raise)

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

    def _raise(self, _signum: int, _frame: FrameType | None) -> None:
        if self._is_armed:
            raise HungSignal
