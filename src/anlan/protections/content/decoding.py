"""Decides which characters were meant where a text is full of doubtful ones: what sounds or looks alike and fits.

A character is doubtful when nobody sets it beside its neighbours, or when it stands in pinyin among Chinese ones. Only
pairs of characters are known, so it guesses; texts with few doubtful characters are left alone.
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache, lru_cache
from heapq import nlargest
from importlib import resources
from itertools import islice, pairwise
from math import inf, log2
from sys import intern
from typing import NamedTuple

from anlan.protections.content.sounds import is_pinyin, merge, spell_syllables, syllables

MIN_DOUBTFUL, MIN_DOUBTFUL_SHARE = 3, 0.14
"""Fewer doubtful Chinese characters than this are names and new words, not a disguise; a rare one counts twice."""
MAX_CHARACTERS = 400
"""What stands after so many characters is not decoded: the time for one character is some hundred microseconds."""
EDGE = "_"
"""Stands in the tables for whatever is no Chinese character, before and after those that are."""
MIN_OWN_WORDS = 3
"""Where so many words are pinyin and nothing else, those that are English or a letter too are pinyin as well."""

_MAX_SPELT, _MAX_ALIKE, _MAX_NEARLY_ALIKE, _MAX_BEAM = 24, 14, 8, 12
_KEPT, _ALIKE, _NEARLY_ALIKE, _LOOKS_ALIKE = 0.0, -8.0, -10.0, -6.0
"""Bits for staying and for changing into what sounds the same, nearly the same, or looks the same."""
_UNSEEN_PAIR = -4.0
_NONE: dict[str, int] = {}
_RARE, _HEARD_OF, _USUAL = 5, 0, 5
"""Levels: a character below the first is rare; a pair from the second on is in the table, from the third on usual."""
_TOKEN = re.compile("[a-z]+|[\u4e00-\u9fff]|[^a-z\u4e00-\u9fff]+")
_LATIN = re.compile("[a-z]")
_LATIN_WORD = re.compile("(?<![0-9_@./-])[a-z]+(?![0-9_@.-])")
_FOREIGN = re.compile("([a-z]|ai|game|like|take|make|date|line|name|nike|same|here|more)$")
_FOREIGN_APART = re.compile("(he|she|me|you|can|m[ae]n|fan)$")
"""Latin words that are rather no pinyin; the second where no Chinese character touches them."""


class Guess(NamedTuple):
    """`start` to `end` of the text was meant as `read`; `kind` is homophone, shape or pinyin."""

    kind: str
    start: int
    end: int
    read: str


class Token(NamedTuple):
    """Where a syllable or character stands, and what it may be, each with its bits."""

    start: int
    end: int
    options: dict[str, float]


class _Wording(NamedTuple):
    """How often characters and pairs are used, as logarithms to base 2; `total` of all characters.

    Attributes:
        followers: of a first character, the second ones of its pairs.
    """

    followers: dict[str, dict[str, int]]
    uses: dict[str, int]
    total: float


@cache
def _wording() -> _Wording:
    uses = {character: level for characters, level in _levels("uses") for character in characters}
    followers = {
        first: {intern(follower): ord(group[0]) - ord("a") for group in groups for follower in group[1:]}
        for first, *groups in (line.split(" ") for line in _lines("pairs"))
    }
    return _Wording(followers, uses, log2(sum(2.0**level for level in uses.values())))


def _lines(name: str) -> list[str]:
    return resources.files(__package__).joinpath("tables", f"{name}.txt").read_text("utf-8").splitlines()


def _levels(name: str) -> Iterator[tuple[str, int]]:
    for line in _lines(name):
        yield line[1:], ord(line[0]) - ord("a")


@cache
def _sounding() -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """Characters by syllable and by merged syllable, the commonest first."""
    exact: dict[str, list[str]] = defaultdict(list)
    merged: dict[str, list[str]] = defaultdict(list)
    uses = _wording().uses
    for character in sorted(uses, key=lambda one: -uses[one]):
        syllable = syllables().get(character)
        if syllable:
            exact[syllable].append(character)
            merged[merge(syllable)].append(character)
    return exact, merged


@cache
def _looking() -> dict[str, str]:
    """What a character may have been written for, by its looks."""
    meant: dict[str, str] = defaultdict(str)
    for line in _lines("shapes"):
        character, alike = line.split(" ")
        for one in alike:
            meant[one] += character
    return meant


def decode(text: str) -> list[Guess]:
    """What was meant where `text` (tight, pieces joined) is doubtful; in order, apart. Microseconds where it is not."""
    text = text[:MAX_CHARACTERS]
    doubtful = frozenset() if text.isascii() else _doubtful(text, _HEARD_OF)
    rare = sum(_wording().uses.get(text[place], 0) < _RARE for place in doubtful)
    is_disguised = len(doubtful) + rare >= max(MIN_DOUBTFUL, MIN_DOUBTFUL_SHARE * len(text))
    doubtful = _doubtful(text, _USUAL) if is_disguised else frozenset()
    spelt = _spelt(text) if _LATIN.search(text) else {}
    return [guess for run in _runs(text, doubtful, spelt) for guess in _read(text, run)] if doubtful or spelt else []


def _spelt(text: str) -> dict[int, tuple[str, ...]]:
    """Where a pinyin word starts, and its syllables."""
    if not is_pinyin(text):
        return {}
    exact, _ = _sounding()
    spelt = {match.start(): (match[0], spell_syllables(match[0])) for match in _LATIN_WORD.finditer(text)}
    pinyin = {at: each for at, each in spelt.items() if each[1] and all(syllable in exact for syllable in each[1])}
    own = {at: each for at, each in pinyin.items() if not _is_foreign(each[0], text, at)}
    return {at: syllables_of for at, (_, syllables_of) in (pinyin if len(own) >= MIN_OWN_WORDS else own).items()}


def _is_foreign(word: str, text: str, at: int) -> bool:
    after = at + len(word)
    touches = _is_chinese(text[at - 1 : at]) or _is_chinese(text[after : after + 1])
    return bool(_FOREIGN.match(word) or (not touches and _FOREIGN_APART.match(word)))


def _doubtful(text: str, known_from: int) -> frozenset[int]:
    """Places of Chinese characters that are rare, or not known beside the Chinese neighbours that they have.

    Args:
        known_from: the level of use from which on a pair is known.
    """
    followers, uses, _ = _wording()
    known = [followers.get(first, _NONE).get(second, -1) >= known_from for first, second in pairwise(text)]
    strange = (
        place for place, (before, after) in enumerate(pairwise([False, *known, False]))
        if not (before or after) and _is_chinese(text[place])
    )
    return frozenset(
        place for place in strange
        if uses.get(text[place], 0) < _RARE
        or _is_chinese(text[place - 1 : place]) or _is_chinese(text[place + 1 : place + 2])
    )


def _is_chinese(character: str) -> bool:
    return "\u4e00" <= character <= "\u9fff"


def _runs(text: str, doubtful: frozenset[int], spelt: dict[int, tuple[str, ...]]) -> Iterator[list[Token]]:
    """Neighbouring characters and syllables with a doubtful one among them."""
    run: list[Token] = []
    for match in _TOKEN.finditer(text):
        tokens = _tokens(match, doubtful, spelt)
        if tokens:
            if run and text[run[-1].end : tokens[0].start] == " " and run[-1].options.keys() != {text[run[-1].start]}:
                run = [token._replace(end=tokens[0].start) if token.start == run[-1].start else token for token in run]
            run += tokens
        elif match[0] != " ":
            if any(len(token.options) > 1 for token in run):
                yield run
            run = []
    if any(len(token.options) > 1 for token in run):
        yield run


def _tokens(match: re.Match[str], doubtful: frozenset[int], spelt: dict[int, tuple[str, ...]]) -> list[Token]:
    start, end = match.span()
    if _is_chinese(match[0][0]):
        return [Token(start, end, _alike(match[0]) if start in doubtful else {match[0]: _KEPT})]
    exact, _ = _sounding()
    return [Token(start, end, dict.fromkeys(exact[syllable][:_MAX_SPELT], _KEPT)) for syllable in spelt.get(start, ())]


@lru_cache(maxsize=8192)
def _alike(character: str) -> dict[str, float]:
    exact, merged = _sounding()
    syllable = syllables().get(character, "")
    options = dict.fromkeys(_looking().get(character, ""), _LOOKS_ALIKE)
    nearly = (one for one in merged.get(merge(syllable), []) if syllables()[one] != syllable)
    options |= dict.fromkeys(islice(nearly, _MAX_NEARLY_ALIKE), _NEARLY_ALIKE)
    options |= dict.fromkeys(exact.get(syllable, [])[:_MAX_ALIKE], _ALIKE)
    return {option: bits for option, bits in options.items() if option in _wording().uses} | {character: _KEPT}


def _read(text: str, run: list[Token]) -> Iterator[Guess]:
    """The likeliest reading of a run, where it differs from what is written; Latin words are replaced whole."""
    best = _likeliest(run)
    at = 0
    while at < len(run):
        after = at + 1
        while after < len(run) and run[after].start == run[at].start:
            after += 1
        start, end, read = run[at].start, run[at].end, "".join(best[at:after])
        written = text[start:end]
        if written != read and _fits(best, at, after):
            kind = "pinyin" if written.isascii() else "homophone" if _sounds_alike(written, read) else "shape"
            yield Guess(kind, start, end, read)
        at = after


def _likeliest(run: list[Token]) -> list[str]:
    """Viterbi over pairs of characters, with the likeliest beginnings only."""
    followers, uses, total = _wording()
    scores = {EDGE: 0.0}
    origins: list[dict[str, str]] = []
    for token in [*run, Token(run[-1].end, run[-1].end, {EDGE: _KEPT})]:
        kept = nlargest(_MAX_BEAM, scores.items(), key=lambda item: item[1]) if len(scores) > 1 else scores.items()
        beam = [(before, score, score - uses.get(before, 2), followers.get(before, _NONE)) for before, score in kept]
        origin: dict[str, str] = {}
        further: dict[str, float] = {}
        for option, bits in token.options.items():
            unseen = uses.get(option, 0) - total + _UNSEEN_PAIR
            most = -inf
            for before, score, known_score, known in beam:
                level = known.get(option)
                now = score + unseen if level is None else known_score + level
                if now > most:
                    most, origin[option] = now, before
            further[option] = most + bits
        scores = further
        origins.append(origin)
    best = [EDGE]
    for origin in reversed(origins):
        best.append(origin[best[-1]])
    return best[-2:0:-1]


def _fits(best: list[str], at: int, after: int) -> bool:
    """Whether what was read makes a known pair with something beside it or in itself."""
    followers = _wording().followers
    return any(second in followers.get(first, _NONE) for first, second in pairwise(best[max(0, at - 1) : after + 1]))


def _sounds_alike(one: str, other: str) -> bool:
    return merge(syllables().get(one, "")) == merge(syllables().get(other, ""))
