"""Special clean-ups: the states of one, what may be aimed at, and the figures that tell how it went."""

from collections.abc import Mapping
from typing import Literal, get_args

import msgspec

CampaignState = Literal["draft", "approved", "running", "ended", "withdrawn"]
CAMPAIGN_STATES: tuple[CampaignState, ...] = get_args(CampaignState)

CaseWay = Literal["scope", "widened"]
"""How a case came into a campaign: its event met the scope, or the campaign's own condition opened it."""
CASE_WAYS: tuple[CaseWay, ...] = get_args(CaseWay)

Target = Literal["cases", "groups", "accounts", "content"]
TARGETS: tuple[Target, ...] = get_args(Target)
"""What can be aimed at: cases found, groups closed, accounts closed, content removed."""

LONGEST_S = 366 * 86_400.0


class Tally(msgspec.Struct, frozen=True, kw_only=True):
    """What a body of work came to. Nothing is counted twice: each case is of one campaign or of everyday work, and
    whoever was punished more than once counts once, under the ground of the first time.

    Attributes:
        found: cases, those that were merged into others apart.
        closed: of them, how many people have answered.
        violations: of those, how many were answered so.
        groups: closed for good or for a time; like accounts and content those that were reversed are not in it.
        accounts: closed for good, by ground (category of harm), most first.
        limited: accounts that were muted, suspended or lost a feature for a time, and were not closed.
        content: pieces removed.
        appeals: against these sanctions; `reversed_` of them were granted.
    """

    found: int = 0
    closed: int = 0
    violations: int = 0
    groups: int = 0
    accounts: tuple[tuple[str, int], ...] = ()
    limited: int = 0
    content: int = 0
    appeals: int = 0
    reversed_: int = msgspec.field(name="reversed", default=0)

    @property
    def accounts_total(self) -> int:
        """Accounts closed, whatever the ground."""
        return sum(count for _, count in self.accounts)

    def reached(self) -> Mapping[Target, int]:
        """How far each possible target has been met."""
        return {"cases": self.found, "groups": self.groups, "accounts": self.accounts_total, "content": self.content}


class CampaignFigures(msgspec.Struct, frozen=True, kw_only=True):
    """A campaign beside the everyday work of the same time.

    Attributes:
        events: how many events of that time met the scope; None where the journal could not be asked.
        at: when this was counted, wall-clock seconds.
    """

    campaign: Tally
    everyday: Tally
    events: int | None
    at: float
