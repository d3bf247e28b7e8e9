"""The only file that knows every room: settings in, a running house out. No logic."""

import asyncio
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import structlog

from anlan import clock
from anlan.center.absolution import Absolution
from anlan.center.automatic_containment import AutomaticContainments
from anlan.center.captcha import Captcha
from anlan.center.challenges import Challenges
from anlan.center.claim_moves import ClaimMoves
from anlan.center.containment import Containments
from anlan.center.containment_answers import ContainmentAnswers
from anlan.center.factors import Factors
from anlan.center.followers import ContainmentFollower
from anlan.center.funds import Funds
from anlan.center.passkeys import Passkeys
from anlan.center.passwords import Passwords
from anlan.center.payouts import Payouts
from anlan.center.received_events import ReceivedEvents
from anlan.center.recovery import Recoveries
from anlan.center.recovery_desk import RecoveryDesk
from anlan.center.recovery_desk import on_case_closed as on_recovery_closed
from anlan.center.reminders import Reminders
from anlan.center.safety import Safety
from anlan.center.security_event_journal import SecurityEventJournal
from anlan.center.security_events import SecurityEvents
from anlan.center.sessions import Sessions, on_containment_moved, on_recovered
from anlan.center.sign_ins import SignInBook
from anlan.center.trust import AccessChecks, load_rules
from anlan.company import Company
from anlan.delivery.security_events.receiving import Receiver
from anlan.delivery.security_events.signing import SigningKeys
from anlan.delivery.security_events.worker import SecurityEventWorker
from anlan.delivery.worker import DeliveryWorker, measure_backlog
from anlan.desk.appeals import Appeals, on_sanction_moved
from anlan.desk.attacks import AttackWatch
from anlan.desk.automatic import AutomaticSanctions
from anlan.desk.bulletins import Bulletins
from anlan.desk.campaigns import Campaigns
from anlan.desk.case_work import CaseWork
from anlan.desk.checks import Checks
from anlan.desk.closures import Closures
from anlan.desk.drift import DriftWatch, notices
from anlan.desk.followers import CaseFollower, SanctionFollower
from anlan.desk.lexicon_life import LexiconLife
from anlan.desk.model_life import ModelLife
from anlan.desk.platform_answers import PlatformAnswers
from anlan.desk.policy_life import PolicyLife
from anlan.desk.report_events import ReportEvents
from anlan.desk.reports import Reports, on_case_closed
from anlan.desk.review import Review
from anlan.desk.routing import Routing
from anlan.desk.sanction_clock import SanctionClock
from anlan.desk.sanctions import Sanctions
from anlan.domain.decisions import Judged
from anlan.domain.queues import read_working_time
from anlan.domain.text_scores import TEXT_MODEL
from anlan.engine.intake import Intake, KnownKeys
from anlan.engine.lists import Lists
from anlan.engine.policies import PolicySet
from anlan.engine.readings import Scope
from anlan.engine.recovery import SnapshotRound, recover
from anlan.engine.second_look import SecondLook
from anlan.engine.shadow_model import ShadowModel
from anlan.errors import AnlanError, InvalidPolicy, TookTooLong
from anlan.rounds import CalledRound, OwnEvents, in_thread, make_rounds, repeat
from anlan.secrets_file import load_or_make_key
from anlan.settings import Settings
from anlan.store import retention
from anlan.store.analysis import Analysis
from anlan.store.audit_report import AnchorFile
from anlan.store.counters import load_snapshots
from anlan.store.database import Database
from anlan.store.deferred import Deferred
from anlan.store.facts import Facts
from anlan.store.journal import Journal, Snapshot
from anlan.store.judgements import Judgements
from anlan.store.keys import ApiKeys
from anlan.store.lexicon import LexiconBook
from anlan.store.lists import ListBook
from anlan.store.model_references import ModelReferences
from anlan.store.notices import tell_staff
from anlan.store.policies import Policies
from anlan.store.recall import DeferredWork, Recall, Recollection
from anlan.store.refused import Refusal, keep_refused
from anlan.store.rows import Columns
from anlan.store.segments import Segments
from anlan.store.vault import Codec
from anlan.store.writer import Writer
from anlan.telemetry import Metrics
from anlan.text_lab import TextLab
from anlan.workshop import build_workshop, built_in_policies, policies_in

log = structlog.get_logger(__name__)

RELOAD_EVERY_S = 2.0
SEAL_EVERY_S = 30.0
TIDY_EVERY_S = 3_600.0
DESK_EVERY_S = 5.0
OWN_EVENTS_EVERY_S = 1.0
THREADS = 24
"""More than there are loops: while the store is away each waits in one, and events must still be answered."""


class House:
    """Everything of one process, wired; `start` and `stop` belong to the server's event loop."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.metrics = Metrics()
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        self.database = Database(settings.store_url, load_or_make_key(settings.data_dir / "secret.key"))
        self.database.migrate()
        self.codec = Codec(self.database.vault)
        self.workshop = build_workshop(settings)
        self.engine, self.registry = self.workshop.engine, self.workshop.registry
        self.text_lab = TextLab(settings, self.workshop.lexicon, self.workshop.models)
        if self.workshop.llm:
            self.metrics.registry.register(self.workshop.llm.metrics.registry)
        self.journal = Journal(self.database, self.codec)
        self.policies = Policies(self.database)
        self.life = PolicyLife(self.database, self.policies, self.registry)
        self.lists = ListBook(self.database)
        self.lexicon = LexiconLife(LexiconBook(self.database), self.workshop.lexicon)
        self.keys = ApiKeys(self.database)
        self.judgements = Judgements(self.database)
        self.models = ModelLife(self.database, self.workshop.models, settings.candidates_dir)
        self.shadow_model = ShadowModel(self.workshop.models, self.models.scores.keep)
        self.deferred = Deferred(self.database, self.codec, self.workshop.catalogue)
        columns = Columns(self.workshop.catalogue.types, self.registry.by_name.values())
        self.segments = Segments(
            self.database, settings.journal_dir, columns, memory_mb=settings.duckdb_memory_mb
        )
        self.analysis = Analysis(self.segments)
        self.drift = DriftWatch(self.analysis, ModelReferences(self.database))
        self.delivery = DeliveryWorker(
            self.database, self.metrics, allows_private=settings.allow_http_endpoints
        )
        self._open_desk(settings)
        self._open_center(settings)
        self.company = Company(settings, self.database, self.workshop, self.reports, self.safety)
        if self.company.wording:
            self.metrics.registry.register(self.company.wording.registry)
        self.desk_rounds += self.company.rounds
        self.known = KnownKeys()
        self.snapshots = SnapshotRound(
            self.workshop.counters, self.engine.fuses, self.workshop.accumulators
        )
        self._reloading = threading.Lock()
        self._file_stamp: dict[Path, int] = {}
        self.life.seed(built_in_policies())
        self.follow_policy_files()
        self.reload_policies()
        self._list_version = -1
        self.reload_lists()
        self._lexicon_version = -1
        self.reload_lexicon()
        self.reload_models()
        self._tasks: list[asyncio.Task[None]] = []

    def _open_desk(self, settings: Settings) -> None:
        """What people decide, who hears of it, and the clocks of it."""
        working = self.working = read_working_time(
            settings.time_zone, settings.desk_hours, settings.desk_days_off, settings.desk_days_on
        )
        self.security_events = SecurityEvents(self.database, settings.address)
        self.funds = Funds(self.database)
        self.payouts = Payouts(self.database, working)
        self.sanction_followers: tuple[SanctionFollower, ...] = (
            self.funds.on_sanction_moved, on_sanction_moved, self.security_events.on_sanction_moved,
        )
        self.sanctions = Sanctions(self.database, self.sanction_followers, zone=settings.time_zone)
        self.appeals = Appeals(self.database, self.sanctions)
        self.case_followers: tuple[CaseFollower, ...] = (
            on_case_closed, self.payouts.on_case_closed, self.appeals.on_case_closed, on_recovery_closed,
        )
        self.platform_answers, self.closures = PlatformAnswers(self.sanctions), Closures(self.sanctions)
        sanction_clock = SanctionClock(self.sanctions, self.platform_answers)
        automatic = AutomaticSanctions(self.sanctions)
        self.review = Review(self.database, self.case_followers, settings.time_zone)
        self.case_work = CaseWork(self.database)
        self.checks = Checks(self.database)
        self.routing = Routing(self.database, working)
        self.reports = Reports(self.database, self.codec, Facts(self.database, self.codec))
        report_events = ReportEvents(self.database, self.codec, self.reports)
        self.anchors = AnchorFile(self.database, settings.data_dir)
        self.campaigns = Campaigns(self.database, self.analysis, self._whole_journal)
        self.bulletins = Bulletins(self.database, self.campaigns, settings.time_zone)
        self.desk_rounds: tuple[Callable[[float], object], ...] = (
            report_events.take_in, self.routing.round, self.payouts.round, sanction_clock.round, automatic.take_in,
            self.campaigns.round, self.anchors.round,
        )

    def _open_center(self, settings: Settings) -> None:
        """What members use to keep their accounts, who hears of it, and the clocks of it."""
        captcha = Captcha(settings.captcha_url, settings.captcha_secret.get_secret_value())
        self.factors = Factors(
            self.database, Passkeys(settings.address), (self.security_events.on_factor_changed,)
        )
        self.challenges = Challenges(
            self.database, self.factors, settings.address, captcha if settings.captcha_url else None
        )
        self.sessions = Sessions(self.database)
        self.containment_followers: tuple[ContainmentFollower, ...] = (
            on_containment_moved, self.factors.on_containment_moved, self.security_events.on_containment_moved,
        )
        self.containments = Containments(self.database, self.codec, self.containment_followers)
        self.containment_answers = ContainmentAnswers(self.containments)
        self.safety = Safety(self.database, self.containments, self.challenges)
        automatic = AutomaticContainments(self.containments, self.codec)
        self.reminders = Reminders(self.database, self.containments, settings.address, settings.time_zone)
        self.sign_ins = SignInBook(self.database, self.workshop.places, self.reminders, settings.reminder_risk)
        attack_watch = AttackWatch(self.database, self.codec, self.workshop.places)
        self.desk_rounds += (
            attack_watch.round, self.sign_ins.take_in, automatic.take_in, self.containments.round,
            self.containment_answers.round, Absolution(self.sanctions, self.codec).round,
        )
        moves = ClaimMoves(
            settings.address, self.working, (
                on_recovered, self.factors.on_recovered, self.containments.on_account_recovered,
                self.security_events.on_account_recovered,
            ),
        )
        self.recoveries = Recoveries(
            self.database, self.codec, moves, checks_documents=bool(settings.identity_url)
        )
        self.recovery_desk = RecoveryDesk(self.database, self.codec, moves)
        self.desk_rounds += (self.recovery_desk.take_in, self.recovery_desk.round)
        self.access_checks = AccessChecks(
            self.database, self.workshop.session_memory, self.workshop.takeover_memory, self.challenges,
            load_rules(settings.access_rules_file),
        )
        self.passwords = Passwords(settings.passwords_file)
        self.signing_keys = SigningKeys(self.database)
        self.token_receiver = Receiver(
            self.database, ReceivedEvents(self.containments, settings.address).take,
            allows_private=settings.allow_http_endpoints,
        )
        self.token_worker = SecurityEventWorker(
            self.database, self.signing_keys, self.token_receiver, allows_private=settings.allow_http_endpoints
        )
        self.desk_rounds += (SecurityEventJournal(self.security_events).take_in,)

    def _whole_journal(self) -> Scope:
        specs = {name: counter.spec for name, counter in self.workshop.counters.by_name.items()}
        return Scope(registry=self.registry, counters=specs)

    @property
    def policy_set(self) -> PolicySet:
        """The set in force."""
        return self.engine.policies

    def reload_policies(self) -> None:
        """Put in force what the store says. Too slow for the event loop."""
        with self._reloading:
            self._policy_stamp = self.policies.stamp()
            found = self.life.load()
            if found.hash != self.engine.policies.hash:
                self.engine.swap(found)

    def follow_policy_files(self) -> None:
        """Bring in an operator's own policies when a file has changed; a broken one changes nothing."""
        folder = self.settings.policies_dir
        stamp = {path: path.stat().st_mtime_ns for path in sorted(folder.glob("*.yaml"))} if folder else {}
        if stamp == self._file_stamp:
            return
        try:
            self.life.follow(policies_in(list(stamp)))
        except InvalidPolicy as error:
            log.error("policy_files_refused", reason=error.message)
        self._file_stamp = stamp

    def reload_lists(self) -> None:
        """Read the lists again if they changed."""
        version = self.lists.version()
        if version != self._list_version:
            self.engine.lists = Lists(self.lists.all())
            self._list_version = version

    def reload_lexicon(self) -> None:
        """Look messages up in what the store now says, if that changed. Too slow for the event loop."""
        with self._reloading:
            version = self.lexicon.book.version()
            if version == self._lexicon_version:
                return
            shelf, folder = self.workshop.lexicon, self.settings.data_dir / "lexicon"
            known = self.lexicon.book.hash_of(version)
            if known is None or not shelf.take(known, folder):
                edition = self.lexicon.edition()
                version = edition.version
                shelf.put(edition.terms(), folder)
                self.lexicon.book.record(shelf.lexicon.hash, version, len(shelf.lexicon.terms))
            self.engine.name_model("lexicon", shelf.version)
            self._lexicon_version = version

    def reload_models(self) -> None:
        """Score texts with the models that the store now names, if that changed."""
        with self._reloading:
            if self.models.follow():
                self.engine.name_model(TEXT_MODEL, self.models.in_force)

    async def start(self) -> None:
        """Open for events: counters are brought to the journal's end first."""
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(THREADS, "anlan"))
        self.writer = Writer(
            self.journal,
            max_backlog=self.settings.commit_backlog,
            on_failure=lambda _: self.intake.mend(),
            on_commit=self.metrics.note_commit,
        )
        memory = Recall(self.database, self.journal, Facts(self.database, self.codec))
        self.intake = Intake(
            self.engine,
            self.workshop.catalogue,
            self.writer,
            memory,
            self.known,
            snapshot=self._save_next_snapshot,
            rebuild=self._rebuild,
            on_judged=self._note,
        )
        self.known.update(self.journal.known_keys())
        await asyncio.to_thread(self._recover)
        await asyncio.to_thread(memory.start)
        second_look = SecondLook(
            self.engine, DeferredWork(self.deferred), self.writer, memory, Recollection(self.analysis), self._note
        )
        called = self.company.called_rounds.items()
        self._for_center = {kind: CalledRound(make_round, self.delivery.wake) for kind, make_round in called}
        own_events = OwnEvents(self.database, self.intake.accept, (self.company.transfers.tell,))
        loops = (
            self.delivery.run(), second_look.run(), self.shadow_model.run(), self.token_worker.run(),
            *(one.run() for one in self._for_center.values()),
            repeat(in_thread(self._reload), RELOAD_EVERY_S, "reload_failed"),
            repeat(in_thread(self.segments.maintain), SEAL_EVERY_S, "sealing_failed"),
            repeat(in_thread(self._tidy), TIDY_EVERY_S, "tidying_failed", first_after_s=0.0),
            repeat(lambda: make_rounds(self.desk_rounds, DESK_EVERY_S), 0.0, "desk_rounds_failed"),
            repeat(own_events.take, OWN_EVENTS_EVERY_S, "own_events_not_taken"),
        )
        self._tasks = [asyncio.create_task(loop) for loop in loops]

    async def stop(self) -> None:
        """Finish what was accepted, save the counters, then close."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self.workshop.llm:
            await self.workshop.llm.close()
        if self.workshop.chat:
            await self.workshop.chat.close()
        try:
            await self.writer.flush()
            if self.intake.is_whole:
                await self.writer.save(_stamped(self.snapshots.take_all()))
        except AnlanError as error:
            log.warning("snapshot_not_saved", code=error.code)
        await self.writer.close()
        # Cancelled loops may have left a question to the journal running in a thread.
        await asyncio.get_running_loop().shutdown_default_executor()
        self.segments.close()
        self.database.close()

    async def refuse(self, refusals: Sequence[Refusal]) -> None:
        """Keep what was not accepted, with its reason."""
        for refusal in refusals:
            self.metrics.refused.labels(refusal.reason).inc()
        await asyncio.to_thread(self._keep_refused, refusals)

    def _keep_refused(self, refusals: Sequence[Refusal]) -> None:
        with self.database.write() as connection:
            keep_refused(connection, refusals)

    def _note(self, judged: Judged) -> None:
        self.shadow_model.note(judged)
        for kind in {action.kind for action in judged.decision.actions} & self._for_center.keys():
            self._for_center[kind].call()
        if judged.decision.actions or judged.earlier is not None:
            self.delivery.wake()
        if judged.earlier is not None:
            self.intake.forget_answer(judged)

    def _save_next_snapshot(self) -> None:
        try:
            self.writer.save(_stamped(self.snapshots.take())).add_done_callback(_log_unsaved)
        except AnlanError as error:
            log.warning("snapshot_not_saved", code=error.code)

    async def _rebuild(self) -> None:
        await self.writer.flush()
        self.engine.profiles.clear()
        await asyncio.to_thread(self._recover)

    def _recover(self) -> None:
        saved = load_snapshots(self.database)
        counted = recover(
            self.workshop.counters, self.engine.fuses, saved, self.journal.since, self.workshop.catalogue,
            self.workshop.accumulators,
        )
        log.info("recovered", count=counted)

    def _reload(self) -> None:
        self.reload_lists()
        self.reload_lexicon()
        self.reload_models()
        self.follow_policy_files()
        if self.policies.stamp() != self._policy_stamp:
            self.reload_policies()

    def measure(self) -> None:
        """Bring the gauges up to date; for whoever scrapes them."""
        measure_backlog(self.database, self.metrics, clock.now())
        self.metrics.deferred_backlog.set(self.deferred.count())
        for name, counter in self.workshop.counters.by_name.items():
            self.metrics.counter_keys.labels(name).set(len(counter))

    def _tidy(self) -> None:
        self._apply_retention()
        self.check_drift()

    def check_drift(self) -> int:
        """Tell staff when the scores of the text model no longer lie as they did; how many new notices that made."""
        now = clock.now()
        try:
            report = self.drift.report(self.models.in_force, now)
        except TookTooLong as error:
            log.warning("drift_not_measured", reason=error.message)
            return 0
        with self.database.write() as connection:
            return tell_staff(connection, notices(report, now), now)

    def _apply_retention(self) -> None:
        now = clock.now()
        days = retention.RetentionDays(personal_days=self.settings.personal_days)
        retention.apply(self.database, days, now, self.workshop.catalogue.types)
        self.segments.redact(now - self.settings.personal_days * 86_400.0)
        self.analysis.forget_tail()


def _log_unsaved(done: "asyncio.Future[int]") -> None:
    if not done.cancelled() and (error := done.exception()) is not None:
        log.warning("snapshot_not_saved", reason=type(error).__name__)


def _stamped(taken: Sequence[tuple[str, bytes]]) -> list[Snapshot]:
    return [Snapshot(name, clock.now(), body) for name, body in taken]
