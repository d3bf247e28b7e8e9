"""`anlan funds`: does the ledger of members' money add up."""

import sys

import click

from anlan.commands.opened import opened_database
from anlan.commands.screen import EXIT_PARTIAL, OUT, clear_errors, table
from anlan.settings import read_settings
from anlan.store.ledger_audit import BREAKS, LedgerReport, audit_ledger


@click.group()
def funds() -> None:
    """Members' money."""


@funds.command()
def audit() -> None:
    """Compare every transaction, balance and payout to the smallest unit; exit code 1 if anything does not add up."""
    with clear_errors(), opened_database(read_settings()) as database, database.snapshot() as connection:
        report = audit_ledger(connection)
    _print_totals(report)
    if report.breaks:
        _print_breaks(report)
        sys.exit(EXIT_PARTIAL)
    OUT.print("everything adds up", style="green")


def _print_totals(report: LedgerReport) -> None:
    shown = table("Minor units by unit", "unit", "owners #", "free #", "held #", "paid #")
    for total in report.totals:
        shown.add_row(total.unit, *(f"{n:,}" for n in (total.owners, total.free, total.held, total.paid)))
    OUT.print(shown)
    OUT.print(f"{report.transactions:,} transactions, {report.lines:,} lines, {report.payouts:,} payout applications")


def _print_breaks(report: LedgerReport) -> None:
    shown = table("Does not add up", "what", "where", "found #", "expected #")
    shown.columns[0].no_wrap, shown.columns[1].overflow = True, "fold"
    for broken in report.breaks:
        shown.add_row(BREAKS[broken.kind]["en"], broken.subject, f"{broken.found:,}", f"{broken.expected:,}")
    OUT.print(shown)
