"""How thieves come: by force, guessing, leaked lists, spraying, knowing their victim, or with a copied session."""

from random import Random

from bench.login_life import anchors
from bench.login_life.addresses import anywhere_abroad, hosted, proxied
from bench.login_life.anchors import DAY_S
from bench.login_life.devices import Gear, new_computer, new_phone, same_make
from bench.login_life.door import Visitor
from bench.login_life.members import Member
from bench.login_life.stage import Story
from bench.login_life.world import BEGIN, WATCHED_DAYS, Theft, World

HOUR_S = 3_600.0
STUFFING_DAYS = (3.0, 5.0)
"""The same list is tried twice, the second time from other addresses."""
SPRAY_DAYS = (7.0, 9.0)
POPULAR_PASSWORDS = 3
SPRAY_OVERSAMPLING = 4
UNKNOWN_NAMES = 0.3
"""Assumed: names on an attacker's list that nobody here has."""
SHARES = {"brute force": 0.02, "guessing": 0.03, "phished": 0.04, "targeted": 0.08, "session theft": 0.04}
"""Victims among the members, by scenario; nobody is robbed in two of them."""


def plan_attacks(world: World) -> None:
    """Put everything that thieves do on the agenda of the watched days."""
    victims = world.rng.sample(world.members, len(world.members))
    for scenario, share in SHARES.items():
        for _ in range(int(share * len(world.members))):
            _ROBBERIES[scenario](world, victims.pop())
    half = len(victims) // 2
    _stuff(world, victims[:half])
    _spray(world, victims[half:])


def _begin_theft(world: World, scenario: str, member: Member) -> Theft:
    theft = Theft(scenario, member)
    world.thefts.append(theft)
    return theft


def _some_time(rng: Random) -> float:
    return BEGIN + rng.uniform(0.5, WATCHED_DAYS - 1.5) * DAY_S


def _force(world: World, member: Member) -> None:
    """Hundreds of passwords within minutes; the owner comes three times meanwhile, with a device that is known."""
    rng, theft = world.rng, _begin_theft(world, "brute force", member)
    at, addresses = _some_time(rng), [proxied(rng) for _ in range(3)]
    tool = new_computer(rng)
    tries = rng.randrange(150, 400)
    right = rng.randrange(tries // 2, tries)
    for number in range(tries):
        visitor = Visitor(Gear(tool.form, tool.model, 0), rng.choice(addresses), can_prove=False)
        world.stage.begin(world.steal(theft, visitor, is_right=number == right), at + number * 3.0)
    _let_owner_come(world, member, at, tries * 3.0)


def _guess(world: World, member: Member) -> None:
    """A hundred guesses in three days from one household, some of them right in the end."""
    rng, theft = world.rng, _begin_theft(world, "guessing", member)
    at, ip, gear = _some_time(rng), proxied(rng), new_computer(rng)
    right = rng.randrange(anchors.GUESSES) if rng.random() < anchors.GUESS_FITS else None
    for number in range(anchors.GUESSES):
        visitor = Visitor(Gear(gear.form, gear.model, gear.lag), ip, can_prove=False)
        world.stage.begin(
            world.steal(theft, visitor, is_right=number == right), at + number * 1.5 * DAY_S / anchors.GUESSES
        )
    _let_owner_come(world, member, at, 1.4 * DAY_S)


def _let_owner_come(world: World, member: Member, at: float, during_s: float) -> None:
    for _ in range(3):
        world.stage.begin(world.sign_in(member, member.gear[0]), at + during_s * world.rng.uniform(0.3, 1.0))


def _phish(world: World, member: Member) -> None:
    """A caught password, used from abroad or a rented machine, and again the same day."""
    rng, theft = world.rng, _begin_theft(world, "phished", member)
    can_prove = rng.random() < anchors.PROVES["phisher"]
    at, gear = _some_time(rng), rng.choice((new_phone, new_computer))(rng)
    for number in range(anchors.THIEF_RETURNS):
        ip = hosted(rng) if rng.random() < 0.3 else anywhere_abroad(rng)
        world.stage.begin(world.steal(theft, Visitor(gear, ip, can_prove)), at + number * rng.uniform(0.2, 3) * HOUR_S)


def _target(world: World, member: Member) -> None:
    """One who knows the victim: same city, carrier, make of device and hour; one in twenty sits in the same home."""
    rng, theft = world.rng, _begin_theft(world, "targeted", member)
    can_prove = rng.random() < anchors.PROVES["acquaintance"]
    day = _some_time(rng)
    evening = day - (day + 8 * HOUR_S) % DAY_S + member.peak % 24 * HOUR_S
    gear, is_in_home = same_make(rng.choice(member.gear)), rng.random() < 0.05
    for number in range(anchors.THIEF_RETURNS):
        visitor = Visitor(gear, member.home_ip if is_in_home else _near(rng, member), can_prove)
        world.stage.begin(world.steal(theft, visitor), evening + number * rng.uniform(0.2, 2) * HOUR_S)


def _near(rng: Random, member: Member) -> str:
    if rng.random() < 0.4:
        return member.city.mobile(rng, member.mobile)
    return member.city.line(rng, member.line, rng.randrange(3))


def _copy_session(world: World, member: Member) -> None:
    """Malware or a borrowed computer: the session itself is copied and used elsewhere."""
    theft = _begin_theft(world, "session theft", member)
    visitor = Visitor(new_computer(world.rng), proxied(world.rng), can_prove=False)
    world.stage.begin(world.steal_session(theft, visitor), _some_time(world.rng))


_ROBBERIES = {
    "brute force": _force, "guessing": _guess, "phished": _phish, "targeted": _target, "session theft": _copy_session,
}


def _stuff(world: World, victims: list[Member]) -> None:
    """A leaked list against members and strangers' names, twice, through some hundred households."""
    rng = world.rng
    fits = {member.account for member in victims if rng.random() < anchors.LEAKED_PAIR_FITS}
    thefts = {name: _begin_theft(world, "stuffing", member) for member in victims if (name := member.account) in fits}
    tools = [new_computer(rng) for _ in range(5)]
    for day in STUFFING_DAYS:
        addresses = [hosted(rng) if rng.random() < 0.1 else proxied(rng) for _ in range(max(20, len(victims) // 4))]
        for member in victims:
            theft = thefts.get(member.account) or Theft("wrong", member)
            _try_once(world, theft, tools, addresses, day, 0.25, is_right=member.account in fits)
            if rng.random() < UNKNOWN_NAMES:
                _try_once(world, Theft("wrong", _nobody(member)), tools, addresses, day, 0.25, is_right=False)


def _spray(world: World, victims: list[Member]) -> None:
    """A few popular passwords against everybody for two days, from ten thousand addresses: hardly one comes twice."""
    rng = world.rng
    addresses = [proxied(rng) for _ in range(anchors.SPRAY_ADDRESSES)]
    tools = [new_computer(rng) for _ in range(12)]
    days = SPRAY_DAYS[1] - SPRAY_DAYS[0]
    # More accounts are open to it here than in life, so that there is something to count.
    for member in victims:
        right = rng.randrange(POPULAR_PASSWORDS) if rng.random() < anchors.SPRAY_FITS * SPRAY_OVERSAMPLING else None
        theft = Theft("wrong", member) if right is None else _begin_theft(world, "spraying", member)
        for number in range(POPULAR_PASSWORDS):
            _try_once(world, theft, tools, addresses, SPRAY_DAYS[0], days, is_right=number == right)
        if rng.random() < UNKNOWN_NAMES:
            _try_once(world, Theft("wrong", _nobody(member)), tools, addresses, SPRAY_DAYS[0], days, is_right=False)


def _try_once(
    world: World, theft: Theft, tools: list[Gear], addresses: list[str], day: float, days: float, *, is_right: bool
) -> None:
    rng = world.rng
    visitor = Visitor(same_make(rng.choice(tools)), rng.choice(addresses), can_prove=False)
    story: Story = world.steal(theft, visitor, is_right=is_right)
    world.stage.begin(story, BEGIN + (day + rng.random() * days) * DAY_S)


def _nobody(like: Member) -> Member:
    return Member(
        account=f"nobody-{like.account}", city=like.city, line=0, lease="fixed", mobile=0, peak=20.0,
        sign_ins_a_day=1.0, gear=[], place=None, uses_vpn=False,
    )
