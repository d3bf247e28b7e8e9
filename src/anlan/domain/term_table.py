"""How terms are written as a table: CSV with a header, lists in one cell with `|` between, days as ISO dates."""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec

from anlan.domain.terms import MAX_PHRASES, MAX_TERM_CHARS, TERM_CATEGORIES, Term
from anlan.errors import InvalidRequest

COLUMNS = (
    "term", "category", "severity", "owner", "source", "licence", "expires", "languages", "note", "whole_word",
    "allow_phrases", "near", "not_near",
)
"""Only the first three must be there."""

_PHRASES = (
    f"at most {MAX_PHRASES} phrases of at most {MAX_TERM_CHARS} characters",
    f"最多 {MAX_PHRASES} 条，每条不超过 {MAX_TERM_CHARS} 个字",
)
_LINE = ("at most 200 characters in one line", "一行，不超过 200 个字")
_WANTED: dict[str, tuple[str, str]] = {
    "text": (f"1 to {MAX_TERM_CHARS} characters in one line, without |", f"一行，1 到 {MAX_TERM_CHARS} 个字，不含 |"),
    "category": (f"one of {', '.join(TERM_CATEGORIES)}", f"只能是 {'、'.join(TERM_CATEGORIES)}"),
    "severity": ("1, 2 or 3", "只能是 1、2 或 3"),
    "expires_at": ("a day before the year 3000", "3000 年之前的日期"),
    "languages": ("codes such as zh or en", "语言代码，如 zh、en"),
    "note": ("at most 1000 characters", "不超过 1000 个字"),
    **dict.fromkeys(("owner", "source", "licence"), _LINE),
    **dict.fromkeys(("allow_phrases", "near", "not_near"), _PHRASES),
    "": ("not a term", "不是词条"),
}
"""Field of a term to what it must be."""
_COLUMN_OF = {"text": "term", "expires_at": "expires"}
_FIELD = re.compile(r"\$\.([a-z_]+)")
_LISTS = ("languages", "allow_phrases", "near", "not_near")
_TRUE = frozenset({"1", "yes", "true", "是"})


class Fault(NamedTuple):
    """A line (1 is the header) that is not a term, and why, in two languages."""

    line: int
    en: str
    zh: str


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
            faults.append(_fault(line, error))
    return Table(tuple(terms), tuple(faults))


def _fault(line: int, error: InvalidRequest) -> Fault:
    return Fault(line, error.message, str(error.details.get("zh", error.message)))


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
            faults.append(_fault(line, error))
    return Table(tuple(terms.values()), tuple(faults))


def read_terms(text: str) -> list[Term]:
    """The terms of a CSV.

    Raises:
        InvalidRequest: the first line that is not a term.
    """
    terms, faults = read_table(text)
    if faults:
        raise InvalidRequest(f"line {faults[0].line}: {faults[0].en}", zh=f"第 {faults[0].line} 行：{faults[0].zh}")
    return list(terms)


def _rows(text: str) -> Iterator[tuple[int, Mapping[str, str]]]:
    reader = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")), restval="")
    try:
        for row in reader:
            yield reader.line_num, {name: value for name, value in row.items() if isinstance(value, str)}
    except csv.Error as error:
        line = reader.line_num
        raise InvalidRequest(f"line {line}: not CSV: {error}", zh=f"第 {line} 行不是 CSV：{error}") from error


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
        named = _FIELD.search(str(error))
        field = named[1] if named and named[1] in _WANTED else ""
        column, (en, zh) = _COLUMN_OF.get(field, field) or "?", _WANTED[field]
        raise InvalidRequest(f"{column}: {en}", zh=f"{column}：{zh}") from error


def _split(cell: str) -> list[str]:
    return [part for raw in cell.replace("\n", "|").split("|") if (part := raw.strip())]


def _seconds(day: str) -> float | None:
    """The beginning of that day in UTC."""
    if not day:
        return None
    try:
        return datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=UTC).timestamp()
    except ValueError as error:
        raise InvalidRequest(
            f"expires: write a day as 2030-12-31, not {day!r}", zh=f"expires：日期写成 2030-12-31，不是 {day}"
        ) from error


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
