"""What members' pages are given to work with."""

from dataclasses import dataclass

from anlan.center.payouts import Payouts
from anlan.store.database import Database


@dataclass(frozen=True, kw_only=True)
class MemberRooms:
    """Ports of members' pages.

    Attributes:
        zone: IANA name of the time zone that times are shown in.
    """

    database: Database
    payouts: Payouts
    zone: str = "Asia/Shanghai"
