"""How long somebody who guesses passwords must wait: longer after each failure, never for ever, and only them."""

from collections import OrderedDict
from threading import Lock

FREE_FAILURES = 3
MAX_WAIT_S = 300.0
FORGET_AFTER_S = 3_600.0
_MAX_KEYS = 50_000


class Pace:
    """Failures per (name, address); another address or another name is not slowed, so nobody can lock a colleague out.

    Kept in this process only: with several consoles a guesser gets the same number of tries on each.
    """

    def __init__(self) -> None:
        self._failures: OrderedDict[tuple[str, str], tuple[int, float]] = OrderedDict()
        self._lock = Lock()

    def begin(self, name: str, address: str, now: float) -> float:
        """Seconds until the next attempt is looked at; 0 when this one is welcome, which counts it as failed.

        Counted before the password is looked at, so that many attempts at once are no way around.
        """
        key = _key(name, address)
        with self._lock:
            count, last = self._failures.get(key, (0, now))
            if now - last > FORGET_AFTER_S:
                count = 0
            if count >= FREE_FAILURES:
                wait = last + min(2.0 ** (count - FREE_FAILURES + 1), MAX_WAIT_S) - now
                if wait > 0:
                    return wait
            self._failures[key] = (count + 1, now)
            self._failures.move_to_end(key)
            if len(self._failures) > _MAX_KEYS:
                self._failures.popitem(last=False)
        return 0.0

    def succeed(self, name: str, address: str) -> None:
        """Forget the failures of somebody who got in."""
        with self._lock:
            self._failures.pop(_key(name, address), None)


def _key(name: str, address: str) -> tuple[str, str]:
    return name.strip().lower()[:64], address
