"""What Anlan does to accounts itself goes the way of every event, and is known afterwards."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from housed import count, running, settings_for
from spine import envelope

from anlan.app import House
from anlan.clock import now, to_rfc3339
from anlan.engine.profiles import tie
from anlan.store.own_events import say
from anlan.store.tables import events, own_events

NewUrl = Callable[[str], str]
DEVICE = tie("account:ann", "device:phone-2")


def login(number: int, ago_s: float) -> bytes:
    data = {"account": "ann", "result": "success", "device": "phone-2", "ip": "203.0.113.7"}
    return envelope("account.login", f"login{number}", data, time=to_rfc3339(now() - ago_s))


async def until_taken(house: House) -> None:
    async with asyncio.timeout(60):
        while count(house.database, own_events):
            await asyncio.sleep(0.05)


async def test_a_disowned_device_is_not_known_any_more(tmp_path: Path, backend: str, new_url: NewUrl) -> None:
    async with running(settings_for(tmp_path, new_url(backend))) as house:
        await house.intake.accept(login(1, ago_s=60.0))
        assert house.engine.profiles.fact(DEVICE, "is_known", now()) is True
        with house.database.write() as connection:
            say(connection, "device.disowned", {"account": "ann", "device": "phone-2"}, "contain-1.phone-2", now())
        await until_taken(house)
        assert house.engine.profiles.fact(DEVICE, "is_known", now()) is False
        assert house.engine.profiles.disowned_devices("account:ann", now()) == {"phone-2"}
        assert count(house.database, events) == 2


async def test_a_device_that_was_disowned_by_mistake_is_known_again(
    tmp_path: Path, backend: str, new_url: NewUrl
) -> None:
    async with running(settings_for(tmp_path, new_url(backend))) as house:
        await house.intake.accept(login(1, ago_s=60.0))
        device = {"account": "ann", "device": "phone-2"}
        with house.database.write() as connection:
            say(connection, "device.disowned", device, "contain-1.phone-2", now() - 30.0)
            say(connection, "device.owned", device, "release-1.phone-2", now())
        await until_taken(house)
        assert house.engine.profiles.fact(DEVICE, "is_known", now()) is True
        assert house.engine.profiles.disowned_devices("account:ann", now()) == frozenset()


async def test_one_that_cannot_be_taken_keeps_nothing_back(tmp_path: Path, new_url: NewUrl) -> None:
    async with running(settings_for(tmp_path, new_url("sqlite"))) as house:
        with house.database.write() as connection:
            say(connection, "no.such_type", {}, "a-first", now())
            say(connection, "device.disowned", {"account": "ann", "device": "phone-2"}, "b-second", now())
        await until_taken(house)
        assert house.engine.profiles.history("account:ann", "disowned_device", now()) == ["phone-2"]
