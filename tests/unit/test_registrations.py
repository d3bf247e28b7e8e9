"""Newcomers: many by one hand are told from many who only come together."""

from collections.abc import Iterator
from typing import Any

import pytest
from doored import ABROAD, HOME, LAPTOP, PHONE, InventedPlaces
from spine import NOON, Spine

from anlan.protections.accounts.newcomers import Burst
from anlan.protections.accounts.registrations import Registrations

DAY = 86_400.0
CASUAL = ("小雨", "阿明", "Leo", "lifang1996", "慢慢橘子", "用户482913", "wangwei", "Emma Chen", "星星22", "北方")


class Desk:
    """Where accounts are made, after a month of ordinary days."""

    def __init__(self) -> None:
        self.made = Registrations(10_000)
        self.made.look_up_in(InventedPlaces())
        self._spine = Spine((), "[]", "[]")
        self._number = 0

    def register(self, at: float, **data: Any) -> float:
        """The risk of one registration, `at` seconds after noon."""
        return self.look(at, **data).risk

    def look(self, at: float, **data: Any) -> Burst:
        """What is made of one registration, `at` seconds after noon."""
        self._number += 1
        given = {"account": f"new-{self._number}", "device": f"device-{self._number}", **data}
        return self.made.count(self._spine.event("account.registered", self._number, NOON + at, **given)).burst

    def live(self, days: int = 30, until: float = 0.0) -> None:
        """Ten people a day, each from a home of their own."""
        for number in range(days * 10):
            self.register(
                until - days * DAY + number * DAY / 10, ip=f"198.51.{number % 100}.{number % 250}",
                user_agent=PHONE if number % 3 else LAPTOP, nickname=CASUAL[number % 10],
                email=f"{3_000_000_000 + number * 977}@qq.com" if number % 2 else None,
                phone=f"13{number % 10}0{number % 900:03d}{number:04d}",
            )


@pytest.fixture
def desk() -> Desk:
    lived = Desk()
    lived.live()
    return lived


def rack() -> Iterator[dict[str, Any]]:
    """Phones of one make behind one gateway, with cards of one batch."""
    for number in range(60):
        yield {
            "ip": f"{ABROAD[:-1]}{number % 4}", "user_agent": "ChatApp/9.61 (Linux; Android 13; V2154A)",
            "phone": f"1581234{number:04d}", "nickname": CASUAL[number % 10],
        }


def crowd() -> Iterator[dict[str, Any]]:
    """A class behind one address, on its own phones."""
    for number in range(30):
        yield {
            "ip": HOME, "user_agent": f"ChatApp/9.{number} (Linux; Android 13; V{number})",
            "nickname": CASUAL[number % 10], "phone": f"13{number % 10}0{number:03d}{number * 37:04d}",
        }


def test_many_by_one_hand_are_seen_before_the_third_dozen(desk: Desk) -> None:
    risks = [desk.register(number * 300.0, **each) for number, each in enumerate(rack())]
    assert risks[0] < 0.2
    assert min(risks[36:]) > 0.7


def test_many_who_only_come_together_are_not_a_farm(desk: Desk) -> None:
    assert max(desk.register(number * 60.0, **each) for number, each in enumerate(crowd())) < 0.7


def test_mailboxes_that_are_numbers_are_no_series(desk: Desk) -> None:
    """A mailbox of a Chinese provider is its owner's number; half the country has one like it."""
    looks = [desk.look(number * 900.0, email=f"{3_900_000_000 + number}@qq.com") for number in range(40)]
    assert max(look.mail for look in looks) < 0.8


def test_one_mailbox_under_many_spellings_counts_as_one(desk: Desk) -> None:
    spelled = [f"{'annie'[:cut]}.{'annie'[cut:]}@gmail.com" for cut in (1, 2, 3, 4)] * 3
    risks = [
        desk.register(number * 900.0, ip=f"198.51.{number}.9", email=each) for number, each in enumerate(spelled)
    ]
    assert risks[-1] > 4 * risks[0]


def test_a_throw_away_mailbox_alone_is_doubtful_and_with_a_series_a_farm(desk: Desk) -> None:
    alone = desk.register(0.0, ip="198.51.7.7", user_agent=PHONE, nickname="小雨", email="ann@yopmail.com")
    series = [
        desk.register(60.0 * number, ip=ABROAD, user_agent=LAPTOP, nickname=f"xkqzwrt{number}",
                      email=f"xkqzwrt{number}@yopmail.com")
        for number in range(20)
    ]
    assert 0.3 < alone < 0.7
    assert series[-1] > 0.9


def test_a_restored_desk_judges_as_before(desk: Desk) -> None:
    for number, each in enumerate(rack()):
        desk.register(number * 300.0, **each)
    other = Desk()
    assert other.made.restore(desk.made.snapshot())
    assert not other.made.restore(b"\x93\x00\x01\x02")
    last = {"ip": ABROAD, "phone": "15812340999", "account": "x", "device": "y"}
    assert other.register(20_000.0, **last) == desk.register(20_000.0, **last)


def test_a_farm_does_not_become_usual_by_itself(desk: Desk) -> None:
    for day in range(5):
        for number, each in enumerate(rack()):
            desk.register(day * DAY + number * 300.0, **each)
        desk.live(days=1, until=(day + 1) * DAY)
    assert desk.register(5.0 * DAY, **next(rack())) > 0.7
