"""How much more likely a sign-in is a thief's than the owner's: a likelihood ratio of what it shows.

After Freeman, Jain, Dürmuth, Biggio and Giacinto, "Who Are You? A Statistical Approach to Measuring User Authenticity"
(NDSS 2016): each feature is compared with the account's own last sign-ins, backed off from exact to general, and with
everybody's. The natural logarithms add up, so each feature's part can be shown to people. Whether the proof was right
plays no part: friction must not tell right passwords from wrong ones.
"""

from collections.abc import Mapping, Sequence
from math import exp, log
from typing import NamedTuple

from anlan.domain.places import least_km
from anlan.protections.accounts.crowd import Crowd
from anlan.protections.accounts.visitors import AGENT_LEVELS, NETWORK_LEVELS, Levels

HOUR_S, DAY_S = 3_600.0, 86_400.0
PRIOR = 0.002
"""Share of attempts that are a thief's, in quiet times; risks are calibrated to it."""
PRIOR_BY_LEVEL = {0: PRIOR, 1: 0.01, 2: 0.03}
"""The same by level of attack (see `pulse`)."""

_OWN_WEIGHTS = {"network": 0.5, "block": 0.15, "system": 0.2, "country": 0.1, "agent": 0.45, "shape": 0.35,
                "platform": 0.15}
"""How often an owner's next sign-in repeats its past at this level; the rest is as everybody's."""
_LEAST_REST = 0.05
_SEEN_AMONG_THIEVES = 0.8
"""Thieves come as recent failures did; the rest of them as honest people do."""
KNOWN_DEVICE_OF_OWNER, KNOWN_DEVICE_OF_THIEF = 0.9, 0.002
_NEW_DEVICE_FLOOR, _NEW_DEVICE_CEILING = 0.03, 0.6
_NEW_DEVICE_UNSEEN = 0.3
"""An account of which nothing is known: so often its owner comes with a device that is new."""
_HOURS_NEAR = 3.0
_HOURS_PSEUDO = 6.0
_STRONG_METHODS = frozenset({"passkey", "webauthn", "totp", "security_key"})
_STRONG = -4.0
IMPOSSIBLE_KMH = 1_000.0
"""Faster than any airline from door to door."""
_IMPOSSIBLE = 1.5
_AUTOMATED = 3.0
_FLAGS = {"breached": (2.2, -0.5), "weak": (0.7, 0.0)}
"""What is added when the platform says that the given password is so, and that it is not."""
_FORGETTING_S = 365 * DAY_S
"""After so long without a sign-in an account's habits say a third of what they said."""


class Attempt(NamedTuple):
    """One sign-in, or an attempt at one.

    Attributes:
        device: the device's secret; `is_known` says whether it is the account's own.
        hour: of the day in UTC, [0, 24).
    """

    time: float
    network: Levels
    agent: Levels
    device: str | None
    method: str | None
    is_known: bool = False
    is_automated: bool | None = None
    is_breached: bool | None = None
    is_weak: bool | None = None

    @property
    def hour(self) -> float:
        return self.time % DAY_S / HOUR_S


class Look(NamedTuple):
    """What is made of an attempt.

    Attributes:
        risk: probability in [0, 1] that it is a thief's.
        network, agent, device, hour, other: natural logarithms of likelihood ratios; above 0 speaks for a thief. `hour`
            is None while the account has no habits, `other` sums up flags, method, travel and what strangers tried.
        travel_kmh: least speed since the last sign-in; None without two places.
        is_network_new, is_country_new: against the account's last sign-ins; None where either side is unknown.
    """

    risk: float
    network: float
    agent: float
    device: float
    hour: float | None
    other: float
    is_device_known: bool
    travel_kmh: float | None = None
    is_network_new: bool | None = None
    is_country_new: bool | None = None
    network_failures: float = 0.0
    network_failure_ratio: float = 1.0
    strange_failures: float = 0.0
    attack_level: int = 0


def look_at(
    attempt: Attempt, own: Sequence[Attempt], crowd: Crowd, *, strange_failures: float, attack_level: int
) -> Look:
    """Weigh an attempt.

    Args:
        own: the account's last sign-ins, oldest first.
        strange_failures: what strangers tried and failed on this account lately, faded.
        attack_level: of the whole door.
    """
    time, idle_s = attempt.time, attempt.time - own[-1].time if own else 0.0
    network, ratio = _levels_part(time, attempt.network, [one.network for one in own], idle_s, crowd, NETWORK_LEVELS)
    agent, _ = _levels_part(time, attempt.agent, [one.agent for one in own], idle_s, crowd, AGENT_LEVELS)
    device, hour = device_part(attempt, own), hour_part(attempt, own)
    is_network_new = _is_new(attempt, own, "system")
    speed = travel_kmh(attempt, own[-1]) if own else None
    other = flags_part(attempt) + log(1.0 + 0.5 * strange_failures)
    if speed is not None and speed > IMPOSSIBLE_KMH and is_network_new:
        other += _IMPOSSIBLE
    prior = PRIOR_BY_LEVEL[attack_level]
    odds = log(prior / (1.0 - prior)) + network + agent + device + (hour or 0.0) + other
    exact = attempt.network.names.get("network")
    return Look(
        1.0 / (1.0 + exp(-max(-40.0, min(40.0, odds)))), network, agent, device, hour, other, attempt.is_known, speed,
        is_network_new, _is_new(attempt, own, "country"), crowd.failed(exact, time) if exact else 0.0, ratio,
        strange_failures, attack_level,
    )


def _levels_part(
    time: float, levels: Levels, before: Sequence[Levels], idle_s: float, crowd: Crowd, order: Sequence[str]
) -> tuple[float, float]:
    """(log-likelihood ratio, ratio of failures) of a feature that backs off through levels; (0, 1) if unknown."""
    names = levels.names
    if not names:
        return 0.0, 1.0
    known = [one.names for one in before if one.names]
    memory = len(known) / (len(known) + 1.0) * exp(-max(0.0, idle_s) / _FORGETTING_S)
    owners, rest = 0.0, 1.0
    for level in order:
        name = names.get(level)
        if name is None:
            continue
        weight = _OWN_WEIGHTS[level] * memory
        rest -= weight
        same = sum(other.get(level) == name for other in known)
        if same:
            owners += weight * same / len(known) / crowd.share(level, name, time)
    ratio = crowd.failure_ratio([(level, names[level]) for level in reversed(order) if level in names], time)
    thieves = 1.0 - _SEEN_AMONG_THIEVES + _SEEN_AMONG_THIEVES * ratio
    return log(thieves / (owners + max(rest, _LEAST_REST))), ratio


def device_part(attempt: Attempt, own: Sequence[Attempt]) -> float:
    """Log-likelihood ratio of the device; 0 where the platform tells of none at all."""
    if attempt.is_known:
        return log(KNOWN_DEVICE_OF_THIEF / KNOWN_DEVICE_OF_OWNER)
    told = [one.device for one in own if one.device is not None]
    if attempt.device is None and own and not told:
        return 0.0
    first_times = len(set(told)) - 1.0 + _NEW_DEVICE_UNSEEN
    new = (first_times / len(told) + _NEW_DEVICE_UNSEEN / (len(told) + 1.0)) if told else _NEW_DEVICE_UNSEEN
    return log((1.0 - KNOWN_DEVICE_OF_THIEF) / min(_NEW_DEVICE_CEILING, max(_NEW_DEVICE_FLOOR, new)))


def hour_part(attempt: Attempt, own: Sequence[Attempt]) -> float | None:
    """Log-likelihood ratio of the hour of the day: a thief comes at any, an owner near the usual ones."""
    if not own:
        return None
    near = 0.0
    for one in own:
        apart = abs(attempt.hour - one.hour)
        near += max(0.0, 1.0 - min(apart, 24.0 - apart) / _HOURS_NEAR)
    # A triangle of this half-width has the area of as many hours: its height above a uniform day is 24 / width.
    density = (near * 24.0 / _HOURS_NEAR + _HOURS_PSEUDO) / (len(own) + _HOURS_PSEUDO)
    return -log(density)


def flags_part(attempt: Attempt) -> float:
    """What the platform's own flags and the method say."""
    total = _STRONG if attempt.method in _STRONG_METHODS else 0.0
    total += _AUTOMATED if attempt.is_automated else 0.0
    flags: Mapping[str, bool | None] = {"breached": attempt.is_breached, "weak": attempt.is_weak}
    return total + sum(_FLAGS[name][not value] for name, value in flags.items() if value is not None)


def travel_kmh(attempt: Attempt, last: Attempt) -> float | None:
    """The least speed that takes one from the country of the last sign-in to this one; None without two countries."""
    here, there = _country(attempt), _country(last)
    if here is None or there is None:
        return None
    # Two events a minute apart may have been told in any order.
    hours = max(attempt.time - last.time, 60.0) / HOUR_S
    return min(least_km(there, here) / hours, 1e6)


def _country(attempt: Attempt) -> str | None:
    return attempt.network.place.country if attempt.network.place else None


def _is_new(attempt: Attempt, own: Sequence[Attempt], level: str) -> bool | None:
    name = attempt.network.names.get(level)
    known = {one.network.names[level] for one in own if level in one.network.names}
    return None if name is None or not known else name not in known
