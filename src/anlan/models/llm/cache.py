"""What the model said about a text before; bounded, forgets after a while, and lives in memory only."""

from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

from anlan import clock

Kept = TypeVar("Kept")


class Cache(Generic[Kept]):
    """The least recently used goes first.

    Args:
        max_entries: 0 keeps nothing.
        keep_s: how long an entry counts, from when it was put.
        now: monotonic seconds.
    """

    def __init__(self, max_entries: int, keep_s: float, now: Callable[[], float] = clock.stopwatch) -> None:
        self._max_entries = max_entries
        self._keep_s = keep_s
        self._now = now
        self._kept: OrderedDict[str, tuple[float, Kept]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, key: str) -> Kept | None:
        """What was put under `key`, if it still counts."""
        if key not in self._kept:
            return None
        put_at, value = self._kept[key]
        if self._now() - put_at > self._keep_s:
            del self._kept[key]
            return None
        self._kept.move_to_end(key)
        return value

    def put(self, key: str, value: Kept) -> None:
        """Keep `value`."""
        self._kept[key] = (self._now(), value)
        self._kept.move_to_end(key)
        while len(self._kept) > self._max_entries:
            self._kept.popitem(last=False)
