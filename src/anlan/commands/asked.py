"""What questions on the command line are put to: the journal as the server sees it, with the catalogue of signals."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from anlan.commands.opened import opened_database
from anlan.engine.readings import Scope
from anlan.settings import read_settings
from anlan.store.analysis import Analysis
from anlan.store.database import Database
from anlan.store.journal import Journal
from anlan.store.policies import Policies
from anlan.store.rows import Columns
from anlan.store.segments import Segments
from anlan.store.vault import Codec
from anlan.workshop import Workshop, build_workshop


class OpenedJournal(NamedTuple):
    """What questions to the journal need."""

    database: Database
    workshop: Workshop
    journal: Journal
    analysis: Analysis
    policies: Policies

    def scope(self, start: float | None, within_s: float) -> Scope:
        """Events since `start` (event time), asked within so many seconds."""
        counters = {spec.name: spec for spec in self.workshop.specs}
        return Scope(registry=self.workshop.registry, counters=counters, start=start, within_s=within_s)


@contextmanager
def opened_journal() -> Iterator[OpenedJournal]:
    """The journal as the server sees it; the server may run meanwhile."""
    settings = read_settings()
    with opened_database(settings) as database:
        workshop = build_workshop(settings, is_for_judging=False)
        columns = Columns(workshop.catalogue.types, workshop.registry.by_name.values())
        segments = Segments(database, settings.journal_dir, columns, memory_mb=settings.duckdb_memory_mb)
        try:
            yield OpenedJournal(
                database, workshop, Journal(database, Codec(database.vault)), Analysis(segments), Policies(database)
            )
        finally:
            segments.close()
