"""Decides what a member means: intents and facts by `cues.yaml`, in their own voice, never in words that they quote."""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib import resources
from typing import NamedTuple

import msgspec
import yaml

from anlan.center.assistant.telling import direct_speech
from anlan.domain.consultations import FACTS, INTENTS, Fact, Heard, Intent
from anlan.domain.scenarios import Quote, Speaker

QUOTED_CHARS = 60
LEAST_TELLING_CHARS = 10
"""Shorter words tell of no situation unless a fact is among them."""
WHOLE_CHARS, WIDE_CHAR = 120, 3
"""From here on somebody told their story at once; a Chinese character says as much as three Latin ones."""

_QUOTED = re.compile(r"[“「『\"]([^”」』\"]{2,})[”」』\"]|(?m:^[^\S\n]*[>＞]\s?(.+)$)|【[^】]{1,20}】[^\n]{8,}")

_THEIRS = (
    r"对方|他|她|骗子|客服|老板|领导|老师|卖家|买家|陌生人|网友|群主|警官|"
    r"him|her|he|she|they|them|seller|buyer|scammer|stranger|caller|agent|support|boss|mentor"
)
_CHAT_LINE = re.compile(rf"(?im:^[^\S\n]*(?P<who>{_THEIRS}|我|me|i)\s*[:：]\s*(?P<said>.+)$)")
"""A line of a chat that was pasted with who said it."""
_MINE = frozenset(("我", "me", "i"))

_OPENING = str.maketrans(dict.fromkeys("“「『", "\u301d"))
_CLOSING = "”」』\""

_CLAUSE_END = re.compile(r"[，。！？；：,!?;:\n]|\.(?=\s|$)")

_DEMANDED = re.compile(
    r"[让叫要催](?:我|您|你)?(?:先|再|赶紧|马上)?把[^，。！？,!?\n]{1,20}[付转汇打充交](?:过去|出去)?了"
)
"""What somebody wants done reads in Chinese as if it were done."""

_WIDE = re.compile(r"[\u3040-\u9fff]")

_WORD_BEFORE, _WORD_AFTER = re.compile(r"[A-Za-z']+$"), re.compile(r"[A-Za-z']+")

Cues = Mapping[str, re.Pattern[str]]


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    intents: dict[Intent, list[str]]
    facts: dict[Fact, dict[str, list[str]]]


class CueBook(NamedTuple):
    """Every cue, ready to be looked for."""

    intents: Mapping[Intent, re.Pattern[str]]
    facts: Mapping[Fact, Cues]

    def hear(self, words: str) -> Heard:
        """What a member means by these words; linear in their length but for a few hundred alternatives."""
        own = fold(own_voice(words))
        intents = self._intents(_DEMANDED.sub(" ", own))
        facts = {name: found for name in FACTS if (found := _names(self.facts[name], fold(words)))}
        is_telling = bool(facts) or len(own.strip()) >= LEAST_TELLING_CHARS or len(own) < len(words)
        length = len(words) + (WIDE_CHAR - 1) * len(_WIDE.findall(words))
        return Heard(
            intents=frozenset(intents), facts=facts, is_telling=is_telling, is_long=length >= WHOLE_CHARS
        )

    def _intents(self, own: str) -> set[Intent]:
        found: set[Intent] = set()
        for intent in INTENTS:
            pattern = self.intents.get(intent)
            if pattern is None:
                continue
            if pattern.search(own):
                found.add(intent)
            if intent in _HIDES_LATER:
                own = pattern.sub(" ", own)
        return found


_HIDES_LATER: frozenset[Intent] = frozenset(("not_paid",))
"""What is read as these is taken away, so that it is not read as its opposite."""


def _names(cues: Cues, text: str) -> tuple[str, ...]:
    return tuple(name for name, pattern in cues.items() if pattern.search(text))


def fold(text: str) -> str:
    """The text as cues are written: one width, lower case, straight apostrophes."""
    folded = unicodedata.normalize("NFKC", text)[: 2 * len(text)]  # some signs stand for eighteen
    return folded.lower().replace("\u2019", "'")


def _without_open_ends(words: str) -> str:
    """The words with no opening quote behind the last closing one: each would be looked for an end in vain."""
    end = 1 + max(map(words.rfind, _CLOSING))
    return words[:end] + words[end:].translate(_OPENING)


def own_voice(words: str) -> str:
    """What the member says themselves, without what they quote or paste from a message."""
    return _QUOTED.sub(" ", _CHAT_LINE.sub(" ", _without_open_ends(words)))


def spoken_parts(words: str) -> list[tuple[Speaker, str]]:
    """Who says what in these words: quoted parts are the other side's, lines of a pasted chat whose they say they are;
    of the rest one cannot tell."""
    parts: list[tuple[Speaker, str]] = [
        ("me" if match["who"].lower() in _MINE else "them", match["said"]) for match in _CHAT_LINE.finditer(words)
    ]
    told = _CHAT_LINE.sub(" ", _without_open_ends(words))
    quoted = (next((part for part in match.groups() if part), match[0]) for match in _QUOTED.finditer(told))
    parts += [("them", part) for part in quoted]
    rest = own_voice(words).strip()
    return [*parts, ("unknown", rest)] if rest else parts


class Evidence(NamedTuple):
    """Everything that was told, for whoever recognises frauds.

    Attributes:
        parts: who says what.
        own: the member's own words behind each part.
    """

    parts: list[tuple[Speaker, str]]
    own: list[str]

    def own_words(self, quote: Quote) -> str:
        """What the member wrote of what is quoted: the same words, or the clause that they were turned from."""
        own, said = self.own[quote.text], self.parts[quote.text][1]
        if quote.words in own:
            return _whole_words(own, own.index(quote.words), len(quote.words))
        clauses, turned = _CLAUSE_END.split(own), _CLAUSE_END.split(said)
        place = len(_CLAUSE_END.findall(said, 0, quote.start))
        return clauses[place].strip()[:QUOTED_CHARS] if len(clauses) == len(turned) else ""


def _whole_words(text: str, start: int, length: int) -> str:
    """So many characters from `start` on, with the Latin words at both ends whole."""
    head, tail = _WORD_BEFORE.search(text, 0, start), _WORD_AFTER.match(text, start + length)
    left = head.start() if head and _WORD_AFTER.match(text, start) else start
    right = tail.end() if tail and _WORD_BEFORE.search(text, start, start + length) else start + length
    return text[left:right].strip()


def evidence_of(told: Iterable[str]) -> Evidence:
    """What was told, and for what the member tells of the other side that side's likely words too."""
    parts = [part for words in told for part in spoken_parts(words)]
    told_of = [text for speaker, text in parts if speaker == "unknown"]
    turned: list[tuple[Speaker, str]] = [("them", direct_speech(text)) for text in told_of]
    return Evidence([*parts, *turned], [*(text for _, text in parts), *told_of])


@cache
def built_in_cues() -> CueBook:
    """The cues that ship with Anlan (`cues.yaml`)."""
    text = resources.files(__package__).joinpath("cues.yaml").read_text("utf-8")
    found = msgspec.convert(yaml.safe_load(text), _File)
    return CueBook(
        {intent: _compiled(patterns) for intent, patterns in found.intents.items()},
        {name: {word: _compiled(patterns) for word, patterns in cues.items()} for name, cues in found.facts.items()},
    )


def _compiled(patterns: Sequence[str]) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns))
