"""What alerts came to: how many were read, followed, dismissed and wrong, by scenario and by arm, with intervals."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from anlan.domain.alerts import ALERT_STATES
from anlan.domain.prevented_loss import wilson

ANSWERED = ("helped", "wrong", "dismissed", "stopped", "went_on")
WRONG_SHARE = 0.2
FEWEST_WRONG = 10


class Share(NamedTuple):
    """A share with its 95 % interval, 0 to 1."""

    hits: int
    total: int
    share: float
    low: float
    high: float


class Cohort(NamedTuple):
    """Alerts that have something in common, by what happened to them."""

    name: str
    counts: Mapping[str, int]

    @property
    def made(self) -> int:
        """All of them, held back or not."""
        return sum(self.counts.get(state, 0) for state in ALERT_STATES)

    @property
    def told(self) -> int:
        """Those that can be read."""
        return self.counts.get("sent", 0) + self.counts.get("quiet", 0)

    def rate(self, what: str) -> Share:
        """How many of the told ones were `what`."""
        return share_of(self.counts.get(what, 0), self.told)


def share_of(hits: int, total: int) -> Share:
    """`hits` of `total` with the interval."""
    hits = min(hits, total)
    return Share(hits, total, hits / total if total else 0.0, *wilson(hits, total))


def cohorts(counts: Iterable[tuple[str, str, int]]) -> list[Cohort]:
    """By name, the largest first; takes (name, what happened, how many)."""
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for name, what, alerts in counts:
        found[name][what] += alerts
    return sorted((Cohort(name, kept) for name, kept in found.items()), key=lambda one: (-one.made, one.name))


def is_often_wrong(counts: Mapping[str, int]) -> bool:
    """Whether members say too often that a policy's alerts are wrong, beyond bad luck: of those who answer at all."""
    wrong, answered = counts.get("wrong", 0), sum(counts.get(answer, 0) for answer in ANSWERED)
    return wrong >= FEWEST_WRONG and wilson(min(wrong, answered), answered)[0] > WRONG_SHARE
