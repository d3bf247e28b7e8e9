"""The live counters: what an event of each type counts and reads."""

import sys
from collections.abc import Callable, Collection, Iterable
from hashlib import blake2b
from typing import Any, NamedTuple

import msgspec

from anlan.domain.event_data import Data
from anlan.domain.events import Event
from anlan.engine.counter_specs import CounterSpec
from anlan.engine.generations import Generations
from anlan.engine.inline import truth_source
from anlan.engine.sketch import DistinctWindow
from anlan.engine.windows import CountWindow, LastSeenWindow, SumWindow, Window

DEFAULT_MAX_KEYS = 200_000
_FORMAT = f"1 {sys.byteorder}"
_WINDOWS: dict[str, Callable[[float], Window]] = {
    "count": CountWindow, "sum": SumWindow, "distinct": DistinctWindow, "last_seen": LastSeenWindow,
}


class CounterStep(NamedTuple):
    """A counter made ready for one event type.

    `run(data, time)` counts the event if the declaration says so and returns the value as of `time`; None is unknown.
    """

    name: str
    run: Callable[[Data, float], float | None]


class Counter(Generations):
    """The states of one declared counter by key, kept for its window and the allowed lateness; not thread-safe."""

    def __init__(self, spec: CounterSpec, max_keys: int = DEFAULT_MAX_KEYS) -> None:
        self.spec = spec
        self.window = _WINDOWS[spec.kind](spec.over_s)
        self._add, self._read, self._least = self.window.add, self.window.read, self.window.least
        super().__init__(self.window.retention_s, max_keys)

    def add(self, key: str, time: float, value: Any) -> Any:
        """Count one event; returns the key's state."""
        current = self._current
        state = current.get(key)
        if state is None:
            state = self._admit(key, time)
            current = self._current
        current[key] = state = self._add(state, time, value)
        if time >= self._turn_at:
            self._pass(time)
        return state

    def read(self, key: str, time: float) -> float | None:
        """The value as of `time`; None where it is not known."""
        state = self._current.get(key)
        if state is None:
            state = self._previous.get(key)
            if state is None:
                return self.window.empty
        return self._read(state, time)

    def add_then_read(self, key: str, time: float, value: Any) -> float | None:
        """Count one event and read the value with it."""
        # `add` once more, in place: six counters on every event make a call worth saving.
        current = self._current
        state = current.get(key)
        if state is None:
            state = self._admit(key, time)
            current = self._current
        current[key] = state = self._add(state, time, value)
        if time >= self._turn_at:
            self._pass(time)
        answer = self._read(state, time)
        # A late event whose value was seen again since, or whose bucket has moved on, is no longer found.
        return self._least if answer is not None and answer < self._least else answer

    def read_then_add(self, key: str, time: float, value: Any) -> float | None:
        """Read the value as it was before this event, then count it."""
        answer = self.read(key, time)
        self.add(key, time, value)
        return answer

    def snapshot(self) -> bytes:
        """Everything that `restore` needs, as msgpack."""
        pack = self.window.pack
        generations = [{key: pack(state) for key, state in part.items()} for part in (self._current, self._previous)]
        return msgspec.msgpack.encode(
            (_FORMAT, self.spec.hash, generations, self._turn_at, self._ahead, self.evicted_early)
        )

    def restore(self, blob: bytes) -> bool:
        """Continue from a snapshot; False (and nothing changes) if it is of another declaration or format."""
        try:
            form, spec_hash, generations, turn_at, ahead, evicted_early = msgspec.msgpack.decode(blob)
        except (msgspec.DecodeError, ValueError, TypeError):
            return False
        if (form, spec_hash) != (_FORMAT, self.spec.hash):
            return False
        unpack = self.window.unpack
        self._current, self._previous = (
            {key: unpack(packed) for key, packed in part.items()} for part in generations
        )
        self._turn_at, self._ahead, self.evicted_early = turn_at, ahead, evicted_early
        return True


class Counters:
    """All declared counters of an installation.

    Args:
        max_keys: how many keys each counter remembers at most.
    """

    def __init__(self, specs: Iterable[CounterSpec], max_keys: int = DEFAULT_MAX_KEYS) -> None:
        self.by_name = {spec.name: Counter(spec, max_keys) for spec in specs}
        self._updates: dict[str, tuple[CounterStep, ...]] = {}

    def for_type(self, event_type: str) -> tuple[CounterStep, ...]:
        """What to run for each event of a type, in order of declaration."""
        return tuple(
            CounterStep(name, _make_run(counter, event_type))
            for name, counter in self.by_name.items()
            if event_type in counter.spec.readable_on
        )

    def observe(self, event: Event, names: Collection[str] | None = None) -> None:
        """Count an event without asking for values: for replaying the journal at start.

        Args:
            names: the counters that have not counted it yet; None for all.
        """
        name = event.type.name
        steps = self._updates.get(name)
        if steps is None:
            steps = self._updates[name] = tuple(
                step for step in self.for_type(name) if name in self.by_name[step.name].spec.on
            )
        for step in steps:
            if names is None or step.name in names:
                step.run(event.data, event.time)

    def snapshot(self, name: str) -> bytes:
        """One counter's states; see `Counter.snapshot`."""
        return self.by_name[name].snapshot()

    def restore(self, name: str, blob: bytes) -> bool:
        """Whether the counter could continue from `blob`; if not, it must be rebuilt from the journal."""
        return name in self.by_name and self.by_name[name].restore(blob)


def _make_run(counter: Counter, event_type: str) -> Callable[[Data, float], float | None]:
    """The step of one counter on one type, as generated source: names come from checked declarations only."""
    spec = counter.spec
    names = spec.key_fields(event_type)
    bound: dict[str, Any] = {
        "read": counter.read,
        "count": counter.read_then_add if spec.kind == "last_seen" else counter.add_then_read,
        "digest": _digest,
    }
    lines = ["def run(data, time):"]
    lines += [f"    k{index} = data.{name}" for index, name in enumerate(names)]
    lines.append(f"    if {' or '.join(f'k{index} is None' for index in range(len(names)))}: return None")
    lines.append(f"    key = {_key_source(len(names), is_digested=spec.is_key_digested)}")
    if event_type in spec.on:
        lines += _count_source(spec, bound)
    lines.append("    return read(key, time)")
    exec(compile("\n".join(lines), f"<counter {spec.name}>", "exec"), bound)  # noqa: S102 - the source is ours
    made: Callable[[Data, float], float | None] = bound["run"]
    return made


def _key_source(parts: int, *, is_digested: bool) -> str:
    if parts == 1:
        return "digest(str(k0))" if is_digested else "k0"
    # Each part but the last is preceded by its length, so that no two keys are joined alike.
    lengths = "".join(f"{{len(str(k{index}))}}:{{k{index}}}" for index in range(parts - 1))
    joined = f'f"{lengths}{{k{parts - 1}}}"'
    return f"digest({joined})" if is_digested else joined


def _count_source(spec: CounterSpec, bound: dict[str, Any]) -> list[str]:
    lines, conditions, value = [], [], "None"
    if spec.condition is not None:
        local = {name: f"f{index}" for index, name in enumerate(spec.condition.names)}
        lines += [f"    {variable} = data.{name}" for name, variable in local.items()]
        conditions.append(f"({truth_source(spec.condition.tree, local.__getitem__, bound)})")
    if spec.value is not None:
        lines.append(f"    value = data.{spec.value}")
        conditions.append("value is not None")
        value = "digest(str(value))" if spec.kind == "distinct" and spec.is_value_digested else "value"
    call = f"return count(key, time, {value})"
    return [*lines, f"    if {' and '.join(conditions)}: {call}" if conditions else f"    {call}"]


def _digest(text: str) -> str:
    return blake2b(text.encode(), digest_size=12).hexdigest()
