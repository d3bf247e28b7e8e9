"""One event type's signals and conditions as one Python function: no dictionaries, no interpretation on the hot path.

The function is generated from the registry and the policy set, in this order: fields, counters (counted, then read),
signals in order of what they read, conditions. Every call of a signal stands in its own `try`: what raises, hangs or
returns nonsense becomes unknown, is recorded, and stops nothing else (law 6). User text never enters the source.
"""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from types import CodeType
from typing import Any, Protocol

from anlan.clock import stopwatch
from anlan.domain.event_data import Data
from anlan.domain.events import Event, EventType
from anlan.domain.signals import Signal
from anlan.engine.condition_tree import while_awaiting
from anlan.engine.hang import HungSignal
from anlan.engine.inline import falsity_source, truth_source
from anlan.engine.policies import CheckedPolicy
from anlan.engine.signals import INPUTS, Registry

MAX_TEXT_VALUE_CHARS = 32_768
HANGS_ALLOWED = 3
"""A signal that hung this often is taken out of service until the next load: unknown at once, instead of slowly."""
_OPENING = re.compile(r"(s\d+(?: is not None| is False)?) and ")
"""How `inline` begins a conjunction: a signal that must be known, true or false."""
SAMPLE_EVERY = 64
"""One event in this many is evaluated with a stopwatch around each signal."""
SOURCES_KEPT = 128


class Step(Protocol):
    """A counter made ready for one event type; see `engine.counters`."""

    @property
    def name(self) -> str:
        """The signal that it gives."""

    def run(self, data: Data, time: float) -> float | None:
        """Count the event if the declaration says so, then read as of `time`."""


class SignalStats:
    """How signals behave: failures by signal, and time and unknowns on sampled events."""

    def __init__(self) -> None:
        self.failures: Counter[str] = Counter()
        self.last_failure: dict[str, str] = {}
        self.sampled: Counter[str] = Counter()
        self.unknown: Counter[str] = Counter()
        self.seconds: defaultdict[str, float] = defaultdict(float)

    def fail(self, name: str, reason: str) -> None:
        """Record one failure; the reason names the exception or the nonsense, never a member's text."""
        self.failures[name] += 1
        self.last_failure[name] = reason

    def sample(self, name: str, seconds: float, value: Any) -> None:
        """Record one timed evaluation."""
        self.sampled[name] += 1
        self.seconds[name] += seconds
        self.unknown[name] += value is None


Outcome = tuple[dict[str, Any], list[int], list[int]]
"""What the generated function returns: the recorded signals that are known, by name; then the policies that hold, and
those that cannot be decided, as indexes into those that it was made for."""


class Evaluator:
    """The generated functions of one event type under one policy set.

    Attributes:
        policies: the members of the set that are asked about this type.
    """

    def __init__(
        self, entry: EventType, registry: Registry, steps: Sequence[Step], policies: tuple[CheckedPolicy, ...],
        stats: SignalStats,
    ) -> None:
        self.entry = entry
        self.policies = policies
        self._stats = stats
        self._failed: dict[str, str] = {}
        source = _Source(entry, registry, steps, policies)
        self.source = source.text(is_timed=False)
        self._names = source.bound | {
            "check": self._check, "fail": self._fail, "HungSignal": HungSignal, "stopwatch": stopwatch,
            "is_storable": _is_storable, "sample": stats.sample,
        }
        self._plain = _compile(self.source, self._names, entry.name)
        self._timed = _compile(source.text(is_timed=True), self._names, entry.name)
        self._functions = source.functions
        self._hangs: Counter[str] = Counter()
        self._countdown = SAMPLE_EVERY
        self._signals = {made.name: made for made in registry.available_on(entry.name).values()}

    def run(self, event: Event, profiles: Any, lists: Any) -> tuple[Outcome, dict[str, str]]:
        """Evaluate one event; (outcome, failed signals with reasons). Counters count it."""
        if self._failed:
            self._failed = {}
        self._countdown -= 1
        if self._countdown:
            return self._plain(event, event.data, event.time, profiles, lists), self._failed
        self._countdown = SAMPLE_EVERY
        return self._timed(event, event.data, event.time, profiles, lists), self._failed

    def _fail(self, name: str, error: BaseException) -> None:
        reason = type(error).__name__
        self._failed[name] = reason
        self._stats.fail(name, reason)
        if isinstance(error, HungSignal):
            self._hangs[name] += 1
            if self._hangs[name] == HANGS_ALLOWED and name in self._functions:
                self._names[self._functions[name]] = _out_of_service

    def _check(self, name: str, value: Any) -> Any:
        checked = usable(self._signals[name], value)
        if checked is None:
            self._failed[name] = "nonsense"
            self._stats.fail(name, f"returned {type(value).__name__} outside what it declares")
        return checked


def usable(made: Signal, value: Any) -> Any:
    """`value` if it is what the signal declares (numpy scalars become plain ones), else None."""
    if made.type == "number" and not isinstance(value, bool | str | bytes):
        return _usable_number(made, value)
    if made.type == "bool" and (isinstance(value, bool) or type(value).__name__ == "bool"):
        return bool(value)
    if made.type == "text" and isinstance(value, str) and len(value) <= MAX_TEXT_VALUE_CHARS and _is_storable(value):
        return str(value) if not made.choices or value in made.choices else None
    return None


def _is_storable(text: str) -> bool:
    """No encoding has a lone surrogate."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _usable_number(made: Signal, value: Any) -> float | int | None:
    try:
        number = value if isinstance(value, int) else float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    low, high = _bounds(made)
    return number if low <= number <= high and math.isfinite(number) else None


def _bounds(made: Signal) -> tuple[float, float]:
    return -(2.0**53) if made.low is None else made.low, 2.0**53 if made.high is None else made.high


class OutOfService(Exception):
    """The signal hung too often and is not called any more."""


def _out_of_service(*_: Any) -> Any:
    raise OutOfService


def _compile(source: str, names: dict[str, Any], name: str) -> Callable[..., Outcome]:
    exec(_code(source, name), names)  # noqa: S102 - the source is ours, see module docstring
    made: Callable[..., Outcome] = names["evaluate"]
    return made


@lru_cache(maxsize=SOURCES_KEPT)
def _code(source: str, name: str) -> CodeType:
    """Most types read the same under the next set: a change of one policy need not compile the others again."""
    return compile(source, f"<evaluator {name}>", "exec")


class _Source:
    """Writes the source of one evaluator; `bound` holds the objects that its names stand for."""

    def __init__(
        self, entry: EventType, registry: Registry, steps: Sequence[Step], policies: tuple[CheckedPolicy, ...]
    ) -> None:
        available = registry.available_on(entry.name)
        self._entry = entry
        self._fields = [name for name in available if name in registry.field_names]
        self._steps = list(steps)
        counted = {step.name for step in steps}
        self._computed = [
            made
            for made in _in_order(available.values())
            if made.cost == "inline" and made.name not in registry.field_names and made.name not in counted
        ]
        ordered = (*self._fields, *(step.name for step in steps), *(m.name for m in self._computed))
        self._local = {name: f"s{index}" for index, name in enumerate(ordered)}
        self._read = {read for made in self._computed for read in made.reads}
        self._read |= {name for member in policies for name in member.condition.names}
        required = {name for name, field in registry.fields[entry.name].items() if field.required}
        self._never_unknown = required | set(INPUTS)
        self.bound: dict[str, Any] = {}
        self.functions = {made.name: f"f{index}" for index, made in enumerate(self._computed)}
        # Written once: both functions share the constants that conditions bind.
        self._conditions = self._write_conditions(policies)

    def text(self, *, is_timed: bool) -> str:
        """The whole function."""
        lines = ["def evaluate(event, data, time, profiles, lists):", "    unset = None", "    signals = {}"]
        lines += [f"    {self._local[name]} = data.{name}" for name in self._fields if name in self._read]
        lines += self._content_text()
        for index, step in enumerate(self._steps):
            self.bound[f"count{index}"] = step.run
            lines += self._guarded(step.name, f"count{index}(data, time)", "", is_timed=is_timed, is_recorded=True)
        for index, made in enumerate(self._computed):
            self.bound[f"f{index}"] = made.compute
            call, nonsense = self._call(index, made), self._nonsense(made)
            lines += self._guarded(made.name, call, nonsense, is_timed=is_timed, is_recorded=made.type != "object")
        lines += ["    hits = []", "    undecided = []", *self._conditions, "    hits.sort()"]
        return "\n".join([*lines, "    return signals, hits, undecided", ""])

    def _content_text(self) -> list[str]:
        fields = self._entry.text_fields
        if not fields:
            return []
        if len(fields) == 1:
            return [f"    content_text = data.{fields[0]} or ''"]
        parts = ", ".join(f"data.{name}" for name in fields)
        return [f"    content_text = '\\n'.join(part for part in ({parts},) if part)"]

    def _call(self, index: int, made: Signal) -> str:
        arguments = ", ".join(self._argument(read) for read in made.reads)
        must = [
            self._local[read]
            for read in made.reads
            if read in self._local and read not in made.optional_reads and read not in self._never_unknown
        ]
        call = f"{arguments}.{made.part}" if made.part else f"f{index}({arguments})"
        guard = " or ".join(f"{name} is None" for name in must)
        return f"None if {guard} else {call}" if guard else call

    def _argument(self, read: str) -> str:
        # An optional read that does not exist on this type is simply unknown here.
        return read if read in INPUTS else self._local.get(read, "unset")

    def _nonsense(self, made: Signal) -> str:
        local = self._local[made.name]
        if made.type == "number":
            low, high = _bounds(made)
            fits = f"({local}.__class__ is float or {local}.__class__ is int) and {low!r} <= {local} <= {high!r}"
        elif made.type == "bool":
            fits = f"{local}.__class__ is bool"
        elif made.type == "text" and not made.choices:
            fits = (
                f"{local}.__class__ is str and len({local}) <= {MAX_TEXT_VALUE_CHARS} "
                f"and ({local}.isascii() or is_storable({local}))"
            )
        elif made.type == "text":
            fits = f"{local} in {made.choices!r}"
        else:
            return ""
        return f"        if {local} is not None and not ({fits}): {local} = check({made.name!r}, {local})"

    def _guarded(self, name: str, call: str, nonsense: str, *, is_timed: bool, is_recorded: bool) -> list[str]:
        local = self._local[name]
        lines = ["    began = stopwatch()"] if is_timed else []
        lines += ["    try:", f"        {local} = {call}"]
        if nonsense:
            lines.append(nonsense)
        lines += ["    except (Exception, HungSignal) as error:", f"        {local} = fail({name!r}, error)"]
        # Fields are in the event already, under its retention; copies in decisions would outlive it (law 10).
        if is_recorded:
            lines.append(f"    if {local} is not None: signals[{name!r}] = {local}")
        return [*lines, f"    sample({name!r}, stopwatch() - began, {local})"] if is_timed else lines

    def _write_conditions(self, policies: Iterable[CheckedPolicy]) -> list[str]:
        """Conditions that begin with the same test stand under it together, so that it is asked once."""
        under: defaultdict[str, list[str]] = defaultdict(list)
        for index, member in enumerate(policies):
            truth = truth_source(member.condition.tree, self._local_of, self.bound)
            otherwise = self._undecided(index, member)
            opening = None if otherwise else _OPENING.match(truth)
            test, rest = (opening[1], truth[opening.end() :]) if opening else ("True", truth)
            under[test] += [f"        if {rest}:", f"            hits.append({index})", *otherwise]
        return [line for test, lines in under.items() for line in (f"    if {test}:", *lines)]

    def _local_of(self, name: str) -> str:
        return self._local.get(name, "unset")

    def _undecided(self, index: int, member: CheckedPolicy) -> list[str]:
        awaited = frozenset(name for name in member.condition.names if name not in self._local)
        if not awaited and member.policy.on_unknown != "review":
            return []
        is_false = falsity_source(while_awaiting(member.condition.tree, awaited), self._local_of, self.bound)
        return [f"        elif not ({is_false}):", f"            undecided.append({index})"]


def _in_order(signals: Iterable[Signal]) -> list[Signal]:
    """Signals such that each stands after everything it reads."""
    by_name = {made.name: made for made in signals}
    ordered: dict[str, Signal] = {}

    def place(name: str) -> None:
        if name in by_name and name not in ordered:
            for read in by_name[name].reads:
                place(read)
            ordered[name] = by_name[name]

    for name in by_name:
        place(name)
    return list(ordered.values())
