"""How much more likely a sign-in is a thief's than the owner's: a likelihood ratio of what it shows.

After Freeman, Jain, Dürmuth, Biggio and Giacinto, "Who Are You? A Statistical Approach to Measuring User Authenticity"
(NDSS 2016): each feature is compared with the account's own last sign-ins, backed off from exact to general, and with
everybody's. As there, two kinds of thief are weighed: a stranger, who comes as recent failures did, and an
acquaintance, who comes from the owner's city at the owner's hour with the owner's make of device, but without the
device itself.
Whether the proof was right plays no part: friction must not tell right passwords from wrong ones.
"""

from collections.abc import Mapping, Sequence
from math import exp, log, log1p
from typing import Any, NamedTuple

from anlan.domain.places import least_km
from anlan.protections.accounts.crowd import Crowd
from anlan.protections.accounts.visitors import AGENT_LEVELS, NETWORK_LEVELS, Levels

HOUR_S, DAY_S = 3_600.0, 86_400.0
PRIOR = 0.002
"""Share of attempts that are a thief's, in quiet times; risks are calibrated to it."""
PRIOR_BY_LEVEL = {0: PRIOR, 1: 0.0045, 2: 0.008}
"""The same by level of attack (see `pulse`); the failures that make an attack speak for themselves beside it."""

ACQUAINTANCES = 0.1
"""Share of thieves who know the owner (Freeman et al. call them researching attackers)."""

_OWNERS = {"network": 0.5, "block": 0.15, "system": 0.2, "country": 0.1, "agent": 0.45, "shape": 0.35, "platform": 0.15}
"""How often an owner's next sign-in repeats its past at this level; the rest is as everybody's."""
_ACQUAINTANCES = {"network": 0.3, "block": 0.3, "system": 0.3, "country": 0.05, "agent": 0.6, "shape": 0.3,
                  "platform": 0.05}
"""How often an acquaintance's repeats the owner's past."""
_LEAST_REST = 0.05
_SEEN_AMONG_THIEVES = 0.8
"""Strangers come as recent failures did; the rest of them as honest people do."""
KNOWN_DEVICE_OF_OWNER, KNOWN_DEVICE_OF_THIEF = 0.9, 0.002
_OWN_LOSSES_DAYS = 45.0
"""After so many days an account's own record of losses counts as much as everybody's."""
_SECOND_DEVICE = 0.002
"""How often an owner comes with another device of the same make, or a private window, however lately they came."""
_NEW_WITH_NEW_CLIENT = 0.95
_FAILING_CLIENT = 0.25
"""So much counts that a client fails more than is usual: half the world uses the client that a tool pretends to be."""
_OTHER_CLIENT = 0.05
"""What a sign-in with another client says of where this one is used: computers stay at home, telephones do not."""
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
        thief: the kind of thief it would rather be: `stranger` or `acquaintance`; the parts are about that one.
        network, agent, device, hour, other: natural logarithms of likelihood ratios; above 0 speaks for a thief. `hour`
            is None while the account has no habits, `other` sums up flags, method, travel and what strangers tried.
        travel_kmh: least speed since the last sign-in; None without two places.
        is_network_new, is_country_new: against the account's last sign-ins; None where either side is unknown.
        client_gap_days: between the account's last two sign-ins with this client; None if there were no two.
        client_was_lost: whether the later of them came on a device that was new then.
    """

    risk: float
    thief: str
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
    recent_risk: float = 0.0
    attack_level: int = 0
    client_gap_days: float | None = None
    client_was_lost: bool | None = None


class Feature(NamedTuple):
    """A feature's log-likelihood ratios of either kind of thief to the owner.

    Attributes:
        failure_ratio: how many times more strangers fail with it than is usual.
    """

    stranger: float = 0.0
    acquaintance: float = 0.0
    failure_ratio: float = 1.0


def look_at(
    attempt: Attempt, own: Sequence[Attempt], crowd: Crowd, *, strange_failures: float, recent_risk: float,
    attack_level: int,
) -> Look:
    """Weigh an attempt.

    Args:
        own: the account's last sign-ins, oldest first.
        strange_failures: what strangers tried and failed on this account lately, faded.
        recent_risk: the highest of strangers' attempts on this account lately; told, not weighed.
        attack_level: of the whole door.
    """
    time, idle_s = attempt.time, attempt.time - own[-1].time if own else 0.0
    shape = attempt.agent.names.get("shape")
    same = [one for one in own if shape is not None and one.agent.names.get("shape") == shape]
    other_client = _OTHER_CLIENT if same else 1.0
    weights = [1.0 if one.agent.names.get("shape") == shape else other_client for one in own]
    network = backing_off(time, attempt.network, [one.network for one in own], idle_s, crowd, NETWORK_LEVELS, weights)
    agent = backing_off(
        time, attempt.agent, [one.agent for one in own], idle_s, crowd, AGENT_LEVELS, failing=_FAILING_CLIENT
    )
    device, hour = device_part(attempt, own, same, crowd), hour_part(attempt, own)
    speed = travel_kmh(attempt, own[-1]) if own else None
    is_network_new = _is_new(attempt, own, "system")
    other = flags_part(attempt)
    tried = log(1.0 + 0.5 * strange_failures)
    if speed is not None and speed > IMPOSSIBLE_KMH and is_network_new:
        tried += _IMPOSSIBLE
    stranger = network.stranger + agent.stranger + device + (hour or 0.0) + other + tried
    acquaintance = network.acquaintance + agent.acquaintance + device + other
    ways = log(1.0 - ACQUAINTANCES) + stranger, log(ACQUAINTANCES) + acquaintance
    prior = PRIOR_BY_LEVEL[attack_level]
    risk = _probability(log(prior / (1.0 - prior)) + _log_sum(*ways))
    exact = attempt.network.names.get("network")
    seen: dict[str, Any] = {
        "is_device_known": attempt.is_known, "travel_kmh": speed, "is_network_new": is_network_new,
        "is_country_new": _is_new(attempt, own, "country"), "strange_failures": strange_failures,
        "network_failures": crowd.suspects(exact, time) if exact else 0.0, "attack_level": attack_level,
        "network_failure_ratio": network.failure_ratio, "recent_risk": recent_risk,
    }
    held = [one for one in same if one.device is not None]
    if len(held) > 1:
        seen["client_gap_days"] = (held[-1].time - held[-2].time) / DAY_S
        seen["client_was_lost"] = all(one.device != held[-1].device for one in held[:-1])
    if ways[1] > ways[0]:
        return Look(risk, "acquaintance", network.acquaintance, agent.acquaintance, device, None, other, **seen)
    return Look(risk, "stranger", network.stranger, agent.stranger, device, hour, other + tried, **seen)


def _probability(odds: float) -> float:
    return 1.0 / (1.0 + exp(-max(-40.0, min(40.0, odds))))


def _log_sum(one: float, other: float) -> float:
    high, low = (one, other) if one > other else (other, one)
    return high + log1p(exp(low - high))


def backing_off(
    time: float, levels: Levels, before: Sequence[Levels], idle_s: float, crowd: Crowd, order: Sequence[str],
    weights: Sequence[float] = (), failing: float = 1.0,
) -> Feature:
    """The evidence of a feature that backs off through levels, from exact to general; none if it is unknown.

    Args:
        before: the same feature of the account's last sign-ins.
        idle_s: since the last of them.
        weights: how much each of `before` says of the owner, all alike if left out. An acquaintance knows the owner's
            places and not what is used in which.
        failing: how much counts what strangers fail with, of 1.
    """
    names = levels.names
    if not names:
        return Feature()
    known = [(one.names, weight) for one, weight in zip(before, weights or [1.0] * len(before), strict=True)
             if one.names]
    total = sum(weight for _, weight in known)
    memory = total / (total + 1.0) * exp(-max(0.0, idle_s) / _FORGETTING_S)
    owners = acquaintances = 0.0
    owners_rest = acquaintances_rest = 1.0
    for level in order:
        name = names.get(level)
        if name is None:
            continue
        owners_rest -= _OWNERS[level] * memory
        acquaintances_rest -= _ACQUAINTANCES[level]
        same = [weight for other, weight in known if other.get(level) == name]
        if same:
            share = crowd.share(level, name, time)
            owners += _OWNERS[level] * memory * sum(same) / total / share
            acquaintances += _ACQUAINTANCES[level] * len(same) / len(known) / share
    ratio = crowd.suspect_ratio([(level, names[level]) for level in reversed(order) if level in names], time)
    owners += max(owners_rest, _LEAST_REST)
    strangers = 1.0 - _SEEN_AMONG_THIEVES + _SEEN_AMONG_THIEVES * ratio
    acquaintances += max(acquaintances_rest, 0.01)
    return Feature(failing * log(strangers) - log(owners), log(acquaintances / owners), ratio)


def device_part(attempt: Attempt, own: Sequence[Attempt], same: Sequence[Attempt], crowd: Crowd) -> float:
    """Log-likelihood ratio of the device; 0 where the platform tells of none at all.

    An owner with a client that the account never used brings a new device anyhow. With a client that it did use, it
    depends on how long ago and on how often such clients lose their secret, here and everywhere: browsers lose it with
    their cookies, an application hardly ever does.

    Args:
        same: of `own`, those with this client.
    """
    if attempt.is_known:
        return log(KNOWN_DEVICE_OF_THIEF / KNOWN_DEVICE_OF_OWNER)
    if attempt.device is None and own and all(one.device is None for one in own):
        return 0.0
    held = [one for one in same if one.device is not None]
    if not held:
        return -log(_NEW_WITH_NEW_CLIENT)
    names = attempt.agent.names
    usual = crowd.losses_a_day(names["shape"], names["platform"], attempt.time)
    days = (held[-1].time - held[0].time) / DAY_S
    lost = len({one.device for one in held}) - 1.0
    a_day = (lost + usual * _OWN_LOSSES_DAYS) / (days + _OWN_LOSSES_DAYS)
    kept = (1.0 - _SECOND_DEVICE) * exp(-a_day * max(0.0, attempt.time - held[-1].time) / DAY_S)
    return log((1.0 - KNOWN_DEVICE_OF_THIEF) / (1.0 - kept))


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
