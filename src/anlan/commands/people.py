"""`anlan staff`: who may sign in to the console."""

import click

from anlan import clock
from anlan.commands.opened import OPERATOR, opened_database
from anlan.commands.screen import ERR, OUT, clear_errors, table
from anlan.errors import NotFound
from anlan.settings import read_settings
from anlan.store import staff as stored
from anlan.store.audit import note
from anlan.web.console.access import ROLES
from anlan.web.console.people import hash_password, new_one_time_password


@click.group()
def staff() -> None:
    """People who work in the console."""


@staff.command("add")
@click.argument("name")
@click.option(
    "--role", "roles", multiple=True, required=True, type=click.Choice(ROLES), help="Give it several times for several."
)
@click.option("--language", type=click.Choice(["zh", "en"]), default="zh", show_default=True)
def add_person(name: str, roles: tuple[str, ...], language: str) -> None:
    """Add NAME and print a one-time password, alone on standard output."""
    password = new_one_time_password()
    with clear_errors(), opened_database(read_settings()) as database, database.write() as connection:
        stored.add_member(connection, name, hash_password(password), roles, language, clock.now())
        note(connection, OPERATOR, "staff.add", f"staff:{name}", {"roles": list(roles)})
    ERR.print(f"{name} signs in with this password once, then chooses another", markup=False)
    click.echo(password)


@staff.command("reset")
@click.argument("name")
@click.option("--authenticator", is_flag=True, help="Forget the authenticator too, because the phone is lost.")
def reset_person(name: str, *, authenticator: bool) -> None:
    """Print a new one-time password for NAME and end all sessions."""
    password = new_one_time_password()
    with clear_errors(), opened_database(read_settings()) as database, database.write() as connection:
        member = stored.find_by_name(connection, name)
        if member is None:
            raise NotFound(f"nobody is named {name!r}; `anlan staff list` shows everybody")
        stored.set_password(connection, member.id, hash_password(password), must_change=True)
        stored.end_sessions_of(connection, member.id)
        if authenticator:
            stored.forget_totp(connection, member.id)
        note(connection, OPERATOR, "staff.reset", f"staff:{name}", {"authenticator": authenticator})
    click.echo(password)


@staff.command("list")
def list_people() -> None:
    """Everybody, with roles."""
    shown = table("Staff", "name", "roles", "authenticator", "active")
    with clear_errors(), opened_database(read_settings()) as database, database.read() as connection:
        for member in stored.list_members(connection):
            shown.add_row(
                member.name, " ".join(member.roles), "yes" if member.has_second_factor else "no",
                "yes" if member.is_active else "no",
            )
    OUT.print(shown)
