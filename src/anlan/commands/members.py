"""`anlan member`: letting members in to their own pages by hand."""

import click

from anlan import clock
from anlan.commands.opened import OPERATOR, opened_database
from anlan.commands.screen import ERR, clear_errors
from anlan.domain.sign_ins import session_in, session_name
from anlan.settings import read_settings
from anlan.store.audit import note
from anlan.store.members import OpenedLink, make_link


@click.group()
def member() -> None:
    """Members' own pages."""


@member.command("link")
@click.argument("account")
@click.option("--language", type=click.Choice(["zh", "en"]), help="What the pages speak; else what the browser asks.")
@click.option("--path", default="/me", show_default=True, help="The page that the link opens.")
def link_member(account: str, language: str | None, path: str) -> None:
    """Print a link to the pages of ACCOUNT. It opens once, within 15 minutes."""
    settings, name = read_settings(), f"account:{account}"
    session = session_in(path)
    wanted = OpenedLink(
        account=name, language=language or "", path=path,
        platform_session=session_name(name, session) if session else None,
    )
    with clear_errors(), opened_database(settings) as database, database.write() as connection:
        token = make_link(connection, wanted, OPERATOR, clock.now())
        note(connection, OPERATOR, "member.link", name, {"path": path})
    ERR.print(f"whoever opens this is {account} to Anlan for two hours; hand it to nobody else", markup=False)
    click.echo(f"{settings.address}/me/open?token={token}")
