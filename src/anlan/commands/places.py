"""`anlan places`: where addresses are, and a newer table of them."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import click

from anlan import clock
from anlan.commands.screen import OUT, clear_errors, table
from anlan.errors import InvalidRequest
from anlan.models.places import FILE_NAME, PlaceTable, Range, load_places, read_ranges, write_places
from anlan.settings import read_settings

File = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group()
def places() -> None:
    """Countries and networks of addresses, looked up offline."""


@places.command("show")
@click.argument("addresses", metavar="[IP]...", nargs=-1)
def show(addresses: tuple[str, ...]) -> None:
    """Say where addresses are, and of which day the table is."""
    with clear_errors():
        known = load_places(read_settings().data_dir)
    lines = table(f"Table of {known.made_on}", "Address", "Country", "Network")
    for ip in addresses:
        place = known.place(ip)
        country, asn = (place.country, place.asn) if place else (None, None)
        lines.add_row(ip, country or "unknown", f"AS{asn}" if asn else "unknown")
    OUT.print(lines)


@places.command("update")
@click.argument("files", metavar="FILE...", type=File, nargs=-1, required=True)
@click.option("--made-on", help="The day of the data, as 2026-06-17; today unless told.")
def update(files: tuple[Path, ...], made_on: str | None) -> None:
    """Compile CSV files of ip-location-db, or .mmdb files, into this installation's table.

    Give the files for countries and those for networks (ASN), for IPv4 and IPv6 as far as you have them. A running
    server takes the table up at its next start.
    """
    with clear_errors():
        folder = read_settings().data_dir
        folder.mkdir(parents=True, exist_ok=True)
        fresh = folder / f"{FILE_NAME}.new"
        rows = write_places(_ranges(files), _day(made_on), fresh)
        PlaceTable(fresh)
        fresh.replace(folder / FILE_NAME)
    OUT.print(f"{rows:,} rows; a running server takes them up at its next start")


def _ranges(files: Sequence[Path]) -> Iterator[Range]:
    for path in files:
        yield from read_ranges(path)


def _day(text: str | None) -> date:
    if text is None:
        return datetime.fromtimestamp(clock.now(), UTC).date()
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise InvalidRequest(f"--made-on is a day such as 2026-06-17, not {text[:20]}") from error
