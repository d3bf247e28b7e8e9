"""Declaring signals: two decorators, and the registry that checks the catalogue as a whole.

A signal's name is its function's name, what it reads are its parameters' names, its type is its return annotation.
"""

import difflib
import inspect
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from operator import attrgetter
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import msgspec

from anlan.domain.entities import Privacy
from anlan.domain.events import Catalogue, EventType, Field, fields_of
from anlan.domain.signals import Cost, Signal, SignalType
from anlan.errors import InvalidSettings

INPUTS = ("event", "content_text", "profiles", "lists", "journal")
"""What a signal may read besides other signals and event fields; `journal` only in the deferred pass."""

_TYPES: dict[Any, SignalType] = {float: "number", int: "number", str: "text", bool: "bool"}


def _strip_none(annotation: Any) -> Any:
    if get_origin(annotation) in (Union, UnionType):
        kept = [arg for arg in get_args(annotation) if arg is not NoneType]
        return kept[0] if len(kept) == 1 else object
    return annotation


def _reads(function: Callable[..., Any]) -> tuple[str, ...]:
    return tuple(inspect.signature(function).parameters)


def signal(
    *,
    title: dict[str, str],
    type: SignalType | None = None,
    unit: str = "",
    low: float | None = None,
    high: float | None = None,
    choices: tuple[str, ...] = (),
    cost: Cost = "inline",
    version: int = 1,
    optional: tuple[str, ...] = (),
    applies_to: tuple[str, ...] | None = None,
    examples: Iterable[tuple[dict[str, Any], Any]] = (),
) -> Callable[[Callable[..., Any]], Signal]:
    """Declare a function as a signal; see `domain.signals.Signal` for the attributes.

    Raises:
        InvalidSettings: no usable return annotation and no `type`.
    """

    def declare(function: Callable[..., Any]) -> Signal:
        returned = _strip_none(get_type_hints(function).get("return"))
        kind = type or _TYPES.get(returned)
        if kind is None:
            raise InvalidSettings(f"signal {function.__name__}: annotate its return with float, int, str or bool")
        return Signal(
            name=function.__name__, compute=function, type=kind, reads=_reads(function), cost=cost, version=version,
            optional_reads=frozenset(optional), unit=unit, low=low, high=high, choices=choices, title=title,
            applies_to=applies_to, examples=tuple(examples),
        )

    return declare


def reading(function: Callable[..., Any]) -> Signal:
    """Declare an intermediate object that several signals share; no condition can name it and it is never stored."""
    return Signal(name=function.__name__, compute=function, type="object", reads=_reads(function))


def looking_ahead(prepare: Callable[[Sequence[str]], None]) -> Callable[[Signal], Signal]:
    """Declare what a signal prepares when several events wait; see `Signal.look_ahead`."""
    return lambda made: msgspec.structs.replace(made, look_ahead=prepare)


def part_of(reading: str, attribute: str, name: str, type: SignalType, title: dict[str, str], **more: Any) -> Signal:
    """A signal that is one attribute of a reading; `more` are fields of `Signal`."""
    return Signal(
        name=name, compute=attrgetter(attribute), type=type, reads=(reading,), part=attribute, title=title, **more
    )


def field_signals(types: Iterable[EventType]) -> tuple[Signal, ...]:
    """A signal for every scalar field of the catalogued events, under the field's own name."""
    made: dict[str, Signal] = {}
    for entry in types:
        for field in fields_of(entry.data):
            if field.type != "other" and field.name not in made:
                what = {"zh": f"事件字段 {field.name}", "en": f"event field {field.name}"}
                made[field.name] = Signal(
                    name=field.name, compute=_unused, type=field.type, reads=("event",), title=what,
                    unit="minor currency units" if field.name.endswith("_minor") else "",
                )
    return tuple(made.values())


def _fields_in_all_versions(catalogue: Catalogue, entry: EventType) -> dict[str, Field]:
    """The fields of the current version; one that an earlier version lacks is required of none."""
    versions = [fields_of(other.data) for other in catalogue.types if other.name == entry.name]
    always = set.intersection(*({field.name for field in fields if field.required} for fields in versions))
    return {
        field.name: msgspec.structs.replace(field, required=field.name in always) for field in fields_of(entry.data)
    }


def _unused(*_: object) -> None:
    raise AssertionError("fields are read by the evaluator directly")


class Registry:
    """Every signal of this installation, checked as a whole and immutable afterwards.

    Args:
        catalogue: the event types; their fields are signals too.
        signals: the literal lists of the protections, plug-ins included; one door for all.
        counters: counter signals, by name the event types on which each is readable.
        known: what a parameter of actions may name, by the parameter (`scenario`); it may be anything without.

    Raises:
        InvalidSettings: two signals share a name, one reads what does not exist, or reads go round in a circle.
    """

    def __init__(
        self, catalogue: Catalogue, signals: Iterable[Signal], counters: Mapping[str, tuple[Signal, frozenset[str]]],
        known: Mapping[str, Collection[str]] | None = None,
    ) -> None:
        self.catalogue = catalogue
        self.known = dict(known or {})
        self.fields = {entry.name: _fields_in_all_versions(catalogue, entry) for entry in catalogue}
        self.field_names = frozenset(name for fields in self.fields.values() for name in fields)
        self.counters = dict(counters)
        self.by_name: dict[str, Signal] = {}
        for made in (*field_signals(catalogue), *signals, *(entry for entry, _ in counters.values())):
            if made.name in self.by_name or made.name in INPUTS:
                raise InvalidSettings(f"two signals are called {made.name}; names are unique across protections")
            self.by_name[made.name] = made
        self._check_reads()
        self._available = {entry.name: self._available_on(entry) for entry in catalogue}

    def _check_reads(self) -> None:
        for entry in self.by_name.values():
            for read in entry.reads:
                if read not in self.by_name and read not in INPUTS:
                    close = difflib.get_close_matches(read, [*self.by_name, *INPUTS], 1)
                    hint = f"; did you mean {close[0]}?" if close else ""
                    raise InvalidSettings(f"signal {entry.name} reads {read}, which does not exist{hint}")
            self._check_cost(entry)
            for name in entry.optional_reads - set(entry.reads):
                raise InvalidSettings(f"signal {entry.name} calls {name} optional but does not read it")
            self._refuse_circle(entry.name, ())

    def _check_cost(self, entry: Signal) -> None:
        if entry.cost == "deferred":
            return
        late = [read for read in entry.reads if read in self.by_name and self.by_name[read].cost == "deferred"]
        if "journal" in entry.reads:
            late.append("the journal")
        if late:
            raise InvalidSettings(f"signal {entry.name} reads {late[0]}, so it must be declared cost='deferred'")
        if inspect.iscoroutinefunction(entry.compute):
            raise InvalidSettings(f"signal {entry.name} is a coroutine, so it must be declared cost='deferred'")

    def _refuse_circle(self, name: str, path: tuple[str, ...]) -> None:
        if name in path:
            raise InvalidSettings(f"signals read each other in a circle: {' -> '.join((*path, name))}")
        if name in self.by_name and name not in self.field_names:
            for read in self.by_name[name].reads:
                self._refuse_circle(read, (*path, name))

    def _available_on(self, entry: EventType) -> dict[str, Signal]:
        known: dict[str, bool] = {"content_text": bool(entry.text_fields)}

        def is_available(name: str) -> bool:
            if name not in known:
                known[name] = self._exists_on(entry, name) and (
                    name in self.field_names
                    or name in self.counters
                    or all(is_available(read) for read in self.by_name[name].reads
                           if read not in self.by_name[name].optional_reads)
                )
            return known[name]

        known |= {name: True for name in INPUTS if name != "content_text"}
        return {name: made for name, made in self.by_name.items() if is_available(name)}

    def _exists_on(self, entry: EventType, name: str) -> bool:
        if name in self.counters:
            return entry.name in self.counters[name][1]
        if name in self.field_names:
            return name in self.fields[entry.name] and self.fields[entry.name][name].type != "other"
        limited = self.by_name[name].applies_to
        return limited is None or entry.name in limited

    def available_on(self, event_type: str) -> Mapping[str, Signal]:
        """The signals that can be asked on `event_type`, by name."""
        return self._available[event_type]

    def privacy_of(self, name: str) -> Privacy:
        """The class of a signal's value: its field's, or personal for any other free text and for unknown names."""
        for fields in self.fields.values():
            if name in fields:
                return fields[name].privacy
        known = self.by_name.get(name)
        return "personal" if known is None or (known.type == "text" and not known.choices) else "internal"

    def types_on(self, event_types: Iterable[str]) -> dict[str, SignalType]:
        """Name to condition type of the signals that exist on every one of `event_types` (objects left out)."""
        sets = [self.available_on(name) for name in event_types]
        if not sets:
            return {name: made.type for name, made in self.by_name.items() if made.type != "object"}
        return {
            name: made.type
            for name, made in sets[0].items()
            if made.type != "object" and all(name in other for other in sets[1:])
        }
