"""What it means that somebody put an entity on an allow, block or watch list."""

from typing import Literal

import msgspec

Purpose = Literal["allow", "block", "watch"]


class ListEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One entry: who put which entity on which list, from where, until when.

    `entity` is `kind:id`; `expires_at` is event time in seconds, None for no end.
    """

    list: str
    entity: str
    purpose: Purpose
    owner: str
    source: str
    note: str = ""
    created_at: float = 0.0
    expires_at: float | None = None
