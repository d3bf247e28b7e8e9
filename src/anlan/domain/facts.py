"""What an event establishes besides its decision: facts about entities, and notices for staff."""

from typing import Any

import msgspec

from anlan.domain.entities import Privacy

MAX_VERSIONS = 16
"""Of one field in memory; older ones are only in the store."""


class Fact(msgspec.Struct, frozen=True, gc=False):
    """From `since` (event time) on, `field` of `entity` (`kind:id`, or `tie:<a>|<b>`) is `value`; None ends it.

    `privacy` is the class of the value: how it is stored and when it goes.
    """

    entity: str
    field: str
    since: float
    value: Any
    privacy: Privacy = "internal"


MAX_NOTICE_ID_CHARS = 80


class StaffNotice(msgspec.Struct, frozen=True, kw_only=True):
    """Something that people who run Anlan must hear about.

    Attributes:
        id: the same cause always gives the same id, so that it is told once; at most `MAX_NOTICE_ID_CHARS`.
        kind: `fuse_quota`, `fuse_jump`, `signal_failing`, `dead_letter`, ...
        subject: what it is about (a policy, a signal, an endpoint).
        details: JSON-safe facts.
    """

    id: str
    at: float
    kind: str
    subject: str
    details: dict[str, Any] = {}
