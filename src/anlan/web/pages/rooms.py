"""What members' pages are given to work with."""

from dataclasses import dataclass

from anlan.center.alerts import Alerts
from anlan.center.assistant.acts import TalkActs
from anlan.center.assistant.talks import Assistant
from anlan.center.care_cards import CareCards
from anlan.center.challenges import Challenges
from anlan.center.circle_warnings import CircleWarnings
from anlan.center.circles import Circles
from anlan.center.entrance import Entrance
from anlan.center.errands import Errands
from anlan.center.factors import Factors
from anlan.center.own_data import OwnData
from anlan.center.passwords import Passwords
from anlan.center.payouts import Payouts
from anlan.center.recovery import Recoveries
from anlan.center.recovery_desk import RecoveryDesk
from anlan.center.reminders import Reminders
from anlan.center.safety import Safety
from anlan.center.sessions import Sessions
from anlan.center.transfer_help import TransferHelp
from anlan.center.transfers import Transfers
from anlan.desk.appeals import Appeals
from anlan.desk.closures import Closures
from anlan.desk.reports import Reports
from anlan.domain.hotlines import Hotlines
from anlan.store.database import Database


@dataclass(frozen=True, kw_only=True)
class MemberRooms:
    """Ports of members' pages.

    Attributes:
        entrance: the platform's own sign-in; None where members come by links alone.
        embed_origins: sites that may show the pages under /me in a frame.
        identity_url: where claimants confirm an identity document; empty for nowhere.
        neutral_url: where a hurried exit leads: a page that says nothing of what was looked at.
        zone: IANA name of the time zone that times are shown in.
    """

    database: Database
    alerts: Alerts
    assistant: Assistant
    talk_acts: TalkActs
    transfers: Transfers
    transfer_help: TransferHelp
    circles: Circles
    circle_warnings: CircleWarnings
    hotlines: Hotlines
    care_cards: CareCards
    errands: Errands
    appeals: Appeals
    closures: Closures
    payouts: Payouts
    passwords: Passwords
    reports: Reports
    reminders: Reminders
    sessions: Sessions
    safety: Safety
    factors: Factors
    challenges: Challenges
    recoveries: Recoveries
    recovery_desk: RecoveryDesk
    own_data: OwnData
    entrance: Entrance | None = None
    embed_origins: tuple[str, ...] = ()
    identity_url: str = ""
    neutral_url: str = "https://www.weather.com.cn/"
    zone: str = "Asia/Shanghai"
