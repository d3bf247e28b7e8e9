"""The lexicon over the API: read its terms and changes, propose a change; deciding takes people."""

from typing import Annotated, Literal

import msgspec
from fastapi import APIRouter, Query
from msgspec import Meta
from starlette.responses import Response

from anlan import clock
from anlan.desk.lexicon_life import Entry
from anlan.domain.terms import Term
from anlan.store.lexicon import Change, ChangeState
from anlan.web.api.calls import CallerDep, HouseDep, answer, body_of
from anlan.web.api.documented import Before, Limit, Version, documented

router = APIRouter(tags=["lexicon"])

TermState = Literal["active", "expired", "retired"]
MAX_CHANGED_TERMS = 5_000

_Key = Annotated[str, Meta(min_length=1, max_length=256, pattern=r"^[^\x00]*$")]


class TermShown(msgspec.Struct, kw_only=True):
    """A term as it stands.

    Attributes:
        key: its folded text, by which it is found.
        is_own: operators added, changed or retired it.
        version: the lexicon's that brought it about; 0 as shipped.
    """

    key: str
    state: str
    is_own: bool
    version: int
    term: Term


class TermPage(msgspec.Struct, kw_only=True):
    """Terms in order of key; `next_after` continues, null on the last page. `version` is the lexicon's."""

    version: int
    items: tuple[TermShown, ...]
    next_after: str | None


class TermsProposed(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A change for somebody to review.

    Attributes:
        why: for whoever reviews it.
        terms: added, or put in the place of those with the same folded text.
        retire: keys of terms that shall no longer hit.
    """

    why: Annotated[str, Meta(min_length=1, max_length=500, pattern=r"^[^\x00]*$")]
    terms: Annotated[tuple[Term, ...], Meta(max_length=MAX_CHANGED_TERMS)] = ()
    retire: Annotated[tuple[_Key, ...], Meta(max_length=MAX_CHANGED_TERMS)] = ()


class LexiconChange(msgspec.Struct, kw_only=True):
    """A change and what became of it; `version` is the lexicon's that it made, null unless approved."""

    id: int
    state: ChangeState
    why: str
    author: str
    created_at: float
    term_count: int
    decided_by: str | None
    decided_at: float | None
    note: str
    version: int | None


class TermEdit(msgspec.Struct, kw_only=True):
    """What a change does to one term; `before` is null for a new one, `after` for one that is retired."""

    key: str
    before: Term | None
    after: Term | None


class LexiconChangeDetails(msgspec.Struct, kw_only=True):
    """A change with its terms in order of key; `next_after` continues, null on the last page."""

    change: LexiconChange
    items: tuple[TermEdit, ...]
    next_after: str | None


class LexiconChanges(msgspec.Struct, kw_only=True):
    """Changes, newest first; `next_before` continues, null on the last page."""

    items: tuple[LexiconChange, ...]
    next_before: int | None


After = Annotated[str, Query(max_length=256, pattern=r"^[^\x00]*$")]


@router.get("/v1/lexicon/terms", **documented("lexicon:write", TermPage))
def list_terms(
    house: HouseDep, state: TermState | None = None, category: After = "", find: After = "", limit: Limit = 50,
    after: After = "",
) -> Response:
    """The terms of the lexicon, retired ones too; `find` is a part of a term in any spelling."""
    now, edition = clock.now(), house.lexicon.edition()
    key = house.lexicon.search.key_of(find)
    fitting = sorted(
        entry.key for entry in edition.entries.values()
        if entry.key > after and state in (None, entry.state(now)) and category in ("", entry.term.category)
        and (not find or bool(key and key in entry.key))
    )
    items = tuple(_show(edition.entries[name], now) for name in fitting[:limit])
    more = items[-1].key if len(fitting) > limit else None
    return answer(TermPage(version=edition.version, items=items, next_after=more))


@router.get("/v1/lexicon/changes", **documented("lexicon:write", LexiconChanges))
def list_changes(
    house: HouseDep, state: ChangeState | None = None, limit: Limit = 50, before: Before = None
) -> Response:
    """Changes of the lexicon, those that wait and those that were decided."""
    every: tuple[ChangeState, ...] = ("proposed", "approved", "rejected", "withdrawn")
    found = house.lexicon.book.changes((state,) if state else every, limit + 1, before)
    page = tuple(map(_change, found[:limit]))
    return answer(LexiconChanges(items=page, next_before=page[-1].id if len(found) > limit else None))


@router.get("/v1/lexicon/changes/{number}", **documented("lexicon:write", LexiconChangeDetails, problems=(404,)))
def get_change(house: HouseDep, number: Version, limit: Limit = 50, after: After = "") -> Response:
    """One change with what it does to each term."""
    change = house.lexicon.book.change(number)
    edits = house.lexicon.book.edits(number, limit + 1, after)
    items = tuple(TermEdit(key=edit.key, before=edit.before, after=edit.after) for edit in edits[:limit])
    more = items[-1].key if len(edits) > limit else None
    return answer(LexiconChangeDetails(change=_change(change), items=items, next_after=more))


@router.post(
    "/v1/lexicon/changes",
    **documented(
        "lexicon:write", LexiconChange, status=201, takes=TermsProposed, problems=(404, 422), says="Kept for review."
    ),
)
def propose_change(caller: CallerDep, proposed: Annotated[TermsProposed, body_of(TermsProposed)]) -> Response:
    """Propose a change of the lexicon, with this key as its author. People review it in the console."""
    life = caller.house.lexicon
    number = life.propose(caller.actor, proposed.why, proposed.terms, proposed.retire)
    return answer(_change(life.book.change(number)), 201)


def _show(entry: Entry, now: float) -> TermShown:
    return TermShown(
        key=entry.key, state=entry.state(now), is_own=entry.is_own, version=entry.version, term=entry.term
    )


def _change(found: Change) -> LexiconChange:
    return LexiconChange(
        id=found.id, state=found.state, why=found.why, author=found.author, created_at=found.created_at,
        term_count=found.term_count, decided_by=found.decided_by, decided_at=found.decided_at, note=found.note,
        version=found.version,
    )
