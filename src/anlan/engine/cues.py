"""Decides which of many cues a folded text shows; it does not know what they stand for.

A cue is written `a|b .. c|d`: one of a, b, then one of c, d within `GAP_CHARS`, or `LATIN_GAP_CHARS` where only Latin
text lies between. Negated cues do not count.
"""

import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from daachorse import CharwiseDoubleArrayAhoCorasick

GAP_CHARS, LATIN_GAP_CHARS = 24, 32
"""How far apart the parts of one cue may stand; what takes ten characters in Chinese takes thirty in English."""
HANDLE, ADDRESS, ACCOUNT = "{handle}", "{address}", "{account}"
"""Parts that are no words: a contact handle and a web address, which count as the end, and a long number, in place."""

_NUMBER = re.compile(r"(?<![#\d])\d{6,}")

_NEGATED = re.compile(
    r"(?:不要|不用|不必|不需要|不会|不能|无需|无须|千万别|绝不|从不|没有|没|别|勿|不"
    r"|don't|do not|never|won't|no need to)"
    r"[^，。！？,.!?]{0,2}$"
)
_NEGATION_CHARS = 12
_WORD_CHAR = re.compile(r"[a-z0-9]")

Place = tuple[int, int]
"""Start and end in the folded text."""

Places = dict[int, list[Place]]
"""Where each word stands, by its number."""


class Cue(NamedTuple):
    """One cue as it is written.

    Attributes:
        owner: what it speaks for, a number.
        cancels: whether it says that it is not its owner.
    """

    text: str
    owner: int
    weight: float = 1.0
    cancels: bool = False


class Shown(NamedTuple):
    """What speaks for one owner: the sum of the weights of different cues, and the words in order of the text."""

    weight: float
    spans: tuple[Place, ...]


class _Ready(NamedTuple):
    """A cue with the numbers of its words, part by part."""

    parts: tuple[frozenset[int], ...]
    weight: float
    owner: int
    cancels: bool


class CueBook:
    """Every cue, ready to be looked for; the time does not depend on the number of cues that do not occur."""

    def __init__(self, cues: Iterable[Cue]) -> None:
        self._words: dict[str, int] = {}
        self._by_word: dict[int, list[_Ready]] = defaultdict(list)
        for cue in cues:
            ready, telling = self._ready(cue)
            for word in telling:
                self._by_word[word].append(ready)
        self._handle, self._address = self._words.get(HANDLE), self._words.get(ADDRESS)
        self._account = self._words.get(ACCOUNT)
        self._automaton = CharwiseDoubleArrayAhoCorasick(list(self._words)) if self._words else None

    def find(self, text: str, *, has_handle: bool = False, has_address: bool = False) -> dict[int, Shown]:
        """What is shown in folded text, by owner; linear in its length."""
        places: Places = defaultdict(list)
        for start, end, word in self._automaton.find_overlapping(text) if self._automaton else ():
            if _stands_alone(text, start, end):
                places[word].append((start, end))
        for mark, is_there in ((self._handle, has_handle), (self._address, has_address)):
            if is_there and mark is not None:
                places[mark].append((len(text), len(text)))
        if self._account is not None and (numbers := [found.span() for found in _NUMBER.finditer(text)]):
            places[self._account] += numbers
        return self._weigh(text, places) if places else {}

    def _ready(self, cue: Cue) -> tuple[_Ready, frozenset[int]]:
        """The cue, and its part with the longest words: short ones stand in every other message."""
        parts = [part.split("|") for part in map(str.strip, cue.text.split(" .. ")) if part]
        numbers = tuple(frozenset(map(self._number, part)) for part in parts)
        telling = max(range(len(parts)), key=lambda place: min(len(word.strip()) for word in parts[place]))
        return _Ready(numbers, cue.weight, cue.owner, cue.cancels), numbers[telling]

    def _number(self, word: str) -> int:
        return self._words.setdefault(word.strip().lower(), len(self._words))

    def _weigh(self, text: str, places: Places) -> dict[int, Shown]:
        weights: dict[int, float] = defaultdict(float)
        spans: dict[int, list[Place]] = defaultdict(list)
        cancelled: set[int] = set()
        for cue in {id(cue): cue for word in places for cue in self._by_word.get(word, ())}.values():
            match = _match(cue, places, text)
            if match is None:
                continue
            if cue.cancels:
                cancelled.add(cue.owner)
            else:
                weights[cue.owner] += cue.weight
                spans[cue.owner] += match
        return {
            owner: Shown(weights[owner], tuple(sorted({span for span in spans[owner] if span[1] > span[0]})))
            for owner in sorted(weights.keys() - cancelled)
        }


def _match(cue: _Ready, places: Places, text: str) -> list[Place] | None:
    """Where the parts of the cue stand, in order and near each other; None if they do not or are negated."""
    candidates = []
    for part in cue.parts:
        found = _places_of(part, places)
        if not found:
            return None
        candidates.append(found)
    for first in candidates[0]:
        chain = _chain(first, candidates[1:], text)
        if chain and not _NEGATED.search(text, max(0, first[0] - _NEGATION_CHARS), first[0]):
            return chain
    return None


def _chain(first: Place, following: Sequence[list[Place]], text: str) -> list[Place] | None:
    """`first` and the nearest place of each following part."""
    chain = [first]
    for candidates in following:
        end = chain[-1][1]
        index = bisect_left(candidates, (end, end))
        if index == len(candidates) or not _is_near(text, end, candidates[index][0]):
            return None
        chain.append(candidates[index])
    return chain


def _is_near(text: str, end: int, start: int) -> bool:
    return start <= end + GAP_CHARS or (start <= end + LATIN_GAP_CHARS and text[end:start].isascii())


def _places_of(words: frozenset[int], places: Places) -> list[Place]:
    return sorted(place for word in places.keys() & words for place in places[word])


def _stands_alone(text: str, start: int, end: int) -> bool:
    """False when a Latin word is only a part of a longer one (`aa` in `aaron`); digits may begin a longer number."""
    if text[start].isascii() and start and _WORD_CHAR.match(text[start]) and _WORD_CHAR.match(text[start - 1]):
        return False
    is_latin = text[end - 1].isascii() and end < len(text) and _WORD_CHAR.match(text[end - 1])
    is_cut = is_latin and _WORD_CHAR.match(text[end]) and not (text[end - 1].isdigit() and text[end].isdigit())
    return not is_cut
