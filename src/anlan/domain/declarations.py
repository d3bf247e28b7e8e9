"""An operator's own event types: which names and fields may be declared, and the type that follows."""

import re
from keyword import iskeyword
from typing import Any

import msgspec

from anlan.domain.entities import ENTITY_KINDS
from anlan.domain.event_data import (
    Account,
    AmountMinor,
    ContentId,
    Count,
    Data,
    Device,
    Email,
    Game,
    Group,
    Ip,
    MessageId,
    Payee,
    Phone,
    Text,
    Word,
)
from anlan.domain.events import EventType
from anlan.errors import InvalidSettings

_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
_TYPE_NAME = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+")
_DECLARED_TYPES: dict[str, Any] = {
    "text": Text, "number": float, "bool": bool, "count": Count, "amount_minor": AmountMinor, "word": Word,
    "account": Account, "group": Group, "device": Device, "ip": Ip, "phone": Phone, "email": Email, "payee": Payee,
    "message": MessageId, "content": ContentId, "game": Game,
}


def declare(name: str, actor: str, fields: dict[str, str], version: int = 1) -> EventType:
    """An operator's own event type.

    Args:
        fields: field name to declared type (`text`, `number`, `bool`, `count`, `amount_minor`, `word` or an entity
            kind); a trailing `?` makes it optional.

    Raises:
        InvalidSettings: an unknown field type, a bad name, or an actor that is not a required entity field.
    """
    if not _TYPE_NAME.fullmatch(name) or len(name) > 128:
        raise InvalidSettings(f"event type {name!r}: a name is words of a-z, 0-9 and _, such as stream.gift_sent")
    made: list[Any] = []
    for field, declared in fields.items():
        if not _NAME.fullmatch(field) or iskeyword(field):
            raise InvalidSettings(
                f"event type {name}, field {field!r}: a name has up to 64 of a-z, 0-9 and _ and is no word of Python's"
            )
        kind = _DECLARED_TYPES.get(declared.removesuffix("?"))
        if kind is None:
            choices = ", ".join(sorted(_DECLARED_TYPES))
            raise InvalidSettings(f"event type {name}, field {field}: {declared!r} is not one of {choices}")
        made.append((field, kind | None, None) if declared.endswith("?") else (field, kind))
    if fields.get(actor) not in ENTITY_KINDS:
        raise InvalidSettings(f"event type {name}: actor {actor!r} must be a required field that names an entity")
    title = name.title().replace(".", "")
    data: Any = msgspec.defstruct(title, made, bases=(Data,), frozen=True, kw_only=True, gc=False)
    texts = tuple(field for field, declared in fields.items() if declared.removesuffix("?") == "text")
    return EventType(name=name, data=data, actor=actor, version=version, text_fields=texts)
