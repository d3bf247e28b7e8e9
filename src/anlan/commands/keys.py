"""`anlan key`: the API keys of platforms."""

import click

from anlan import clock
from anlan.commands.opened import OPERATOR, opened_database
from anlan.commands.screen import ERR, OUT, clear_errors, table
from anlan.errors import NotFound
from anlan.settings import read_settings
from anlan.store.audit import note
from anlan.store.database import Database
from anlan.store.keys import ApiKeys
from anlan.web.api.access import SCOPES

DEFAULT_SCOPES = ("events:write", "decisions:read")


@click.group()
def key() -> None:
    """API keys."""


@key.command("create")
@click.argument("name")
@click.option(
    "--scope", "scopes", multiple=True, type=click.Choice(list(SCOPES)), default=DEFAULT_SCOPES, show_default=True,
    help="What the key may do; give it several times.",
)
@click.option(
    "--rate", "rate_per_s", type=click.FloatRange(min=0.1), default=1000.0, show_default=True, help="Events a second."
)
def create_key(name: str, scopes: tuple[str, ...], rate_per_s: float) -> None:
    """Make a key for NAME. It is printed once, alone on standard output."""
    with clear_errors(), opened_database(read_settings()) as database:
        made, secret = ApiKeys(database).create(name, scopes, rate_per_s)
        _note(database, "key.create", made.id)
    ERR.print(f"key {made.id} for {name}: {', '.join(made.scopes)}; it is shown this once", markup=False)
    click.echo(secret)


@key.command("list")
def list_keys() -> None:
    """Every key, without its secret."""
    shown = table("API keys", "id", "name", "scopes", "rate #", "made", "revoked")
    with clear_errors(), opened_database(read_settings()) as database:
        for one in ApiKeys(database).all():
            revoked = clock.to_rfc3339(one.revoked_at)[:10] if one.revoked_at else ""
            made = clock.to_rfc3339(one.created_at)[:10]
            shown.add_row(one.id, one.name, " ".join(one.scopes), f"{one.rate_per_s:g}/s", made, revoked)
    OUT.print(shown)


@key.command("revoke")
@click.argument("key_id", metavar="ID")
def revoke_key(key_id: str) -> None:
    """End a key; running servers refuse it within ten seconds."""
    with clear_errors(), opened_database(read_settings()) as database:
        if not ApiKeys(database).revoke(key_id):
            raise NotFound(f"no key {key_id} is in force; `anlan key list` shows them")
        _note(database, "key.revoke", key_id)
    ERR.print(f"key {key_id} is revoked", markup=False)


def _note(database: Database, act: str, key_id: str) -> None:
    with database.write() as connection:
        note(connection, OPERATOR, act, f"key:{key_id}", {})
