"""What the platform is asked for about sanctions: apply one, lift one, give a member their own content."""

from datetime import datetime

import msgspec


class SanctionOrdered(msgspec.Struct, frozen=True, kw_only=True):
    """`data` of `sanction.apply` and `sanction.lift`.

    Messages may arrive twice and out of order. Of all orders about one `sanction`, the one with the highest `revision`
    holds; answer it with `POST /v1/sanctions/{sanction}:confirm` or `:refuse` and that revision.

    Attributes:
        target: `account:a1`, `group:g1` or `event:<id>`.
        kind: one of `domain.sanctions.KINDS`.
        feature: that is limited; empty for other kinds.
        ends_at: null until lifted, or for what happens and is over.
        title: the sanction in plain words, by language (`zh`, `en`).
        notice: what the member is told, by language; never names a signal, a threshold or who reported.
    """

    sanction: str
    revision: int
    target: str
    kind: str
    feature: str
    starts_at: datetime
    ends_at: datetime | None
    is_permanent: bool
    rule: str
    category: str
    title: dict[str, str]
    notice: dict[str, str]


class ExportOrdered(msgspec.Struct, frozen=True, kw_only=True):
    """`data` of `export.content`: give the member what they themselves put into the group, whatever became of it."""

    account: str
    group: str
    reason: dict[str, str]
