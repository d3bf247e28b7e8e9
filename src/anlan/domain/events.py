"""What can happen: the CloudEvents 1.0 envelope, the catalogue of typed events, and how entities are read off them.

A field's annotation carries everything the rest of the house asks about it: its limits, the kind of entity it names
and its privacy class. A new type is a class in `CATALOGUE`; an operator's own type is a declaration (`declare`).
"""

from datetime import datetime
from functools import cache
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Meta

from anlan.domain.entities import Entity, Privacy
from anlan.domain.event_data import (
    AccountLogin,
    AccountRegistered,
    BindingChanged,
    CodeRequested,
    ContentPublished,
    Data,
    DeviceDisowned,
    DeviceOwned,
    FriendshipChanged,
    GroupChanged,
    LinkOpened,
    MessageSent,
    PasswordChanged,
    PaymentInitiated,
    PaymentSettled,
    PaymentThoughtOver,
    PlaySession,
    ProfileUpdated,
    ReportFiled,
    ReportOverturned,
    ReportUpheld,
    ScreenShared,
    SessionChanged,
    VerificationCompleted,
)
from anlan.errors import InvalidEvent, InvalidSettings

MAX_EVENT_BYTES = 256 * 1024


class EventType(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of the catalogue: a type at one version.

    Attributes:
        name: CloudEvents `type`, e.g. `message.sent`.
        version: what the event's `dataschema` must end in, when it names one.
        data: the struct that `data` is decoded into.
        actor: the role of the entity that acted (`sender`); verdicts and member reasons are about it.
        text_fields: the fields that content protections read, in order.
    """

    name: str
    data: type[Data]
    actor: str
    version: int = 1
    text_fields: tuple[str, ...] = ()

    @property
    def schema_uri(self) -> str:
        """The `dataschema` that names this version."""
        return f"urn:anlan:event:{self.name}:{self.version}"


CATALOGUE: tuple[EventType, ...] = (
    EventType(name="message.sent", data=MessageSent, actor="sender", text_fields=("text",)),
    EventType(name="account.login", data=AccountLogin, actor="account"),
    EventType(name="device.disowned", data=DeviceDisowned, actor="account"),
    EventType(name="device.owned", data=DeviceOwned, actor="account"),
    EventType(name="account.password_changed", data=PasswordChanged, actor="account"),
    EventType(name="account.binding_changed", data=BindingChanged, actor="account"),
    EventType(name="verification.completed", data=VerificationCompleted, actor="account"),
    EventType(name="session.changed", data=SessionChanged, actor="account"),
    EventType(name="account.registered", data=AccountRegistered, actor="account", text_fields=("nickname",)),
    EventType(name="profile.updated", data=ProfileUpdated, actor="account", text_fields=("nickname", "bio")),
    EventType(name="friendship.changed", data=FriendshipChanged, actor="account", text_fields=("text",)),
    EventType(name="group.changed", data=GroupChanged, actor="account", text_fields=("group_name",)),
    EventType(name="payment.initiated", data=PaymentInitiated, actor="payer", text_fields=("note",)),
    EventType(name="payment.settled", data=PaymentSettled, actor="payer"),
    EventType(name="payment.thought_over", data=PaymentThoughtOver, actor="payer"),
    EventType(name="link.opened", data=LinkOpened, actor="account", text_fields=("url",)),
    EventType(name="screen.shared", data=ScreenShared, actor="account"),
    EventType(name="code.requested", data=CodeRequested, actor="account"),
    EventType(name="play.session", data=PlaySession, actor="account"),
    EventType(name="report.filed", data=ReportFiled, actor="reporter", text_fields=("text",)),
    EventType(name="report.upheld", data=ReportUpheld, actor="account"),
    EventType(name="report.overturned", data=ReportOverturned, actor="account"),
    EventType(name="content.published", data=ContentPublished, actor="author", text_fields=("title", "text")),
)


class Field(msgspec.Struct, frozen=True):
    """What the house knows about one field of an event's data.

    Attributes:
        type: `text`, `number`, `bool`, or `other` for what conditions cannot read (lists, objects).
        entity: the kind of entity it names, if any.
        privacy: its class under law 10.
        required: an event without it is refused.
    """

    name: str
    type: Literal["text", "number", "bool", "other"]
    entity: str | None
    privacy: Privacy
    required: bool


_SCALARS: dict[object, Literal["text", "number", "bool"]] = {str: "text", int: "number", float: "number", bool: "bool"}


def _describe(annotation: Any) -> tuple[Literal["text", "number", "bool", "other"], str | None, Privacy]:
    """(condition type, entity kind, privacy class) of one annotation, through `Annotated`, `Literal` and `| None`."""
    extra: dict[str, Any] = {}
    kind: Literal["text", "number", "bool", "other"] = "other"
    pending = [annotation]
    while pending:
        current = pending.pop()
        for meta in getattr(current, "__metadata__", ()):
            extra |= (meta.extra or {}) if isinstance(meta, Meta) else {}
        if get_origin(current) is Literal:
            kind = "text"
        elif current in _SCALARS:
            kind = _SCALARS[current]
        pending += [arg for arg in get_args(current) if arg is not type(None) and not isinstance(arg, Meta | str)]
    return kind, extra.get("entity"), extra.get("privacy", "internal")


@cache
def fields_of(data: type[Data]) -> tuple[Field, ...]:
    """The fields of an event's data in order of declaration."""
    hints = get_type_hints(data, include_extras=True)
    return tuple(
        Field(info.name, *_describe(hints[info.name]), info.required) for info in msgspec.structs.fields(data)
    )


class Envelope(msgspec.Struct, frozen=True, gc=False):
    """The CloudEvents 1.0 attributes that we read; extensions are ignored."""

    specversion: Literal["1.0"]
    id: Annotated[str, Meta(min_length=1, max_length=256)]
    source: Annotated[str, Meta(min_length=1, max_length=256)]
    type: Annotated[str, Meta(min_length=1, max_length=128)]
    data: msgspec.Raw
    time: datetime | None = None
    subject: Annotated[str, Meta(max_length=256)] | None = None
    dataschema: str | None = None
    datacontenttype: str | None = None


class Event(msgspec.Struct, frozen=True, gc=False):
    """An accepted event.

    Attributes:
        time: event time, seconds since the epoch (UTC).
        data: the typed payload; its class belongs to `type`.
        raw: the JSON bytes of `data` as received; what the journal keeps.
    """

    id: str
    source: str
    type: EventType
    time: float
    data: Data
    raw: bytes
    subject: str | None = None

    @property
    def entities(self) -> list[Entity]:
        """The entities named by the event, in order of the fields that name them."""
        return [
            Entity(role, kind, value)
            for role, kind in entity_fields(self.type.data)
            if (value := getattr(self.data, role)) is not None
        ]

    @property
    def actor(self) -> Entity:
        """The entity that acted."""
        role = self.type.actor
        return Entity(role, entity_kinds(self.type.data)[role], getattr(self.data, role))

    def entity(self, role: str) -> Entity | None:
        """The entity in this role, if the event names one."""
        kind = entity_kinds(self.type.data).get(role)
        value = getattr(self.data, role) if kind else None
        return None if kind is None or value is None else Entity(role, kind, value)


@cache
def entity_kinds(data: type[Data]) -> dict[str, str]:
    """Role to kind of every field of `data` that names an entity, in order of declaration."""
    return {field.name: field.entity for field in fields_of(data) if field.entity}


def entity_fields(data: type[Data]) -> tuple[tuple[str, str], ...]:
    """(role, kind) of every field of `data` that names an entity."""
    return tuple(entity_kinds(data).items())


class Catalogue:
    """The types that this installation accepts, and the decoder from bytes to `Event`.

    Args:
        types: built-in and operator-declared types; a later version of a name stands beside the earlier one, whose
            events then have the later one's new fields too, as unknown.
        max_future_s: how far ahead of the receiving clock an event's time may lie.

    Raises:
        InvalidSettings: two entries claim the same name and version, or two types give one field different types.
    """

    def __init__(self, types: tuple[EventType, ...] = CATALOGUE, max_future_s: float = 600.0) -> None:
        self.types = types = _side_by_side(types)
        self.max_future_s = max_future_s
        self._by_schema: dict[str, EventType] = {}
        self._current: dict[str, tuple[EventType, msgspec.json.Decoder[Data]]] = {}
        self._decoders: dict[EventType, msgspec.json.Decoder[Data]] = {}
        self._envelope = msgspec.json.Decoder(Envelope)
        for entry in types:
            if entry.schema_uri in self._by_schema:
                raise InvalidSettings(f"event type {entry.name} version {entry.version} is declared twice")
            decoder = msgspec.json.Decoder(entry.data)
            self._by_schema[entry.schema_uri] = entry
            self._decoders[entry] = decoder
            newest = self._current.get(entry.name)
            if newest is None or newest[0].version < entry.version:
                self._current[entry.name] = (entry, decoder)
        self._check_fields_agree()

    def __iter__(self) -> Any:
        return iter(entry for entry, _ in self._current.values())

    def __getitem__(self, name: str) -> EventType:
        return self._current[name][0]

    def __contains__(self, name: str) -> bool:
        return name in self._current

    def _check_fields_agree(self) -> None:
        seen: dict[str, tuple[str, str]] = {}
        for entry in self.types:
            for field in fields_of(entry.data):
                first_type, where = seen.setdefault(field.name, (field.type, entry.name))
                if first_type != field.type:
                    raise InvalidSettings(
                        f"field {field.name} is {field.type} in {entry.name} but {first_type} in {where}; rename one"
                    )

    def decode(self, body: bytes, received_at: float) -> Event:
        """One CloudEvent in JSON to an `Event`.

        Args:
            body: structured-mode CloudEvent, UTF-8 JSON.
            received_at: wall-clock seconds; stands in for a missing `time` and bounds one that lies ahead.

        Raises:
            InvalidEvent: with a `reason` code and what to change.
        """
        if len(body) > MAX_EVENT_BYTES:
            raise InvalidEvent(
                f"the event has {len(body):,} bytes; the limit is {MAX_EVENT_BYTES:,}. Send media by reference.",
                reason="too_large",
            )
        try:
            envelope = self._envelope.decode(body)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise InvalidEvent(f"not a CloudEvents 1.0 JSON object: {error}", reason="malformed") from error
        entry, decoder = self._type_of(envelope)
        try:
            data = decoder.decode(envelope.data)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise InvalidEvent(f"data of {entry.name}: {error}", reason="schema") from error
        return Event(
            envelope.id, envelope.source, entry, self._time_of(envelope, received_at), data, bytes(envelope.data),
            envelope.subject,
        )

    def restore(self, type_name: str, version: int, id: str, source: str, time: float, raw: bytes) -> Event:
        """An event read back from the journal; the type must still be declared.

        Raises:
            InvalidEvent: the type is no longer declared, or the stored data no longer fits it.
        """
        entry = self._by_schema.get(f"urn:anlan:event:{type_name}:{version}")
        if entry is None:
            raise InvalidEvent(f"type {type_name} version {version} is no longer declared", reason="unknown_type")
        try:
            return Event(id, source, entry, time, self._decoders[entry].decode(raw), raw)
        except msgspec.MsgspecError as error:
            raise InvalidEvent(f"stored data of {type_name}: {error}", reason="schema") from error

    def _type_of(self, envelope: Envelope) -> tuple[EventType, msgspec.json.Decoder[Data]]:
        current = self._current.get(envelope.type)
        if current is None:
            raise InvalidEvent(
                f"type {envelope.type!r} is not in the catalogue; declare it in event_types.yaml", reason="unknown_type"
            )
        if envelope.dataschema is None or envelope.dataschema == current[0].schema_uri:
            return current
        entry = self._by_schema.get(envelope.dataschema)
        if entry is None or entry.name != envelope.type:
            raise InvalidEvent(
                f"dataschema {envelope.dataschema!r} is not a version of {envelope.type}; "
                f"the current one is {current[0].schema_uri}",
                reason="unknown_version",
            )
        return entry, self._decoders[entry]

    def _time_of(self, envelope: Envelope, received_at: float) -> float:
        if envelope.time is None:
            return received_at
        if envelope.time.tzinfo is None:
            raise InvalidEvent("time needs a zone, e.g. 2026-11-21T08:00:00Z (RFC 3339)", reason="malformed")
        time = envelope.time.timestamp()
        if time < 0 or time > received_at + self.max_future_s:
            raise InvalidEvent(
                f"time {envelope.time.isoformat()} is more than {self.max_future_s:.0f} s ahead of this server's clock "
                "or before 1970; check the sender's clock and send again",
                reason="time_out_of_range",
            )
        return time


def _side_by_side(types: tuple[EventType, ...]) -> tuple[EventType, ...]:
    """The same types, where events of an earlier version have every field of the newest version, optional at least."""
    newest: dict[str, EventType] = {}
    for entry in types:
        if entry.name not in newest or newest[entry.name].version < entry.version:
            newest[entry.name] = entry
    return tuple(_widened(entry, newest[entry.name]) for entry in types)


def _widened(entry: EventType, newest: EventType) -> EventType:
    hints, own = get_type_hints(newest.data, include_extras=True), set(entry.data.__struct_fields__)
    more = [(name, hints[name] | None, None) for name in newest.data.__struct_fields__ if name not in own]
    if not more:
        return entry
    data = msgspec.defstruct(
        entry.data.__name__, more, bases=(entry.data,), frozen=True, kw_only=True, gc=False, module=__name__
    )
    return msgspec.structs.replace(entry, data=data)
