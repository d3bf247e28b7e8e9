"""Looks back over last week's messages for changes of the lexicon: one at a time, in the background, the last kept."""

from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Literal

import structlog

from anlan import clock
from anlan.desk.lexicon_life import changed_terms
from anlan.desk.lexicon_preview import Preview, preview
from anlan.domain.events import Catalogue
from anlan.domain.ports import AnalyticJournal, TermSearch
from anlan.errors import AnlanError
from anlan.store.lexicon import Edit
from anlan.web.languages import mark

KEPT_RUNS = 50
FAILED = mark("The look back failed; the log says why.")

log = structlog.get_logger(__name__)


@dataclass
class Run:
    """One look back; `share` of it is done, `report` is there in the end, `error` when it failed."""

    started_at: float
    state: Literal["running", "done", "failed"] = "running"
    share: float = 0.0
    report: Preview | None = None
    error: AnlanError | None = None

    def tell(self, share: float) -> None:
        """How far it has come."""
        self.share = share


@dataclass
class Previews:
    """Runs by name (`change 7`, `term 刷单`); they are gone after a restart, except what an approval kept."""

    analysis: AnalyticJournal
    search: TermSearch
    catalogue: Catalogue
    _runs: OrderedDict[str, Run] = field(default_factory=OrderedDict)
    _pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1, "lexicon-preview"))

    def latest(self, name: str) -> Run | None:
        """The last run of this name in this process."""
        return self._runs.get(name)

    def start(self, name: str, edits: Sequence[Edit]) -> Run:
        """Begin to look back with these edits, unless that is under way."""
        known = self._runs.get(name)
        if known and known.state == "running":
            return known
        run = self._runs[name] = Run(clock.now())
        self._runs.move_to_end(name)
        if len(self._runs) > KEPT_RUNS:
            self._runs.popitem(last=False)
        self._pool.submit(self._run, run, edits)
        return run

    def _run(self, run: Run, edits: Sequence[Edit]) -> None:
        try:
            look = self.search.compare(*changed_terms(edits))
            run.report = preview(self.analysis, self.catalogue, look, run.started_at, run.tell)
            run.state = "done"
        except Exception as error:  # the worker's edge: a run must end, whatever happens
            log.warning("lexicon_preview_failed", error=error)
            run.error = error if isinstance(error, AnlanError) else AnlanError(FAILED)
            run.state = "failed"
