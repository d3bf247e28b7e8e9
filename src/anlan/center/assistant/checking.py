"""Decides whether a line that a language model wrote may be shown in place of ours; in doubt it may not.

Nothing here asks whether a line is good. It asks whether the line could hold anything that ours does not: what repeats
a sentence of ours word for word is taken away first, and the rest may have no number, link, foreign word or dangerous
verb.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Literal, NamedTuple

import msgspec
import yaml

from anlan.center.assistant.composing import built_in_words
from anlan.domain.consultation_turns import Grounds, Part
from anlan.domain.consultations import Sureness
from anlan.domain.scenarios import Scenario, Words

Fault = Literal[
    "form", "citation", "length", "number", "characters", "language", "unknown_words", "verdict", "secret", "action",
    "assurance", "certainty", "compliance", "blame", "instructions",
]
"""Why a line is not shown."""

LEAST_REPEATED_CHARS = 6
"""A shorter sentence of ours is not taken away: too much can be said around it."""
MOST_STRANGE_PAIRS = 0.4
"""The share of pairs of Chinese characters that ours need not have."""
MOST_BETWEEN_CHARS = 12
"""Between how sure a verdict is and what it is of."""

_SENTENCE = re.compile(r"[^。！？!?\n]+?(?:[。！？!?\n]|\.(?=\s|$)|$)")
_PLAIN = re.compile(r"[\w\s,.!?;:'\"“”‘’()（），。！？；：、—–…-]*")
_NUMBER = re.compile(r"\d|[一二三四五六七八九十百千万亿两]+(?:元|块|万|千|百|亿|天|小时|分钟|号|个月)|"
                     r"\b(?:ten|twenty|thirty|fifty|hundred|thousand|million|dollars?|euros?|pounds?|yuan)\b")
_LINK = re.compile(r"\w\.\w|\bdot\b|://|@|\bwww\b|点com|\bcom\b")
_JUDGES = re.compile(r"fraud|scam|trick|cheat|swindle|骗|诈|套路")
"""Whether something is a fraud is said by a verdict alone."""
_SURER = re.compile(r"likely|probab|clearly|很可能|多半|八成|概率|明显")
_WORD, _CHINESE = re.compile(r"[a-z']+"), re.compile(r"[\u4e00-\u9fff]+")


class WordingBook(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`wording.yaml`."""

    id: str
    version: int
    instructions: str
    hedges: dict[Sureness, Words]
    never: dict[Fault, list[str]]
    turned: list[str]
    everyday: dict[str, str]

    def hedge(self, sureness: Sureness, language: str) -> str:
        """The words that a verdict of this sureness has; empty for none."""
        return self.hedges[sureness][language] if sureness in self.hedges else ""


@cache
def built_in_wording() -> WordingBook:
    """The instructions and prohibitions that ship with Anlan."""
    text = resources.files(__package__).joinpath("wording.yaml").read_text("utf-8")
    return msgspec.convert(yaml.safe_load(text), WordingBook)


class _Vocabulary(NamedTuple):
    """What ours say: English words, Chinese characters and pairs of them."""

    words: frozenset[str]
    characters: frozenset[str]
    pairs: frozenset[str]

    def has(self, text: str, language: str) -> bool:
        if language == "en":
            return self.words.issuperset(_WORD.findall(text))
        runs = _CHINESE.findall(text)
        pairs = _pairs(runs)
        strange = sum(pair not in self.pairs for pair in pairs)
        return self.characters.issuperset("".join(runs)) and strange <= MOST_STRANGE_PAIRS * len(pairs)


def _pairs(runs: Iterable[str]) -> list[str]:
    return [run[at : at + 2] for run in runs for at in range(len(run) - 1)]


class LineCheck:
    """Holds what the lines of one answer may rest upon."""

    def __init__(self, grounds: Grounds) -> None:
        self._grounds = grounds
        self._book = built_in_wording()
        own = [fold(text) for text in _own_texts(grounds)]
        sentences = {sentence for text in own for sentence in (text, *_sentences(text))}
        self._repeatable = sorted(
            (each for each in sentences if len(each) >= LEAST_REPEATED_CHARS), key=len, reverse=True
        )
        self._vocabulary = _vocabulary_of([*own, *_all_words(grounds)], self._book, grounds.language)

    def fault(self, draft: Part, line: str) -> Fault | None:
        """Why `line` must not stand for `draft`; None when it may."""
        text = fold(line)
        if not text or len(text) > 2 * len(draft.text) + 60:
            return "length"
        rest = self._own_taken_away(text)
        if not _PLAIN.fullmatch(line):
            return "characters"
        if _NUMBER.search(rest) or _LINK.search(rest):
            return "number"
        if not self._is_in_language(rest):
            return "language"
        for fault, pattern in _never().items():
            if pattern.search(rest):
                return fault
        if not (self._is_verdict(text, rest) if draft.name == "verdict" else not _JUDGES.search(rest)):
            return "verdict"
        return None if self._vocabulary.has(rest, self._grounds.language) else "unknown_words"

    def _own_taken_away(self, text: str) -> str:
        for sentence in self._repeatable:
            text = text.replace(sentence, " ")
        return text

    def _is_in_language(self, text: str) -> bool:
        letters = [each for each in text if each.isalpha()]
        if self._grounds.language == "en":
            return all(each.isascii() for each in letters)
        return all(_CHINESE.match(each) for each in letters)

    def _is_verdict(self, text: str, rest: str) -> bool:
        """Whether it names the scenario, is as sure as we are, and turns nothing into its opposite."""
        scenario, language, sureness = self._grounds.scenario, self._grounds.language, self._grounds.known.sureness
        hedge = self._book.hedge(sureness, language)
        if scenario is None or not hedge or _turns(rest) or (sureness == "possible" and _SURER.search(rest)):
            return False
        title = re.escape(fold(scenario.title[language]))
        return bool(re.search(rf"{re.escape(hedge)}.{{0,{MOST_BETWEEN_CHARS}}}{title}", text))


@cache
def _never() -> Mapping[Fault, re.Pattern[str]]:
    return {fault: re.compile("|".join(patterns)) for fault, patterns in built_in_wording().never.items()}


def _turns(text: str) -> bool:
    return any(re.search(pattern, text) for pattern in built_in_wording().turned)


def fold(text: str) -> str:
    """One width, lower case, straight quotes, single blanks."""
    folded = unicodedata.normalize("NFKC", text).lower()
    return " ".join(re.sub("[\u2018\u2019]", "'", re.sub("[\u201c\u201d]", '"', folded)).split())


def _sentences(text: str) -> list[str]:
    return [sentence.strip() for sentence in _SENTENCE.findall(text)]


def _own_texts(grounds: Grounds) -> list[str]:
    """What a line may repeat: the draft and the scenario's summary and title."""
    texts = [part.text for part in grounds.draft if part.kind == "text"]
    scenario, language = grounds.scenario, grounds.language
    return [*texts, scenario.summary[language], scenario.title[language]] if scenario else texts


def _all_words(grounds: Grounds) -> list[str]:
    """Everything that the assistant says by itself, and the scenario with its signs."""
    language, scenario = grounds.language, grounds.scenario
    texts = [saying.zh if language == "zh" else saying.en for saying in built_in_words().says.values()]
    return [fold(text) for text in (*texts, *(scenario_texts(scenario, language).values() if scenario else ()))]


def _vocabulary_of(texts: Sequence[str], book: WordingBook, language: str) -> _Vocabulary:
    runs = [run for text in texts for run in _CHINESE.findall(text)]
    words = {word for text in (*texts, book.everyday.get(language, "")) for word in _WORD.findall(text)}
    return _Vocabulary(frozenset(words), frozenset("".join(runs)), frozenset(_pairs(runs)))


def scenario_texts(scenario: Scenario, language: str) -> dict[str, str]:
    """What a model is shown of a scenario, by the ids that it cites: S1 the title, S2 the summary, then the signs."""
    texts = [scenario.title[language], scenario.summary[language], *(sign.says[language] for sign in scenario.signs)]
    return {f"S{place}": text for place, text in enumerate(texts, 1)}
