"""What an operator may declare as a counter, and which declarations are refused."""

import difflib
import hashlib
import re
from collections.abc import Iterable, Mapping
from typing import Any, Literal, get_args

import msgspec

from anlan.domain.events import Catalogue, Field, fields_of
from anlan.domain.signals import SignalType
from anlan.engine.conditions import Condition, parse
from anlan.engine.yaml_text import load_yaml
from anlan.errors import InvalidPolicy, InvalidSettings

Kind = Literal["count", "distinct", "sum", "last_seen"]

_UNITS_S = {"m": 60.0, "h": 3600.0, "d": 86_400.0}
_SHORTEST_S, _LONGEST_S = 60.0, 30 * 86_400.0
_NAME = re.compile(r"[a-z][a-z0-9_]{2,63}")


class CounterSpec(msgspec.Struct, frozen=True, kw_only=True):
    """One declared counter; its value is the number signal `name`.

    Attributes:
        kind: `count` of matching events, `distinct` values of a field, `sum` of a field, or `last_seen`: seconds since
            the previous matching event within the window, unknown if there was none.
        on: event types that are counted.
        where: SQL condition over the fields of those types; None counts them all.
        by: fields that together are the key; an event that lacks one counts nowhere and reads unknown.
        over_s: a read at time t covers (t - over_s, t] in event time, the event itself included (but for `last_seen`).
        value: the field that is summed or whose values are told apart; an event that lacks it is not counted.
        read_by: further event types on which the counter can be read, with the fields that hold the key there.
        is_key_digested, is_value_digested: only digests are stored, because a field is sensitive or no entity's name.
        condition: `where` as a checked tree.
        title: {"zh", "en"}.
    """

    name: str
    kind: Kind
    on: tuple[str, ...]
    by: tuple[str, ...]
    over_s: float
    title: dict[str, str]
    where: str | None = None
    value: str | None = None
    read_by: dict[str, tuple[str, ...]] = {}
    is_key_digested: bool = False
    is_value_digested: bool = False
    condition: Condition | None = None

    @property
    def readable_on(self) -> frozenset[str]:
        """Every event type on which the signal can be asked for."""
        return frozenset((*self.on, *self.read_by))

    @property
    def unit(self) -> str:
        """`s` for `last_seen`; counts have none, and a sum has the unit of its field."""
        return "s" if self.kind == "last_seen" else ""

    @property
    def hash(self) -> str:
        """SHA-256 over all that determines the counter's states; titles and readers do not."""
        meaning = (self.name, self.kind, self.on, self.by, self.over_s, self.where, self.value, self.is_key_digested)
        return hashlib.sha256(msgspec.json.encode(meaning)).hexdigest()

    def key_fields(self, event_type: str) -> tuple[str, ...]:
        """The fields of `event_type` that hold the key; KeyError where the counter is not readable."""
        return self.by if event_type in self.on else self.read_by[event_type]


class _Declaration(msgspec.Struct, kw_only=True):
    name: str
    kind: str
    on: list[str]
    by: list[str]
    over: str
    title: dict[str, str]
    where: str | None = None
    value: str | None = None
    read_by: dict[str, list[str]] = {}


def load_counters(yaml_text: str, catalogue: Catalogue, where: str) -> tuple[CounterSpec, ...]:
    """The counters declared in a YAML list.

    Args:
        where: file or page that errors name.

    Raises:
        InvalidSettings: with every problem found, one a line, each naming `where` and the counter.
    """
    try:
        documents = load_yaml(yaml_text, where)
    except ValueError as error:
        raise InvalidSettings(str(error)) from error
    if not isinstance(documents, list):
        raise InvalidSettings(f"{where}: counters are a YAML list, each beginning with '- name:'")
    specs: dict[str, CounterSpec] = {}
    problems: list[str] = []
    for number, document in enumerate(documents, 1):
        try:
            spec = _read(document, catalogue, f"{where}: counter {number}")
            if spec.name in specs:
                raise InvalidSettings(f"{where}: {spec.name} is declared twice")
            specs[spec.name] = spec
        except (InvalidSettings, InvalidPolicy) as error:
            problems.append(error.message)
    if problems:
        raise InvalidSettings("\n".join(problems), problems=problems)
    return tuple(specs.values())


def _read(document: Any, catalogue: Catalogue, where: str) -> CounterSpec:
    if isinstance(document, dict) and isinstance(document.get("name"), str):
        where = f"{where.rsplit(':', 1)[0]}: {document['name']}"
    declared = _convert(document, where)
    fields = _Fields(catalogue, where)
    for name in (*declared.on, *declared.read_by):
        fields.check_type(name)
    _check_name(declared, fields, where)
    shared = fields.shared(declared.on)
    key = [_pick(shared, name, f"{where}: by", declared.on) for name in declared.by]
    _check_readers(declared, key, fields, where)
    value = _read_value(declared, shared, where)
    condition = None
    if declared.where is not None:
        types: dict[str, SignalType] = {name: field.type for name, field in shared.items() if field.type != "other"}
        condition = parse(declared.where, types, f"{where}: where")
    return CounterSpec(
        name=declared.name, kind=_kind(declared.kind, where), on=tuple(declared.on), by=tuple(declared.by),
        over_s=_window_s(declared.over, where), title=declared.title, where=declared.where, value=declared.value,
        read_by={name: tuple(names) for name, names in declared.read_by.items()},
        is_key_digested=any(map(_is_private, key)), is_value_digested=value is not None and _is_private(value),
        condition=condition,
    )


def _convert(document: Any, where: str) -> _Declaration:
    if not isinstance(document, dict):
        raise InvalidSettings(f"{where}: a counter is a mapping with a name, not {document!r}")
    document = {str(key): value for key, value in document.items()}
    known = msgspec.structs.fields(_Declaration)
    for key in document:
        if key not in {field.name for field in known}:
            raise InvalidSettings(f"{where}: unknown field {key!r}{_hint(key, [field.name for field in known])}")
    missing = [field.name for field in known if field.required and field.name not in document]
    if missing:
        raise InvalidSettings(f"{where}: missing {', '.join(missing)}")
    try:
        declared = msgspec.convert(document, _Declaration)
    except msgspec.ValidationError as error:
        raise InvalidSettings(f"{where}: {error}") from error
    for name in ("on", "by"):
        listed = getattr(declared, name)
        if not listed or len(set(listed)) < len(listed):
            raise InvalidSettings(f"{where}: {name} lists at least one name, each once")
    return declared


class _Fields:
    """The fields of the catalogue's types; a field counts only if every version of its type has it."""

    def __init__(self, catalogue: Catalogue, where: str) -> None:
        self._where = where
        self._by_type: dict[str, dict[str, Field]] = {}
        for entry in catalogue.types:
            fields = {field.name: field for field in fields_of(entry.data)}
            known = self._by_type.setdefault(entry.name, fields)
            self._by_type[entry.name] = {name: field for name, field in known.items() if name in fields}

    def check_type(self, name: str) -> None:
        if name not in self._by_type:
            raise InvalidSettings(f"{self._where}: no event type {name!r}{_hint(name, self._by_type)}")

    def shared(self, types: Iterable[str]) -> dict[str, Field]:
        """The fields that all of `types` have."""
        first, *others = (self._by_type[name] for name in types)
        return {name: field for name, field in first.items() if all(name in other for other in others)}

    def has(self, field: str) -> bool:
        return any(field in fields for fields in self._by_type.values())


def _check_name(declared: _Declaration, fields: _Fields, where: str) -> None:
    if not _NAME.fullmatch(declared.name):
        raise InvalidSettings(f"{where}: a name has 3 to 64 of a-z, 0-9 and _, such as ip_failed_logins_10m")
    if fields.has(declared.name):
        raise InvalidSettings(f"{where}: an event field has this name already; say who, what and window")
    for language in ("zh", "en"):
        if not declared.title.get(language, "").strip():
            raise InvalidSettings(f"{where}: title.{language} is missing")


def _check_readers(declared: _Declaration, key: list[Field], fields: _Fields, where: str) -> None:
    for event_type, names in declared.read_by.items():
        at = f"{where}: read_by {event_type}"
        if event_type in declared.on:
            raise InvalidSettings(f"{at}: it is counted there, so it is read there by {', '.join(declared.by)}")
        if len(names) != len(key):
            raise InvalidSettings(f"{at}: name {len(key)} field(s), in the order of by ({', '.join(declared.by)})")
        known = fields.shared([event_type])
        for field, name in zip(key, names, strict=True):
            other = _pick(known, name, at, [event_type])
            if (other.type, other.entity) != (field.type, field.entity):
                raise InvalidSettings(
                    f"{at}: {name} is {other.entity or other.type} but {field.name} is {field.entity or field.type}"
                )


def _read_value(declared: _Declaration, shared: Mapping[str, Field], where: str) -> Field | None:
    if declared.kind not in ("distinct", "sum"):
        if declared.value is not None:
            raise InvalidSettings(f"{where}: {declared.kind} takes no value; only distinct and sum do")
        return None
    if declared.value is None:
        raise InvalidSettings(f"{where}: {declared.kind} needs value: the field to look at")
    field = _pick(shared, declared.value, f"{where}: value", declared.on)
    if declared.kind == "sum" and field.type != "number":
        raise InvalidSettings(f"{where}: value: {field.name} is {field.type}; only a number can be summed")
    return field


def _is_private(field: Field) -> bool:
    return field.privacy == "sensitive" or not field.entity


def _kind(word: str, where: str) -> Kind:
    for kind in get_args(Kind):
        if word == kind:
            made: Kind = kind
            return made
    kinds = get_args(Kind)
    raise InvalidSettings(f"{where}: kind is one of {', '.join(kinds)}, not {word!r}{_hint(word, kinds)}")


def _window_s(text: str, where: str) -> float:
    number, unit = text[:-1], text[-1:]
    if not (number.isascii() and number.isdigit()) or unit not in _UNITS_S:
        raise InvalidSettings(f"{where}: over is a number of m, h or d, such as 10m, 1h or 7d, not {text!r}")
    seconds = int(number[:9]) * _UNITS_S[unit]
    if not _SHORTEST_S <= seconds <= _LONGEST_S:
        raise InvalidSettings(f"{where}: over is from 1m to 30d, not {text}")
    return seconds


def _pick(fields: Mapping[str, Field], name: str, where: str, types: Iterable[str]) -> Field:
    field = fields.get(name)
    if field is None:
        raise InvalidSettings(f"{where}: no field {name!r} on {' and '.join(types)}{_hint(name, fields)}")
    if field.type == "other":
        raise InvalidSettings(f"{where}: {name} is a list or an object and cannot be counted by")
    return field


def _hint(word: str, choices: Iterable[str]) -> str:
    close = difflib.get_close_matches(word, list(choices), 1)
    return f"; did you mean {close[0]}?" if close else ""
