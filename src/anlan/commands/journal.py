"""`anlan journal`: the sealed segments of the journal, whether they are intact, and how to mend one that is not."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click

from anlan.clock import to_rfc3339
from anlan.commands.opened import opened_database
from anlan.commands.screen import ERR, EXIT_PARTIAL, OUT, clear_errors, table
from anlan.settings import read_settings
from anlan.store.rows import Columns
from anlan.store.segments import Segments
from anlan.workshop import build_workshop


@click.group()
def journal() -> None:
    """The Parquet segments that investigations and backtests read."""


@contextmanager
def _opened() -> Iterator[Segments]:
    settings = read_settings()
    with opened_database(settings) as database:
        workshop = build_workshop(settings, is_for_judging=False)
        columns = Columns(workshop.catalogue.types, workshop.registry.by_name.values())
        segments = Segments(database, settings.journal_dir, columns, memory_mb=settings.duckdb_memory_mb)
        try:
            yield segments
        finally:
            segments.close()


@journal.command("check")
def check() -> None:
    """List the segments and say which are damaged; exit code 1 if any is."""
    with clear_errors(), _opened() as segments:
        listed = segments.listed()
        damaged = [one.file for one in listed if not segments.files.is_intact(one)]
    shown = table(f"{len(listed)} segments", "file", "events #", "bytes #", "first event", "state")
    for one in listed:
        state = "[red]damaged[/]" if one.file in damaged else "redacted" if one.is_redacted else "intact"
        shown.add_row(one.file, f"{one.event_count:,}", f"{one.byte_count:,}", to_rfc3339(one.first_time), state)
    OUT.print(shown)
    sys.exit(EXIT_PARTIAL if damaged else 0)


@journal.command("rebuild")
@click.argument("file")
def rebuild(file: str) -> None:
    """Seal the events of segment FILE anew from the record, while the record still holds them."""
    with clear_errors(), _opened() as segments:
        made = segments.rebuild(file)
    ERR.print(f"{file} was sealed anew as {made.file}: {made.event_count:,} events", markup=False)
