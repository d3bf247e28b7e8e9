"""Law 7: every automatic action has a fuse. Past a policy's quota, or when its hit rate jumps, cases replace actions.

Event time only. Hits and events are counted in one-minute buckets, so memory is bounded by policies, not by traffic.
"""

from collections import defaultdict, deque
from math import sqrt

import msgspec

from anlan.domain.decisions import Fuse
from anlan.domain.policies import Policy

BUCKET_S = 60.0
RECENT_S = 600.0
BASELINE_S = 86_400.0
JUMP_RATIO = 5.0
"""A jump is at least this many times the baseline share of events hit."""
JUMP_Z = 6.0
"""And this many standard deviations of a binomial with the baseline share above its mean."""
JUMP_MIN_HITS = 20
JUMP_MIN_BASELINE_EVENTS = 1_000
BLOWN_S = 3_600.0
"""A jump fuse stays blown this long unless staff resets it."""


class _Buckets:
    """Counts per minute over the baseline window, newest last; late events go to the newest bucket at most."""

    __slots__ = ("rows", "total")

    def __init__(self, rows: list[list[float]] | None = None) -> None:
        self.rows: deque[list[float]] = deque(rows or [])
        self.total = sum(count for _, count in self.rows)

    def add(self, time: float) -> None:
        self.total += 1
        if self.rows and self.rows[-1][0] > time - BUCKET_S:
            self.rows[-1][1] += 1
            return
        self.rows.append([time // BUCKET_S * BUCKET_S, 1])
        while self.rows[0][0] < time - BASELINE_S:
            self.total -= self.rows.popleft()[1]

    def since(self, time: float) -> float:
        total = 0.0
        for start, count in reversed(self.rows):
            if start <= time - BUCKET_S:
                break
            total += count
        return total


class _Saved(msgspec.Struct):
    events: dict[str, list[list[float]]]
    hits: dict[str, list[list[float]]]
    spent: dict[str, list[float]]
    blown: dict[str, float]
    reset_at: dict[str, float]


class Fuses:
    """The fuses of all policies of this process.

    `seen` is called once per event and policy hit; it says which fuse, if any, is blown for that hit.
    """

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Forget everything; every fuse is whole."""
        self._events: defaultdict[str, _Buckets] = defaultdict(_Buckets)
        self._hits: defaultdict[str, _Buckets] = defaultdict(_Buckets)
        self._spent: defaultdict[str, deque[float]] = defaultdict(deque)
        self._blown_until: dict[str, float] = {}
        self._reset_at: dict[str, float] = {}
        self._last_trip: dict[tuple[str, Fuse], float] = {}
        self._new_trips: list[tuple[str, Fuse, float]] = []

    def count_event(self, event_type: str, time: float) -> None:
        """One more event of this type was judged."""
        self._events[event_type].add(time)

    def check_hit(self, policy: Policy, time: float, *, is_friction_only: bool = False) -> Fuse | None:
        """Count a hit of a live, enforcing policy; the fuse that is blown for it, or None to let it act.

        Args:
            is_friction_only: the policy only asks members to prove themselves. A jump then tells staff but changes
                nothing: an attack is a jump too, and the door must not open because of it. The quota still holds.
        """
        self._hits[policy.id].add(time)
        if self._has_jumped(policy, time) and not is_friction_only:
            return "jump"
        return "quota" if self._is_over_quota(policy, time) else None

    def take_trips(self) -> list[tuple[str, Fuse, float]]:
        """(policy, fuse, event time) of the fuses that have blown since the last call."""
        taken, self._new_trips = self._new_trips, []
        return taken

    def reset(self, policy_id: str) -> None:
        """Staff looked and lets the policy act again; the last ten minutes become part of its baseline."""
        self._blown_until.pop(policy_id, None)
        self._spent.pop(policy_id, None)
        if rows := self._hits[policy_id].rows:
            self._reset_at[policy_id] = rows[-1][0] + BUCKET_S

    def blown(self, time: float) -> dict[str, float]:
        """Policies whose jump fuse is blown, with the event time at which it closes again."""
        return {policy: until for policy, until in self._blown_until.items() if until > time}

    def _has_jumped(self, policy: Policy, time: float) -> bool:
        if self._blown_until.get(policy.id, 0.0) > time:
            return True
        since = max(time - RECENT_S, self._reset_at.get(policy.id, 0.0))
        recent_hits = self._hits[policy.id].since(since)
        if recent_hits < JUMP_MIN_HITS:
            return False
        recent = sum(self._events[name].since(since) for name in policy.on)
        baseline = sum(self._events[name].total for name in policy.on) - recent
        if baseline < JUMP_MIN_BASELINE_EVENTS:
            return False
        usual = min(1.0, (self._hits[policy.id].total - recent_hits + 1) / (baseline + 1))
        expected = usual * recent
        if recent_hits < JUMP_RATIO * expected or recent_hits - expected < JUMP_Z * sqrt(expected * (1 - usual)):
            return False
        self._blow(policy.id, "jump", time)
        self._blown_until[policy.id] = time + BLOWN_S
        return True

    def _is_over_quota(self, policy: Policy, time: float) -> bool:
        if policy.quota is None:
            return False
        allowed, per_s = policy.quota
        spent = self._spent[policy.id]
        now = max(time, spent[-1]) if spent else time  # a late event must not find a quota of its own in the past
        while spent and spent[0] <= now - per_s:
            spent.popleft()
        if len(spent) < allowed:
            spent.append(now)
            return False
        if self._last_trip.get((policy.id, "quota"), -per_s) <= time - per_s:
            self._blow(policy.id, "quota", time)
        return True

    def _blow(self, policy_id: str, fuse: Fuse, time: float) -> None:
        self._last_trip[policy_id, fuse] = time
        self._new_trips.append((policy_id, fuse, time))

    def snapshot(self) -> bytes:
        """Everything above as bytes, for the same commit as the counters."""
        events, hits = ({name: list(b.rows) for name, b in part.items()} for part in (self._events, self._hits))
        spent = {name: list(times) for name, times in self._spent.items()}
        return msgspec.msgpack.encode(_Saved(events, hits, spent, self._blown_until, self._reset_at))

    def restore(self, body: bytes) -> None:
        """Take over a snapshot; what is in memory is replaced, by whole fuses if the snapshot is of another form."""
        self.clear()
        try:
            saved = msgspec.msgpack.decode(body, type=_Saved)
        except msgspec.DecodeError:
            return
        self._events.update({name: _Buckets(rows) for name, rows in saved.events.items()})
        self._hits.update({name: _Buckets(rows) for name, rows in saved.hits.items()})
        self._spent.update({name: deque(times) for name, times in saved.spent.items()})
        self._blown_until, self._reset_at = saved.blown, saved.reset_at
