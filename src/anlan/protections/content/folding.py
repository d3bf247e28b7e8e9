"""Decides how a message reads once the tricks of its spelling are undone; it does not know what is harmful.

Only what looks the same to a reader is folded here. Homophones, pinyin and split characters change the reading:
`restoring.py` guesses at them. `tracing.py` says where each folded character came from.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable
from typing import NamedTuple

from opencc import OpenCC


class Folded(NamedTuple):
    """A message in its two folded forms.

    Attributes:
        plain: NFKC, caseless, simplified, nothing invisible; words stand as they were written.
        tight: `plain` with spelled-out words joined (`加 微 信`, `f.u.c.k`) and stretched letters cut to two.
        share: characters that ordinary writing would not have needed, of all characters, in [0, 1]. Case, width and
            traditional characters are ordinary.
    """

    plain: str
    tight: str
    share: float


class Tightening(NamedTuple):
    """One way in which words are pulled apart; each match of `pattern` keeps the characters at `staying`.

    Attributes:
        kind: as in `tracing.LEVELS`.
        gate: quickly says that there is nothing to do.
    """

    kind: str
    gate: re.Pattern[str]
    pattern: re.Pattern[str]
    staying: Callable[[str], list[int]]

    def apply(self, text: str) -> str:
        """`text` without what was put between."""
        return self.pattern.sub(self._kept, text) if self.gate.search(text) else text

    def _kept(self, match: re.Match[str]) -> str:
        return "".join([match[0][offset] for offset in self.staying(match[0])])


_INVISIBLE = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200c\u200e\u200f\u202a-\u202e\u2060-\u206f"
    "\u3164\ufeff\uffa0\ud800-\udfff"
)
_MARK_RANGES = "\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"
_EMOJI_GLUE = "\u200d\ufe00-\ufe0f"
_STAND_INS = (
    "\u2100-\u214f\u2460-\u24ff\u2776-\u2793\u3200-\u32ff\U0001d400-\U0001d7ff\U0001f100-\U0001f1ff"
    "\U0001f210-\U0001f23b➕🀄🐧"
)
_LETTER_BADGES = {chr(first + i): chr(97 + i) for first in (0x1F150, 0x1F170, 0x1F1E6) for i in range(26)}
_PICTURES = _LETTER_BADGES | {"➕": "加", "🀄": "中", "🐧": "qq"}
_ORDINARY = "，！？：；（）～…"
_LOOKALIKES = str.maketrans("авеіјкмнорсѕтухԁһԛԝαβεικνορτυχ", "abeijkmhopcstyxdhqwabeiknoptux")

_BLOCKS = ((0x80, 0x10000), (0x1D400, 0x1D800), (0x1F100, 0x1F300), (0x1F427, 0x1F428), (0x2F800, 0x2FA20))
"""Where a character can fold to another one; the rest of Unicode is left as it is."""
_COVERED = "".join(chr(code) for first, after in _BLOCKS for code in range(first, after))

_REMOVED = re.compile(f"[{_INVISIBLE}{_MARK_RANGES}{_EMOJI_GLUE}]")
_EVASIVE = re.compile(f"[{_INVISIBLE}{_MARK_RANGES}{_STAND_INS}]")
LOOKALIKE_WORD = re.compile(r"[a-z0-9\u0370-\u052f]+")
_HALF_LATIN = re.compile(r"[a-z][\u0370-\u052f]|[\u0370-\u052f][a-z]")

_CJK = "\u3400-\u9fff"
_STRETCHED = re.compile(r"(.)\1\1")
_WEDGE = re.compile(r"[.*_^|·•=#\-]")
_WEDGED = re.compile(rf"([{_CJK}])[.*_^|·•=#\-]{{1,3}}(?=[{_CJK}])")
_LONE = re.compile(r"[ -/:-@_，。！？、·].[ -/:-@_，。！？、·]")
TIGHTENINGS = (
    Tightening("repeated", _STRETCHED, re.compile(r"([^\W\d_〇零一二三四五六七八九]|[!?~。！？])\1{2,}"),
               lambda _: [0, 1]),
    Tightening("wedged", _WEDGE, _WEDGED, lambda _: [0]),
    Tightening("spaced", _LONE, re.compile(r"(?<![^\W_])[^\W_](?:[\W_]{1,3}[^\W_](?![^\W_])){2,}"),
               lambda word: [offset for offset, character in enumerate(word) if character.isalnum()]),
)

to_simplified = OpenCC("t2s").convert


def _fold_character(character: str) -> str:
    if character in _ORDINARY:
        return character
    return unicodedata.normalize("NFKC", _PICTURES.get(character, character)).casefold()


def _folds() -> dict[str, str]:
    folded = {character: new for character in _COVERED if (new := _fold_character(character)) != character}
    return folded | dict.fromkeys(_REMOVED.findall(_COVERED), "")


def _traditional() -> list[str]:
    every = "".join(map(chr, range(0x3400, 0xA000)))
    return [old for old, new in zip(every, to_simplified(every), strict=True) if old != new]


def _any_of(characters: Iterable[str]) -> re.Pattern[str]:
    """A pattern for one of `characters`, in ranges: single astral characters would be tried one by one."""
    ranges: list[list[int]] = []
    for code in sorted(map(ord, characters)):
        if ranges and code == ranges[-1][1] + 1:
            ranges[-1][1] = code
        else:
            ranges.append([code, code])
    return re.compile("[" + "".join(f"\\U{first:08x}-\\U{last:08x}" for first, last in ranges) + "]")


FOLDS = _folds()
"""What a lower-case character folds to, where that is something else; the empty string when it is dropped."""
MARKS = re.compile(f"[{_MARK_RANGES}]")
_TRADITIONAL_CHARACTERS = _traditional()
TRADITIONAL = _any_of(_TRADITIONAL_CHARACTERS)
_FOLDED = _any_of(FOLDS)
# Whole blocks beyond U+FFFF: a pattern tries each range there one by one, for every character that is none of them.
_TOUCHED = _any_of(
    {
        *FOLDS, *_TRADITIONAL_CHARACTERS, *map(chr, range(0x370, 0x530)),
        *(character for character in _COVERED if character > "\uffff"),
    }
)


def fold(text: str) -> Folded:
    """Undo the tricks of spelling in `text`; a few microseconds for a short clean message, linear in its length."""
    plain, evasive = text.lower(), 0
    if not text.isascii() and _TOUCHED.search(plain):
        evasive = len(_EVASIVE.findall(text))
        plain = _fold_characters(plain)
        if _HALF_LATIN.search(plain):
            evasive += len(_HALF_LATIN.findall(plain))
            plain = LOOKALIKE_WORD.sub(fold_mixed_word, plain)
    tight = _tighten(plain)
    if len(tight) != len(plain):
        evasive += len(_LONE.findall(plain)) + len(_WEDGED.findall(plain))
    return Folded(plain, tight, min(1.0, evasive / len(text)) if evasive else 0.0)


def _fold_characters(text: str) -> str:
    folded = _FOLDED.sub(lambda match: FOLDS[match[0]], text)
    return to_simplified(folded) if TRADITIONAL.search(folded) else folded


def fold_mixed_word(match: re.Match[str]) -> str:
    """A word with look-alike Cyrillic and Greek letters as Latin ones, if it has Latin letters beside them."""
    return match[0].translate(_LOOKALIKES) if _HALF_LATIN.search(match[0]) else match[0]


def _tighten(plain: str) -> str:
    """Join what was pulled apart; returns `plain` itself when nothing was."""
    tight = plain
    for tightening in TIGHTENINGS:
        tight = tightening.apply(tight)
    return tight
