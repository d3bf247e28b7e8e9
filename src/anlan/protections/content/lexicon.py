"""Decides which known terms stand in a message; a hit is a hint for people and policies, never a verdict by itself."""

import csv
import io
from collections.abc import Iterable
from importlib import resources
from typing import NamedTuple

from daachorse import CharwiseDoubleArrayAhoCorasick

from anlan.protections.content.folding import Folded, fold

TERM_CATEGORIES = ("abuse", "porn", "gambling", "fraud", "illicit_ad", "weapons", "drugs")


class Term(NamedTuple):
    """One entry; `text` is folded, `severity` 1 (hint) to 3 (hardly ever innocent)."""

    text: str
    category: str
    severity: int
    source: str
    licence: str


class Lexicon:
    """Scans folded text for every term at once; the time does not depend on the number of terms.

    Terms are folded on the way in, later doubles are dropped. 100,000 terms build in about a second.
    """

    def __init__(self, terms: Iterable[Term]) -> None:
        kept: dict[str, Term] = {}
        for term in terms:
            text = fold(term.text).tight
            if text:
                kept.setdefault(text, term._replace(text=text))
        self.terms = tuple(kept.values())
        self._automaton = CharwiseDoubleArrayAhoCorasick([term.text for term in self.terms]) if kept else None

    def hits(self, folded: Folded) -> tuple[Term, ...]:
        """The terms in either form of the text, each once, in order of the lexicon; Latin terms as whole words only."""
        if self._automaton is None:
            return ()
        found = self._scan(folded.tight)
        if folded.plain is not folded.tight:
            found |= self._scan(folded.plain)
        return tuple([self.terms[index] for index in sorted(found)]) if found else ()

    def _scan(self, text: str) -> set[int]:
        matches = self._automaton.find_overlapping(text) if self._automaton else []
        return {index for start, end, index in matches if _stands_alone(text, start, end)}


def _stands_alone(text: str, start: int, end: int) -> bool:
    """False when an ASCII term is only a part of a longer ASCII word (`sb` in `husband`)."""
    starts_inside = start > 0 and _is_ascii_word(text[start]) and _is_ascii_word(text[start - 1])
    ends_inside = end < len(text) and _is_ascii_word(text[end - 1]) and _is_ascii_word(text[end])
    return not (starts_inside or ends_inside)


def _is_ascii_word(character: str) -> bool:
    return character.isascii() and character.isalnum()


def read_terms(text: str) -> list[Term]:
    """Terms from CSV with the columns term, category, severity, source, licence."""
    rows = csv.DictReader(io.StringIO(text))
    return [
        Term(row["term"], row["category"], int(row["severity"]), row["source"], row["licence"]) for row in rows
    ]


def built_in_lexicon() -> Lexicon:
    """The lexicon that ships with Anlan (`lexicon.csv`)."""
    return Lexicon(read_terms(resources.files(__package__).joinpath("lexicon.csv").read_text("utf-8")))
