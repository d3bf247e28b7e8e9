"""How terms are written as a table: CSV with a header, lists in one cell with `|` between, days as ISO dates."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec

from anlan.domain.terms import Term
from anlan.errors import InvalidRequest

COLUMNS = (
    "term", "category", "severity", "owner", "source", "licence", "expires", "languages", "note", "whole_word",
    "allow_phrases", "near", "not_near",
)
"""Only the first three must be there."""

_LISTS = ("languages", "allow_phrases", "near", "not_near")
_TRUE = frozenset({"1", "yes", "true", "是"})


class Fault(NamedTuple):
    """A line (1 is the header) that is not a term, and why."""

    line: int
    reason: str


class Table(NamedTuple):
    """What a table held."""

    terms: tuple[Term, ...]
    faults: tuple[Fault, ...]


def read_table(text: str) -> Table:
    """Terms and faults of a CSV; a fault never hides the other lines."""
    terms: list[Term] = []
    faults: list[Fault] = []
    for line, row in _rows(text):
        try:
            terms.append(term_of(row))
        except InvalidRequest as error:
            faults.append(Fault(line, error.message))
    return Table(tuple(terms), tuple(faults))


def read_words(text: str, category: str, severity: str, source: str = "") -> Table:
    """Terms that are alike, one a line; a word that comes again is the same term."""
    terms: dict[str, Term] = {}
    faults: list[Fault] = []
    for line, word in enumerate(text.removeprefix("\ufeff").splitlines(), 1):
        if not word.strip():
            continue
        try:
            term = term_of({"term": word, "category": category, "severity": severity, "source": source})
            terms.setdefault(term.text, term)
        except InvalidRequest as error:
            faults.append(Fault(line, error.message))
    return Table(tuple(terms.values()), tuple(faults))


def read_terms(text: str) -> list[Term]:
    """The terms of a CSV.

    Raises:
        InvalidRequest: the first line that is not a term.
    """
    terms, faults = read_table(text)
    if faults:
        raise InvalidRequest(f"line {faults[0].line}: {faults[0].reason}")
    return list(terms)


def _rows(text: str) -> Iterator[tuple[int, Mapping[str, str]]]:
    reader = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")), restval="")
    try:
        for row in reader:
            yield reader.line_num, {name: value for name, value in row.items() if isinstance(value, str)}
    except csv.Error as error:
        raise InvalidRequest(f"line {reader.line_num}: not CSV: {error}") from error


def term_of(row: Mapping[str, str]) -> Term:
    """A term from the cells of one row or form, by column.

    Raises:
        InvalidRequest: what is wrong with which column.
    """
    cells = {name: value.strip() for name, value in row.items()}
    given: dict[str, Any] = {
        "text": cells.get("term", ""), "category": cells.get("category", ""),
        "severity": int(cells["severity"]) if cells.get("severity", "").isascii() and
        cells.get("severity", "").isdigit() else 0,
        "is_whole_word": cells.get("whole_word", "").lower() in _TRUE,
    }
    given |= {name: cells.get(name, "") for name in ("owner", "source", "licence", "note")}
    given |= {name: tuple(_split(cells.get(name, ""))) for name in _LISTS}
    given["expires_at"] = _seconds(cells.get("expires", ""))
    return checked(given)


def checked(given: Mapping[str, Any]) -> Term:
    """A term from its fields by name, within all limits.

    Raises:
        InvalidRequest: what is wrong with which field.
    """
    try:
        return msgspec.convert(given, Term)
    except msgspec.ValidationError as error:
        raise InvalidRequest(f"not a term: {error}") from error


def _split(cell: str) -> list[str]:
    return [part for raw in cell.replace("\n", "|").split("|") if (part := raw.strip())]


def _seconds(day: str) -> float | None:
    """The beginning of that day in UTC."""
    if not day:
        return None
    try:
        return datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=UTC).timestamp()
    except ValueError as error:
        raise InvalidRequest(f"expires: write a day as 2030-12-31, not {day!r}") from error


def cells_of(term: Term) -> dict[str, str]:
    """The cells of a term, by column."""
    day = "" if term.expires_at is None else datetime.fromtimestamp(term.expires_at, UTC).strftime("%Y-%m-%d")
    plain = {name: getattr(term, name) for name in ("category", "owner", "source", "licence", "note")}
    return {
        "term": term.text, "severity": str(term.severity), "expires": day,
        "whole_word": "yes" if term.is_whole_word else "", **plain,
        **{name: "|".join(getattr(term, name)) for name in _LISTS},
    }


def write_table(terms: Iterable[Term]) -> str:
    """CSV as `read_table` reads it."""
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(cells_of(term) for term in terms)
    return out.getvalue()
