"""How the day goes, by event time: what was decided since midnight, and minute by minute over the last hour."""

from threading import Lock
from typing import NamedTuple

from anlan.domain.ports import AnalyticJournal, JournalView

MINUTES = 60
KEPT_S = 5.0
TOP_POLICIES = 6

_VERDICTS = "SELECT coalesce(_verdict, 'allow'), count(*) FROM {relation} GROUP BY 1"
_BY_MINUTE = """
SELECT CAST(floor(_time / 60) AS BIGINT), count(*), count_if(_verdict <> 'allow') FROM {relation} GROUP BY 1
"""
_BY_POLICY = """
SELECT found.policy, count(*) FROM (SELECT unnest(_findings) AS found FROM {relation})
GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {limit}
"""


class Figures(NamedTuple):
    """What the overview shows.

    Attributes:
        verdicts: events since midnight by verdict.
        minutes: (start, events, those not simply allowed) of each of the last minutes, oldest first, the present
            one left out because it is not over.
        policies: (policy, findings) of live policies since midnight, most first.
    """

    verdicts: dict[str, int]
    minutes: tuple[tuple[float, int, int], ...]
    policies: tuple[tuple[str, int], ...]


class Pulse:
    """Figures of one moment, kept for a few seconds, so that many open pages cost as much as one."""

    def __init__(self, analysis: AnalyticJournal) -> None:
        self._analysis = analysis
        self._lock = Lock()
        self._read_at = float("-inf")
        self._figures = Figures({}, (), ())

    def read(self, midnight: float, now: float) -> Figures:
        """The figures of `now`, at most `KEPT_S` old."""
        with self._lock:
            if now - self._read_at > KEPT_S:
                with self._analysis.view() as view:
                    self._figures = Figures(_verdicts(view, midnight), _minutes(view, now), _policies(view, midnight))
                self._read_at = now
            return self._figures


def _verdicts(view: JournalView, midnight: float) -> dict[str, int]:
    return dict(view.run(_VERDICTS.format(relation=view.relation(midnight))))


def _minutes(view: JournalView, now: float) -> tuple[tuple[float, int, int], ...]:
    last = int(now // 60)
    rows = view.run(_BY_MINUTE.format(relation=view.relation((last - MINUTES) * 60.0, last * 60.0)))
    counts = {minute: (total, notable) for minute, total, notable in rows}
    return tuple((minute * 60.0, *counts.get(minute, (0, 0))) for minute in range(last - MINUTES, last))


def _policies(view: JournalView, midnight: float) -> tuple[tuple[str, int], ...]:
    rows = view.run(_BY_POLICY.format(relation=view.relation(midnight), limit=TOP_POLICIES))
    return tuple((policy, count) for policy, count in rows)
