"""How far a reporter is to be believed on a topic, and how much that moves a case up; docs/decisions has the why.

A record is the decayed count of reports that were right (`alpha`) and wrong (`beta`) on one topic. Belief is the
Beta distribution over a uniform prior; what counts is its mean less one standard deviation, so that nobody is believed
before they have been right a few times, and a crowd of new accounts weighs nothing however large it is.
"""

from collections.abc import Iterable
from math import exp, sqrt

import msgspec

HALF_LIFE_S = 180 * 86_400.0
"""A report counts half as much after half a year: people change, and accounts change hands."""
OTHER_TOPICS_SHARE = 0.25
"""How much being right elsewhere tells about this topic."""
BRIGADE_COUNTS = 3.0
"""A wrong report that was part of a brigade counts as so many."""
MOST_LIFT_S = 12 * 3_600.0
"""All reports of a case together never move it further: less than what lies between two priorities."""


class Record(msgspec.Struct, frozen=True):
    """Reports that were right and wrong, as counted at `at` (wall-clock seconds)."""

    alpha: float
    beta: float
    at: float

    def decayed(self, now: float) -> "Record":
        """The same record as it counts at `now`; a clock that ran back changes nothing."""
        left: float = 0.5 ** (max(now - self.at, 0.0) / HALF_LIFE_S)
        return Record(self.alpha * left, self.beta * left, max(now, self.at))

    def with_answer(self, *, is_right: bool, now: float, counts: float = 1.0) -> "Record":
        """The record after one more answer."""
        old = self.decayed(now)
        return Record(old.alpha + counts * is_right, old.beta + counts * (not is_right), old.at)


NO_RECORD = Record(0.0, 0.0, 0.0)


def pooled(own: Record, others: Iterable[Record], now: float) -> Record:
    """The record on one topic with a share of those on the other topics."""
    mine, rest = own.decayed(now), [record.decayed(now) for record in others]
    return Record(
        mine.alpha + OTHER_TOPICS_SHARE * sum(record.alpha for record in rest),
        mine.beta + OTHER_TOPICS_SHARE * sum(record.beta for record in rest),
        now,
    )


def credibility(record: Record) -> float:
    """The cautious belief that the next report is right, in [0, 1): posterior mean less one standard deviation."""
    right, wrong = record.alpha + 1.0, record.beta + 1.0
    total = right + wrong
    return max(right / total - sqrt(right * wrong / (total * total * (total + 1.0))), 0.0)


def weight(record: Record) -> float:
    """How much a report weighs, in [0, 1): nothing up to a cautious belief of one half."""
    return max(2.0 * credibility(record) - 1.0, 0.0)


def lift_s(weight_sum: float) -> float:
    """Seconds by which reports that weigh so much together move a case up: each adds less than the one before."""
    return MOST_LIFT_S * (1.0 - exp(-weight_sum))
