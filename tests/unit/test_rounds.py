"""Rounds by the clock and at a call: a failure is logged and comes again, calls meanwhile are one, none is lost."""

import asyncio
import threading

import pytest

from anlan.rounds import CalledRound, in_thread, make_rounds, repeat


def fail(_now: float) -> None:
    raise RuntimeError("the store is away")


async def test_a_round_that_fails_keeps_none_of_the_others_back() -> None:
    made: list[float] = []
    await make_rounds([fail, made.append, fail, made.append])
    assert len(made) == 2


async def test_what_is_repeated_comes_again_after_a_failure() -> None:
    tried = []

    def act() -> None:
        tried.append(True)
        if len(tried) == 1:
            raise RuntimeError("the store is away")

    task = asyncio.create_task(repeat(in_thread(act), 0.01, "act_failed", first_after_s=0.0))
    async with asyncio.timeout(60):
        while len(tried) < 3:
            await asyncio.sleep(0.005)
    task.cancel()


async def test_what_is_repeated_waits_its_time_first() -> None:
    tried: list[bool] = []
    task = asyncio.create_task(repeat(in_thread(lambda: tried.append(True)), 3_600.0, "act_failed"))
    await asyncio.sleep(0.05)
    assert not tried
    task.cancel()


@pytest.fixture
def hold() -> threading.Event:
    return threading.Event()


async def test_calls_during_a_round_are_one_more_round(hold: threading.Event) -> None:
    made, told = [], []

    def slow(now: float) -> None:
        made.append(now)
        hold.wait(60)

    called = CalledRound(slow, lambda: told.append(len(made)))
    task = asyncio.create_task(called.run())
    await asyncio.sleep(0.02)
    assert not made, "nobody has called"
    called.call()
    await asyncio.sleep(0.02)
    for _ in range(5):
        called.call()
    hold.set()
    async with asyncio.timeout(60):
        while len(told) < 2:
            await asyncio.sleep(0.005)
    await asyncio.sleep(0.02)
    assert (len(made), told) == (2, [1, 2])
    task.cancel()


async def test_a_called_round_that_fails_is_called_again() -> None:
    told: list[bool] = []
    called = CalledRound(fail, lambda: told.append(True))
    task = asyncio.create_task(called.run())
    async with asyncio.timeout(60):
        while len(told) < 2:
            called.call()
            await asyncio.sleep(0.005)
    task.cancel()
