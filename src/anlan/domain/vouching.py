"""Which friends may vouch for a claimant, and what their answers come to: old ties, independent of each other, few.

Who names the friends chooses them; so those are left out who are young ties, who come from the claimant's own network
or device, who share a network, a device or a day of registration with another one, or who all know each other.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Literal, get_args

import msgspec

from anlan.domain.recovery import EvidenceOutcome

VouchAnswer = Literal["spoken", "written", "not_them", "unsure"]
"""`spoken`: I have heard or met them since they asked; `written`: only in writing."""
VOUCH_ANSWERS: tuple[VouchAnswer, ...] = get_args(VouchAnswer)

_DAY_S = 86_400.0
MIN_TIE_DAYS = 180.0
MAX_ASKED = 5
LEAST_ASKED = 2
ENOUGH_SPOKEN = 2
MAX_VOUCHES_A_YEAR = 2
YEAR_DAYS = 365.0
REST_DAYS = 30.0
"""Between two vouches, and after an own recovery or containment."""
BURST_S = _DAY_S
"""Accounts that were registered within this of each other are taken for one hand's."""


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """A friend whom the claimant named.

    Attributes:
        friends_since: None where there is no tie.
        networks, devices: that the friend signed in from.
        vouched_at: when the friend vouched for others.
        is_shaken: whether the account itself was recovered, contained or sanctioned of late.
        friends: of the other candidates, those who are friends of this one.
    """

    account: str
    friends_since: float | None
    registered_at: float | None = None
    networks: frozenset[str] = frozenset()
    devices: frozenset[str] = frozenset()
    vouched_at: tuple[float, ...] = ()
    is_shaken: bool = False
    friends: frozenset[str] = frozenset()


def choose(
    candidates: Iterable[Candidate], now: float, *, network: str | None = None, device: str | None = None
) -> list[str]:
    """The friends to ask, oldest ties first; nobody where fewer than `LEAST_ASKED` are independent.

    Args:
        network, device: of the claimant.
    """
    fit = [one for one in candidates if is_eligible(one, now, network, device)]
    chosen: list[Candidate] = []
    for one in sorted(fit, key=lambda each: (each.friends_since or now, each.account)):
        if len(chosen) < MAX_ASKED and is_independent(one, chosen):
            chosen.append(one)
    return [one.account for one in chosen] if len(chosen) >= LEAST_ASKED else []


def is_eligible(one: Candidate, now: float, network: str | None, device: str | None) -> bool:
    """Whether this friend may vouch at all."""
    if one.friends_since is None or one.friends_since > now - MIN_TIE_DAYS * _DAY_S or one.is_shaken:
        return False
    if (network and network in one.networks) or (device and device in one.devices):
        return False
    lately = [at for at in one.vouched_at if at > now - YEAR_DAYS * _DAY_S]
    return len(lately) < MAX_VOUCHES_A_YEAR and all(at <= now - REST_DAYS * _DAY_S for at in lately)


def is_independent(one: Candidate, chosen: Sequence[Candidate]) -> bool:
    """Whether this friend can be taken for another hand than all of `chosen`, and they are not all one clique."""
    for other in chosen:
        if one.networks & other.networks or one.devices & other.devices or _is_burst(one, other):
            return False
    knows = sum(other.account in one.friends for other in chosen)
    return knows <= 1


def _is_burst(one: Candidate, other: Candidate) -> bool:
    if one.registered_at is None or other.registered_at is None:
        return False
    return abs(one.registered_at - other.registered_at) <= BURST_S


def judge_vouches(answers: Collection[VouchAnswer]) -> EvidenceOutcome:
    """What friends said: one who says it is somebody else outweighs all; writing alone is half."""
    if "not_them" in answers:
        return "wrong"
    spoken = sum(answer == "spoken" for answer in answers)
    written = sum(answer == "written" for answer in answers)
    if spoken >= ENOUGH_SPOKEN:
        return "right"
    return "near" if spoken or written >= ENOUGH_SPOKEN else "unknown"
