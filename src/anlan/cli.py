"""The `anlan` command."""

import click

from anlan import __version__
from anlan.commands.archive import backup, restore
from anlan.commands.catalogue import signals
from anlan.commands.deliveries import endpoint, letters
from anlan.commands.demo import demo
from anlan.commands.journal import journal
from anlan.commands.judge import judge
from anlan.commands.keys import key
from anlan.commands.people import staff
from anlan.commands.policy import policy
from anlan.commands.serve import migrate, serve_command
from anlan.protections.content.training.command import text_command
from anlan.telemetry import configure_logging


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="anlan")
def main() -> None:
    """Anlan 安澜: a self-hosted security center for chat and community platforms."""
    configure_logging("WARNING")


@click.group()
def train() -> None:
    """Rebuild models from public data."""


train.add_command(text_command)
for made in (
    demo, serve_command, migrate, judge, policy, signals, key, staff, endpoint, letters, backup, restore, journal,
    train,
):
    main.add_command(made)
