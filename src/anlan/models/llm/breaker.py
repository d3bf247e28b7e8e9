"""Whether a failing endpoint is left alone for now: closed, open for a while, then one trial (half-open)."""

from collections.abc import Callable
from typing import Literal

from anlan import clock
from anlan.models.llm.failures import CircuitOpen

State = Literal["closed", "half_open", "open"]


class Breaker:
    """Opens after so many failures in a row.

    Args:
        failures_allowed: the failure with this number opens it.
        rest_s: how long it stays open before one call may try again.
        now: monotonic seconds.
    """

    def __init__(
        self, failures_allowed: int = 5, rest_s: float = 30.0, now: Callable[[], float] = clock.stopwatch
    ) -> None:
        self._failures_allowed = failures_allowed
        self._rest_s = rest_s
        self._now = now
        self._failures = 0
        self._opened_at: float | None = None
        self._trial_at: float | None = None

    @property
    def state(self) -> State:
        """What the next call meets."""
        if self._opened_at is None:
            return "closed"
        return "half_open" if self._now() - self._opened_at >= self._rest_s else "open"

    def enter(self) -> None:
        """Ask to call; while half-open only one trial at a time is let in.

        Raises:
            CircuitOpen: not now.
        """
        state = self.state
        # A trial whose caller was cancelled never reports; after a rest the next one may try.
        is_tried = self._trial_at is not None and self._now() - self._trial_at < self._rest_s
        if state == "open" or (state == "half_open" and is_tried):
            raise CircuitOpen
        if state == "half_open":
            self._trial_at = self._now()

    def succeed(self) -> None:
        """The call came back."""
        self._failures, self._opened_at, self._trial_at = 0, None, None

    def fail(self) -> None:
        """It did not."""
        self._failures += 1
        if self._trial_at is not None or self._failures >= self._failures_allowed:
            self._opened_at, self._trial_at = self._now(), None
