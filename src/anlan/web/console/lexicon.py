"""The lexicon's terms as people keep them: found, read, and changed by proposals that somebody else reviews."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, UploadFile
from starlette.responses import Response

from anlan import clock
from anlan.desk.lexicon_life import Entry
from anlan.domain.term_table import COLUMNS, Fault, cells_of, read_table, read_words, term_of, write_table
from anlan.domain.terms import TERM_CATEGORIES, Term
from anlan.errors import AnlanError, InvalidRequest
from anlan.store.lexicon import Edit
from anlan.web.console.gate import allowed
from anlan.web.console.lexicon_search import ORIGINS, STATES, Wanted, choices, fitting, page_of
from anlan.web.console.shell import Visit
from anlan.web.languages import mark

router = APIRouter()

Text = Annotated[str, Form(max_length=500)]
LongText = Annotated[str, Form(max_length=250_000)]
Asked = Annotated[str, Query(max_length=200)]
EMPTY: Mapping[str, str] = {**dict.fromkeys(COLUMNS, ""), "severity": "2"}
NOTHING_GIVEN: Mapping[str, str] = {"text": "", "category": "fraud", "severity": "2", "source": "", "why": ""}
SHOWN_FAULTS = 20


@router.get("/lexicon")
def show_lexicon(
    visit: Annotated[Visit, allowed("see_signals")], find: Asked = "", category: Asked = "", severity: Asked = "",
    state: Asked = "", origin: Asked = "", source: Asked = "", owner: Asked = "", page: int = 1,
) -> Response:
    wanted, now = Wanted(find, category, severity, state, origin, source, owner), clock.now()
    edition = visit.rooms.lexicon.edition()
    return visit.page(
        "console/lexicon.html",
        found=page_of(_found(visit, wanted, now), page), wanted=wanted, choices=choices(edition, now), now=now,
        states=STATES, origins=ORIGINS, version=edition.version,
        waiting_changes=visit.rooms.lexicon.book.changes(("proposed",)),
    )


def _found(visit: Visit, wanted: Wanted, now: float) -> list[Entry]:
    life = visit.rooms.lexicon
    return fitting(life.edition(), wanted, life.search.key_of(wanted.find), now)


@router.get("/lexicon/export")
def export(
    visit: Annotated[Visit, allowed("see_signals")], find: Asked = "", category: Asked = "", severity: Asked = "",
    state: Asked = "", origin: Asked = "", source: Asked = "", owner: Asked = "",
) -> Response:
    """The terms that fit, as a table that can be imported again."""
    wanted = Wanted(find, category, severity, state, origin, source, owner)
    table = write_table(entry.term for entry in _found(visit, wanted, clock.now()))
    headers = {"content-disposition": 'attachment; filename="lexicon.csv"', "cache-control": "no-store"}
    return Response("\ufeff" + table, media_type="text/csv; charset=utf-8", headers=headers)


@router.get("/lexicon/term")
def show_term(visit: Annotated[Visit, allowed("see_signals")], key: Asked) -> Response:
    entry = visit.rooms.lexicon.entry(key)
    return visit.page(
        "console/term.html", entry=entry, term=entry.term, now=clock.now(), cells=cells_of(entry.term),
        history=visit.rooms.lexicon.book.history(key), **_hits_of(visit, key),
    )


@router.get("/lexicon/term/hits")
def show_hits(visit: Annotated[Visit, allowed("see_signals")], key: Asked) -> Response:
    """The part of a term's page that changes while its hits are counted."""
    return visit.page("console/term_hits.html", entry=visit.rooms.lexicon.entry(key), **_hits_of(visit, key))


def _hits_of(visit: Visit, key: str) -> dict[str, Any]:
    run = visit.rooms.previews.latest(f"term {key}")
    return {"run": run, "run_problem": visit.tell(run.error) if run and run.error else ""}


@router.post("/lexicon/term/hits")
def count_hits(visit: Annotated[Visit, allowed("see_signals")], key: Text) -> Response:
    entry = visit.rooms.lexicon.entry(key)
    visit.rooms.previews.start(f"term {key}", [Edit(key, None, entry.term)])
    return visit.go("/lexicon/term", key=key)


@router.get("/lexicon/edit")
def write_term(visit: Annotated[Visit, allowed("write_lexicon")], key: Asked = "") -> Response:
    return _draw_editor(visit, key, cells_of(visit.rooms.lexicon.entry(key).term) if key else EMPTY)


def _draw_editor(visit: Visit, key: str, cells: Mapping[str, str], why: str = "", problem: str = "") -> Response:
    return visit.page(
        "console/term_edit.html", answer=422 if problem else 200, key=key, cells=cells, why=why, problem=problem,
        categories=TERM_CATEGORIES,
    )


@router.post("/lexicon/edit")
def propose_term(
    visit: Annotated[Visit, allowed("write_lexicon")], term: Text, category: Text, severity: Text, why: Text = "",
    key: Text = "", owner: Text = "", source: Text = "", licence: Text = "", expires: Text = "", languages: Text = "",
    note: Annotated[str, Form(max_length=1000)] = "", whole_word: Text = "", allow_phrases: LongText = "",
    near: LongText = "", not_near: LongText = "",
) -> Response:
    """A term that gets another text is another term; the old one is retired in the same change."""
    cells = {
        "term": term, "category": category, "severity": severity, "owner": owner, "source": source,
        "licence": licence, "expires": expires, "languages": languages.replace(",", "|").replace("，", "|"),
        "note": note, "whole_word": whole_word, "allow_phrases": allow_phrases, "near": near, "not_near": not_near,
    }
    try:
        made = term_of(cells)
        gone = [key] if key and visit.rooms.lexicon.search.key_of(made.text) != key else []
        return _propose(visit, why, [made], gone)
    except AnlanError as error:
        return _draw_editor(visit, key, cells, why, visit.tell(error))


@router.post("/lexicon/retire")
def propose_retiring(visit: Annotated[Visit, allowed("write_lexicon")], key: Text, why: Text = "") -> Response:
    return _propose(visit, why, [], [key])


def _propose(visit: Visit, why: str, terms: list[Term], retire: list[str]) -> Response:
    rooms = visit.rooms
    number = rooms.lexicon.propose(visit.actor, why, terms, retire)
    rooms.previews.start(f"change {number}", rooms.lexicon.book.edits(number))
    return visit.go(f"/lexicon/changes/{number}", done="proposed")


@router.get("/lexicon/import")
def write_many(visit: Annotated[Visit, allowed("write_lexicon")]) -> Response:
    return _draw_import(visit)


def _draw_import(
    visit: Visit, given: Mapping[str, str] = NOTHING_GIVEN, faults: tuple[Fault, ...] = (), problem: str = ""
) -> Response:
    return visit.page(
        "console/lexicon_import.html", answer=422 if faults or problem else 200, faults=faults[:SHOWN_FAULTS],
        fault_count=len(faults), problem=problem, categories=TERM_CATEGORIES, columns=COLUMNS,
        given=given,
    )


@router.post("/lexicon/import")
def propose_many(
    visit: Annotated[Visit, allowed("write_lexicon")], text: LongText = "", category: Text = "", severity: Text = "2",
    source: Text = "", why: Text = "", file: UploadFile | None = None,
) -> Response:
    """One term a line, or a table with a header; a file counts before what was pasted."""
    given = {"text": text, "category": category, "severity": severity, "source": source, "why": why}
    body = file.file.read() if file is not None and file.filename else b""
    try:
        text = given["text"] = body.decode("utf-8-sig") if body else text
        table = read_table(text) if _has_header(text) else read_words(text, category, severity, source)
    except UnicodeDecodeError:
        return _draw_import(visit, given, problem=visit.language.say(NOT_UTF_8))
    except InvalidRequest as error:
        return _draw_import(visit, given, problem=visit.tell(error))
    if table.faults:
        return _draw_import(visit, given, table.faults)
    try:
        return _propose(visit, why, list(table.terms), [])
    except AnlanError as error:
        return _draw_import(visit, given, problem=visit.tell(error))


NOT_UTF_8 = mark("The file is not UTF-8 text. Save the table as “CSV UTF-8” and try again.")


def _has_header(text: str) -> bool:
    head = text.lstrip("\ufeff\r\n ").split("\n", 1)[0].lower()
    return head.startswith("term,") and "category" in head
