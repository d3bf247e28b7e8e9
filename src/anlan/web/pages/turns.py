"""How often something that costs us work may be asked for: by everybody together, or from one network address."""

from collections import OrderedDict
from threading import Lock

from anlan import clock
from anlan.domain.places import network_of

MOST_PLACES = 50_000
"""Of so many a count is kept; whoever has been away longest begins anew."""


class Turns:
    """Lets `rate` turns a second through, and `burst` at once; kept in this process only."""

    def __init__(self, rate: float, burst: float) -> None:
        self._rate, self._burst = rate, burst
        self._left, self._at = burst, clock.stopwatch()
        self._lock = Lock()

    def take(self) -> bool:
        """Whether one more may be made now."""
        with self._lock:
            now = clock.stopwatch()
            self._left = min(self._burst, self._left + (now - self._at) * self._rate)
            self._at = now
            if self._left < 1:
                return False
            self._left -= 1
            return True

    def give_back(self, turns: float) -> None:
        """Let turns that were taken not have counted."""
        with self._lock:
            self._left = min(self._burst, self._left + turns)


class TurnsByAddress:
    """Likewise for each place by itself, an IPv4 address or an IPv6 network, so that nobody locks all others out."""

    def __init__(self, rate: float, burst: float) -> None:
        self._rate, self._burst = rate, burst
        self._turns: OrderedDict[str, Turns] = OrderedDict()
        self._lock = Lock()

    def of(self, ip: str) -> Turns:
        """The turns of the place that this address is in."""
        place = network_of(ip) or ip if ":" in ip else ip
        with self._lock:
            turns = self._turns.setdefault(place, Turns(self._rate, self._burst))
            self._turns.move_to_end(place)
            if len(self._turns) > MOST_PLACES:
                self._turns.popitem(last=False)
            return turns
