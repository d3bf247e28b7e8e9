"""Decides which terms that matter a writer may mean by other spellings: sounds, look-alikes, pieces, codes, digits.

A restoration is a guess with a score. It raises suspicion and shows a person where to look; it proves nothing.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import NamedTuple

from daachorse import MATCH_KIND_LEFTMOST_LONGEST, CharwiseDoubleArrayAhoCorasick

from anlan.protections.content.decoding import decode
from anlan.protections.content.forms import Edit, Form
from anlan.protections.content.sounds import sound_form, sound_view, syllables
from anlan.protections.content.splits import find_splits
from anlan.protections.content.targets import Spelling, Target, built_in_spellings, built_in_targets, ordinary_spellings

SURE = 0.6
"""A restored term with at least this score counts as a hit."""

_SCORES = {2: 0.6, 3: 0.75}
_LONG_SCORE, _PINYIN_SCORE, _JOINED_SCORE, _SPLIT_SCORE, _DIGITS_SCORE = 0.9, 0.85, 0.9, 0.5, 0.4
_GUESS_SCORE = 0.3
_COMMON_PENALTY, _NEARLY_PENALTY = 0.15, 0.1
"""Taken off when only everyday characters stand in for others, and for each that sounds only nearly the same."""
_MIN_SIGNS_IN_A_WORD = 3
"""A shorter term is not looked for inside a Latin word: too many words hold two syllables by chance."""
_FILLER = re.compile(r"[ .*_^|·•=#~/\-]+")
_FILLER_BETWEEN = re.compile(r"(?<=[\u3400-\u9fff])[ .*_^|·•=#~/\-]{1,4}(?=[\u3400-\u9fff])")
_MIN_FILLERS, _MIN_FILLER_SHARE = 3, 0.1
_LATIN = re.compile("[a-z]")
_HAN = re.compile("[\u3400-\u9fff]")
_WORD_PART = re.compile("[a-z0-9@/._-]")

_DIGIT_SIGNS = "〇零一二三四五六七八九壹贰叁肆伍陆柒捌玖幺"
_DIGIT_VALUES = dict(zip(_DIGIT_SIGNS, "00123456789" "123456789" "1", strict=True)) | dict(
    zip(("ling", "yao", "yi", "er", "san", "si", "wu", "liu", "qi", "ba", "jiu"), "01123456789", strict=True)
)
_DIGIT = rf"(?:[{_DIGIT_SIGNS}\d]|(?<![a-z])(?:ling|yao|yi|er|san|si|wu|liu|qi|ba|jiu)(?![a-z]))"
_DIGIT_RUN = re.compile(rf"{_DIGIT}(?:[ \-]?{_DIGIT}){{4,}}")
_COULD_BE_DIGITS = re.compile(rf"[{_DIGIT_SIGNS}\d][ \-]?[{_DIGIT_SIGNS}]|(?:ling|yao|yi|er|san|si|wu|liu|qi|ba|jiu) ")
_SPELT_DIGIT = re.compile(rf"[{_DIGIT_SIGNS}]|[a-z]+")


class Restoration(NamedTuple):
    """`start` to `end` of the tight text read as `read`.

    Attributes:
        kind: a kind of `tracing.LEVELS` of the level `suspicion`.
        category: of the term; empty where only characters or digits were restored.
        score: how sure, in (0, 1].
    """

    kind: str
    start: int
    end: int
    written: str
    read: str
    category: str
    score: float


class Restorer:
    """Looks for targets behind other spellings.

    Args:
        targets: terms to read from what sounds alike; Chinese, two characters or more.
        spellings: written forms that stand for a target.
        ordinary: written forms that are left alone, whatever they sound or look like.
    """

    def __init__(
        self, targets: Sequence[Target], spellings: Sequence[Spelling], ordinary: frozenset[str] = frozenset()
    ) -> None:
        self._ordinary = ordinary
        self._targets: dict[str, list[Target]] = {}
        for target in targets:
            self._targets.setdefault(sound_view(target.text), []).append(target)
        self._sounds = list(self._targets)
        self._by_sound = CharwiseDoubleArrayAhoCorasick(self._sounds)
        self._spellings = list({spelling.written: spelling for spelling in reversed(spellings)}.values())
        self._by_spelling = CharwiseDoubleArrayAhoCorasick(
            [spelling.written for spelling in self._spellings], MATCH_KIND_LEFTMOST_LONGEST
        )

    def restore(self, tight: str) -> tuple[Restoration, ...]:
        """What `tight` may hide, in order, none within another; some ten microseconds when there is nothing."""
        found = self.candidates(tight)
        return tuple(_apart(found, len(tight))) if found else ()

    def candidates(self, tight: str) -> list[Restoration]:
        """Every guess, those that overlap included."""
        splits = [*(Edit(*split) for split in find_splits(tight)), *_fillers(tight)]
        splits.sort()
        joined = Form.of(tight).edited(splits) if splits else None
        text = joined.text if joined else tight
        heard = self._by_sound.find_overlapping(sound_view(text))
        spelt = self._by_spelling.find(text)
        digits = list(_digits(text)) if _COULD_BE_DIGITS.search(text) else []
        guesses = decode(text)
        if not (heard or spelt or digits or guesses or joined):
            return []
        joined = joined or Form.of(tight)
        found = [*self._heard(heard, joined, tight), *self._spelt(spelt, text), *digits]
        found += (Restoration(kind, start, end, "", read, "", _GUESS_SCORE) for kind, start, end, read in guesses)
        return [
            *(_as_written(restoration, joined, tight) for restoration in found),
            *(Restoration("split" if read else "symbol", start, end, tight[start:end], read, "", _SPLIT_SCORE)
              for start, end, read in splits),
        ]

    def _heard(self, matches: list[tuple[int, int, int]], joined: Form, tight: str) -> Iterator[Restoration]:
        text = joined.text
        form = sound_form(text)
        for first, after, key in matches:
            start, end = form.span(first, after)
            bare = _FILLER.sub("", text[start:end])
            is_cut = after - first < _MIN_SIGNS_IN_A_WORD and (_cuts_a_word(form, first) or _cuts_a_word(form, after))
            if is_cut or bare in self._ordinary or _is_inside_a_word(text, start, end):
                continue
            was_split = tight[slice(*joined.span(start, end))] != text[start:end]
            for target in self._targets[self._sounds[key]]:
                if bare == target.text and was_split:
                    yield Restoration("split", start, end, "", *target, _JOINED_SCORE)
                elif score := _score(bare, text[start:end], target.text):
                    yield Restoration(_kind(bare, target.text), start, end, "", *target, score)

    def _spelt(self, matches: list[tuple[int, int, int]], text: str) -> Iterator[Restoration]:
        for start, end, index in matches:
            written, target, kind, score = self._spellings[index]
            if not _is_inside_a_word(text, start, end) and (kind != "shape" or written not in self._ordinary):
                yield Restoration(kind, start, end, "", *target, score)


def _fillers(tight: str) -> Iterator[Edit]:
    """What stands between Chinese characters, where it stands between so many that it is no punctuation."""
    found = list(_FILLER_BETWEEN.finditer(tight)) if _FILLER.search(tight) else []
    if len(found) >= max(_MIN_FILLERS, _MIN_FILLER_SHARE * len(tight)):
        for match in found:
            yield Edit(*match.span(), "")


def _score(bare: str, written: str, term: str) -> float:
    """How sure `written` stands for `term`; 0 when it is the term itself or too far from it."""
    if bare == term:
        return _SCORES.get(len(term), _LONG_SCORE) if written != term else 0.0
    if _LATIN.search(bare):
        return _PINYIN_SCORE
    changed = [(old, new) for old, new in zip(bare, term, strict=False) if old != new]
    nearly = sum(syllables().get(old) != syllables().get(new) for old, new in changed)
    if nearly > len(term) - 2:
        return 0.0
    penalty = nearly * _NEARLY_PENALTY + (_COMMON_PENALTY if all(_is_common(old) for old, _ in changed) else 0.0)
    return _SCORES.get(len(term), _LONG_SCORE) - penalty


def _kind(bare: str, term: str) -> str:
    if bare == term:
        return "symbol"
    if _LATIN.search(bare):
        return "pinyin"
    return "homophone" if all(map(_HAN.match, bare)) else "symbol"


def _is_common(character: str) -> bool:
    """Of the 3,755 characters of GB 2312's first level, which are those of everyday use."""
    try:
        return character.encode("gb2312") < b"\xd8"
    except UnicodeEncodeError:
        return False


def _cuts_a_word(form: Form, at: int) -> bool:
    """Whether a sign of the same Latin word stands on both sides of `at`."""
    return 0 < at < len(form.text) and form.starts[at - 1] == form.starts[at]


def _is_inside_a_word(text: str, start: int, end: int) -> bool:
    """Whether Latin letters at the borders of a range go on beyond it, or belong to an address."""
    before = bool(_LATIN.match(text[start])) and start > 0 and bool(_WORD_PART.match(text[start - 1]))
    return before or (
        end < len(text) and bool(_LATIN.match(text[end - 1])) and bool(_LATIN.match(text[end]) or text[end] in "@/._-")
    )


def _digits(text: str) -> Iterator[Restoration]:
    for match in _DIGIT_RUN.finditer(text):
        if _SPELT_DIGIT.search(match[0]):
            read = _SPELT_DIGIT.sub(lambda word: _DIGIT_VALUES[word[0]], match[0])
            yield Restoration("digit_word", *match.span(), "", re.sub("[ -]", "", read), "", _DIGITS_SCORE)


def _as_written(restoration: Restoration, joined: Form, tight: str) -> Restoration:
    start, end = joined.span(restoration.start, restoration.end)
    return restoration._replace(start=start, end=end, written=tight[start:end])


def _apart(found: Iterable[Restoration], length: int) -> list[Restoration]:
    """The surest and longest of those that overlap, in order of place; linear but for sorting."""
    taken = bytearray(length)
    kept: list[Restoration] = []
    for one in sorted(found, key=lambda one: (-one.score, one.start - one.end, one.start)):
        if taken.find(1, one.start, one.end) < 0:
            taken[one.start : one.end] = b"\x01" * (one.end - one.start)
            kept.append(one)
    return sorted(kept, key=lambda one: one.start)


def evasion_score(restorations: Iterable[Restoration]) -> float:
    """How sure that something is hidden, in [0, 1]: the chance that one of them is right, were they independent.

    Pieces and digits that restore no term count half.
    """
    innocent = 1.0
    for restoration in restorations:
        innocent *= 1.0 - restoration.score * (1.0 if restoration.category else 0.5)
    return 1.0 - innocent


def deep_edits(restorations: Iterable[Restoration]) -> list[Edit]:
    """What turns tight text into deep text: sure terms, joined characters, digits."""
    return [Edit(one.start, one.end, one.read) for one in restorations if not one.category or one.score >= SURE]


@cache
def built_in_restorer() -> Restorer:
    """For the targets that ship with Anlan (`targets.yaml`)."""
    return Restorer(built_in_targets(), built_in_spellings(), ordinary_spellings())
