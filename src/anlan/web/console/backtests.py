"""Backtests that people started from the console: one at a time, in the background, the latest of each version kept."""

from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Literal

import msgspec
import structlog

from anlan import clock
from anlan.domain.ports import AnalyticJournal
from anlan.engine.backtest import backtest
from anlan.engine.journal_reports import BacktestReport
from anlan.engine.policies import CheckedPolicy
from anlan.engine.readings import Scope
from anlan.errors import AnlanError
from anlan.web.languages import mark

KEPT_RUNS = 200
WITHIN_S = 600.0
FAILED = mark("The backtest failed; the log says why.")

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Run:
    """One backtest as it was at one moment; `report` is there when it is done, `error` when it failed."""

    days: int
    started_at: float
    state: Literal["running", "done", "failed"] = "running"
    report: BacktestReport | None = None
    error: AnlanError | None = None
    ended_at: float = 0.0


class StoredReport(msgspec.Struct, frozen=True):
    """What is stored with a version that went live: what its approver was shown."""

    ran_at: float
    report: BacktestReport


@dataclass
class Backtests:
    """Runs by (policy, version); they are gone after a restart, except what was stored with an approval."""

    analysis: AnalyticJournal
    _runs: OrderedDict[tuple[str, int], Run] = field(default_factory=OrderedDict)
    _pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1, "backtest"))

    def latest(self, policy_id: str, version: int) -> Run | None:
        """The last run of a version in this process."""
        return self._runs.get((policy_id, version))

    def start(self, member: CheckedPolicy, days: int, scope: Scope) -> Run:
        """Begin a run over the last `days` of event time, unless one is under way."""
        name = (member.policy.id, member.policy.version)
        known = self._runs.get(name)
        if known and known.state == "running":
            return known
        run = self._keep(name, Run(days, clock.now()))
        scope = msgspec.structs.replace(scope, start=run.started_at - days * 86_400.0, within_s=WITHIN_S)
        self._pool.submit(self._run, name, run, member, scope)
        return run

    def _keep(self, name: tuple[str, int], run: Run) -> Run:
        self._runs[name] = run
        self._runs.move_to_end(name)
        if len(self._runs) > KEPT_RUNS:
            self._runs.popitem(last=False)
        return run

    def stored(self, policy_id: str, version: int) -> bytes | None:
        """The report of a finished run as JSON, to be kept with an approval."""
        run = self.latest(policy_id, version)
        return msgspec.json.encode(StoredReport(run.ended_at, run.report)) if run and run.report else None

    def _run(self, name: tuple[str, int], run: Run, member: CheckedPolicy, scope: Scope) -> None:
        try:
            ended = replace(run, state="done", report=backtest(self.analysis, [member], scope))
        except Exception as error:  # the worker's edge: a run must end, whatever happens
            log.warning("backtest_failed", policy=member.policy.id, error=error)
            known = error if isinstance(error, AnlanError) else AnlanError(FAILED)
            ended = replace(run, state="failed", error=known)
        self._keep(name, replace(ended, ended_at=clock.now()))
