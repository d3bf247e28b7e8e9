"""The `anlan` command; only the module of the command that was asked for is loaded."""

import gc
from importlib import import_module

import click

from anlan import __version__
from anlan.telemetry import configure_logging

GC_THRESHOLDS = (50_000, 20, 100)
"""What a command loads stays until it ends: looking through it for garbage would take a sixth of the start."""


class Commands(click.Group):
    """Commands by name, each with where it is defined."""

    def __init__(self, *args: object, where: dict[str, str], **settings: object) -> None:
        super().__init__(*args, **settings)  # type: ignore[arg-type]  # click's own
        self._where = where

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(self._where)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self._where:
            return None
        module, _, name = self._where[cmd_name].partition(":")
        gc.set_threshold(*GC_THRESHOLDS)
        command: click.Command = getattr(import_module(module), name)
        return command


WHERE = {
    "audit": "anlan.commands.audit:audit",
    "backup": "anlan.commands.archive:backup",
    "dead-letters": "anlan.commands.deliveries:letters",
    "demo": "anlan.commands.demo:demo",
    "endpoint": "anlan.commands.deliveries:endpoint",
    "funds": "anlan.commands.funds:funds",
    "journal": "anlan.commands.journal:journal",
    "judge": "anlan.commands.judge:judge",
    "judgements": "anlan.commands.learning:judgements",
    "key": "anlan.commands.keys:key",
    "lexicon": "anlan.commands.lexicon:lexicon",
    "llm": "anlan.commands.llm:llm",
    "member": "anlan.commands.members:member",
    "migrate": "anlan.commands.archive:migrate",
    "model": "anlan.commands.learning:model",
    "passwords": "anlan.commands.passwords:passwords",
    "places": "anlan.commands.places:places",
    "policy": "anlan.commands.policy:policy",
    "reports": "anlan.commands.report_import:reports",
    "restore": "anlan.commands.archive:restore",
    "serve": "anlan.commands.serve:serve_command",
    "signals": "anlan.commands.catalogue:signals",
    "staff": "anlan.commands.people:staff",
    "streams": "anlan.commands.streams:streams",
    "train": "anlan.cli:train",
    "transmitters": "anlan.commands.streams:transmitters",
}


@click.group(cls=Commands, where=WHERE, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="anlan")
def main() -> None:
    """Anlan 安澜: a self-hosted security center for chat and community platforms."""
    configure_logging("WARNING")


_TRAINING = {
    "measure": "anlan.protections.content.training.command:measure_command",
    "spelling": "anlan.protections.content.training.command:spelling_command",
    "tellings": "anlan.protections.fraud.training.command:tellings_command",
    "text": "anlan.commands.learning:train_text_command",
}


@click.group(cls=Commands, where=_TRAINING)
def train() -> None:
    """Rebuild models from public data."""
