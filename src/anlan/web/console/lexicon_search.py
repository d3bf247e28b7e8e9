"""Which terms of the lexicon somebody looks for, and one page of them."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from anlan.desk.lexicon_life import Edition, Entry
from anlan.domain.terms import TERM_CATEGORIES

PAGE_TERMS = 100
STATES = ("active", "expired", "retired")
ORIGINS = ("own", "shipped")
LARGE = 12
"""How many sources and owners are offered for choosing."""


class Wanted(NamedTuple):
    """What is looked for; an empty word wants anything.

    Attributes:
        find: a part of the text or note.
        state: `active`, `expired`, `retired`, or empty for those that are not retired.
        origin: `shipped` or `own`.
    """

    find: str = ""
    category: str = ""
    severity: str = ""
    state: str = ""
    origin: str = ""
    source: str = ""
    owner: str = ""

    def query(self) -> dict[str, str]:
        """For an address, without the empty words."""
        return {name: value for name, value in self._asdict().items() if value}


class Found(NamedTuple):
    """One page of the terms that fit, and how many fit in all."""

    entries: list[Entry]
    total: int
    page: int
    pages: int


class Choices(NamedTuple):
    """What can be chosen from, and how many active terms each category has."""

    categories: tuple[str, ...]
    sources: list[str]
    owners: list[str]
    counts: Mapping[str, int]


def fitting(edition: Edition, wanted: Wanted, key: str, now: float) -> list[Entry]:
    """The terms that fit, in the lexicon's order, operators' own first.

    Args:
        key: `wanted.find` folded, so that any spelling finds the term.
    """
    plain = wanted.find.strip().lower()
    found = [
        entry for entry in edition.entries.values()
        if _fits(entry, wanted, now) and (not plain or _says(entry, plain, key))
    ]
    return sorted(found, key=lambda entry: -entry.version)


def _fits(entry: Entry, wanted: Wanted, now: float) -> bool:
    term, state = entry.term, entry.state(now)
    return (
        (state == wanted.state if wanted.state else state != "retired")
        and wanted.category in ("", term.category)
        and wanted.severity in ("", str(term.severity))
        and wanted.source in ("", term.source)
        and wanted.owner in ("", term.owner)
        and wanted.origin in ("", "own" if entry.is_own else "shipped")
    )


def _says(entry: Entry, plain: str, key: str) -> bool:
    return bool(key and key in entry.key) or plain in entry.term.text.lower() or plain in entry.term.note.lower()


def page_of(entries: list[Entry], page: int) -> Found:
    """The page of this number, counted from 1; the nearest when there is none."""
    pages = max(1, -(-len(entries) // PAGE_TERMS))
    page = min(max(page, 1), pages)
    return Found(entries[(page - 1) * PAGE_TERMS : page * PAGE_TERMS], len(entries), page, pages)


def choices(edition: Edition, now: float) -> Choices:
    """What the filters offer."""
    terms = [entry.term for entry in edition.entries.values() if entry.state(now) == "active"]
    return Choices(
        TERM_CATEGORIES, _commonest(term.source for term in terms), _commonest(term.owner for term in terms),
        Counter(term.category for term in terms),
    )


def _commonest(words: Iterable[str]) -> list[str]:
    return [word for word, _ in Counter(words).most_common(LARGE) if word]
