"""Who lives in the demo community: people with habits, ties and homes, their groups, and those who mean harm."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random

from anlan.demo.gear import agent_of, gateway, line_of
from anlan.demo.labels import NORMAL, Mark
from anlan.demo.scripts import Phrasebook
from anlan.domain.event_data import (
    AccountLogin,
    AccountRegistered,
    AgeBand,
    Data,
    FriendshipChanged,
    GroupChanged,
    ProfileUpdated,
)

DAY_S = 86_400.0
LOCAL_OFFSET_S = 8 * 3600.0
"""The community lives in UTC+8."""

_RHYTHMS = (
    (1, 0, 0, 0, 0, 1, 4, 7, 8, 6, 6, 7, 10, 7, 6, 6, 6, 8, 10, 11, 12, 11, 7, 3),
    (3, 1, 0, 0, 0, 0, 1, 2, 3, 3, 3, 5, 8, 6, 4, 4, 4, 6, 10, 14, 16, 16, 14, 9),
    (14, 11, 7, 4, 2, 1, 0, 0, 1, 2, 3, 4, 7, 7, 6, 6, 6, 7, 9, 11, 13, 15, 16, 16),
)
"""How active a day person, an evening person and a night owl are in each local hour."""

_ENGLISH_SHARE = 0.08
_SYLLABLES = ("chen", "hai", "jing", "leo", "lin", "mei", "ning", "ping", "qian", "sun", "tao", "wen", "yan", "zoe")


@dataclass(eq=False, slots=True)
class Person:
    """Somebody with an account. Ages are in days before the simulation starts.

    Attributes:
        devices: the everyday device first.
        friends: contacts they talk with; `faded` are contacts they never talk with.
        rhythm: relative activity by local hour, 1 on average.
        sessions: the session that each of their devices got at its last sign-in.
        age_band: of a minor; None for adults, of whom the platform tells no age.
    """

    account: str
    nickname: str
    devices: list[str]
    home_ip: str
    mobile_ip: str
    age_days: float = 0.0
    phone: str | None = None
    email: str | None = None
    is_english: bool = False
    rhythm: tuple[float, ...] = ()
    friends: list["Person"] = field(default_factory=list)
    faded: list["Person"] = field(default_factory=list)
    circles: list["Circle"] = field(default_factory=list)
    sessions: dict[str, str] = field(default_factory=dict)
    age_band: AgeBand | None = None

    def place(self, rng: Random) -> tuple[str, str]:
        """The (device, ip) they happen to be at."""
        chance = rng.random()
        device = self.devices[0] if chance < 0.8 else self.devices[-1]
        return device, self.home_ip if chance < 0.6 or chance > 0.9 else self.mobile_ip


@dataclass(eq=False, slots=True)
class Circle:
    """A group chat; the owner and the administrators are among its members."""

    id: str
    name: str
    theme: str
    age_days: float
    owner: Person
    admins: list[Person]
    members: list[Person]

    @property
    def has_minors(self) -> bool:
        """Whether somebody under 18 reads along."""
        return any(person.age_band for person in self.members)


@dataclass(frozen=True, slots=True)
class Gang:
    """People who work together: what they share outlives the accounts that they burn."""

    id: str
    devices: tuple[str, ...]
    ips: tuple[str, ...]
    payees: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Community:
    """Everybody, as they are when the simulation starts.

    Attributes:
        people: ordinary members; `abusers` and `flooders` live among them.
        advertisers: long-lived advertising accounts by what they sell.
        gangs: scam gangs.
        brigade: accounts on shared devices that report whom they are told to.
    """

    people: list[Person]
    circles: list[Circle]
    advertisers: dict[str, list[Person]]
    gangs: list[Gang]
    brigade: list[Person]
    abusers: list[Person]
    flooders: list[Person]

    @property
    def adults(self) -> list[Person]:
        """The people whom those who mean harm may reach; nobody here says to a minor what is only for adults."""
        return [person for person in self.people if not person.age_band]

    @property
    def minors(self) -> list[Person]:
        """The people under 18."""
        return [person for person in self.people if person.age_band]


def build_community(seed: int, size: int, book: Phrasebook) -> Community:
    """The community of `size` ordinary members that belongs to `seed`.

    Args:
        size: 20 or more.
    """
    rng = Random(f"community:{seed}")
    people = [_member(rng, book, index, index < size * _ENGLISH_SHARE) for index in range(size)]
    circles = _gather(rng, book, people)
    community = Community(
        people=people,
        circles=circles,
        advertisers={
            kind: [_outsider(rng, book, place * 10_000 + number) for number in range(max(2, size // 200))]
            for place, kind in enumerate(("spam", "gambling", "porn_ad"), start=1)
        },
        gangs=[_gang(number) for number in range(max(3, size // 400))],
        brigade=_brigade(rng, book),
        abusers=rng.sample(people, 3),
        flooders=rng.sample(people, 2),
    )
    _send_to_school(rng, book, community)
    return community


def _send_to_school(rng: Random, book: Phrasebook, community: Community) -> None:
    """Make the largest study group without a bad actor a school class; a small community may have none."""
    bad = community.abusers + community.flooders
    groups = [one for one in community.circles if one.theme == "study" and not any(one in p.circles for p in bad)]
    if not groups:
        return
    school = max(groups, key=lambda circle: len(circle.members))
    school.theme, school.name = "school", book.say(rng, "group_names.school")
    for place, person in enumerate(school.members):
        person.age_band = "12_to_15" if place % 3 else "16_to_17"


def nickname(rng: Random, book: Phrasebook, is_english: bool = False) -> str:
    """A nickname such as 小鱼干 or Leo42."""
    name = (
        book.say(rng, "nicknames.english") if is_english
        else book.say(rng, "nicknames.first") + book.say(rng, "nicknames.second")
    )
    return f"{name}{rng.randrange(100)}" if rng.random() < 0.4 else name


def mail_address(rng: Random) -> str:
    """One that nobody else has, as people choose them."""
    name = "".join(rng.choice(_SYLLABLES) for _ in range(rng.randrange(2, 4)))
    return f"{name}{rng.choice(('', '.', '_'))}{rng.randrange(10_000)}@example.com"


def _member(rng: Random, book: Phrasebook, index: int, is_english: bool) -> Person:
    rhythm = _RHYTHMS[rng.choices((0, 1, 2), (5, 4, 1))[0]]
    mean = sum(rhythm) / 24
    devices = [f"dev-{index}-a"] + ([f"dev-{index}-b"] if rng.random() < 0.35 else [])
    # Flatmates share a home, and a mobile carrier puts dozens of strangers behind one address.
    home = index * 2 // 3
    return Person(
        account=f"u1{index:07d}",
        nickname=nickname(rng, book, is_english),
        devices=devices,
        home_ip=line_of(home),
        mobile_ip=gateway(rng, index),
        age_days=min(2500.0, max(0.5, rng.lognormvariate(5.8, 1.1))),
        # 1380000xxxx holds ten thousand fictitious numbers; whoever comes later registers by mail.
        phone=f"1380000{index:04d}" if index < 10_000 else None,
        email=f"member{index}@example.com" if index >= 10_000 else None,
        is_english=is_english,
        rhythm=tuple(weight / mean for weight in rhythm),
    )


def _outsider(rng: Random, book: Phrasebook, serial: int) -> Person:
    # Names that look like everybody else's: only the labels tell.
    return Person(
        account=f"u19{serial:06d}",
        nickname=nickname(rng, book),
        devices=[f"dev-9{serial:06d}-a"],
        home_ip=f"203.0.113.{rng.randrange(1, 100)}",
        mobile_ip=gateway(rng, serial),
        age_days=rng.uniform(0.2, 40.0),
        email=f"member9{serial:06d}@example.com",
    )


def _gang(number: int) -> Gang:
    return Gang(
        id=f"gang-{number + 1}",
        devices=tuple(f"dev-97{number:05d}-{letter}" for letter in "abc"),
        ips=(f"203.0.113.{100 + number % 50}", f"203.0.113.{150 + number % 50}"),
        payees=(f"wallet-97{number:04d}1", f"wallet-97{number:04d}2"),
    )


def _brigade(rng: Random, book: Phrasebook) -> list[Person]:
    brigade = [_outsider(rng, book, number) for number in range(8)]
    for number, person in enumerate(brigade):
        person.devices = [f"dev-980000{number % 2}-a"]
        person.home_ip = person.mobile_ip = "203.0.113.201"
    return brigade


def _gather(rng: Random, book: Phrasebook, people: list[Person]) -> list[Circle]:
    """Everybody into one close circle (family, colleagues) and some into wider ones; ties follow the circles."""
    circles: list[Circle] = []
    left = list(people)
    while left:
        size = rng.randrange(5, 14)
        close, left = (left[:size], left[size:]) if len(left) - size >= 5 else (left, [])
        theme = "english" if close[0].is_english else rng.choice(("family", "work", "work", "study"))
        _form(rng, book, circles, close, theme, tie_chance=0.7)
    for _ in range(len(people) // 16):
        wide = rng.sample(people, rng.randrange(8, min(31, len(people))))
        theme = rng.choice(("football", "games", "neighbours", "hobby"))
        _form(rng, book, circles, wide, theme, tie_chance=2.5 / len(wide))
    for person in people:
        owner = person.circles[0].owner
        if not person.friends and owner is not person:
            _tie(person, owner)
    return circles


def _form(
    rng: Random, book: Phrasebook, circles: list[Circle], members: list[Person], theme: str, tie_chance: float
) -> None:
    by_age = sorted(members, key=lambda person: -person.age_days)
    circle = Circle(
        id=f"g{len(circles) + 1:05d}", name=book.say(rng, f"group_names.{theme}"), theme=theme,
        age_days=by_age[0].age_days * rng.uniform(0.3, 0.9), owner=by_age[0], admins=by_age[1:3], members=list(members),
    )
    circles.append(circle)
    for place, person in enumerate(members):
        person.circles.append(circle)
        for other in members[:place]:
            chance = rng.random()
            if chance < tie_chance and other not in person.friends:
                _tie(person, other)
            elif chance > 0.995 and other not in person.friends:
                person.faded.append(other)


def _tie(one: Person, other: Person) -> None:
    one.friends.append(other)
    other.friends.append(one)


def recall_past(community: Community, rng: Random, start: float) -> Iterator[tuple[float, Data, Mark]]:
    """How everybody came here, all before `start`, in no particular order."""
    outsiders = [person for group in community.advertisers.values() for person in group] + community.brigade
    for person in community.people + outsiders:
        registered_at = start - person.age_days * DAY_S
        yield registered_at, AccountRegistered(
            account=person.account, nickname=person.nickname, phone=person.phone, email=person.email,
            device=person.devices[0], ip=person.home_ip, age_band=person.age_band,
        ), NORMAL
        yield from _recall_sign_ins(person, rng, start)
        if person.age_days > 300 and rng.random() < 0.2:
            yield start - 200 * DAY_S, ProfileUpdated(account=person.account, verified=True), NORMAL
        for friend in person.friends + person.faded:
            # A tie stands in both lists; the account that sorts first tells of it.
            if person.account < friend.account or friend in person.faded:
                age_days = min(person.age_days, friend.age_days) * rng.uniform(0.02, 0.98)
                yield start - age_days * DAY_S, FriendshipChanged(
                    account=person.account, other=friend.account, change="added"
                ), NORMAL
    for circle in community.circles:
        yield from _recall_circle(circle, rng, start)


def _recall_sign_ins(person: Person, rng: Random, start: float) -> Iterator[tuple[float, Data, Mark]]:
    """Habits: every device has been signed in with, mostly from home."""
    for device in person.devices * 2:
        days = min(person.age_days * 0.9, 40.0) * rng.random()
        yield start - days * DAY_S, AccountLogin(
            account=person.account, result="success", device=device, method="password", user_agent=agent_of(device),
            ip=person.home_ip if rng.random() < 0.7 else person.mobile_ip, session=f"session-past-{device}",
        ), NORMAL


def _recall_circle(circle: Circle, rng: Random, start: float) -> Iterator[tuple[float, Data, Mark]]:
    yield start - circle.age_days * DAY_S, GroupChanged(
        group=circle.id, account=circle.owner.account, change="created", group_name=circle.name, member_count=1
    ), NORMAL
    for place, person in enumerate(circle.members):
        if person is circle.owner:
            continue
        joined_days = min(circle.age_days, person.age_days) * rng.uniform(0.1, 0.95)
        yield start - joined_days * DAY_S, GroupChanged(
            group=circle.id, account=person.account, change="joined", invited_by=circle.owner.account,
            member_count=place + 1,
        ), NORMAL
        if person in circle.admins:
            yield start - joined_days * 0.5 * DAY_S, GroupChanged(
                group=circle.id, account=person.account, change="promoted"
            ), NORMAL
