"""Decides which fraud a talk is, for the members' center: by signs, moves and what the sentences mean.

The same signs as inline, with where they stand, and what a model taught by tellings makes of the words (`tellings.py`).
Scenarios that it was never taught, an operator's own, are known by their signs and by the examples nearest in meaning.
Without a sentence encoder it still works and says so (`knows_meaning`); without that model the signs speak alone.
"""

import math
import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple, Protocol

import numpy as np

from anlan.domain.scenarios import Quote, Recognised, Speaker, Understood
from anlan.protections.fraud.signs import SHARPNESS, SignBook
from anlan.protections.fraud.tellings import Encode, TellingModel, Told, Vectors

MAX_TEXTS = 30
MAX_CHARS = 2_000
ENCODED = 3
"""So many texts are looked at for their meaning, the last of the other side's, and all of them as one."""
ENCODED_CHARS, ENCODED_LATIN_CHARS = 64, 160
"""Of each, the same in meaning; the time grows with the length, and what is wanted shows early."""
LIKE_FROM, LIKE_FROM_LATIN = 0.5, 0.36
"""Cosine from which a text is like an example at all; what is told at length in English stays farther from any."""
LIKENESS_EVIDENCE, LIKENESS_EVIDENCE_LATIN = 5.0, 7.0
"""Evidence that a likeness of 1 adds, growing from nothing there."""
CONSULTED_AT = 2.2
"""As `signs.NOTHING_AT`, for whoever shows a talk to somebody: they have a reason to ask."""
SIGN_SHARE = 0.5
"""How much the evidence of a sign counts beside the model, in log-odds; fitted to talks that neither was taught."""
OFF_TOPIC_FROM = 0.5
WORTH_NAMING = 0.02
QUOTE_GAP_CHARS = 24
"""Words of one sign that stand no farther apart are quoted in one piece."""
QUOTE_CHARS = 30
"""A quote is widened to its clause, if that is no longer."""

Place = tuple[int, int]
_STOP = re.compile(r"[，。！？；：、,.!?;:\n]")
_NOWHERE: Place = (0, 0)
"""Of what is shown by no words, such as an address that stands there."""


class Heard(Protocol):
    """What is asked of one text that was listened to; see `protections.hearing.Heard`."""

    @property
    def tight(self) -> str: ...
    @property
    def moves(self) -> tuple[tuple[str, tuple[Place, ...]], ...]: ...
    @property
    def warns(self) -> bool: ...
    @property
    def has_handle(self) -> bool: ...
    @property
    def has_address(self) -> bool: ...
    def written(self, start: int, end: int) -> Place: ...


class _Shown(NamedTuple):
    """One sign in one of the texts, by its number."""

    sign: int
    text: int
    place: Place


class _Examples(NamedTuple):
    """Messages of known frauds; `vectors` has shape (examples, dimensions), rows of length 1."""

    scenarios: tuple[str, ...]
    vectors: Vectors


class Recogniser:
    """See `domain.ports.Recogniser`.

    Args:
        hear: listens to one text.
        encoder: gives the sentence encoder in force; None while there is none.
        tellings: reads what members tell; None where it cannot be loaded.
    """

    def __init__(
        self, book: SignBook, hear: Callable[[str], Heard], encoder: Callable[[], Encode | None],
        tellings: TellingModel | None = None,
    ) -> None:
        self._book, self._hear, self._encoder, self._tellings = book, hear, encoder, tellings

    @property
    def knows_meaning(self) -> bool:
        """Whether it goes by what the words mean too."""
        return self._encoder() is not None

    def recognise(self, texts: Sequence[tuple[Speaker, str]]) -> list[Recognised]:
        """See `domain.ports.Recogniser`; of very long talks, the last `MAX_TEXTS` texts are looked at."""
        return self.understand(texts, ()).frauds

    def understand(self, texts: Sequence[tuple[Speaker, str]], told: Sequence[str]) -> Understood:
        """See `domain.ports.Recogniser`."""
        first = max(0, len(texts) - MAX_TEXTS)
        recent = [(number, speaker, text[:MAX_CHARS]) for number, (speaker, text) in enumerate(texts)][first:]
        heard = [(number, speaker, self._hear(text)) for number, speaker, text in recent]
        shown = [one for number, speaker, each in heard for one in self._shown(number, speaker, each)]
        said = [
            text for (_, speaker, text), (_, _, each) in zip(recent, heard, strict=True)
            if speaker != "me" and text.strip() and not (each.warns and speaker == "them")
        ]
        read = self._read(told or said)
        chances = self._chances(self._book.evidence({one.sign for one in shown}, ()), said, read)
        named = sorted((name for name in chances if chances[name] >= WORTH_NAMING), key=lambda name: -chances[name])
        return Understood(
            [Recognised(name, chances[name], self._quotes(name, shown, texts, heard)) for name in named],
            is_off_topic=read is not None and read.off_topic >= OFF_TOPIC_FROM,
        )

    def _read(self, told: Sequence[str]) -> Told | None:
        if self._tellings is None or not any(words.strip() for words in told):
            return None
        return self._tellings.read(told, self._encoder())

    def _chances(self, evidence: Mapping[str, float], said: Sequence[str], read: Told | None) -> dict[str, float]:
        """Probability of each scenario; what is missing to 1 is "something else, or nothing"."""
        taught = self._tellings.scenarios if self._tellings is not None and read is not None else frozenset[str]()
        likeness = {} if taught.issuperset(self._book.names) else self._likeness(said)
        odds = {}
        for name in self._book.names:
            shown = evidence.get(name, 0.0)
            if read is not None and name in taught:
                odds[name] = math.exp(read.log_odds(name) + SIGN_SHARE * shown)
            elif found := shown + likeness.get(name, 0.0):
                odds[name] = math.exp(SHARPNESS * (found - CONSULTED_AT))
        total = 1.0 + sum(odds.values())
        return {name: each / total for name, each in odds.items()}

    def _shown(self, number: int, speaker: Speaker, heard: Heard) -> list[_Shown]:
        # Who is asked for help speaks of frauds; only what the other side says can be a warning.
        if heard.warns and speaker == "them":
            return []
        cued = self._book.find(heard.tight, has_handle=heard.has_handle, has_address=heard.has_address)
        found = [_Shown(sign, number, place) for sign, one in cued.items() for place in _joined(one.spans)]
        for move, places in heard.moves:
            standing = _joined(places) or (_NOWHERE,)
            found += [_Shown(sign, number, place) for sign in self._book.by_move(move) for place in standing]
        return found

    def _quotes(
        self, scenario: str, shown: Sequence[_Shown], texts: Sequence[tuple[Speaker, str]],
        heard: Sequence[tuple[int, Speaker, Heard]],
    ) -> tuple[Quote, ...]:
        by_number = {number: each for number, _, each in heard}
        found = set()
        for one in shown:
            owner, _, sign = self._book.ids[one.sign].partition(".")
            start, end = by_number[one.text].written(*one.place)
            if owner == scenario and end > start:
                start, end = _clause(texts[one.text][1], start, end)
                found.add(Quote(sign, texts[one.text][1][start:end], one.text, start, end))
        return tuple(sorted(found, key=lambda quote: (quote.text, quote.start, quote.sign)))

    def _likeness(self, texts: Sequence[str]) -> dict[str, float]:
        """Evidence by scenario from the examples that mean most nearly the same."""
        encode, asked = self._encoder(), [_early(text) for text in texts if text.strip()][-ENCODED:]
        if encode is None or not asked:
            return {}
        cosines = self._examples.vectors @ encode([" ".join(asked), *asked]).T
        likenesses = (cosines[:, 0] + cosines[:, 1:].max(axis=1)) / 2
        is_latin = all(text.isascii() for text in asked)
        least, most = (LIKE_FROM_LATIN, LIKENESS_EVIDENCE_LATIN) if is_latin else (LIKE_FROM, LIKENESS_EVIDENCE)
        best: dict[str, float] = defaultdict(float)
        for scenario, likeness in zip(self._examples.scenarios, likenesses.tolist(), strict=True):
            best[scenario] = max(best[scenario], (likeness - least) / (1 - least))
        return {scenario: most * share for scenario, share in best.items() if share > 0}

    @cached_property
    def _examples(self) -> _Examples:
        """Half a second at the first call."""
        encode: Any = self._encoder()
        rows = [
            (scenario.id, text) for scenario in self._book.scenarios
            for text in (*scenario.examples, *(said for step in scenario.stages for said in step.said))
        ]
        names, texts = zip(*rows, strict=True)
        return _Examples(names, np.concatenate([encode(texts[at : at + 64]) for at in range(0, len(texts), 64)]))


def _early(text: str) -> str:
    """As much of a text as is looked at for its meaning."""
    return text[: ENCODED_LATIN_CHARS if text[:ENCODED_LATIN_CHARS].isascii() else ENCODED_CHARS]


def _clause(text: str, start: int, end: int) -> Place:
    """The words around [start, end), up to the next stop on either side, as far as there is room for them."""
    room = max(0, QUOTE_CHARS - (end - start))
    before = _STOP.split(text[max(0, start - room) : start])[-1]
    start -= len(before)
    room -= len(before)
    after = _STOP.split(text[end : end + max(0, room)])[0]
    return start + len(before) - len(before.lstrip()), end + len(after.rstrip())


def _joined(places: Sequence[Place]) -> tuple[Place, ...]:
    """Places in order, those near each other as one."""
    joined: list[Place] = []
    for start, end in sorted(places):
        if joined and start - joined[-1][1] <= QUOTE_GAP_CHARS:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return tuple(joined)
