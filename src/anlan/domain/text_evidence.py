"""What made a text's scores: places in the text as it was written, each with what it added.

Places are half-open ranges of Unicode characters (code points) of the text as written.
"""

from typing import Literal

import msgspec

MAX_TEXT_CHARS = 32_768

Meaning = Literal["asked", "spared", "unavailable"]


class Highlight(msgspec.Struct, frozen=True):
    """Words that spoke for or against a score, in log-odds against harmless.

    Attributes:
        spelling: the sum of what the character n-grams in them add; exact.
        meaning: what the meaning of the text loses without them, so far as they are its words; these need not add up.
    """

    start: int
    end: int
    spelling: float
    meaning: float

    @property
    def weight(self) -> float:
        """Both together."""
        return self.spelling + self.meaning


class ScoreExplained(msgspec.Struct, frozen=True, kw_only=True):
    """One score: `log_odds` = `base` + `spelling` + `meaning`.

    Attributes:
        category: `harm` joins all harmful categories, each by its share; its base holds what joining them adds.
        base: what stands before any character is read, and what belongs to no place: which kinds of terms and contacts
            there are.
        log_odds: natural logarithm of the probability of the category over that of harmless.
        spelling: the sum over all character n-grams.
        meaning: what the sentence's meaning adds as a whole; 0 where it was not asked for.
        highlights: what spoke for it most, strongest first.
        against: what spoke for harmless instead, strongest first.
    """

    category: str
    signal: str
    score: float
    log_odds: float
    base: float
    spelling: float
    meaning: float
    highlights: tuple[Highlight, ...]
    against: tuple[Highlight, ...]


class FoldSeen(msgspec.Struct, frozen=True):
    """A trick of spelling that was undone; `level` is `always`, or `suspicion` for a guess, `score` how sure it is."""

    kind: str
    level: str
    start: int
    end: int
    written: str
    read: str
    score: float


class TermSeen(msgspec.Struct, frozen=True):
    """A lexicon term; `severity` 1 (hint) to 3 (hardly ever innocent)."""

    term: str
    category: str
    severity: int
    start: int
    end: int


class MoveSeen(msgspec.Struct, frozen=True):
    """A move of fraud and the words that show it; `places` is empty where a handle or an address alone shows it."""

    move: str
    title: dict[str, str]
    stage: str
    places: tuple[tuple[int, int], ...]


class Extracted(msgspec.Struct, frozen=True):
    """A handle, address, amount or number; `start` equals `end` where its place is not known."""

    kind: str
    value: str
    start: int
    end: int


class Neighbour(msgspec.Struct, frozen=True):
    """A known example; `similarity` is the cosine of both meanings, at most 1."""

    text: str
    category: str
    similarity: float


class TextExplained(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a text's scores rest on.

    Attributes:
        text: as written; `plain`, `tight` and `deep`: as read, without tricks of spelling, then with what was pulled
            apart joined, then with guesses at what was meant.
        model: version of the text model; `unavailable` leaves `scores` empty, because unknown is not harmless.
        meaning: whether the sentence encoder was asked; `spared` where the n-grams alone were sure of harmless.
        category: the likeliest one; empty without a model. `runner_up` is the next likely one.
        probabilities: of each category; they sum to 1.
        scores: likeliest first, `harm` last.
        folding: share of evasive spelling, as the signal text_folding; `evasion` as text_evasion_score.
        nearest: known examples of like meaning, nearest first; empty without the encoder.
    """

    text: str
    plain: str
    tight: str
    deep: str
    model: str
    meaning: Meaning
    category: str
    runner_up: str
    probabilities: dict[str, float]
    scores: tuple[ScoreExplained, ...]
    folding: float
    evasion: float
    folds: tuple[FoldSeen, ...]
    terms: tuple[TermSeen, ...]
    moves: tuple[MoveSeen, ...]
    extracted: tuple[Extracted, ...]
    nearest: tuple[Neighbour, ...]
