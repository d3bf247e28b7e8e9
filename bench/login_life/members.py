"""Honest members: where they live, what they sign in with, when, and everything honest that looks like a thief."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random

from anlan.domain.event_data import AccountRegistered, Data, FriendshipChanged
from bench.login_life import anchors
from bench.login_life.addresses import CITIES, City, anywhere_abroad, hosted
from bench.login_life.anchors import DAY_S
from bench.login_life.devices import Gear, new_computer, new_phone

SHARE_BEHIND_ONE_DOOR = 0.06
SHARE_WITH_VPN = 0.03
SHARE_DORMANT = 0.03
TRIPS_A_YEAR = 6.0
SHARE_OF_TRIPS_ABROAD = 0.12
CAFE_CHANCE = 0.005
UTC8_S = 8 * 3600.0


@dataclass(eq=False, slots=True)
class Member:
    """Somebody with an account.

    Attributes:
        lease: how the carrier of their line gives addresses, `fixed` or `renumbered`.
        peak: local hour around which they are awake for it.
        sign_ins_a_day: how often they sign in.
        place: the school or office whose one address they share with many, or None.
        uses_vpn: signs in through a hosting company's addresses most of the time.
        away_until: the end of the trip they are on; `away` is where.
        session: the one they got last.
        absent: (from, to) between which they do not sign in at all.
    """

    account: str
    city: City
    line: int
    lease: str
    mobile: int
    peak: float
    sign_ins_a_day: float
    gear: list[Gear]
    place: int | None
    uses_vpn: bool
    session: str = ""
    home_ip: str = ""
    prefix: int = 0
    seen_at: float = 0.0
    away_until: float = 0.0
    away: City | None = None
    absent: tuple[float, float] = (0.0, 0.0)
    friends: list["Member"] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)

    def pass_time(self, rng: Random, now: float) -> None:
        """Let what may have changed since the last visit change: address, cookies, phone, trips."""
        days = (now - self.seen_at) / DAY_S if self.seen_at else 1.0
        self.seen_at = now
        if not self.home_ip or _happened(rng, days / anchors.DAYS_BETWEEN_ADDRESSES[self.lease]):
            if rng.random() < anchors.ADDRESS_LEAVES_PREFIX:
                self.prefix = rng.randrange(3)
            self.home_ip = self.city.line(rng, self.line, self.prefix)
        for gear in self.gear:
            if gear.form == "browser" and _happened(rng, days * anchors.COOKIES_CLEARED_A_MONTH / 30.4):
                gear.token = None
        if _happened(rng, days / anchors.DAYS_BETWEEN_PHONES):
            self.gear[0] = new_phone(rng)
        if now > self.away_until and _happened(rng, min(days, 7.0) * TRIPS_A_YEAR / 365):
            self.away_until = now + rng.expovariate(1 / 4.0) * DAY_S
            self.away = City(rng.randrange(CITIES)) if rng.random() > SHARE_OF_TRIPS_ABROAD else None

    def stand_somewhere(self, rng: Random, now: float) -> tuple[Gear, str]:
        """What they sign in with this time, and from which address."""
        chance = rng.random()
        if chance < CAFE_CHANCE:
            return new_computer(rng), self.city.shared(rng.randrange(1000, 1100))
        gear = self.gear[0] if chance < 0.7 else self.gear[-1]
        if self.uses_vpn and rng.random() < 0.7:
            return gear, hosted(rng)
        if now < self.away_until:
            return gear, self._far_from_home(rng, gear)
        if self.place is not None and rng.random() < 0.5:
            return gear, self.city.shared(self.place)
        is_out = gear.form != "browser" and rng.random() < 0.45
        return gear, self.city.mobile(rng, self.mobile) if is_out else self.home_ip

    def _far_from_home(self, rng: Random, gear: Gear) -> str:
        # A phone that roams keeps its carrier's addresses; hotels and friends' lines are somebody else's.
        if gear.form != "browser" and rng.random() < 0.5:
            return (self.away or self.city).mobile(rng, self.mobile)
        return self.away.line(rng, rng.randrange(4), 0) if self.away else anywhere_abroad(rng)


def _happened(rng: Random, expected: float) -> bool:
    return rng.random() < min(1.0, expected)


def people(rng: Random, count: int, start: float, quiet_until: float) -> list[Member]:
    """The members, with ties and groups; the dormant come back after `quiet_until`."""
    members = [_member(rng, number, start, quiet_until) for number in range(count)]
    for number, member in enumerate(members):
        for other in rng.sample(members, min(rng.randrange(3, 9), count - 1)):
            if other is not member and other not in member.friends:
                member.friends.append(other)
                other.friends.append(member)
        if number % 12 == 0:
            member.groups.append(f"group-{number}")
    return members


def _member(rng: Random, number: int, start: float, quiet_until: float) -> Member:
    is_dormant = rng.random() < SHARE_DORMANT
    return Member(
        account=f"m{number:06d}", city=City(rng.randrange(CITIES)), line=rng.randrange(4),
        lease="fixed" if rng.random() < anchors.SHARE_OF_FIXED_LINES else "renumbered", mobile=rng.randrange(6),
        peak=rng.gauss(20.0, 3.0),
        sign_ins_a_day=min(3.0, rng.lognormvariate(0.0, 0.9) * anchors.MEDIAN_SIGN_INS_A_DAY),
        gear=[new_phone(rng), *([new_computer(rng)] if rng.random() < 0.45 else [])],
        place=rng.randrange(8) if rng.random() < SHARE_BEHIND_ONE_DOOR else None,
        uses_vpn=rng.random() < SHARE_WITH_VPN,
        absent=(start + 20 * DAY_S, quiet_until + rng.random() * 10 * DAY_S) if is_dormant else (0.0, 0.0),
    )


def past_of(members: list[Member], rng: Random, start: float) -> Iterator[tuple[float, Data]]:
    """How everybody registered and met, all before `start`, in order of time."""
    happened: list[tuple[float, Data]] = []
    for member in members:
        at = start - rng.uniform(2, 900) * DAY_S
        happened.append((at, AccountRegistered(account=member.account, ip=member.city.line(rng, member.line, 0))))
        for other in member.friends:
            if member.account < other.account:
                tied = FriendshipChanged(account=member.account, other=other.account, change="added")
                happened.append((start - rng.uniform(0, 2) * DAY_S, tied))
    yield from sorted(happened, key=lambda entry: entry[0])


def sign_in_times(member: Member, rng: Random, start: float, end: float) -> Iterator[float]:
    """When a member comes to the door between `start` and `end`, by the hours of their day."""
    at = start
    while True:
        at += rng.expovariate(member.sign_ins_a_day) * DAY_S
        if at >= end:
            return
        midnight = at - (at + UTC8_S) % DAY_S
        hour = rng.gauss(member.peak, 2.5) if rng.random() < 0.8 else rng.uniform(7, 24)
        time = midnight + hour % 24 * 3600
        if start <= time < end and not member.absent[0] <= time < member.absent[1]:
            yield time
