"""Decides which moves of fraud one message makes, and which words show them; it does not know who says it to whom."""

import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import cache
from importlib import resources
from typing import Literal, NamedTuple

import msgspec
from daachorse import CharwiseDoubleArrayAhoCorasick

from anlan.engine.yaml_text import load_yaml
from anlan.errors import InvalidSettings

Stage = Literal["trust", "bait", "ask", "pressure"]

GAP_CHARS = 24
"""How far apart the parts of one cue may stand."""
SHOWN_AT = 1.0
HANDLE, ADDRESS = "{handle}", "{address}"
"""Parts that are no words: a contact handle, a web address."""

_NEGATED = re.compile(
    r"(?:不要|不用|不必|不需要|不会|不能|无需|无须|千万别|绝不|从不|没有|没|别|勿|不"
    r"|don't|do not|never|won't|no need to)"
    r"[^，。！？,.!?]{0,2}$"
)
_NEGATION_CHARS = 12
_WORD_CHAR = re.compile(r"[a-z0-9]")


class Move(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One move as `moves.yaml` declares it; see there."""

    name: str
    title: dict[str, str]
    stage: Stage
    evidence: float
    cues: dict[float, list[str]]
    unless: list[str] = []
    hits: list[str]
    near_misses: list[str]


class Shown(NamedTuple):
    """A move and the words that show it; (start, end) are places in the folded text."""

    move: Move
    words: tuple[str, ...]
    spans: tuple[tuple[int, int], ...]


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    warnings: list[str]
    moves: list[Move]


class _Cue(NamedTuple):
    """Alternatives in order; `owner` is the place of its move, None for a warning."""

    parts: tuple[frozenset[int], ...]
    weight: float
    owner: int | None
    cancels: bool


Place = tuple[int, int]
"""Start and end in the folded text."""

Places = dict[int, list[Place]]
"""Where each word stands, by its number."""


class MoveBook:
    """Every move, ready to be looked for; the time does not depend on the number of cues that do not occur."""

    def __init__(self, moves: Sequence[Move], warnings: Iterable[str]) -> None:
        self.moves = tuple(moves)
        self._words: dict[str, int] = {}
        self._cues = [self._cue(text, 1.0, None, cancels=True) for text in warnings]
        for place, move in enumerate(moves):
            self._cues += [self._cue(text, w, place, cancels=False) for w, texts in move.cues.items() for text in texts]
            self._cues += [self._cue(text, 1.0, place, cancels=True) for text in move.unless]
        self._by_first: dict[int, list[_Cue]] = defaultdict(list)
        for cue in self._cues:
            for word in cue.parts[0]:
                self._by_first[word].append(cue)
        self._handle, self._address = self._words.get(HANDLE), self._words.get(ADDRESS)
        self._automaton = CharwiseDoubleArrayAhoCorasick(list(self._words))

    def find(self, text: str, *, has_handle: bool = False, has_address: bool = False) -> tuple[Shown, ...]:
        """The moves in folded text, in order of declaration; linear in its length."""
        found = self._automaton.find_overlapping(text)
        places: Places = defaultdict(list)
        for start, end, word in found:
            if _stands_alone(text, start, end):
                places[word].append((start, end))
        for mark, is_there in ((self._handle, has_handle), (self._address, has_address)):
            if is_there and mark is not None:
                places[mark].append((len(text), len(text)))
        return self._weigh(text, places) if places else ()

    def _cue(self, text: str, weight: float, owner: int | None, *, cancels: bool) -> _Cue:
        parts = [part.strip() for part in text.split(" .. ") if part.strip()]
        return _Cue(tuple(frozenset(map(self._number, part.split("|"))) for part in parts), weight, owner, cancels)

    def _number(self, word: str) -> int:
        return self._words.setdefault(word.strip().lower(), len(self._words))

    def _weigh(self, text: str, places: Places) -> tuple[Shown, ...]:
        weights: dict[int, float] = defaultdict(float)
        spans: dict[int, list[Place]] = defaultdict(list)
        cancelled: set[int] = set()
        for cue in {id(cue): cue for word in places for cue in self._by_first.get(word, ())}.values():
            match = _match(cue, places, text)
            if match is None:
                continue
            if cue.cancels and cue.owner is None:
                return ()
            if cue.cancels:
                cancelled.add(cue.owner or 0)
            elif cue.owner is not None:
                weights[cue.owner] += cue.weight
                spans[cue.owner] += match
        shown = sorted(owner for owner, weight in weights.items() if weight >= SHOWN_AT and owner not in cancelled)
        return tuple(self._shown(owner, spans[owner], text) for owner in shown)

    def _shown(self, owner: int, spans: list[Place], text: str) -> Shown:
        ordered = tuple(sorted({(start, end) for start, end in spans if end > start}))
        return Shown(self.moves[owner], tuple(text[start:end] for start, end in ordered), ordered)


def _match(cue: _Cue, places: Places, text: str) -> list[Place] | None:
    """Where the parts of the cue stand, in order and near each other; None if they do not or are negated."""
    candidates = [_places_of(part, places) for part in cue.parts]
    if not all(candidates):
        return None
    for first in candidates[0]:
        chain = _chain(first, candidates[1:])
        if chain and not _NEGATED.search(text, max(0, first[0] - _NEGATION_CHARS), first[0]):
            return chain
    return None


def _chain(first: Place, following: Sequence[list[Place]]) -> list[Place] | None:
    """`first` and the nearest place of each following part."""
    chain = [first]
    for candidates in following:
        end = chain[-1][1]
        index = bisect_left(candidates, (end, end))
        if index == len(candidates) or candidates[index][0] > end + GAP_CHARS:
            return None
        chain.append(candidates[index])
    return chain


def _places_of(words: frozenset[int], places: Places) -> list[Place]:
    return sorted(place for word in words if word in places for place in places[word])


def _stands_alone(text: str, start: int, end: int) -> bool:
    """False when a Latin word is only a part of a longer one (`aa` in `aaron`)."""
    if text[start].isascii() and start and _WORD_CHAR.match(text[start]) and _WORD_CHAR.match(text[start - 1]):
        return False
    is_latin = text[end - 1].isascii() and end < len(text) and _WORD_CHAR.match(text[end - 1])
    return not (is_latin and _WORD_CHAR.match(text[end]))


def read_moves(text: str, where: str) -> MoveBook:
    """The moves declared in YAML.

    Raises:
        InvalidSettings: naming `where` and what cannot be used.
    """
    try:
        declared = msgspec.convert(load_yaml(text, where), _File)
    except (ValueError, msgspec.ValidationError) as error:
        raise InvalidSettings(f"{where}: {error}") from error
    return MoveBook(declared.moves, declared.warnings)


@cache
def built_in_moves() -> MoveBook:
    """The moves that ship with Anlan (`moves.yaml`)."""
    return read_moves(resources.files(__package__).joinpath("moves.yaml").read_text("utf-8"), "moves.yaml")
