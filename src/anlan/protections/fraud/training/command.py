"""Decides how the model of tellings is rebuilt: one command from the talks beside this file to artefact and cards."""

import importlib
from pathlib import Path
from typing import Any

import click

from anlan.errors import Unavailable
from anlan.models import text_model
from anlan.models.sentence_encoder import SentenceEncoder
from anlan.protections.fraud.scenario_file import built_in_scenarios
from anlan.protections.fraud.tellings import MODEL_PATH

TALKS = Path(__file__).parent


@click.command("tellings")
@click.option("--out", "out_dir", type=click.Path(file_okay=False, path_type=Path), default=MODEL_PATH.parent,
              help="Write here instead of into the package.")
def tellings_command(out_dir: Path) -> None:
    """Rebuild the model that reads what members tell the assistant; minutes on one core."""
    learning, card = _load("tellings"), _load("card")
    talks = learning.read_talks(TALKS)
    rows = [*learning.rows_of(talks), *learning.rows_of_scenarios(built_in_scenarios())]
    learnt = learning.teach(rows, SentenceEncoder.load().encode)
    out_dir.mkdir(parents=True, exist_ok=True)
    digest = text_model.save(learnt.parts, out_dir / MODEL_PATH.name)
    for language, text in card.cards(talks, learnt, digest).items():
        suffix = ".md" if language == "en" else ".zh.md"
        (out_dir / MODEL_PATH.name).with_suffix(suffix).write_text(text, "utf-8")


def _load(module: str) -> Any:
    try:
        return importlib.import_module(f"anlan.protections.fraud.training.{module}")
    except ModuleNotFoundError as error:
        raise Unavailable(f"training needs {error.name}; install it with `pip install 'anlan[train]'`") from error
