"""What the console is given to work with; `app.py` fills it in, and pages reach the rest of the house only through it."""

from collections.abc import Callable
from dataclasses import dataclass, field

from anlan.desk.policy_life import PolicyLife
from anlan.domain.ports import AnalyticJournal
from anlan.engine.policies import PolicySet
from anlan.engine.signals import Registry
from anlan.store.database import Database
from anlan.store.journal import Journal
from anlan.store.policies import Policies
from anlan.web.console.pace import Pace


@dataclass(frozen=True, kw_only=True)
class Rooms:
    """Ports of the console.

    Attributes:
        analysis: the whole journal, for investigations and backtests.
        policies: the set in force.
        reload_policies: make what the store now says the set in force; raises InvalidPolicy and keeps the old one.
        zone: IANA name of the time zone that times are shown in.
        require_second_factor: whether nobody gets in without an authenticator.
    """

    database: Database
    journal: Journal
    analysis: AnalyticJournal
    registry: Registry
    versions: Policies
    life: PolicyLife
    policies: Callable[[], PolicySet]
    reload_policies: Callable[[], None]
    zone: str = "Asia/Shanghai"
    require_second_factor: bool = True
    pace: Pace = field(default_factory=Pace)
