"""How commands speak: tables and progress for people on standard error, errors as one clear line and an exit code."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Table

from anlan.errors import AnlanError

OUT = Console(highlight=False)
ERR = Console(stderr=True, highlight=False)

EXIT_PARTIAL = 1
"""Everything readable was done, but some rows or checks failed."""
EXIT_UNUSABLE = 2
"""Nothing could be done: arguments, files or settings."""


@contextmanager
def clear_errors() -> Iterator[None]:
    """Turn our own errors into one line and exit code 2."""
    try:
        yield
    except AnlanError as error:
        ERR.print(f"[bold red]error[/] ({error.code}): ", end="")
        ERR.print(error.message, markup=False)
        sys.exit(EXIT_UNUSABLE)


def table(title: str, *columns: str) -> Table:
    """An empty table in the house's style; numbers are right-aligned by the caller's column names ending in ` #`."""
    made = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    for column in columns:
        made.add_column(column.removesuffix(" #"), justify="right" if column.endswith(" #") else "left")
    return made


def progress() -> Progress:
    """A progress bar on standard error; silent when that is not a terminal."""
    return Progress(
        TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(), console=ERR, transient=True, disable=not ERR.is_terminal,
    )
