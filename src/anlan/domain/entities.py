"""Who or what an event is about: an entity is named by (kind, id) and written `kind:id`."""

from typing import Literal, NamedTuple, get_args

EntityKind = Literal[
    "account", "group", "device", "ip", "phone", "email", "payee", "url_domain", "handle", "media", "text_template",
    "content", "message", "game",
]

ENTITY_KINDS: tuple[str, ...] = get_args(EntityKind)

Privacy = Literal["public", "internal", "personal", "sensitive"]
"""Field classes of law 10. `personal` is dropped after its retention; `sensitive` is also encrypted at rest."""


class Entity(NamedTuple):
    """One entity in one role, as read off an event.

    `role` is the field that held it (`sender`, `ip`); the same account can stand in two roles of one event.
    """

    role: str
    kind: str
    id: str

    @property
    def name(self) -> str:
        """`kind:id`, the form used in keys, lists and pages."""
        return f"{self.kind}:{self.id}"
