"""How figures are taken and shown: interleaved rounds of CPU time, medians, and the line of Reach beside each."""

import atexit
import gc
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from statistics import median
from typing import Any

import msgspec
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from anlan.serving import GC_THRESHOLDS

CONSOLE = Console(width=None if sys.stdout.isatty() else 140, highlight=False)


class Figure(msgspec.Struct, frozen=True):
    """One measured figure beside what it should reach; `is_reached` is None where nothing was promised."""

    name: str
    measured: str
    reach: str = ""
    is_reached: bool | None = None


def cpu_seconds(work: Callable[[], object]) -> float:
    """CPU seconds of this process for one call, with the garbage collector set as the server sets it."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)
    began = time.process_time()
    work()
    return time.process_time() - began


def interleave(works: Mapping[str, Callable[[], object]], rounds: int = 5) -> dict[str, float]:
    """Median CPU seconds of each work; all of them take turns, so that a busy machine slows all alike."""
    taken: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(rounds):
        for name, work in works.items():
            taken[name].append(cpu_seconds(work))
    return {name: median(seconds) for name, seconds in taken.items()}


atexit.register(gc.unfreeze)  # what is still frozen when the interpreter ends is reported as leaked


def at_most(name: str, value: float, limit: float, form: str = "{:.2f}") -> Figure:
    """A figure that should not be larger than `limit`."""
    return Figure(name, form.format(value), f"≤ {form.format(limit)}", value <= limit)


def at_least(name: str, value: float, limit: float, form: str = "{:,.0f}") -> Figure:
    """A figure that should not be smaller than `limit`."""
    return Figure(name, form.format(value), f"≥ {form.format(limit)}", value >= limit)


def show_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Print a table: names to the left, numbers to the right."""
    table = Table(title=title, title_justify="left")
    for index, column in enumerate(columns):
        table.add_column(column, justify="right" if index else "left")
    for row in rows:
        table.add_row(*(escape(str(cell)) for cell in row))
    CONSOLE.print(table)


def show_figures(figures: Sequence[Figure]) -> None:
    """Print figures as a Markdown table."""
    print("\n| figure | measured | reach | |\n| --- | ---: | ---: | --- |")
    for figure in figures:
        said = {True: "pass", False: "MISS", None: ""}[figure.is_reached]
        print(f"| {figure.name} | {figure.measured} | {figure.reach} | {said} |")


def figures_of(module: str, quick: bool) -> Sequence[Figure]:
    """The figures of one module of this package."""
    figures: Sequence[Figure] = import_module(f"bench.{module}").run(quick)
    return figures


def run_alone(run: Callable[[bool], Sequence[Figure]]) -> None:
    """The main program of one module: `python -m bench.NAME [--quick]`."""
    show_figures(run("--quick" in sys.argv))
