"""`anlan reports import`: members' reports from another system, filed as if the platform had sent them."""

from pathlib import Path

import click

from anlan.commands.opened import OPERATOR, opened_database
from anlan.commands.screen import ERR, clear_errors
from anlan.desk.report_filing import new_report, read_filing
from anlan.desk.reports import Reports
from anlan.errors import AnlanError
from anlan.settings import read_settings
from anlan.store.audit import note
from anlan.store.facts import Facts
from anlan.store.vault import Codec


@click.group()
def reports() -> None:
    """What members report."""


@reports.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def import_reports(file: Path) -> None:
    """File every report of FILE: one JSON object a line, as POST /v1/reports takes it.

    A line that cannot be filed is named on standard error and stops nothing; a repeated import files nothing twice.
    """
    new = known = refused = 0
    with clear_errors(), opened_database(read_settings()) as database, file.open("rb") as lines:
        codec = Codec(database.vault)
        desk = Reports(database, codec, Facts(database, codec))
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                filed = desk.file(new_report(read_filing(line)), OPERATOR)
            except AnlanError as error:
                refused += 1
                ERR.print(f"line {number}: {error.message}", markup=False, soft_wrap=True)
                continue
            new, known = new + filed.is_new, known + (not filed.is_new)
        with database.write() as connection:
            details = {"file": file.name, "new": new, "known": known, "refused": refused}
            note(connection, OPERATOR, "report.import", "reports", details)
    click.echo(f"{new} filed, {known} known already, {refused} refused")
