"""What the console is given to work with; pages reach the rest of the house only through it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from anlan import clock
from anlan.center.alerts import Alerts
from anlan.center.assistant.handover import Handover
from anlan.center.circles import Circles
from anlan.center.containment import Containments
from anlan.center.funds import Funds
from anlan.center.payouts import Payouts
from anlan.center.recovery_desk import RecoveryDesk
from anlan.center.security_events import SecurityEvents
from anlan.center.transfers import Transfers
from anlan.desk.appeals import Appeals
from anlan.desk.bulletins import Bulletins
from anlan.desk.campaigns import Campaigns
from anlan.desk.case_work import CaseWork
from anlan.desk.checks import Checks
from anlan.desk.closures import Closures
from anlan.desk.drift import DriftWatch
from anlan.desk.lexicon_life import LexiconLife
from anlan.desk.model_life import ModelLife
from anlan.desk.platform_answers import PlatformAnswers
from anlan.desk.policy_life import PolicyLife
from anlan.desk.review import Review
from anlan.desk.routing import Routing
from anlan.desk.sanctions import Sanctions
from anlan.domain.hotlines import Hotlines
from anlan.domain.places import Places
from anlan.domain.ports import AnalyticJournal
from anlan.domain.scenarios import ScenarioBase
from anlan.domain.signals import Signal
from anlan.engine.counters import Counters
from anlan.engine.pipeline import Engine
from anlan.engine.readings import Scope
from anlan.store.audit_report import AnchorFile
from anlan.store.database import Database
from anlan.store.journal import Journal
from anlan.store.judgements import Judgements
from anlan.store.keys import ApiKeys
from anlan.store.lists import ListBook
from anlan.store.policies import Policies
from anlan.telemetry import Metrics
from anlan.text_lab import TextLab
from anlan.web.console.backtests import Backtests
from anlan.web.console.hits import Hits
from anlan.web.console.pace import Pace
from anlan.web.console.previews import Previews
from anlan.web.console.pulse import Pulse
from anlan.web.console.volumes import Volumes


@dataclass(frozen=True, kw_only=True)
class Rooms:
    """Ports of the console.

    Attributes:
        analysis: the whole journal, for investigations and backtests.
        writer_backlog: how many judged events wait for their commit, of `max_backlog` at most.
        reload_policies: make what the store now says the set in force; raises InvalidPolicy and keeps the old one.
        reload_lists: let the engine see changed lists.
        reload_lexicon: likewise for changed terms.
        reload_models: likewise for text models that were moved.
        move_titles: of the moves that signs of scenarios are known by, by name.
        zone: IANA name of the time zone that times are shown in.
        require_second_factor: whether nobody gets in without an authenticator.
        allows_private_endpoints: whether messages may be posted over plain HTTP and to private addresses.
    """

    database: Database
    journal: Journal
    analysis: AnalyticJournal
    engine: Engine
    counters: Counters
    versions: Policies
    life: PolicyLife
    lists: ListBook
    lexicon: LexiconLife
    keys: ApiKeys
    text_lab: TextLab
    judgements: Judgements
    models: ModelLife
    drift: DriftWatch
    circles: Circles
    alerts: Alerts
    funds: Funds
    payouts: Payouts
    security_events: SecurityEvents
    containments: Containments
    handover: Handover
    scenarios: ScenarioBase
    move_titles: Mapping[str, dict[str, str]]
    hotlines: Hotlines
    places: Places
    transfers: Transfers
    review: Review
    sanctions: Sanctions
    appeals: Appeals
    platform_answers: PlatformAnswers
    closures: Closures
    case_work: CaseWork
    anchors: AnchorFile
    campaigns: Campaigns
    bulletins: Bulletins
    recovery_desk: RecoveryDesk
    checks: Checks
    routing: Routing
    reload_policies: Callable[[], None]
    reload_lists: Callable[[], None]
    reload_lexicon: Callable[[], None]
    reload_models: Callable[[], None]
    writer_backlog: Callable[[], int]
    max_backlog: int
    metrics: Metrics
    zone: str = "Asia/Shanghai"
    require_second_factor: bool = True
    allows_private_endpoints: bool = False
    pace: Pace = field(default_factory=Pace)
    started_at: float = field(default_factory=clock.now)

    @cached_property
    def pulse(self) -> Pulse:
        """How the day goes."""
        return Pulse(self.analysis)

    @cached_property
    def hits(self) -> Hits:
        """Hits of policies by the hour."""
        return Hits(self.analysis)

    @cached_property
    def volumes(self) -> Volumes:
        """How many messages reach each threshold."""
        return Volumes(self.analysis)

    @cached_property
    def backtests(self) -> Backtests:
        """Backtests started from the console."""
        return Backtests(self.analysis)

    @cached_property
    def previews(self) -> Previews:
        """Looks back for changes of the lexicon, started from the console."""
        return Previews(self.analysis, self.lexicon.search, self.engine.registry.catalogue)

    @property
    def scope(self) -> Scope:
        """The whole journal as questions see it; narrow it by time before use."""
        specs = {name: counter.spec for name, counter in self.counters.by_name.items()}
        return Scope(registry=self.engine.registry, counters=specs)

    def usable_signals(self) -> list[Signal]:
        """Every signal that a condition may name, by name."""
        known = self.engine.registry.by_name.values()
        return sorted((one for one in known if one.type != "object"), key=lambda one: one.name)
