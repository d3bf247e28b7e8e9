"""`anlan audit`: is the log whole, does it bear out what the desk's tables say, and taking it out."""

import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import click

from anlan.commands.opened import OPERATOR, opened_database
from anlan.commands.screen import ERR, EXIT_PARTIAL, OUT, clear_errors, table
from anlan.domain.audit_chain import BREAKS, Anchor, Break, read_anchor
from anlan.errors import InvalidRequest
from anlan.settings import read_settings
from anlan.store.audit import Wanted, read_head
from anlan.store.audit_export import ExportForm, check_export, export
from anlan.store.audit_report import AnchorFile, read_anchors
from anlan.store.audit_report import verify as verify_log
from anlan.store.audit_witnesses import DOUBTS, Doubt

File = click.Path(path_type=Path, dir_okay=False)


@click.group()
def audit() -> None:
    """The log of every act and every look at personal data."""


@audit.command()
@click.option("--anchor", "anchors", multiple=True, metavar="SEQ:HASH", help="A head that was kept elsewhere.")
@click.option("--anchors", "anchor_file", type=File, help="A file of such heads, one a line.")
@click.option("--export", "exported", type=File, help="Follow the chain of this NDJSON export instead of the store.")
def verify(anchors: tuple[str, ...], anchor_file: Path | None, exported: Path | None) -> None:
    """Follow the chain from its first row, and look for what was done behind the log's back; exit code 1 if so.

    The heads that the server wrote beside its data are always asked; those that you kept elsewhere prove more.
    """
    with clear_errors():
        kept = [*map(read_anchor, anchors), *(read_anchors(anchor_file) if anchor_file else [])]
        if exported:
            walk = check_export(exported, kept)
            _tell(walk.head, walk.broken, ())
            sys.exit(EXIT_PARTIAL if walk.broken else 0)
        settings = read_settings()
        with opened_database(settings) as database:
            kept += AnchorFile(database, settings.data_dir).read()
            report = verify_log(database, OPERATOR, kept)
    _tell(report.head, report.broken, report.doubts)
    sys.exit(0 if report.is_sound else EXIT_PARTIAL)


def _tell(head: Anchor, broken: Break | None, doubts: Iterable[Doubt]) -> None:
    if broken:
        OUT.print(f"row {broken.seq} ({broken.kind}): {BREAKS[broken.kind]['en']}", markup=False, soft_wrap=True)
    OUT.print(f"{head.seq:,} rows are as they were written; the last is {head}", markup=False, soft_wrap=True)
    shown = table("Not borne out by the log", "what", "id", "finding", "meaning")
    for one in doubts:
        shown.add_row(one.name, one.id, one.kind, DOUBTS[one.kind]["en"])
    if shown.row_count:
        OUT.print(shown)


@audit.command("export")
@click.option("--out", type=File, help="Write here; else to standard output.")
@click.option("--format", "form", type=click.Choice(["ndjson", "csv"]), default="ndjson", show_default=True)
@click.option("--actor", default="", help="Only what this one did, such as staff:mei.")
@click.option("--act", default="", help="Only this act or those below it: `sanction` takes `sanction.order` too.")
@click.option("--since", type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]), help="Only from then on (UTC).")
def take_out(out: Path | None, form: ExportForm, actor: str, act: str, since: datetime | None) -> None:
    """Write the log out, oldest row first; that is in the log too. The head goes to standard error: keep it."""
    wanted = Wanted(actor=actor, act=act, since=since.replace(tzinfo=UTC).timestamp() if since else None)
    with clear_errors(), opened_database(read_settings()) as database:
        head, pieces = export(database, OPERATOR, form, wanted)
        try:
            with click.open_file(str(out or "-"), "wb") as file:
                for piece in pieces:
                    file.write(piece)
        except OSError as error:
            raise InvalidRequest(f"cannot write {out}: {error.strerror or error}") from error
    ERR.print(f"head {head}", markup=False, soft_wrap=True)


@audit.command()
def anchor() -> None:
    """Print the head of the log, alone on standard output. Keep it where nobody who runs the server can change it."""
    with clear_errors(), opened_database(read_settings()) as database, database.read() as connection:
        head = read_head(connection)
    click.echo(str(head))
