"""Decides which fraud the signs point to: every scenario's signs as evidence, added up and calibrated."""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import NamedTuple

from anlan.domain.scenarios import Scenario
from anlan.engine.cues import Cue, CueBook, Shown
from anlan.errors import InvalidSettings
from anlan.protections.fraud.scenario_file import built_in_scenarios

GENERAL = "general"
"""What it is called when something is wrong and nobody knows which fraud it is."""
NOTHING_AT = 3.6
"""The evidence at which "some fraud" is as likely as "nothing"."""
SHARPNESS = 1.5
"""What evidence is multiplied with to be log-odds; both were fitted to development data, see README."""
CLEAR_SHARE = 0.34
"""Of the probability of all frauds, what one of them needs to be named; less is `GENERAL`."""

Numbers = frozenset[int]


class Likely(NamedTuple):
    """What signs make of a talk.

    Attributes:
        scenario: the most probable fraud, or `GENERAL`.
        log_odds: that it is some fraud, from the signs alone.
    """

    scenario: str
    log_odds: float

    @property
    def score(self) -> float:
        """The same as a probability."""
        return 1.0 / (1.0 + math.exp(-self.log_odds))


UNSUSPICIOUS = Likely(GENERAL, -SHARPNESS * NOTHING_AT)
"""A talk without any sign."""


class SignBook:
    """All signs of all scenarios by number, ready to be looked for and weighed.

    Args:
        moves: names of the dialogue moves that signs may name.

    Attributes:
        ids: of every sign, by its number.
        names: of the scenarios.

    Raises:
        InvalidSettings: a sign names a move that does not exist.
    """

    def __init__(self, scenarios: Iterable[Scenario], moves: Iterable[str]) -> None:
        self.scenarios = tuple(scenarios)
        self.names = tuple(one.id for one in self.scenarios)
        known, cues = frozenset(moves), []
        self._by_move: dict[str, list[int]] = defaultdict(list)
        self._signs: list[tuple[str, float]] = []
        self.ids = tuple(f"{one.id}.{sign.id}" for one in self.scenarios for sign in one.signs)
        for scenario in self.scenarios:
            for sign in scenario.signs:
                number = len(self._signs)
                self._signs.append((scenario.id, sign.weight))
                cues += [Cue(text, number) for text in sign.cues]
                for move in sign.moves:
                    if move not in known:
                        raise InvalidSettings(f"scenario {scenario.id}, sign {sign.id}: no dialogue move {move!r}")
                    self._by_move[move].append(number)
        self._number_of = {name: number for number, name in enumerate(self.ids)}
        self._cues = CueBook(cues)

    def find(self, text: str, *, has_handle: bool = False, has_address: bool = False) -> dict[int, Shown]:
        """The signs whose cues stand in folded text, by number."""
        return self._cues.find(text, has_handle=has_handle, has_address=has_address)

    def by_move(self, move: str) -> Sequence[int]:
        """The signs that this move shows."""
        return self._by_move.get(move, ())

    def numbers(self, names: str) -> Numbers:
        """The numbers of signs as `written` gives them; unknown ones are left out."""
        return frozenset([self._number_of[name] for name in names.split() if name in self._number_of])

    def written(self, numbers: Iterable[int]) -> str:
        """Names of signs, as decisions keep them: `coupon.hurry coupon.fee_first`."""
        return " ".join([self.ids[number] for number in sorted(numbers)])

    def evidence(self, cued: Iterable[int], moves: Iterable[str]) -> dict[str, float]:
        """Evidence by scenario; a sign counts once, however often and in whichever way it shows."""
        signs = set(cued)
        for move in moves:
            signs.update(self._by_move.get(move, ()))
        total: dict[str, float] = defaultdict(float)
        for number in signs:
            scenario, weight = self._signs[number]
            total[scenario] += weight
        return total

    def likeliest(self, cued: Iterable[int], moves: Iterable[str]) -> Likely:
        """What it most probably is."""
        odds = _odds(self.evidence(cued, moves), NOTHING_AT)
        if not odds:
            return UNSUSPICIOUS
        best, total = max(odds, key=lambda name: odds[name]), sum(odds.values())
        return Likely(best if odds[best] >= CLEAR_SHARE * total else GENERAL, math.log(total))


def probabilities(evidence: Mapping[str, float], nothing_at: float = NOTHING_AT) -> dict[str, float]:
    """Probability of each scenario; what is missing to 1 is "something else, or nothing"."""
    odds = _odds(evidence, nothing_at)
    total = 1.0 + sum(odds.values())
    return {scenario: each / total for scenario, each in odds.items()}


def _odds(evidence: Mapping[str, float], nothing_at: float) -> dict[str, float]:
    return {scenario: math.exp(SHARPNESS * (weight - nothing_at)) for scenario, weight in evidence.items()}


@cache
def built_in_signs(moves: tuple[str, ...]) -> SignBook:
    """The signs of the scenarios that ship with Anlan."""
    return SignBook(built_in_scenarios(), moves)
