"""Which keys are remembered, and for how long: states by key in bounded memory, forgotten a generation at a time."""

from collections.abc import Callable
from typing import Any

_EVENTS_TO_TURN = 16


class Generations:
    """States by key; not thread-safe.

    Keys live in two generations. A key that is put moves to the younger one; when event time has passed a whole
    retention, or the younger one is half full, the older one is dropped as a whole, so nothing is ever scanned. A key
    that is not dropped early is kept for one to two retentions after its last event.

    Attributes:
        evicted_early: keys that were dropped although they may not have expired, because `max_keys` was reached.
    """

    def __init__(self, retention_s: float, max_keys: int) -> None:
        self.evicted_early = 0
        self._retention_s = retention_s
        self._half = max(1, max_keys // 2)
        self.clear()

    def clear(self) -> None:
        """Forget every key, to be counted again from the journal."""
        self._current: dict[str, Any] = {}
        self._previous: dict[str, Any] = {}
        self._turn_at = float("-inf")
        self._ahead: list[float] = []

    def __len__(self) -> int:
        """How many keys are remembered."""
        return len(self._current) + len(self._previous)

    def get(self, key: str) -> Any:
        """The key's state; None if it is not remembered."""
        state = self._current.get(key)
        return self._previous.get(key) if state is None else state

    def put(self, key: str, state: Any, time: float) -> None:
        """Remember this state, because of an event at `time`."""
        if key not in self._current:
            self._admit(key, time)
        self._current[key] = state
        if time >= self._turn_at:
            self._pass(time)

    def _admit(self, key: str, time: float) -> Any:
        """Make room for a key among the younger; returns the state that it had among the older."""
        state = self._previous.pop(key, None)
        if len(self._current) >= self._half:
            self.evicted_early += len(self._previous)
            self._turn(max(self._turn_at, time + self._retention_s))
        return state

    def _pass(self, time: float) -> None:
        # Several events must agree that time has moved on: one clock that runs ahead must not age every key.
        self._ahead.append(time)
        if len(self._ahead) >= _EVENTS_TO_TURN:
            self._turn(min(self._ahead) + self._retention_s)

    def _turn(self, next_turn_at: float) -> None:
        self._previous, self._current = self._current, {}
        self._turn_at = next_turn_at
        self._ahead = []

    def dump(self) -> Any:
        """Everything that `load` needs, as msgpack can hold it if it can hold the states."""
        return (self._current, self._previous), self._turn_at, self._ahead, self.evicted_early

    def load(self, dumped: Any, revive: Callable[[Any], Any] = lambda state: state) -> None:
        """Continue from a dump; `revive` makes a state again of what msgpack made of it, such as lists of tuples."""
        generations, self._turn_at, self._ahead, self.evicted_early = dumped
        self._current, self._previous = (
            {key: revive(state) for key, state in generation.items()} for generation in generations
        )
