"""How much may still be asked this hour; knows calls and tokens, not money."""

from collections import deque
from collections.abc import Callable

from anlan import clock
from anlan.models.llm.failures import BudgetSpent

HOUR_S = 3_600.0
_BUCKET_S = 60.0


class Budget:
    """Calls and tokens of the last hour, in buckets of a minute; of this process, and empty after a restart.

    Args:
        calls_per_h, tokens_per_h: what is allowed; a call is refused when either is used up, so the last one may run
            over the tokens by its own size.
        now: monotonic seconds.
    """

    def __init__(self, calls_per_h: int, tokens_per_h: int, now: Callable[[], float] = clock.stopwatch) -> None:
        self._limits = {"calls": calls_per_h, "tokens": tokens_per_h}
        self._now = now
        self._spent: deque[tuple[float, dict[str, int]]] = deque()

    def take_call(self) -> None:
        """Count one call.

        Raises:
            BudgetSpent: calls or tokens are used up; nothing was counted.
        """
        for what, limit in self._limits.items():
            if self.spent(what) >= limit:
                raise BudgetSpent(what)
        self._bucket()["calls"] += 1

    def add_tokens(self, count: int) -> None:
        """Count what a call turned out to use."""
        self._bucket()["tokens"] += count

    def spent(self, what: str) -> int:
        """`calls` or `tokens` of the last hour."""
        oldest = self._now() - HOUR_S
        while self._spent and self._spent[0][0] <= oldest:
            self._spent.popleft()
        return sum(bucket[what] for _, bucket in self._spent)

    def _bucket(self) -> dict[str, int]:
        start = self._now() // _BUCKET_S * _BUCKET_S
        if not self._spent or self._spent[-1][0] != start:
            self._spent.append((start, {"calls": 0, "tokens": 0}))
        return self._spent[-1][1]
