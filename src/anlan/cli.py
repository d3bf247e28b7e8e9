"""The `anlan` command; only the module of the command that was asked for is loaded."""

import gc
from importlib import import_module
from typing import NamedTuple

import click

from anlan import __version__
from anlan.telemetry import configure_logging

GC_THRESHOLDS = (50_000, 20, 100)
"""What a command loads stays until it ends: looking through it for garbage would take a sixth of the start."""


class Command(NamedTuple):
    """A command: `module:name`, and its line in the list, which is drawn without loading any of them."""

    where: str
    says: str


class Commands(click.Group):
    """Commands by name."""

    def __init__(self, *args: object, table: dict[str, Command], **settings: object) -> None:
        super().__init__(*args, **settings)  # type: ignore[arg-type]  # click's own
        self._table = table

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(self._table)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, self._table[name].says) for name in self.list_commands(ctx)])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self._table:
            return None
        module, _, name = self._table[cmd_name].where.partition(":")
        gc.set_threshold(*GC_THRESHOLDS)
        command: click.Command = getattr(import_module(module), name)
        return command


COMMANDS = {
    "audit": Command("anlan.commands.audit:audit", "The log of every act and every look at personal data."),
    "backup": Command("anlan.commands.archive:backup", "Write the store and the journal to a file."),
    "dead-letters": Command("anlan.commands.deliveries:letters", "Messages that were given up."),
    "demo": Command("anlan.commands.demo:demo", "Start Anlan with a simulated community."),
    "endpoint": Command("anlan.commands.deliveries:endpoint", "Receivers of webhooks."),
    "funds": Command("anlan.commands.funds:funds", "Members' money."),
    "journal": Command("anlan.commands.journal:journal", "The Parquet segments that backtests read."),
    "judge": Command("anlan.commands.judge:judge", "Judge the rows of a JSONL or CSV file."),
    "judgements": Command("anlan.commands.learning:judgements", "What people said texts really are."),
    "key": Command("anlan.commands.keys:key", "API keys."),
    "lexicon": Command("anlan.commands.lexicon:lexicon", "Terms that hint at harm."),
    "llm": Command("anlan.commands.llm:llm", "The language model that is asked about the grey band."),
    "member": Command("anlan.commands.members:member", "Members' own pages."),
    "migrate": Command("anlan.commands.archive:migrate", "Bring the schema of the store to this version."),
    "model": Command("anlan.commands.learning:model", "Text models made from judgements."),
    "passwords": Command("anlan.commands.passwords:passwords", "Leaked passwords."),
    "places": Command("anlan.commands.places:places", "Countries and networks of addresses, offline."),
    "policy": Command("anlan.commands.policy:policy", "Policies, before they act."),
    "reports": Command("anlan.commands.report_import:reports", "What members report."),
    "restore": Command("anlan.commands.archive:restore", "Fill an empty store from a backup."),
    "serve": Command("anlan.commands.serve:serve_command", "Answer events, the API and the console."),
    "signals": Command("anlan.commands.catalogue:signals", "List the signal catalogue."),
    "staff": Command("anlan.commands.people:staff", "People who work in the console."),
    "streams": Command("anlan.commands.streams:streams", "Receivers of security event tokens."),
    "train": Command("anlan.cli:train", "Rebuild models."),
    "transmitters": Command("anlan.commands.streams:transmitters", "Partners whose security event tokens we take."),
}


@click.group(cls=Commands, table=COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="anlan")
def main() -> None:
    """Anlan 安澜: a self-hosted security center for chat and community platforms."""
    configure_logging("WARNING")


_TRAINING = {
    "measure": Command(
        "anlan.protections.content.training.command:measure_command", "Measure the shipped text model on every set."
    ),
    "spelling": Command(
        "anlan.protections.content.training.command:spelling_command", "Rebuild the tables of sounds and look-alikes."
    ),
    "tellings": Command(
        "anlan.protections.fraud.training.command:tellings_command", "Rebuild the model behind the assistant."
    ),
    "text": Command("anlan.commands.learning:train_text_command", "Rebuild the text model, or make a candidate."),
}


@click.group(cls=Commands, table=_TRAINING)
def train() -> None:
    """Rebuild models from public data, judgements or tellings."""
