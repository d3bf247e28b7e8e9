"""Decides what the text model reads of a message beside its words as they were meant: their sounds, and cues.

Cues are characters that stand for what the words hold: known terms by category and severity, ways out of the platform,
many digits or signs. The terms are those that ship, whatever operators add to theirs: a score must not change under a
model that was calibrated with other terms.
"""

import re
from functools import cache

from anlan.protections.content.extraction import HANDLE_MARK, URL_MARK
from anlan.protections.content.lexicon import TERM_CATEGORIES, Lexicon, built_in_terms
from anlan.protections.content.sounds import sound_view

FIRST_TERM_CUE, FIRST_SHAPE_CUE = 0xE800, 0xE880
"""Private characters: four a category from the first on, one for each severity; one for each shape."""
MANY = 0.2
"""Share of all characters from which on digits or signs are many."""

_DIGIT = re.compile(r"\d")
_SIGN = re.compile(r"[^\w\s，。？！、,.?!]")


@cache
def _lexicon() -> Lexicon:
    return Lexicon(built_in_terms())


def further_lines(words: str) -> tuple[str, str]:
    """The sounds of `words`, as `decipher` gives them, and their cues; a line is empty where it adds nothing."""
    sounds = sound_view(words)
    return sounds if sounds != words else "", _cues(words)


def _cues(words: str) -> str:
    severities = {(match.term.category, match.term.severity) for match in _lexicon().matches(words)}
    terms = sorted(FIRST_TERM_CUE + 4 * TERM_CATEGORIES.index(category) + level for category, level in severities)
    few = MANY * len(words)
    shapes = (
        HANDLE_MARK in words, URL_MARK in words, len(_DIGIT.findall(words)) > few, len(_SIGN.findall(words)) > few,
    )
    return "".join(map(chr, [*terms, *(FIRST_SHAPE_CUE + at for at, holds in enumerate(shapes) if holds)]))
