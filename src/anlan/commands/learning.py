"""`anlan train text`, `anlan judgements`, `anlan model`: what people judged, and the models made from it."""

from pathlib import Path

import click
import msgspec

from anlan import clock
from anlan.commands.asked import OpenedJournal, opened_journal
from anlan.commands.opened import OPERATOR, opened_database
from anlan.commands.screen import ERR, OUT, clear_errors, table
from anlan.desk.judged_texts import judged_texts, read_judgements
from anlan.desk.model_life import ModelLife
from anlan.domain.judgements import JudgedText
from anlan.errors import InvalidRequest
from anlan.protections.content.model_shelf import ModelShelf
from anlan.protections.content.training.command import learn_text, train_text
from anlan.settings import Settings, read_settings
from anlan.store.database import Database
from anlan.store.judgements import Judgements
from anlan.store.text_models import ModelBook, TextModelRow

File = click.Path(exists=True, dir_okay=False, path_type=Path)
Folder = click.Path(exists=True, file_okay=False, path_type=Path)


@click.command("text")
@click.option("--data", "data_dir", type=Folder, help="Folder of the public data sets; needed to train whole.")
@click.option("--out", "out_dir", type=click.Path(file_okay=False, path_type=Path),
              help="Write here instead of into the package.")
@click.option("--cross", "with_crossing", is_flag=True,
              help="Also train without some sets in turn and test on them: three more trainings, for the card.")
@click.option("--from-judgements", "from_judgements", is_flag=True,
              help="Learn from what people judged here too, and make a candidate of the house instead. Without --data "
                   "the shipped model is adapted to the judgements, which takes a minute.")
def train_text_command(
    data_dir: Path | None, out_dir: Path | None, *, with_crossing: bool, from_judgements: bool
) -> None:
    """Rebuild the text model from public data, or make a candidate from judgements."""
    with clear_errors():
        if from_judgements:
            if out_dir or with_crossing:
                raise InvalidRequest("--from-judgements makes a candidate of the house; leave --out and --cross away")
            _make_candidate(data_dir)
        elif data_dir is None:
            raise InvalidRequest("name the folder of the public sets with --data, or learn with --from-judgements")
        else:
            train_text(data_dir, out_dir, with_crossing=with_crossing)


def _make_candidate(data_dir: Path | None) -> None:
    settings = read_settings()
    with opened_journal() as opened:
        judged = _judged(opened)
        made = learn_text(judged, data_dir, settings.candidates_dir)
        row = TextModelRow(
            made.version, "candidate", clock.now(), OPERATOR, made.parent, made.sha256,
            max((one.last_id for one in judged), default=0), made.texts,
        )
        is_new = ModelBook(opened.database).register(row)
    ERR.print(f"{made.texts} judged texts taught it" if is_new else "the same judgements made this model before")
    ERR.print("put it into shadow in the console, or with `anlan model shadow`")
    click.echo(made.version)


def _judged(opened: OpenedJournal) -> list[JudgedText]:
    return judged_texts(opened.database, opened.journal, opened.workshop.catalogue)


@click.group()
def judgements() -> None:
    """What people said texts really are."""


@judgements.command("import")
@click.argument("file", type=File)
@click.option("--by", required=True, help="Who judged, such as a name or a team; for the record.")
def import_judgements(file: Path, by: str) -> None:
    """Bring in a CSV table with the columns category, and event (a key) or text; provenance and note if there are."""
    with clear_errors(), opened_database(read_settings()) as database:
        try:
            body = file.read_text("utf-8")
        except UnicodeDecodeError as error:
            raise InvalidRequest(f"{file} is not UTF-8 text") from error
        given = read_judgements(body, file.name)
        count = Judgements(database).give(given, f"import:{by}", "import") if given else 0
    click.echo(f"{count} of {len(given)} judgements are new")


@judgements.command("list")
def list_judgements() -> None:
    """How many stand, by category."""
    shown = table("Judgements", "category", "texts #")
    with clear_errors(), opened_database(read_settings()) as database:
        for category, count in sorted(Judgements(database).counts().items()):
            shown.add_row(category, str(count))
    OUT.print(shown)


@click.group()
def model() -> None:
    """Text models made from judgements."""


@model.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def list_models(*, as_json: bool) -> None:
    """Every model made here, newest first; without one in force, the shipped one is."""
    shown = table("Text models", "version", "state", "judged texts #", "proposed by", "approved by")
    with clear_errors(), opened_database(read_settings()) as database:
        for one in ModelBook(database).all():
            if as_json:
                click.echo(msgspec.json.encode(one._asdict()).decode())
            shown.add_row(one.version, one.state, str(one.judged_texts), one.shadowed_by or "", one.approved_by or "")
    if not as_json:
        OUT.print(shown)


@model.command("shadow")
@click.argument("version")
@click.option("--share", type=click.FloatRange(0, 1, min_open=True), default=0.2, show_default=True,
              help="Of all texts that it scores.")
def shadow_model(version: str, share: float) -> None:
    """Let VERSION score texts beside the model in force; it changes nothing."""
    with clear_errors(), opened_database(read_settings()) as database:
        ModelBook(database).shadow(version, OPERATOR, share)


@model.command("promote")
@click.argument("version")
def promote_model(version: str) -> None:
    """Let VERSION, which somebody else put into shadow, come into force; a running server follows in seconds."""
    settings = read_settings()
    with clear_errors(), opened_database(settings) as database:
        _life(settings, database).promote(version, OPERATOR)


@model.command("rollback")
@click.argument("version")
@click.option("--why", default="", help="For the audit log.")
def roll_back_model(version: str, why: str) -> None:
    """Put the model that VERSION replaced back into force."""
    with clear_errors(), opened_database(read_settings()) as database:
        back = ModelBook(database).roll_back(version, OPERATOR, why)
    click.echo(back or "the shipped model")


def _life(settings: Settings, database: Database) -> ModelLife:
    return ModelLife(database, ModelShelf(), settings.candidates_dir)
