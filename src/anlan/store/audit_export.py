"""The audit log as a file that can be kept elsewhere, and proven there: NDJSON with its seals, or CSV for reading."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Literal

import msgspec

from anlan import clock
from anlan.domain.audit_chain import Anchor, SealedRow, Walk
from anlan.errors import InvalidRequest
from anlan.store.audit import Wanted, note, read_head, sealed_rows
from anlan.store.database import Database

ExportForm = Literal["ndjson", "csv"]
_FIELDS = ("seq", "at", "actor", "act", "subject", "details", "previous", "hash")
_PAGE_ROWS = 2_000
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def export(database: Database, by: str, form: ExportForm, wanted: Wanted) -> tuple[Anchor, Iterator[bytes]]:
    """Write down that the log is taken out, then give (its head as it goes out, the file in pieces).

    The row about the export is the last one in it, so a later export shows who took this one.
    """
    with database.write() as connection:
        asked = {name: value for name, value in msgspec.structs.asdict(wanted).items() if value not in ("", None)}
        note(connection, by, "audit.export", "audit", {"form": form, **asked})
        head = read_head(connection)
    return head, _pieces(database, form, wanted, head)


def _pieces(database: Database, form: ExportForm, wanted: Wanted, head: Anchor) -> Iterator[bytes]:
    rows = _rows(database, wanted, head)
    yield from _csv(rows) if form == "csv" else (msgspec.json.encode(row) + b"\n" for row in rows)


def _rows(database: Database, wanted: Wanted, head: Anchor) -> Iterator[SealedRow]:
    """Page by page, so that a slow reader keeps no transaction open."""
    after = None
    while True:
        with database.read() as connection:
            page = [row for row in sealed_rows(connection, wanted, after, _PAGE_ROWS) if row.seq <= head.seq]
        yield from page
        if len(page) < _PAGE_ROWS:
            return
        after = page[-1].seq


def _csv(rows: Iterable[SealedRow]) -> Iterator[bytes]:
    """With a byte order mark, and with nothing that a spreadsheet would take for a formula."""
    yield _line(("\ufeffseq", *_FIELDS[1:]))
    for row in rows:
        said = (row.actor, row.act, row.subject, bytes(row.details).decode("utf-8"))
        yield _line((str(row.seq), clock.to_rfc3339(row.at), *map(inert, said), row.previous, row.hash))


def inert(cell: str) -> str:
    """A cell that spreadsheets show as text, whatever it begins with."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def _line(cells: Sequence[str]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerow(cells)
    return text.getvalue().encode("utf-8")


def check_export(path: Path, anchors: Sequence[Anchor] = ()) -> Walk:
    """Follow the chain of an NDJSON export that left no rows out; see `Walk`. An anchor in its range must fit.

    Raises:
        InvalidRequest: the file is not such an export.
    """
    walk = Walk(anchors, begins_anywhere=True)
    try:
        with path.open("rb") as file:
            for _ in walk.follow(msgspec.json.decode(line, type=SealedRow) for line in file if line.strip()):
                pass
    except (OSError, msgspec.MsgspecError) as error:
        raise InvalidRequest(f"{path} is not an NDJSON export of the audit log: {error}") from error
    walk.end()
    return walk
