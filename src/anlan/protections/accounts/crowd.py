"""What is usual at a door: how often each network, client or spelling came honestly, and how often with suspects.

Suspects are strangers who fail to sign in, and at registration all newcomers of the last hours. Counts fade: honest
ones by half in a month, suspects by half in hours. Nothing here names an account.
"""

from collections.abc import Iterable, Mapping, Sequence
from math import exp, log
from typing import Any

from anlan.engine.generations import Generations

HONEST_HALF_LIFE_S = 30 * 86_400.0
SUSPECT_HALF_LIFE_S = 12 * 3_600.0
KEPT_S = 90 * 86_400.0
EVERYBODY = "*"

IMAGINED_SIGN_INS = 200.0
USUAL_SHARES = {
    "network": 1e-4, "block": 2e-3, "system": 0.03, "country": 0.3, "agent": 1e-3, "shape": 5e-3, "platform": 0.3,
    "method": 0.3,
}
_USUAL_LOSSES_A_DAY = 0.01
"""About what comScore ("The Impact of Cookie Deletion", 2007) found: 31 % of browsers lose their cookies in a month."""
_PLATFORM_DAYS, _SHAPE_DAYS = 200.0, 60.0
"""So many imagined days stand beside the counted ones of a platform, and of a client beside its platform's."""
SHRINKAGE = 5.0
"""How many expected suspects a level needs before its own record counts as much as that of the level above."""


class Crowd:
    """Fading counts by level name; not thread-safe.

    Args:
        max_keys: how many names are remembered at most.
        usual_shares: by level, the share of honest ones that a name never seen is taken to have.
        suspect_half_life_s: after which half of the suspects are forgotten.
        imagined: so many honest ones stand beside the counted ones, spread as the usual shares say.
    """

    def __init__(
        self, max_keys: int, usual_shares: Mapping[str, float] = USUAL_SHARES,
        suspect_half_life_s: float = SUSPECT_HALF_LIFE_S, imagined: float = IMAGINED_SIGN_INS,
    ) -> None:
        self._counts = Generations(KEPT_S, max_keys)
        self._usual_shares, self._imagined = usual_shares, imagined
        self._suspect_rate = log(2) / suspect_half_life_s

    def add(self, names: Iterable[str], time: float, *, honest: float = 0.0, suspect: float = 0.0) -> None:
        """Count one attempt at every one of its names and for everybody."""
        for name in (EVERYBODY, *names):
            was_honest, was_suspect, at = self._read(name, time)
            self._counts.put(name, (was_honest + honest, was_suspect + suspect, max(at, time)), time)

    def share(self, level: str, name: str, time: float) -> float:
        """The share of honest ones that have this name, in (0, 1); a small guess for a name never seen."""
        honest, _, _ = self._read(name, time)
        everybody, _, _ = self._read(EVERYBODY, time)
        return (honest + self._imagined * self._usual_shares[level]) / (everybody + self._imagined)

    def add_days(self, client: Iterable[str], time: float, days: float, *, is_lost: bool) -> None:
        """Count so many days that somebody's client kept its secret, or after which it had lost it.

        Args:
            client: its shape and its platform.
        """
        for name in client:
            for kind, amount in (("kept", days), ("lost", float(is_lost))):
                was, _, at = self._read(f"{kind}:{name}", time)
                self._counts.put(f"{kind}:{name}", (was + amount, 0.0, max(at, time)), time)

    def losses_a_day(self, shape: str, platform: str, time: float) -> float:
        """How often clients of this shape lose the secret that makes their device known, of 1, each day."""
        usual = self._losses(platform, time, _USUAL_LOSSES_A_DAY, _PLATFORM_DAYS)
        return self._losses(shape, time, usual, _SHAPE_DAYS)

    def _losses(self, name: str, time: float, usual: float, pseudo_days: float) -> float:
        lost, days = self._read(f"lost:{name}", time)[0], self._read(f"kept:{name}", time)[0]
        return (lost + usual * pseudo_days) / (days + pseudo_days)

    def suspects(self, name: str, time: float) -> float:
        """Suspects with this name, faded."""
        return self._read(name, time)[1]

    def suspect_ratio(self, names: Sequence[tuple[str, str]], time: float, shrinkage: float = SHRINKAGE) -> float:
        """How many times more suspects are here than the share of honest ones would give; 1 is as usual.

        Args:
            names: (level, name), the most general first. A level that has seen little takes over from the one above.
        """
        everybody = self.suspects(EVERYBODY, time)
        ratio = 1.0
        for level, name in names:
            expected = everybody * self.share(level, name, time)
            ratio = (self.suspects(name, time) + shrinkage * ratio) / (expected + shrinkage)
        return ratio

    def _read(self, name: str, time: float) -> tuple[float, float, float]:
        kept = self._counts.get(name)
        if kept is None:
            return 0.0, 0.0, time
        honest, suspect, at = kept
        age = time - at
        if age <= 0.0:
            return honest, suspect, at
        return honest * exp(-age * _HONEST_RATE), suspect * exp(-age * self._suspect_rate), time

    def __len__(self) -> int:
        """How many names are remembered."""
        return len(self._counts)

    def dump(self) -> Any:
        """Everything that `load` needs."""
        return self._counts.dump()

    def load(self, dumped: Any) -> None:
        """Continue from a dump."""
        self._counts.load(dumped)

    def clear(self) -> None:
        """Forget everything."""
        self._counts.clear()


_HONEST_RATE = log(2) / HONEST_HALF_LIFE_S
