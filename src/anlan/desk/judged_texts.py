"""Which texts people judged, and what they agree that those are: the rows that a model can learn from."""

import csv
import io
from collections.abc import Iterator, Sequence
from itertools import groupby, islice

import msgspec

from anlan.domain.events import Catalogue, EventType, fields_of
from anlan.domain.judgements import Given, JudgedText, Judgement, agreed
from anlan.errors import InvalidRequest
from anlan.store.database import Database
from anlan.store.journal import Journal
from anlan.store.judgements import Judgements

COLUMNS = ("event", "text", "category", "provenance", "note")
_AT_ONCE = 500


def judged_texts(database: Database, journal: Journal, catalogue: Catalogue) -> list[JudgedText]:
    """Every text that people agree about, in order of subject; those that retention has erased are left out."""
    found = []
    subjects = [list(group) for _, group in groupby(Judgements(database).current(), lambda one: one.subject)]
    for some in _batches(subjects):
        texts = texts_of([group[0].subject for group in some if group[0].is_event], journal, catalogue)
        for group in some:
            text = texts.get(group[0].subject) if group[0].is_event else group[0].text
            vote = agreed(group)
            if text and vote:
                found.append(_judged(group, text, *vote))
    return found


def _judged(group: Sequence[Judgement], text: str, category: str, weight: int) -> JudgedText:
    provenance = " · ".join(f"{one.by} {one.origin} {one.provenance}" for one in group if one.category == category)
    return JudgedText(group[0].subject, text, category, weight, max(one.id for one in group), provenance)


def _batches(groups: Sequence[list[Judgement]]) -> Iterator[list[list[Judgement]]]:
    waiting = iter(groups)
    while batch := list(islice(waiting, _AT_ONCE)):
        yield batch


def texts_of(keys: Sequence[str], journal: Journal, catalogue: Catalogue) -> dict[str, str]:
    """What signals read of each event but for sensitive fields, by key; without those whose text is gone."""
    found = {}
    for event in journal.events(keys):
        if event.type in catalogue:
            data = msgspec.json.decode(event.data)
            text = "\n".join(data[name] for name in _readable(catalogue[event.type]) if data.get(name))
            if text:
                found[event.key] = text
    return found


def _readable(entry: EventType) -> list[str]:
    """Its text fields without sensitive ones: a model must not learn what only few may see."""
    sensitive = {field.name for field in fields_of(entry.data) if field.privacy == "sensitive"}
    return [name for name in entry.text_fields if name not in sensitive]


def read_judgements(body: str, provenance: str) -> list[Given]:
    """Judgements of a table with a header: `category`, and `event` (a key) or `text`; the others may be missing.

    Raises:
        InvalidRequest: names the first line that cannot be used.
    """
    rows = csv.DictReader(io.StringIO(body.removeprefix("\ufeff")), strict=True)
    if not {"category"} <= set(rows.fieldnames or ()) or not {"event", "text"} & set(rows.fieldnames or ()):
        raise InvalidRequest(f"the table needs a header with category and event or text, out of {', '.join(COLUMNS)}")
    try:
        return [_given(rows.line_num, row, provenance) for row in rows]
    except csv.Error as error:
        raise InvalidRequest(f"line {rows.line_num} is no CSV: {error}") from error


def _given(line: int, row: dict[str, str | None], provenance: str) -> Given:
    cells = {name: (row.get(name) or "").strip() for name in COLUMNS}
    key = cells["event"].partition(".")[0]
    if bool(key) == bool(cells["text"]):
        raise InvalidRequest(f"line {line} needs an event or a text, and not both")
    if key and not (len(key) == 32 and set(key) <= set("0123456789abcdef")):
        raise InvalidRequest(f"line {line}: {key!r} is no event key; keys are in the answers to POST /v1/events")
    return Given(
        key, cells["category"], cells["provenance"] or provenance, cells["note"], None if key else cells["text"]
    )
