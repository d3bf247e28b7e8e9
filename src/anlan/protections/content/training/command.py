"""Decides how the content models are rebuilt: one command from public data to artefact, lexicon and card."""

import importlib
from pathlib import Path
from typing import Any

import click

from anlan.errors import Unavailable


def train_text(data_dir: Path, out_dir: Path | None = None) -> None:
    """Train the text model, rebuild the lexicon and write the model card; minutes on one core.

    Args:
        data_dir: folder of the public sets, one folder each as `corpora.CORPORA` names them.
        out_dir: where the artefacts go; None for the places they ship from.

    Raises:
        Unavailable: scikit-learn is not installed.
    """
    _load("run").train(data_dir, out_dir)


def _load(module: str) -> Any:
    try:
        return importlib.import_module(f"anlan.protections.content.training.{module}")
    except ModuleNotFoundError as error:
        raise Unavailable(f"training needs {error.name}; install it with `pip install 'anlan[train]'`") from error


_data_option = click.option(
    "--data", "data_dir", required=True, type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder of the public data sets.",
)


@click.command("text")
@_data_option
@click.option("--out", "out_dir", type=click.Path(file_okay=False, path_type=Path),
              help="Write here instead of into the package.")
def text_command(data_dir: Path, out_dir: Path | None) -> None:
    """Rebuild the text model, its card and the lexicon."""
    train_text(data_dir, out_dir)


@click.command("measure")
@_data_option
def measure_command(data_dir: Path) -> None:
    """Measure the shipped text model on every set; prints results by category, keeps what the model page draws."""
    click.echo(_load("card").results_text(_load("run").measure(data_dir)))


@click.command("spelling")
@_data_option
@click.option("--out", "out_dir", type=click.Path(file_okay=False, path_type=Path),
              default=Path(__file__).parents[1] / "tables", help="Write here instead of into the package.")
def spelling_command(data_dir: Path, out_dir: Path) -> None:
    """Rebuild the tables of sounds, pieces, look-alikes and ordinary spellings; train the text model after it."""
    _load("spelling").write_tables(data_dir, out_dir)
