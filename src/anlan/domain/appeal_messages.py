"""What the platform is told about appeals."""

import msgspec


class AppealFiled(msgspec.Struct, frozen=True, kw_only=True):
    """`data` of `appeal.filed`: a member appeals against a sanction; what they wrote stays here."""

    appeal: str
    sanction: str
    account: str


class AppealClosed(msgspec.Struct, frozen=True, kw_only=True):
    """`data` of `appeal.closed`: please tell the member; what changes for them comes as `sanction.*` of its own.

    Attributes:
        outcome: `uphold`, `reduce`, `reverse`, or `settled` when the sanction was taken back before.
        title, notice: for the member, by language (`zh`, `en`); with an apology where we were wrong.
        reduced_to: the sanction that took its place; null unless it was reduced.
    """

    appeal: str
    sanction: str
    account: str
    outcome: str
    title: dict[str, str]
    notice: dict[str, str]
    reduced_to: str | None = None
