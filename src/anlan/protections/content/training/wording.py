"""Decides what ships about how Chinese is worded: how often characters, and pairs of them, are used."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from math import log2

from anlan.domain.text_scores import TEXT_CATEGORIES
from anlan.protections.content.decoding import EDGE
from anlan.protections.content.folding import fold
from anlan.protections.content.targets import built_in_targets
from anlan.protections.content.training.corpora import Row
from anlan.protections.content.training.sentences import Writer

MIN_PAIR_USES = 4
_WORD_WEIGHT, _PHRASE_WEIGHT, _TERM_WEIGHT = 0.05, 0.5, 20.0
_SET_WEIGHTS = {"teleantifraud_dialogues": 0.3, "davidson": 0.0, "sms_spam_collection": 0.0}
_PHRASES = 2000
_SEED = 1
_RUN = re.compile("[\u4e00-\u9fff]+")


class Wording:
    """Counts over a word list, the texts that teach, our own phrases and the targets."""

    def __init__(self, words: Mapping[str, int], rows: Iterable[Row]) -> None:
        self.uses: Counter[str] = Counter()
        self.pairs: Counter[str] = Counter()
        for word, uses in words.items():
            self._add(word, uses * _WORD_WEIGHT)
        for row in rows:
            if row.part == "train":
                self._add(fold(row.text).plain, _SET_WEIGHTS.get(row.set, 1.0))
        writer = Writer(_SEED, {"porn": ["色情"], "abuse": ["混蛋"]})
        for category in TEXT_CATEGORIES:
            for row in writer.write(category, _PHRASES):
                self._add(row.text, _PHRASE_WEIGHT)
        for target in built_in_targets():
            self._add(target.text, _TERM_WEIGHT)

    def _add(self, text: str, weight: float) -> None:
        for run in _RUN.findall(text) if weight else ():
            bounded = f"{EDGE}{run}{EDGE}"
            for character in bounded[1:]:
                self.uses[character] += weight  # type: ignore[assignment]  # typeshed counts in int
            for at in range(len(bounded) - 1):
                self.pairs[bounded[at : at + 2]] += weight  # type: ignore[assignment]  # likewise

    def write_uses(self) -> str:
        """A level as a letter (`a` once, each further letter twice as often), then the characters used so often."""
        levels: dict[str, list[str]] = {}
        for character in sorted(one for one, uses in self.uses.items() if uses >= 1):
            levels.setdefault(_letter(self.uses[character]), []).append(character)
        return "".join(f"{letter}{''.join(levels[letter])}\n" for letter in sorted(levels))

    def write_pairs(self) -> str:
        """A character, then for each level its letter and the characters that follow so often."""
        followers: dict[str, dict[str, list[str]]] = {}
        for pair in sorted(one for one, uses in self.pairs.items() if uses >= MIN_PAIR_USES):
            followers.setdefault(pair[0], {}).setdefault(_letter(self.pairs[pair]), []).append(pair[1])
        return "".join(
            f"{first} {' '.join(letter + ''.join(groups[letter]) for letter in sorted(groups))}\n"
            for first, groups in followers.items()
        )


def _letter(uses: float) -> str:
    return chr(ord("a") + int(log2(uses)))
