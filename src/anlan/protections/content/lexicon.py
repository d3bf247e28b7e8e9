"""Decides which known terms stand in a message; a hit is a hint for people and policies, never a verdict by itself."""

import hashlib
from collections.abc import Iterable, Sequence
from functools import cache, cached_property
from importlib import resources
from itertools import accumulate
from typing import NamedTuple

import msgspec
from daachorse import CharwiseDoubleArrayAhoCorasick

from anlan.domain.term_table import read_terms
from anlan.domain.terms import NEIGHBOUR_CHARS, TERM_CATEGORIES, Term
from anlan.protections.content.folding import Folded, fold
from anlan.protections.content.segmentation import words

__all__ = ["TERM_CATEGORIES", "Lexicon", "Match", "Term", "built_in_lexicon", "built_in_terms", "read_terms"]

_RULES = ("allow_phrases", "near", "not_near")

_Found = tuple[int, int, int]
"""Start, end (characters) and number of a pattern."""


class Match(NamedTuple):
    """A term in a text: `text[start:end]`."""

    term: Term
    start: int
    end: int


class Compiled(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What is made of terms once, and can be kept.

    Attributes:
        hash: SHA-256 of everything the terms said as they were given.
        terms: with folded texts, each once.
        ruled: those of them with rules of their own, by number.
        guards: for each allow phrase (pattern `len(terms)` and on) the terms that are innocent in it.
        automaton: of the texts of `terms`, then the phrases; empty without terms.
    """

    hash: str
    terms: tuple[Term, ...]
    ruled: tuple[int, ...]
    guards: tuple[tuple[int, ...], ...]
    automaton: bytes


def compile_terms(terms: Iterable[Term]) -> Compiled:
    """Fold the terms and build their automaton; later doubles are dropped. About a second for 100,000."""
    given = tuple(terms)
    kept: dict[str, Term] = {}
    for term in given:
        text = folded_key(term.text)
        if text and text not in kept:
            kept[text] = _with_folded_rules(term, text)
    guarded: dict[str, list[int]] = {}
    for index, term in enumerate(kept.values()):
        for phrase in term.allow_phrases:
            guarded.setdefault(phrase, []).append(index)
    patterns = [*kept, *guarded]
    automaton = CharwiseDoubleArrayAhoCorasick(patterns).serialize() if patterns else b""
    found = tuple(kept.values())
    ruled = tuple(index for index, term in enumerate(found) if term.has_rules)
    return Compiled(digest_of(given), found, ruled, tuple(map(tuple, guarded.values())), automaton)


def folded_key(text: str) -> str:
    """How a term is looked for; the same for all its spellings that folding undoes."""
    return fold(text).tight.strip()


def _with_folded_rules(term: Term, text: str) -> Term:
    if not (term.allow_phrases or term.near or term.not_near):
        return term if text == term.text else msgspec.structs.replace(term, text=text)
    rules = {name: tuple(filter(None, map(folded_key, getattr(term, name)))) for name in _RULES}
    return msgspec.structs.replace(term, text=text, **rules)


class Lexicon:
    """Scans folded text for every term at once; the time does not depend on the number of terms.

    Terms are folded on the way in, later doubles are dropped.

    Attributes:
        terms: with folded texts, in order of addition.
        hash: SHA-256 of everything the terms say; stored with decisions.
    """

    def __init__(self, terms: Iterable[Term] | Compiled = ()) -> None:
        made = terms if isinstance(terms, Compiled) else compile_terms(terms)
        self.terms, self.hash = made.terms, made.hash
        self._guards = made.guards
        self._ruled = frozenset(made.ruled)
        self._automaton = CharwiseDoubleArrayAhoCorasick.deserialize(made.automaton) if made.automaton else None

    def hits(self, folded: Folded, at: float | None = None) -> tuple[Term, ...]:
        """The terms in either form of the text, each once, in order of the lexicon.

        Args:
            at: event time; terms that had expired by then do not hit. None asks whatever the expiry.
        """
        found = self._find(folded.tight, at)
        if folded.plain is not folded.tight:
            found = [*found, *self._find(folded.plain, at)]
        return tuple([self.terms[index] for index in sorted({index for _, _, index in found})]) if found else ()

    def matches(self, text: str, at: float | None = None) -> list[Match]:
        """Every occurrence of a term in one form (plain, tight, ...) of a folded text, in order of their ends."""
        return [Match(self.terms[index], start, end) for start, end, index in self._find(text, at)]

    def _find(self, text: str, at: float | None) -> Sequence[_Found]:
        found: list[_Found] = self._automaton.find_overlapping(text) if self._automaton else []
        if not found:
            return found
        place = _Place(text, [one for one in found if one[2] >= len(self.terms)])
        return [
            one for one in found
            if one[2] < len(self.terms) and _stands_alone(text, one[0], one[1])
            and (one[2] not in self._ruled or self._holds(one, place, at))
        ]

    def _holds(self, one: _Found, place: "_Place", at: float | None) -> bool:
        """Whether a term's own rules let this occurrence count."""
        start, end, index = one
        term = self.terms[index]
        if at is not None and term.expires_at is not None and at >= term.expires_at:
            return False
        if any(first <= start and end <= last and index in self._guards[number - len(self.terms)]
               for first, last, number in place.phrases):
            return False
        if term.near or term.not_near:
            around = place.around(start, end)
            if (term.near and not _any_in(term.near, around)) or _any_in(term.not_near, around):
                return False
        return not term.is_whole_word or {start, end} <= place.edges


class _Place:
    """Where terms were found: the text, and what is only worked out when a term's rule asks for it."""

    def __init__(self, text: str, phrases: Sequence[_Found]) -> None:
        self._text = text
        self.phrases = phrases

    @cached_property
    def edges(self) -> frozenset[int]:
        """Where words begin and end, as a segmenter sees them."""
        return frozenset([0, *accumulate(map(len, words(self._text)))])

    def around(self, start: int, end: int) -> str:
        """The text before and after an occurrence, without it."""
        before = self._text[max(0, start - NEIGHBOUR_CHARS) : start]
        return f"{before}\n{self._text[end : end + NEIGHBOUR_CHARS]}"


def _any_in(words: Iterable[str], text: str) -> bool:
    return any(word in text for word in words)


def _stands_alone(text: str, start: int, end: int) -> bool:
    """False when an ASCII term is only a part of a longer ASCII word (`sb` in `husband`)."""
    starts_inside = start > 0 and _is_ascii_word(text[start]) and _is_ascii_word(text[start - 1])
    ends_inside = end < len(text) and _is_ascii_word(text[end - 1]) and _is_ascii_word(text[end])
    return not (starts_inside or ends_inside)


def _is_ascii_word(character: str) -> bool:
    return character.isascii() and character.isalnum()


def digest_of(terms: Sequence[Term]) -> str:
    """SHA-256 of everything that these terms say, in their order."""
    return hashlib.sha256(msgspec.msgpack.encode(terms)).hexdigest()


def built_in_terms() -> list[Term]:
    """The terms that ship with Anlan (`lexicon.csv`)."""
    return list(_shipped_terms())


@cache
def _shipped_terms() -> tuple[Term, ...]:
    return tuple(read_terms(resources.files(__package__).joinpath("lexicon.csv").read_text("utf-8")))


def built_in_lexicon() -> Lexicon:
    """The lexicon that ships with Anlan."""
    return Lexicon(built_in_terms())
