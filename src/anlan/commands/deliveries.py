"""`anlan endpoint` and `anlan dead-letters`: where messages go, and those that were given up."""

import click
from sqlalchemy import Connection

from anlan import clock
from anlan.commands.opened import OPERATOR, opened_database
from anlan.commands.screen import ERR, OUT, clear_errors, table
from anlan.delivery.registration import register_endpoint, rotate_secret
from anlan.settings import read_settings
from anlan.store import endpoints as stored
from anlan.store.audit import note
from anlan.store.outbox import dead_letters, replay


@click.group()
def endpoint() -> None:
    """Receivers of webhooks."""


@endpoint.command("add")
@click.argument("url")
@click.option("--kind", "kinds", multiple=True, help="A prefix such as action.mute or staff; without it, everything.")
def add_endpoint(url: str, kinds: tuple[str, ...]) -> None:
    """Register URL and print its secret once, alone on standard output."""
    with clear_errors(), opened_database(settings := read_settings()) as database:
        made = register_endpoint(database, url, kinds, clock.now(), allows_private=settings.allow_http_endpoints)
        with database.write() as connection:
            _note(connection, "endpoint.add", made.id)
    ERR.print(f"endpoint {made.id}: {made.url}", markup=False)
    click.echo(made.secrets[0])


@endpoint.command("list")
def list_endpoints() -> None:
    """Every receiver and how it has been answering."""
    shown = table("Endpoints", "id", "url", "kinds", "enabled", "failing rounds #")
    with clear_errors(), opened_database(read_settings()) as database, database.read() as connection:
        for one in stored.all_endpoints(connection, database.vault):
            shown.add_row(
                one.id, one.url, " ".join(one.kinds) or "all", "yes" if one.is_enabled else "no", str(one.failures)
            )
    OUT.print(shown)


@endpoint.command("rotate")
@click.argument("endpoint_id", metavar="ID")
@click.option("--end", is_flag=True, help="Stop signing with the previous secret.")
def rotate_endpoint(endpoint_id: str, *, end: bool) -> None:
    """Print a new secret; until --end, messages carry a signature by each."""
    secret = None
    with clear_errors(), opened_database(read_settings()) as database:
        if not end:
            secret = rotate_secret(database, endpoint_id)
        with database.write() as connection:
            stored.get_endpoint(connection, database.vault, endpoint_id)
            if end:
                stored.end_rotation(connection, endpoint_id)
            _note(connection, "endpoint.rotated" if end else "endpoint.rotate", endpoint_id)
    if secret is not None:
        click.echo(secret)


@endpoint.command("disable")
@click.argument("endpoint_id", metavar="ID")
def disable_endpoint(endpoint_id: str) -> None:
    """Send it no new messages."""
    _switch(endpoint_id, is_enabled=False)


@endpoint.command("enable")
@click.argument("endpoint_id", metavar="ID")
def enable_endpoint(endpoint_id: str) -> None:
    """Send to it again, with a clean slate."""
    _switch(endpoint_id, is_enabled=True)


def _switch(endpoint_id: str, *, is_enabled: bool) -> None:
    with clear_errors(), opened_database(read_settings()) as database, database.write() as connection:
        stored.get_endpoint(connection, database.vault, endpoint_id)
        stored.set_enabled(connection, endpoint_id, is_enabled=is_enabled)
        _note(connection, "endpoint.enable" if is_enabled else "endpoint.disable", endpoint_id)
    ERR.print(f"endpoint {endpoint_id} is {'enabled' if is_enabled else 'disabled'}", markup=False)


@click.group("dead-letters")
def letters() -> None:
    """Messages that were given up."""


@letters.command("list")
@click.option("--endpoint", "endpoint_id", help="Only those for this endpoint.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True)
def list_letters(endpoint_id: str | None, limit: int) -> None:
    """The latest first."""
    shown = table("Dead letters", "message", "endpoint", "kind", "attempts #", "status", "given up")
    with clear_errors(), opened_database(read_settings()) as database, database.read() as connection:
        for one in dead_letters(connection, endpoint_id, limit):
            status = str(one.last_status or one.last_error or "")[:60]
            shown.add_row(
                one.message_id, one.endpoint_id, one.kind, str(one.attempts), status, clock.to_rfc3339(one.done_at)[:19]
            )
    OUT.print(shown)


@letters.command("replay")
@click.option("--endpoint", "endpoint_id", help="Only those for this endpoint.")
@click.option("--message", "message_id", help="Only this message.")
def replay_letters(endpoint_id: str | None, message_id: str | None) -> None:
    """Send them again from the first attempt, under the same ids."""
    with clear_errors(), opened_database(read_settings()) as database, database.write() as connection:
        count = replay(connection, clock.now(), endpoint_id, message_id)
        _note(connection, "deliveries.replay", message_id or endpoint_id or "all")
    ERR.print(f"{count} messages are on their way again")


def _note(connection: Connection, act: str, subject: str) -> None:
    note(connection, OPERATOR, act, subject, {})
