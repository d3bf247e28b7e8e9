"""`anlan serve`: the server."""

import click
import structlog

from anlan.app import House
from anlan.commands.screen import clear_errors
from anlan.serving import serve
from anlan.settings import read_settings
from anlan.telemetry import configure_logging

log = structlog.get_logger(__name__)


@click.command("serve")
@click.option(
    "--log-level", type=click.Choice(["DEBUG", "INFO", "WARNING", "ERROR"]), default="INFO", show_default=True
)
def serve_command(log_level: str) -> None:
    """Answer events, the API and the console until told to stop (Ctrl-C or SIGTERM).

    Settings come from ANLAN_* variables or a .env file. The schema is brought up to date first. What was accepted is
    finished before the process ends.
    """
    configure_logging(log_level)
    with clear_errors():
        house = House(read_settings())
    log.info("serving", address=house.settings.address)
    serve(house)
