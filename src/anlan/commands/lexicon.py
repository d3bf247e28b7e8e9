"""`anlan lexicon`: check, try, export and propose terms; approving takes people, in the console."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from rich.text import Text

from anlan.commands.opened import OPERATOR, opened_database
from anlan.commands.screen import ERR, EXIT_PARTIAL, OUT, clear_errors, table
from anlan.desk.lexicon_life import LexiconLife
from anlan.domain.term_table import Table, read_table, read_words, write_table
from anlan.domain.terms import TERM_CATEGORIES
from anlan.errors import InvalidRequest
from anlan.protections.content.folding import fold
from anlan.protections.content.lexicon import Lexicon, built_in_terms
from anlan.protections.content.shelf import LexiconShelf, load_lexicon
from anlan.settings import read_settings
from anlan.store.lexicon import LexiconBook

File = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group()
def lexicon() -> None:
    """Terms that hint at harm."""


@contextmanager
def _opened() -> Iterator[LexiconLife]:
    with opened_database(read_settings()) as database:
        yield LexiconLife(LexiconBook(database), LexiconShelf(built_in_terms()))


@lexicon.command("check")
@click.argument("source", metavar="FILE", type=File)
def check_file(source: Path) -> None:
    """Say everything that is wrong with a CSV of terms; exit code 1 if anything is."""
    with clear_errors():
        found = _read(source)
    _tell_faults(found)
    ERR.print(f"{len(found.terms):,} terms are fine, {len(found.faults):,} are not")
    sys.exit(EXIT_PARTIAL if found.faults else 0)


def _read(source: Path) -> Table:
    return read_table(_text(source))


def _text(source: Path) -> str:
    try:
        return source.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidRequest(f"{source} cannot be read: {error}") from error


def _tell_faults(found: Table) -> None:
    for fault in found.faults:
        OUT.print(f"line {fault.line}: {fault.en}", markup=False, soft_wrap=True)


@lexicon.command("import")
@click.argument("source", metavar="FILE", type=File)
@click.option("--why", required=True, help="For whoever reviews the change.")
@click.option(
    "--category", type=click.Choice(TERM_CATEGORIES), help="FILE is a list of words of this category, one a line."
)
@click.option("--severity", type=click.IntRange(1, 3), default=2, show_default=True, help="Of a list of words.")
def import_file(source: Path, why: str, category: str | None, severity: int) -> None:
    """Propose the terms of FILE, a CSV with a header; nothing takes effect before somebody approves it."""
    with clear_errors(), _opened() as life:
        found = read_words(_text(source), category, str(severity)) if category else _read(source)
        if found.faults:
            _tell_faults(found)
            raise InvalidRequest(f"{len(found.faults):,} lines are not terms; nothing was proposed")
        number = life.propose(OPERATOR, why, found.terms)
        count = life.book.change(number).term_count
    ERR.print(f"change {number} with {count:,} terms waits for somebody to approve it, at /lexicon/changes/{number}")


@lexicon.command("export")
@click.option("--out", type=click.Path(path_type=Path), help="Write here; else to standard output.")
@click.option("--own", is_flag=True, help="Only what operators added or changed.")
def export_terms(out: Path | None, *, own: bool) -> None:
    """Write the terms in force as CSV."""
    with clear_errors(), _opened() as life:
        entries = life.edition().entries.values()
        body = write_table(one.term for one in entries if not one.is_retired and (one.is_own or not own))
        if out is None:
            click.echo(body, nl=False)
            return
        try:
            out.write_text(body, "utf-8")
        except OSError as error:
            raise InvalidRequest(f"cannot write {out}: {error.strerror or error}") from error


@lexicon.command("test")
@click.argument("text")
@click.option("--file", "source", type=File, help="Look up the terms of this CSV instead of those in force.")
def look_up(text: str, source: Path | None) -> None:
    """Say which terms stand in TEXT and where; exit code 1 if none does."""
    with clear_errors():
        book = Lexicon(_read(source).terms) if source else _in_force()
    folded = fold(text)
    shown = table("Terms", "term", "category", "severity #", "where", "read as")
    for form in dict.fromkeys((folded.tight, folded.plain)):
        for term, start, end in book.matches(form):
            read_as = Text.assemble(form[:start], (form[start:end], "bold"), form[end:])
            shown.add_row(Text(term.text), term.category, str(term.severity), f"{start}-{end}", read_as)
    OUT.print(shown if shown.row_count else "no term")
    sys.exit(0 if shown.row_count else EXIT_PARTIAL)


def _in_force() -> Lexicon:
    """As the server has it: the store's terms over the shipped ones."""
    with _opened() as life:
        return load_lexicon(life.edition().terms(), read_settings().data_dir / "lexicon")
