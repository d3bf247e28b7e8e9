"""Decides how the content models are rebuilt: one command from public data to artefact, lexicon and card."""

import importlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from anlan.domain.judgements import JudgedText, Made
from anlan.errors import Unavailable
from anlan.protections.content.training.corpora import Row


def train_text(
    data_dir: Path, out_dir: Path | None = None, *, with_crossing: bool = False, judged: Sequence[Row] = ()
) -> None:
    """Train the text model, rebuild the lexicon and write the model cards; minutes on one core.

    Args:
        data_dir: folder of the public sets, one folder each as `corpora.CORPORA` names them.
        out_dir: where the artefacts go; None for the places they ship from.
        with_crossing: train again without some taught sets, to measure what carries over to it.
        judged: reviewers' texts, taught and measured like those of a set.

    Raises:
        Unavailable: scikit-learn is not installed.
    """
    _load("run").train(data_dir, out_dir, with_crossing=with_crossing, judged=judged)


def learn_text(judged: Sequence[JudgedText], data_dir: Path | None, folder: Path) -> Made:
    """Make a candidate under `folder` that knows `judged`: trained whole on public data, or adapted where that is None.

    Raises:
        InvalidRequest: nothing to learn from.
        Unavailable: scikit-learn is not installed, or the shipped model is not there.
    """
    candidates = _load("candidates")
    made: Made = candidates.train_whole(judged, data_dir, folder) if data_dir else candidates.adapt(judged, folder)
    return made


def _load(module: str) -> Any:
    try:
        return importlib.import_module(f"anlan.protections.content.training.{module}")
    except ModuleNotFoundError as error:
        raise Unavailable(f"training needs {error.name}; install it with `pip install 'anlan[train]'`") from error


_data_option = click.option(
    "--data", "data_dir", required=True, type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder of the public data sets.",
)


@click.command("measure")
@_data_option
def measure_command(data_dir: Path) -> None:
    """Measure the shipped text model on every set; prints results by category, keeps what the model page draws."""
    results, evasions = _load("run").measure(data_dir)
    click.echo(_load("card").measured_text(results, evasions))


@click.command("spelling")
@_data_option
@click.option("--out", "out_dir", type=click.Path(file_okay=False, path_type=Path),
              default=Path(__file__).parents[1] / "tables", help="Write here instead of into the package.")
def spelling_command(data_dir: Path, out_dir: Path) -> None:
    """Rebuild the tables of sounds, pieces, look-alikes and ordinary spellings; train the text model after it."""
    _load("spelling").write_tables(data_dir, out_dir)
