"""The `anlan` command."""

import click

from anlan import __version__
from anlan.commands.demo import demo
from anlan.commands.judge import judge


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="anlan")
def main() -> None:
    """Anlan 安澜: a self-hosted security center for chat and community platforms."""


main.add_command(demo)
main.add_command(judge)
