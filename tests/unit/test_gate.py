"""Who is let in: keys made a moment ago at once, unknown ones without asking the store each time."""

import asyncio
import hashlib
from collections.abc import Sequence

import msgspec
import pytest

from anlan import clock
from anlan.errors import Forbidden, RateLimited, Unauthorized
from anlan.web.api import access
from anlan.web.api.access import ApiKey, Gate


class Key(msgspec.Struct, frozen=True):
    id: str
    secret_hash: str
    scopes: tuple[str, ...] = ("events:write",)
    rate_per_s: float = 10.0


class Store:
    """The keys in force, and how often they were read."""

    def __init__(self, *secrets: str) -> None:
        self.keys = [self.made(secret) for secret in secrets]
        self.reads = 0

    @staticmethod
    def made(secret: str) -> Key:
        return Key(secret, hashlib.sha256(secret.encode()).hexdigest())

    async def load(self) -> Sequence[ApiKey]:
        self.reads += 1
        await asyncio.sleep(0)
        return list(self.keys)


@pytest.fixture
def seconds(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The stopwatch, set by hand."""
    now = [100.0]
    monkeypatch.setattr(clock, "stopwatch", lambda: now[0])
    return now


async def test_everybody_who_comes_during_the_first_load_gets_in(seconds: list[float]) -> None:
    store = Store("one", "two")
    gate = Gate(store.load)
    keys = await asyncio.gather(*(gate.admit(f"Bearer {name}", "events:write") for name in ("one", "two", "one")))
    assert [key.id for key in keys] == ["one", "two", "one"]
    assert store.reads == 1


async def test_a_key_made_a_moment_ago_is_found_and_a_revoked_one_goes(seconds: list[float]) -> None:
    store = Store("one")
    gate = Gate(store.load)
    await gate.admit("Bearer one", "events:write")
    store.keys.append(store.made("two"))
    seconds[0] += access.LOOK_AGAIN_S + 0.1
    assert (await gate.admit("Bearer two", "events:write")).id == "two"
    del store.keys[0]
    seconds[0] += access.RELOAD_EVERY_S + 0.1
    with pytest.raises(Unauthorized, match="not known or was revoked"):
        await gate.admit("Bearer one", "events:write")


async def test_guessing_keys_does_not_ask_the_store_each_time(seconds: list[float]) -> None:
    store = Store("one")
    gate = Gate(store.load)
    for number in range(50):
        with pytest.raises(Unauthorized):
            await gate.admit(f"Bearer guess-{number}", "events:write")
    assert store.reads == 1


async def test_scope_and_rate_are_the_keys_own(seconds: list[float]) -> None:
    gate = Gate(Store("one").load)
    with pytest.raises(Forbidden, match="lists:write"):
        await gate.admit("Bearer one", "lists:write")
    await gate.admit("Bearer one", "events:write", 20.0)
    with pytest.raises(RateLimited, match="10 a second"):
        await gate.admit("Bearer one", "events:write")
    seconds[0] += 1.0
    await gate.admit("Bearer one", "events:write", 10.0)
    for header in (None, "", "Basic one", b"Bearer "):
        with pytest.raises(Unauthorized, match="Authorization: Bearer"):
            await gate.admit(header, "events:write")
