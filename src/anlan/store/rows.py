"""Which columns the analytic journal has, and how one committed event with its latest decision becomes one row of it.

Our own columns begin with an underscore, which no field or signal may. Sensitive fields never become a column; personal
ones do, and go again when their retention is over.
"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import msgspec

from anlan.domain.entities import Privacy
from anlan.domain.event_data import Data
from anlan.domain.events import EventType, fields_of
from anlan.domain.signals import Signal, SignalType
from anlan.domain.sql_text import literal, quoted
from anlan.errors import InvalidSettings
from anlan.store.vault import shown_data

_FINDINGS = "STRUCT(policy VARCHAR, version INTEGER, verdict VARCHAR, is_unknown BOOLEAN)[]"
OWN_COLUMNS: dict[str, str] = {
    "_seq": "BIGINT", "_key": "VARCHAR", "_source": "VARCHAR", "_id": "VARCHAR", "_type": "VARCHAR", "_time": "DOUBLE",
    "_received_at": "DOUBLE", "_actor": "VARCHAR", "_verdict": "VARCHAR", "_category": "VARCHAR",
    "_policy_set": "VARCHAR", "_signal_versions": "VARCHAR", "_findings": _FINDINGS, "_shadow": _FINDINGS,
}
"""Name to DuckDB type; what each means is said in `domain.ports.JournalView`."""

_PRIVACY: tuple[Privacy, ...] = ("public", "internal", "personal", "sensitive")
_DUCKDB_TYPES: dict[str, str] = {"number": "DOUBLE", "text": "VARCHAR", "bool": "BOOLEAN"}
_PYTHON_TYPES: dict[str, type] = {"number": float, "text": str, "bool": bool}


class CommittedRow(NamedTuple):
    """One row of the record of events joined with its latest decision; `body` is None before any decision."""

    seq: int
    key: str
    source: str
    id: str
    type: str
    type_version: int
    time: float
    received_at: float
    actor: str
    data: bytes | None
    verdict: str | None
    category: str | None
    policy_set: str | None
    body: bytes | None


class _Finding(msgspec.Struct, gc=False):
    policy: str
    version: int
    verdict: str
    is_unknown: bool = False


class _Body(msgspec.Struct, gc=False):
    signals: msgspec.Raw = msgspec.Raw(b"{}")
    findings: tuple[_Finding, ...] = ()
    shadow: tuple[_Finding, ...] = ()
    signal_versions: dict[str, int] = {}


class _Line(msgspec.Struct, gc=False):
    _seq: int
    _key: str
    _source: str
    _id: str
    _type: str
    _time: float
    _received_at: float
    _actor: str | None
    _verdict: str | None
    _category: str | None
    _policy_set: str | None
    _signal_versions: str
    _findings: tuple[_Finding, ...]
    _shadow: tuple[_Finding, ...]
    fields: Any
    signals: msgspec.Raw


class Columns:
    """The columns of this installation, and the encoder of its rows.

    Args:
        types: every declared event type, older versions included.
        signals: the signal catalogue; those named like an event field are that field and get no second column.

    Attributes:
        fields, signals: name to condition type of the columns of each kind.
        personal: the columns that are dropped when the retention of personal data is over.

    Raises:
        InvalidSettings: two names that differ only in case, or a name that is not an identifier or begins with `_`.
    """

    def __init__(self, types: Iterable[EventType], signals: Iterable[Signal]) -> None:
        self._types = tuple(types)
        self._privacy = _strictest_by_field(self._types)
        catalogue = {made.name: made for made in signals if made.name not in self._privacy}
        self.fields: dict[str, SignalType] = {
            field.name: field.type
            for entry in self._types
            for field in fields_of(entry.data)
            if field.type != "other" and self._privacy[field.name] != "sensitive"
        }
        self._privacy |= {name: _privacy_of_signal(name, catalogue, self._privacy) for name in catalogue}
        self.signals: dict[str, SignalType] = {
            name: made.type
            for name, made in catalogue.items()
            if made.type != "object" and self._privacy[name] != "sensitive"
        }
        self.personal = frozenset(name for name in self.readable if self._privacy[name] == "personal")
        _check_names(self.readable)
        self._encoder = RowEncoder(self)

    @property
    def readable(self) -> dict[str, SignalType]:
        """What conditions may name, with its type."""
        return self.fields | self.signals

    @property
    def duckdb_types(self) -> dict[str, str]:
        """Every column in order, with its DuckDB type."""
        return OWN_COLUMNS | {name: _DUCKDB_TYPES[kind] for name, kind in self.readable.items()}

    @property
    def types(self) -> tuple[EventType, ...]:
        """Every declared event type."""
        return self._types

    def encode(self, stored: CommittedRow) -> bytes:
        """One line of JSON, for `reader_sql`."""
        return self._encoder.encode(stored)

    def reader_sql(self, file: str) -> str:
        """SELECT of every column from a file of encoded lines, in the order of the file."""
        nested = {"fields": self.fields, "signals": self.signals}
        structs = {
            name: f"STRUCT({', '.join(f'{quoted(n)} {_DUCKDB_TYPES[t]}' for n, t in columns.items())})"
            for name, columns in nested.items()
            if columns
        }
        spec = ", ".join(f"{name}: {literal(kind)}" for name, kind in (OWN_COLUMNS | structs).items())
        picked = [f"{kind}.{quoted(name)} AS {quoted(name)}" for kind, names in nested.items() for name in names]
        return (
            f"SELECT {', '.join([*OWN_COLUMNS, *picked])} "
            f"FROM read_json({literal(file)}, format = 'newline_delimited', "
            f"maximum_object_size = {MAX_LINE_BYTES}, columns = {{{spec}}})"
        )


MAX_LINE_BYTES = 64 * 1024 * 1024


class RowEncoder:
    """Between the bytes in the record and one line of JSON; what does not fit its column becomes unknown."""

    def __init__(self, columns: Columns) -> None:
        self._columns = columns
        self._readers = {(entry.name, entry.version): _reader(entry.data, columns.fields) for entry in columns.types}
        self._signals = msgspec.json.Decoder(_optional_struct("Signals", columns.signals))
        named = columns.fields.keys() - columns.personal
        self._hidden_actors = {entry.name for entry in columns.types if entry.actor not in named}
        self._body = msgspec.json.Decoder(_Body)
        self._encoder = msgspec.json.Encoder()

    def encode(self, stored: CommittedRow) -> bytes:
        body = self._body.decode(stored.body) if stored.body else _Body()
        line = _Line(
            stored.seq, stored.key, stored.source, stored.id, stored.type, stored.time, stored.received_at,
            None if stored.type in self._hidden_actors else stored.actor,
            stored.verdict, stored.category, stored.policy_set,
            msgspec.json.encode(body.signal_versions, order="sorted").decode(),
            body.findings, body.shadow, self._fields(stored), self._fitting_signals(body.signals),
        )
        return self._encoder.encode(line)

    def _fields(self, stored: CommittedRow) -> Any:
        if stored.data is None:
            return None
        shown = shown_data(stored.data)
        reader = self._readers.get((stored.type, stored.type_version))
        try:
            return reader.decode(shown) if reader else _fitting(shown, self._columns.fields)
        except msgspec.ValidationError:
            return _fitting(shown, self._columns.fields)

    def _fitting_signals(self, raw: msgspec.Raw) -> msgspec.Raw:
        try:
            self._signals.decode(raw)
        except msgspec.ValidationError:
            # A signal that changed its type since the decision must not keep the whole segment from being sealed.
            return msgspec.Raw(msgspec.json.encode(_fitting(raw, self._columns.signals)))
        return raw


def _fitting(raw: bytes | msgspec.Raw, columns: Mapping[str, SignalType]) -> dict[str, Any]:
    def fits(name: str, value: Any) -> bool:
        wanted = _PYTHON_TYPES.get(columns.get(name, ""))
        return value.__class__ is wanted or (wanted is float and value.__class__ is int)

    return {name: value for name, value in msgspec.json.decode(raw).items() if fits(name, value)}


def _optional_struct(name: str, columns: Mapping[str, SignalType]) -> type[msgspec.Struct]:
    fields: list[tuple[str, Any, Any]] = [(name, _PYTHON_TYPES[kind] | None, None) for name, kind in columns.items()]
    return msgspec.defstruct(name, fields, gc=False)


def _reader(data: type[Data], columns: Mapping[str, SignalType]) -> msgspec.json.Decoder[Any]:
    """Decodes the columns among the fields of `data`, with the defaults that the engine saw for what was left out."""
    fields: list[tuple[str, Any, Any]] = [
        (info.name, _PYTHON_TYPES[columns[info.name]] | None, None if info.required else info.default)
        for info in msgspec.structs.fields(data)
        if info.name in columns
    ]
    return msgspec.json.Decoder(msgspec.defstruct(f"{data.__name__}Fields", fields, gc=False))


def _strictest_by_field(types: Iterable[EventType]) -> dict[str, Privacy]:
    found: dict[str, Privacy] = {}
    for entry in types:
        for field in fields_of(entry.data):
            found[field.name] = max(found.get(field.name, "public"), field.privacy, key=_PRIVACY.index)
    return found


def _privacy_of_signal(name: str, catalogue: Mapping[str, Signal], fields: Mapping[str, Privacy]) -> Privacy:
    """Free text is as private as the strictest thing it is made from; numbers and closed choices are internal."""
    if name in fields:
        return fields[name]
    made = catalogue.get(name)
    if made is None:
        return "personal"  # an input such as the event as a whole
    if made.type in ("number", "bool") or made.choices:
        return "internal"
    read_from = (_privacy_of_signal(read, catalogue, fields) for read in made.reads)
    return max(read_from, key=_PRIVACY.index, default="internal")


def _check_names(names: Iterable[str]) -> None:
    seen: dict[str, str] = {}
    for name in names:
        if not name.isidentifier() or name.startswith("_"):
            raise InvalidSettings(f"{name!r} cannot be a column of the journal: use a name that begins with a letter")
        other = seen.setdefault(name.casefold(), name)
        if other != name:
            raise InvalidSettings(f"{name!r} and {other!r} differ only in case; rename one: the journal mixes them up")
