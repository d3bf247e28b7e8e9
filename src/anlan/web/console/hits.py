"""How often each policy held, hour by hour, live and in shadow; read from the journal and kept for half a minute."""

from collections import defaultdict
from collections.abc import Mapping
from threading import Lock
from typing import NamedTuple

from anlan import clock
from anlan.domain.ports import AnalyticJournal

HOUR_S = 3_600.0
HOURS = 24
KEPT_S = 30.0

_SQL = """
SELECT found.policy, CAST(floor(_time / 3600) AS BIGINT), count(*)
FROM (SELECT _time, unnest({column}) AS found FROM {relation}) GROUP BY ALL
"""


class HourlyHits(NamedTuple):
    """Hits by hour of event time over the last 24 hours, oldest first.

    Attributes:
        starts: when each hour began.
    """

    starts: tuple[float, ...]
    live: tuple[int, ...]
    shadow: tuple[int, ...]

    @property
    def hourly(self) -> list[int]:
        """Live and shadow together."""
        return [live + shadow for live, shadow in zip(self.live, self.shadow, strict=True)]

    @property
    def points(self) -> list[tuple[float, int, int]]:
        """(start, all, live) of each hour."""
        return list(zip(self.starts, self.hourly, self.live, strict=True))


class Hits:
    """Counts for all policies at once, because the journal is read once for all of them."""

    def __init__(self, analysis: AnalyticJournal) -> None:
        self._analysis = analysis
        self._lock = Lock()
        self._read_at = float("-inf")
        self._counts: Mapping[tuple[str, bool, int], int] = {}

    def of(self, policy_id: str) -> HourlyHits:
        """The last 24 hours of one policy."""
        with self._lock:
            now = clock.now()
            if now - self._read_at > KEPT_S:
                self._counts, self._read_at = self._count(now), now
        last = int(self._read_at // HOUR_S)
        hours = range(last - HOURS + 1, last + 1)
        return HourlyHits(
            tuple(hour * HOUR_S for hour in hours),
            tuple(self._counts.get((policy_id, True, hour), 0) for hour in hours),
            tuple(self._counts.get((policy_id, False, hour), 0) for hour in hours),
        )

    def _count(self, now: float) -> Mapping[tuple[str, bool, int], int]:
        counts: defaultdict[tuple[str, bool, int], int] = defaultdict(int)
        with self._analysis.view() as view:
            relation = view.relation((now // HOUR_S - HOURS + 1) * HOUR_S)
            for column, is_live in (("_findings", True), ("_shadow", False)):
                sql = _SQL.format(column=column, relation=relation)
                for policy, hour, count in view.run(sql):
                    counts[policy, is_live, hour] += count
        return counts
