"""`anlan passwords`: the set of leaked passwords that others are compared with."""

from pathlib import Path
from typing import BinaryIO

import click

from anlan.commands.screen import ERR, clear_errors
from anlan.settings import read_settings
from anlan.store.breached_passwords import open_set, write_set


@click.group()
def passwords() -> None:
    """Leaked passwords."""


@passwords.command("import")
@click.argument("file", type=click.File("rb", lazy=False))
@click.option("--into", type=click.Path(path_type=Path, dir_okay=False), help="Another file than the house's own.")
def import_set(file: BinaryIO, into: Path | None) -> None:
    """Make the set of FILE: lines `SHA-1:count` as Have I Been Pwned has them, or plain words; - for standard input.

    A running Anlan uses it at once. What was there before stays until the new set is whole.
    """
    with clear_errors():
        count = write_set(file, into or read_settings().passwords_file)
    ERR.print(f"{count:,} passwords are known now", markup=False)


@passwords.command("show")
def show_set() -> None:
    """Which set is in use."""
    with clear_errors():
        found = open_set(read_settings().passwords_file)
    kind = "imported" if found.is_whole else "the starter that ships; import a whole one"
    click.echo(f"{found.count:,} passwords, {kind}")
