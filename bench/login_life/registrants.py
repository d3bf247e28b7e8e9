"""Honest newcomers: alone, as families, classes, offices, in a telephone shop, at a fair, or called by a friend."""

from collections.abc import Callable, Iterator
from random import Random
from typing import NamedTuple

from msgspec.structs import replace

from anlan.demo.scripts import Phrasebook
from anlan.domain.event_data import AccountRegistered
from bench.login_life import anchors
from bench.login_life.addresses import CITIES, City, anywhere_abroad, hosted
from bench.login_life.anchors import DAY_S
from bench.login_life.devices import Gear, new_computer, new_phone, new_token
from bench.login_life.members import UTC8_S

HOUR_S = 3_600.0
SURNAMES = ("wang", "li", "zhang", "liu", "chen", "yang", "zhao", "huang", "zhou", "wu", "xu", "sun", "ma", "zhu", "hu")
GIVEN = ("wei", "fang", "na", "min", "jing", "lei", "jun", "yan", "yong", "jie", "juan", "tao", "ming", "chao", "xia",
         "ping", "gang", "xiaoyu", "zihan", "yifan", "haoran", "yuxuan", "mengqi", "jiahao", "siyu", "ruoxi")
_HAN_SURNAMES = "王李张刘陈杨赵黄周吴徐孙马朱胡林郭何高罗"
_HAN_GIVEN = "伟芳娜敏静磊军艳勇杰娟涛明超霞平刚雨涵轩琪豪宇佳"
_ENGLISH = ("Leo", "Emma", "Kevin", "Lucy", "Jason", "Amy", "Tony", "Cindy", "Eric", "Vivian", "Andy", "Grace", "Sam")
_FREE_MAIL = (("qq.com", 45), ("163.com", 20), ("126.com", 6), ("gmail.com", 10), ("outlook.com", 6),
              ("hotmail.com", 4), ("foxmail.com", 5), ("sina.com", 4))
DISPOSABLE = ("yopmail.com", "guerrillamail.com", "mailinator.com", "sharklasers.com", "maildrop.cc", "dispostable.com")
_OPERATORS = ("134", "135", "136", "137", "138", "139", "150", "151", "152", "157", "158", "159", "182", "183", "187",
              "188", "130", "131", "132", "155", "156", "185", "186", "133", "153", "180", "181", "189", "177", "173")
VIRTUAL_OPERATORS = ("162", "165", "167", "170", "171")


class Registrant(NamedTuple):
    """One registration at its time; `kind` is who makes it, and `hand` the one behind it, if it is one of many."""

    time: float
    kind: str
    hand: str
    data: AccountRegistered


class Pen:
    """Writes what people fill in.

    Args:
        day_count: registrations of honest people in a day, about.
    """

    def __init__(self, rng: Random, book: Phrasebook, day_count: float) -> None:
        self.rng, self._book, self.day_count = rng, book, day_count
        self._number = 0

    def chance(self, share: float) -> bool:
        """Whether something of this share happens."""
        return self.rng.random() < share

    def city(self) -> City:
        """Large cities have many newcomers."""
        return City(self.rng.choices(range(CITIES), [1 / (1 + number) for number in range(CITIES)])[0])

    def latin_name(self) -> str:
        """A name in pinyin with a few digits, as it stands in mail addresses."""
        rng = self.rng
        digits = ("", str(rng.randrange(1965, 2012)), str(rng.randrange(10, 99)), str(rng.randrange(100, 1300)))
        return rng.choice(SURNAMES) + rng.choice(GIVEN) + rng.choice(digits)

    def nickname(self) -> str:
        """How people call themselves; some keep the name that the app proposes."""
        rng, dice = self.rng, self.rng.random()
        made = self._book.say(rng, "nicknames.first") + self._book.say(rng, "nicknames.second")
        if dice < 0.35:
            return made
        if dice < 0.47:
            return made + str(rng.choice((rng.randrange(10, 100), rng.randrange(1970, 2012), rng.randrange(1000))))
        if dice < 0.62:
            return rng.choice(_HAN_SURNAMES) + "".join(rng.sample(_HAN_GIVEN, rng.choice((1, 2, 2))))
        if dice < 0.76:
            return self.latin_name()
        if dice < 0.88:
            return rng.choice(_ENGLISH) + rng.choice(("", str(rng.randrange(100)), f" {rng.choice(SURNAMES).title()}"))
        if dice < 0.94:
            return f"用户{rng.randrange(10**5, 10**7)}"
        return rng.choice(("。", "阿", "🌙", "安静", "随便", "~")) + rng.choice(_HAN_GIVEN) * rng.choice((1, 2))

    def mail(self) -> str | None:
        """A mailbox of one's own, if any is given."""
        rng = self.rng
        if not self.chance(anchors.GIVES_MAIL):
            return None
        if self.chance(anchors.THROWS_MAIL_AWAY):
            return f"{self.latin_name()}@{rng.choice(DISPOSABLE)}"
        names, weights = zip(*_FREE_MAIL, strict=True)
        domain = rng.choices(names, weights)[0]
        if domain in ("qq.com", "foxmail.com") and self.chance(0.8):
            return f"{rng.randrange(10**7, 4 * 10**9)}@{domain}"
        return f"{self.latin_name()}@{domain}"

    def phone(self, city: City, serial: str | None = None) -> str:
        """A number of this city; `serial` is the first seven digits of a batch of cards."""
        rng = self.rng
        operator = rng.choice(VIRTUAL_OPERATORS if self.chance(0.02) else _OPERATORS)
        return (serial or self.serial(city, operator)) + f"{rng.randrange(10_000):04d}"

    def serial(self, city: City, operator: str = "") -> str:
        """The first seven digits of ten thousand numbers that one city has."""
        operator = operator or self.rng.choice(_OPERATORS)
        return f"{operator}{(city.number * 61 + self.rng.randrange(60)) % 10_000:04d}"

    def fill(self, time: float, kind: str, hand: str, ip: str, gear: Gear, **given: str | None) -> Registrant:
        """One registration; what is not `given` is what a person alone would write."""
        self._number += 1
        filled = {"nickname": self.nickname(), "email": self.mail(), "device": new_token(), **given}
        data = AccountRegistered(
            account=f"new-{self._number:07d}", ip=ip, user_agent=gear.agent(time), **filled  # type: ignore[arg-type]
        )
        return Registrant(time, kind, hand, data)

    def gear(self) -> Gear:
        """A telephone, or a computer."""
        return new_phone(self.rng) if self.chance(0.8) else new_computer(self.rng)


def hour_of_day(rng: Random, midnight: float, peak: float = 20.0) -> float:
    """A time of this local day, mostly in the evening."""
    hour = rng.gauss(peak, 2.5) if rng.random() < 0.5 else rng.uniform(7, 24)
    return midnight - UTC8_S + hour % 24 * HOUR_S


def honest_day(pen: Pen, midnight: float) -> Iterator[Registrant]:
    """Everybody who comes on one day."""
    for share, make in _WAYS:
        expected = share * pen.day_count
        count = int(expected) + pen.chance(expected % 1.0)
        for number in range(count):
            yield from make(pen, hour_of_day(pen.rng, midnight), f"{make.__name__}-{midnight:.0f}-{number}")


def _alone(pen: Pen, at: float, hand: str) -> Iterator[Registrant]:
    rng, city, gear = pen.rng, pen.city(), pen.gear()
    ip = city.mobile(rng, rng.randrange(6)) if pen.chance(0.45) else city.line(rng, rng.randrange(4), rng.randrange(3))
    if pen.chance(anchors.COMES_BY_VPN):
        ip = hosted(rng)
    device, phone = new_token(), pen.phone(city) if pen.chance(anchors.GIVES_PHONE) else None
    if pen.chance(anchors.LIVES_ABROAD):
        mail = f"{pen.latin_name()}@{rng.choice(_FREE_MAIL[3:6])[0]}" if pen.chance(0.7) else None
        yield pen.fill(at, "abroad", "", anywhere_abroad(rng), gear, device=device, email=mail)
        return
    yield pen.fill(at, "alone", "", ip, gear, device=device, phone=phone)
    if pen.chance(anchors.TAKES_A_SECOND_ACCOUNT):
        again = at + rng.uniform(0.01, 3) * DAY_S
        yield pen.fill(again, "second account", hand, ip, gear, device=device, email=None)


def _family(pen: Pen, at: float, hand: str) -> Iterator[Registrant]:
    rng, city = pen.rng, pen.city()
    ip, shared = city.line(rng, rng.randrange(4), rng.randrange(3)), pen.gear()
    token, inviter, mailbox = new_token(), None, pen.mail()
    for number in range(rng.randrange(2, 6)):
        is_shared = pen.chance(0.4)
        made = pen.fill(
            at + number * rng.uniform(0.05, 4) * HOUR_S, "family", hand, ip, shared if is_shared else pen.gear(),
            device=token if is_shared else new_token(), phone=pen.phone(city) if pen.chance(0.6) else None,
            email=mailbox if is_shared else pen.mail(), invited_by=inviter,
        )
        inviter = inviter or made.data.account
        yield made


def _class(pen: Pen, at: float, hand: str) -> Iterator[Registrant]:
    """Thirty in an hour behind one address; some in a computer room, some named by the teacher's list."""
    rng, city = pen.rng, pen.city()
    ip, room, number_of_class = city.shared(rng.randrange(300)), new_computer(rng), rng.randrange(1, 20)
    is_in_room, is_listed, has_school_mail = pen.chance(0.4), pen.chance(0.3), pen.chance(0.25)
    machines, domain = [new_token() for _ in range(40)], f"school{rng.randrange(99)}.edu.cn"
    for number in range(rng.randrange(15, 46)):
        given: dict[str, str | None] = {"device": machines[number % 40] if is_in_room else new_token()}
        if is_listed:
            name = rng.choice(_HAN_SURNAMES) + rng.choice(_HAN_GIVEN)
            given["nickname"] = f"{number_of_class}班{number + 1:02d}{name}"
        given["email"] = f"{pen.latin_name()}@{domain}" if has_school_mail else None
        given["phone"] = pen.phone(city) if not is_in_room and pen.chance(0.5) else None
        gear = room if is_in_room else pen.gear()
        yield pen.fill(at + rng.uniform(0, 1.2) * HOUR_S, "class", hand, ip, gear, **given)


def _office(pen: Pen, at: float, hand: str) -> Iterator[Registrant]:
    """A company moves in: one address, its own mail domain, its own computers and everybody's telephone."""
    rng, city, domain = pen.rng, pen.city(), f"{pen.rng.choice(GIVEN)}{pen.rng.choice(GIVEN)}.com.cn"
    ip = city.shared(rng.randrange(300, 600))
    for _ in range(rng.randrange(6, 25)):
        yield pen.fill(
            at + rng.uniform(0, 6) * HOUR_S, "office", hand, ip, pen.gear(), email=f"{pen.latin_name()}@{domain}",
            phone=pen.phone(city) if pen.chance(0.7) else None,
        )


def _shop(pen: Pen, at: float, hand: str) -> Iterator[Registrant]:
    """A telephone shop sets up what it sells: one address, new phones, new cards of one batch."""
    rng, city = pen.rng, pen.city()
    ip, serial = city.line(rng, rng.randrange(4), 0), pen.serial(city)
    for _ in range(rng.randrange(4, 13)):
        phone = pen.phone(city, serial if pen.chance(0.5) else None)
        yield pen.fill(at + rng.uniform(-6, 2) * HOUR_S, "shop", hand, ip, new_phone(rng), phone=phone, email=None)


def _fair(pen: Pen, at: float, hand: str) -> Iterator[Registrant]:
    """A stand with a code to scan: everybody on their own phone behind few gateways, called by one account."""
    rng, city, host = pen.rng, pen.city(), f"host-{hand}"
    for _ in range(rng.randrange(20, 70)):
        ip = city.mobile(rng, rng.choice((0, 0, 0, 1, 1, 2)))
        yield pen.fill(
            at + rng.uniform(-3, 1) * HOUR_S, "fair", hand, ip, new_phone(rng), phone=pen.phone(city), invited_by=host,
        )


def _friends(pen: Pen, at: float, hand: str) -> Iterator[Registrant]:
    """A popular account calls its friends, who come from their homes over a week."""
    rng, host = pen.rng, f"host-{hand}"
    for _ in range(rng.randrange(4, 20)):
        for made in _alone(pen, at + rng.uniform(0, 7) * DAY_S, hand):
            yield made._replace(kind="friends", hand=hand, data=replace(made.data, invited_by=host))


_WAYS: tuple[tuple[float, Callable[[Pen, float, str], Iterator[Registrant]]], ...] = (
    (0.70, _alone), (0.030, _family), (0.0015, _class), (0.0015, _office), (0.004, _shop), (0.0007, _fair),
    (0.001, _friends),
)
"""How many such groups come for each newcomer of a day; assumed. Three in ten come in company."""
