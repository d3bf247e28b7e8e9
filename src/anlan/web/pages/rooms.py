"""What members' pages are given to work with."""

from dataclasses import dataclass

from anlan.center.challenges import Challenges
from anlan.center.factors import Factors
from anlan.center.payouts import Payouts
from anlan.center.reminders import Reminders
from anlan.center.safety import Safety
from anlan.center.sessions import Sessions
from anlan.desk.appeals import Appeals
from anlan.desk.closures import Closures
from anlan.desk.reports import Reports
from anlan.store.database import Database


@dataclass(frozen=True, kw_only=True)
class MemberRooms:
    """Ports of members' pages.

    Attributes:
        zone: IANA name of the time zone that times are shown in.
    """

    database: Database
    appeals: Appeals
    closures: Closures
    payouts: Payouts
    reports: Reports
    reminders: Reminders
    sessions: Sessions
    safety: Safety
    factors: Factors
    challenges: Challenges
    zone: str = "Asia/Shanghai"
