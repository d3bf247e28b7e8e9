"""`anlan migrate`, `anlan backup` and `anlan restore`: the store's schema, and everything in one file and back."""

from pathlib import Path

import click

from anlan.commands.opened import opened_database
from anlan.commands.screen import ERR, clear_errors
from anlan.secrets_file import load_or_make_key
from anlan.settings import read_settings
from anlan.store.backup import Manifest
from anlan.store.backup import backup as write_backup
from anlan.store.backup import restore as read_backup
from anlan.store.database import Database


@click.command()
def migrate() -> None:
    """Bring the schema of the store to this version; does nothing when it is there already."""
    with clear_errors():
        settings = read_settings()
        database = Database(settings.store_url, load_or_make_key(settings.data_dir / "secret.key"))
        try:
            database.migrate()
        finally:
            database.close()
        ERR.print(f"{database.name} is up to date", markup=False)


@click.command()
@click.argument("target", metavar="FILE", type=click.Path(path_type=Path, dir_okay=False))
def backup(target: Path) -> None:
    """Write the store and the journal to FILE; the server may run meanwhile.

    FILE holds sealed values but not the key that opens them: keep secret.key from the data folder elsewhere.
    """
    with clear_errors(), opened_database(settings := read_settings()) as database:
        manifest = write_backup(database, settings.journal_dir, target)
    ERR.print(f"{target}: {_said(manifest)}; keep {settings.data_dir / 'secret.key'} elsewhere", markup=False)


@click.command()
@click.argument("source", metavar="FILE", type=click.Path(path_type=Path, dir_okay=False))
def restore(source: Path) -> None:
    """Fill an empty store from FILE. Put the secret.key of that installation into the data folder first."""
    with clear_errors():
        settings = read_settings()
        database = Database(settings.store_url, load_or_make_key(settings.data_dir / "secret.key"))
        try:
            database.migrate()
            manifest = read_backup(database, settings.journal_dir, source)
        finally:
            database.close()
    ERR.print(f"restored {_said(manifest)}", markup=False)


def _said(manifest: Manifest) -> str:
    rows = sum(part.rows for part in manifest.tables.values())
    return f"{rows:,} rows in {len(manifest.tables)} tables, {len(manifest.segments)} journal segments"
