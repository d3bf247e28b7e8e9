"""Decides whether the door is under attack: strangers' failures of the last minutes and hours against what is usual.

What is usual is learnt only while nothing is wrong, so that a long attack does not become the usual.
"""

from math import exp
from typing import Any

FAST_S, SLOW_S, USUAL_S = 600.0, 6 * 3_600.0, 14 * 86_400.0
RAISED_RATIO, ATTACK_RATIO = 3.0, 8.0
RAISED_FAILURES, ATTACK_FAILURES = 30.0, 60.0
"""Of the last ten minutes, faded; below them nothing is called an attack however quiet it was before."""
SLOW_RATIO, SLOW_FAILURES = 2.5, 120.0
"""The same of the last six hours, for attacks that keep below every short window."""
YOUNG_S = 3_600.0
"""An installation that has seen less than this is taken to have seen so much."""
LEAST_USUAL_PER_S = 2.0 / 600.0
FAILURES_PER_HONEST = 0.15
"""Strangers' failures that honest sign-ins bring with them: typing errors on new devices."""
_ALARM_AGE_S = 1_800.0
"""The level falls only when nothing was wrong for so long, so that it does not flicker."""

CALM, RAISED, ATTACK = 0, 1, 2


class Pulse:
    """Rates by fading counts; times are event times, those that come late count as now."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Forget everything."""
        self._at = self._began = 0.0
        self._fast = self._slow = self._usual = self._honest = 0.0
        self._raised_at = self._attack_at = float("-inf")

    def beat(self, time: float, *, is_failure: bool, is_honest: bool) -> None:
        """One sign-in: a stranger's failure, an honest one, or neither."""
        self._fade(time)
        self._honest += is_honest
        if is_failure:
            self._fast += 1.0
            self._slow += 1.0
            if self.level(time) == CALM:
                self._usual += 1.0
        self._note(time)

    def level(self, time: float) -> int:
        """0 calm, 1 raised, 2 under attack."""
        if time - self._attack_at < _ALARM_AGE_S:
            return ATTACK
        return RAISED if time - self._raised_at < _ALARM_AGE_S else CALM

    def _note(self, time: float) -> None:
        seen_s = max(YOUNG_S, USUAL_S * (1.0 - exp((self._began - time) / USUAL_S)))
        usual = max(self._usual, FAILURES_PER_HONEST * self._honest, LEAST_USUAL_PER_S * seen_s) / seen_s
        fast, slow = self._fast / FAST_S / usual, self._slow / SLOW_S / usual
        if self._fast >= ATTACK_FAILURES and fast >= ATTACK_RATIO:
            self._attack_at = max(self._attack_at, time)
        is_raised = self._fast >= RAISED_FAILURES and fast >= RAISED_RATIO
        if is_raised or (self._slow >= SLOW_FAILURES and slow >= SLOW_RATIO):
            self._raised_at = max(self._raised_at, time)

    def _fade(self, time: float) -> None:
        self._began = self._began or time
        age = time - self._at
        if age <= 0.0:
            return
        self._fast *= exp(-age / FAST_S)
        self._slow *= exp(-age / SLOW_S)
        kept = exp(-age / USUAL_S)
        self._usual, self._honest = self._usual * kept, self._honest * kept
        self._at = time

    def dump(self) -> Any:
        """Everything that `load` needs."""
        rates = self._fast, self._slow, self._usual, self._honest
        return [self._at, self._began, *rates, self._raised_at, self._attack_at]

    def load(self, dumped: Any) -> None:
        """Continue from a dump."""
        self._at, self._began, self._fast, self._slow, self._usual, self._honest, *alarms = dumped
        self._raised_at, self._attack_at = alarms
