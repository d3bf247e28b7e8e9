"""How many of the last week's messages reach each threshold; read from the journal and kept for a minute."""

from collections.abc import Mapping
from itertools import accumulate
from threading import Lock
from typing import NamedTuple

from anlan import clock
from anlan.domain.ports import AnalyticJournal
from anlan.domain.sql_text import quoted
from anlan.domain.text_scores import HARM_SIGNAL, SCORE_SIGNALS
from anlan.errors import TookTooLong

DAYS = 7
KEPT_S = 60.0
WITHIN_S = 10.0
STEPS = 1_000
SIGNALS = SCORE_SIGNALS | {"harm": HARM_SIGNAL}


class Volume(NamedTuple):
    """One score over the messages of the last `DAYS` days.

    Attributes:
        messages: that have the score.
        reaching: how many score at least i / `STEPS`, by i.
    """

    messages: int
    reaching: tuple[int, ...]

    def at(self, threshold: float) -> int:
        """How many score at least `threshold`, to a thousandth."""
        return self.reaching[min(max(round(threshold * STEPS), 0), STEPS)]


class Volumes:
    """All scores at once, because the journal is read once for all of them."""

    def __init__(self, analysis: AnalyticJournal) -> None:
        self._analysis = analysis
        self._lock = Lock()
        self._read_at = float("-inf")
        self._found: Mapping[str, Volume] = {}

    def read(self) -> Mapping[str, Volume]:
        """By category; empty where the journal could not be read in time or never saw a score."""
        with self._lock:
            now = clock.now()
            if now - self._read_at > KEPT_S:
                self._found, self._read_at = self._count(now), now
            return self._found

    def _count(self, now: float) -> Mapping[str, Volume]:
        try:
            with self._analysis.view(WITHIN_S) as view:
                relation = view.relation(now - DAYS * 86_400.0)
                known = {name: signal for name, signal in SIGNALS.items() if signal in view.columns}
                parts = [_histogram(name, signal, relation) for name, signal in known.items()]
                rows = view.run(" UNION ALL ".join(parts)) if parts else []
        except TookTooLong:
            return {}
        counts = {name: [0] * (STEPS + 1) for name in known}
        for name, step, count in rows:
            counts[name][min(max(int(step), 0), STEPS)] = count
        return {name: volume_of(steps) for name, steps in counts.items() if any(steps)}


_HISTOGRAM = """
SELECT '{name}', CAST(floor({column} * {steps} + 0.000001) AS INTEGER) AS step, count(*)
FROM {relation} WHERE _type = 'message.sent' AND {column} IS NOT NULL GROUP BY step
"""
"""A score that is a round thousandth stays one, though it is stored in binary."""


def _histogram(name: str, signal: str, relation: str) -> str:
    return _HISTOGRAM.format(name=name, column=quoted(signal), steps=STEPS, relation=relation)


def volume_of(steps: list[int]) -> Volume:
    """The volume of a histogram in thousandths."""
    reaching = tuple(accumulate(reversed(steps)))[::-1]
    return Volume(reaching[0], reaching)
