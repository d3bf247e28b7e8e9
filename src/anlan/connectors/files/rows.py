"""Reads rows to judge: CloudEvents, rows with a `text` column, or a table of sign-ins.

They come as JSONL or CSV, gzipped or not, from a file or from `-`; a table of sign-ins is CSV.
"""

import csv
import gzip
import io
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

import msgspec

from anlan.clock import to_rfc3339
from anlan.connectors.files.logins import is_login_table, read_login
from anlan.errors import InvalidRequest

SOURCE = "urn:anlan:rows"
ROW_EVERY_S = 1.0
"""Plain rows get event times this far apart, and each its own sender: nothing is known of who wrote them."""

csv.field_size_limit(16 * 1024 * 1024)


class Row(NamedTuple):
    """One row of input.

    Attributes:
        id: the row's own `id`, else its number from 1.
        body: the CloudEvent to judge; None when the row cannot be one, and `problem` says why.
        done: bytes of the file read so far, before decompression, for progress.
    """

    id: str
    body: bytes | None
    problem: str
    done: int


class _Counted(io.RawIOBase):
    """Counts what is read from the file below a decompressor."""

    def __init__(self, raw: BinaryIO) -> None:
        self._raw = raw
        self.count = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "memoryview | bytearray") -> int:  # type: ignore[override]
        data = self._raw.read(len(buffer))
        buffer[: len(data)] = data
        self.count += len(data)
        return len(data)


def read_rows(name: str, start: float) -> Iterator[Row]:
    """Every row of a file (or `-` for standard input), in order.

    Args:
        start: event time of the first plain row, seconds since the epoch.

    Raises:
        InvalidRequest: the file cannot be read, or is a CSV without a `text` column.
    """
    try:
        raw = sys.stdin.buffer if name == "-" else Path(name).open("rb")  # noqa: SIM115 - closed below
    except OSError as error:
        raise InvalidRequest(f"cannot read {name}: {error.strerror or error}") from error
    with raw:
        counted = _Counted(raw)
        buffered = io.BufferedReader(counted)
        is_gzip = buffered.peek(2)[:2] == b"\x1f\x8b"
        stream = gzip.GzipFile(fileobj=buffered) if is_gzip else buffered
        lines = io.TextIOWrapper(stream, encoding="utf-8-sig", errors="surrogateescape", newline="")
        try:
            yield from _rows(lines, name, start, counted)
        except (OSError, EOFError) as error:
            raise InvalidRequest(f"{name} is cut short or damaged: {error}") from error


def _rows(lines: io.TextIOWrapper, name: str, start: float, counted: _Counted) -> Iterator[Row]:
    first = lines.readline()
    if first.lstrip().startswith("{") or not first.strip():
        numbered = enumerate((line for line in _chain(first, lines) if line.strip()), 1)
        for number, line in numbered:
            yield _json_row(line, number, start, counted.count)
        return
    reader = csv.DictReader(_chain(first, lines))
    if is_login_table(reader.fieldnames or ()):
        for number, row in enumerate(reader, 1):
            yield _login_row(row, number, counted.count)
        return
    if "text" not in (reader.fieldnames or ()):
        found = ", ".join(reader.fieldnames or ())
        raise InvalidRequest(f"{name}: a CSV needs a column named text, or those of a login table (found: {found})")
    for number, row in enumerate(reader, 1):
        yield _plain_row(row.get("id") or str(number), row["text"] or "", number, start, counted.count)


def _chain(first: str, rest: Iterator[str]) -> Iterator[str]:
    yield first
    yield from rest


def _json_row(line: str, number: int, start: float, done: int) -> Row:
    try:
        document = msgspec.json.decode(line.encode("utf-8", "surrogateescape"))
    except (msgspec.DecodeError, RecursionError) as error:
        return Row(str(number), None, f"not JSON: {error}", done)
    if not isinstance(document, dict):
        return Row(str(number), None, "a row is a JSON object", done)
    row_id = str(document.get("id") or number)
    if "specversion" in document:
        return Row(row_id, line.strip().encode("utf-8", "surrogateescape"), "", done)
    if not isinstance(document.get("text"), str):
        return Row(row_id, None, "neither a CloudEvent nor a row with a text", done)
    return _plain_row(row_id, document["text"], number, start, done)


def _plain_row(row_id: str, text: str, number: int, start: float, done: int) -> Row:
    try:
        text.encode()
    except UnicodeEncodeError:
        return Row(row_id, None, "the text is not UTF-8", done)
    data = {"sender": f"row-{number}", "text": text}
    return Row(row_id, _encoded(str(number), "message.sent", start + number * ROW_EVERY_S, data), "", done)


def _login_row(row: dict[str, str], number: int, done: int) -> Row:
    try:
        time, data = read_login(row)
        return Row(str(number), _encoded(str(number), "account.login", time, data), "", done)
    except (InvalidRequest, UnicodeEncodeError) as error:
        return Row(str(number), None, str(error), done)


def _encoded(event_id: str, event_type: str, time: float, data: object) -> bytes:
    return msgspec.json.encode(
        {
            "specversion": "1.0", "id": event_id, "source": SOURCE, "type": event_type, "time": to_rfc3339(time),
            "data": data,
        }
    )
