"""From bytes to a durable answer, on both databases: repeats, stores that fail, and counters afterwards."""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from housed import (
    count,
    count_judged,
    forget_snapshots,
    hello,
    read,
    recovered_states,
    running,
    settings_for,
    states,
    wait_until_whole,
)
from servers import PostgresServer
from spine import envelope
from sqlalchemy import text

from anlan import clock
from anlan.app import House
from anlan.domain.decisions import Judged
from anlan.domain.events import Event
from anlan.domain.facts import Fact
from anlan.engine.profiles import tie
from anlan.errors import AnlanError, InvalidEvent, Unavailable
from anlan.settings import Settings
from anlan.store.facts import Facts
from anlan.store.tables import events


@pytest.fixture
def settings(backend: str, new_url: Callable[[str], str], tmp_path: Path) -> Settings:
    return settings_for(tmp_path / "house", new_url(backend))


async def test_a_repeat_gets_the_first_answer_whether_it_is_stored_or_under_way(settings: Settings) -> None:
    async with running(settings) as house:
        answers = await asyncio.gather(*(house.intake.accept(hello(1)) for _ in range(50)))
        later = await house.intake.accept(hello(1, sender="bob"))
        assert len({*answers, later}) == 1
        assert (count(house.database, events), count_judged(house.database)) == (1, 1)
        (stored,) = house.journal.since(0)
        assert house.workshop.counters.by_name["sender_messages_1h"].read("ann", stored.time) == 1


async def test_a_repeat_after_a_restart_gets_the_stored_answer(settings: Settings) -> None:
    async with running(settings) as house:
        first = await house.intake.accept(hello(1))
    async with running(settings) as house:
        assert await house.intake.accept(hello(1)) == first
        answers = await house.intake.accept_many([hello(1), hello(2), hello(1)])
        assert (answers[0], answers[2]) == (first, first)
        assert count(house.database, events) == 2


async def test_a_batch_keeps_its_order_and_a_bad_line_stops_nothing(settings: Settings) -> None:
    async with running(settings) as house:
        lines = [hello(1), b"{", hello(2), hello(1), hello(3, sender=""), hello(4)]
        answers = await house.intake.accept_many(lines)
        kinds = [type(answer).__name__ for answer in answers]
        assert kinds == ["bytes", "InvalidEvent", "bytes", "bytes", "InvalidEvent", "bytes"]
        assert answers[0] == answers[3]
        assert [stored.id for stored in house.journal.since(0)] == ["e1", "e2", "e4"]


async def test_hostile_text_is_kept_as_it_came(settings: Settings) -> None:
    nasty = "'; DROP TABLE events; -- <script>\0\u202e\U0001f600 ${7*7} \r\n"
    body = envelope("message.sent", nasty, {"sender": nasty, "text": nasty, "recipient": nasty, "group": nasty})
    async with running(settings) as house:
        first = await house.intake.accept(body)
        assert await house.intake.accept(body) == first
        (stored,) = house.journal.since(0)
        assert msgspec.json.decode(stored.data)["text"] == nasty
    async with running(settings) as house:
        assert await house.intake.accept(body) == first


async def test_whoever_goes_away_leaves_nothing_hanging(settings: Settings) -> None:
    async with running(settings) as house:
        for number in range(20):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0):
                    await house.intake.accept(hello(number, sender=f"new{number}"))
        async with asyncio.timeout(60):
            for number in range(20):
                await house.intake.accept(hello(number, sender=f"new{number}"))
        assert count(house.database, events) == 20


async def test_requests_that_wait_together_are_prepared_for_together(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared: list[list[str]] = []
    async with running(settings) as house:
        look_ahead = house.engine.look_ahead

        def noted(waiting: Sequence[Event]) -> None:
            prepared.append([event.id for event in waiting])
            look_ahead(waiting)

        monkeypatch.setattr(house.engine, "look_ahead", noted)
        await asyncio.gather(*(house.intake.accept(hello(number)) for number in range(3)))
        await house.intake.accept_many([hello(number) for number in range(3, 5)])
        assert prepared == [["e0", "e1", "e2"], ["e3", "e4"]]
        assert count(house.database, events) == 5


async def test_facts_of_a_former_run_are_known_and_strangers_are_not_asked_for(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    added = envelope("friendship.changed", "f", {"account": "ann", "other": "bob", "change": "added"})
    async with running(settings) as house:
        await house.intake.accept(added)
    asked: list[str] = []
    load = Facts.load

    def noted(self: Facts, names: Sequence[str]) -> list[Fact]:
        asked.extend(names)
        return load(self, names)

    monkeypatch.setattr(Facts, "load", noted)
    async with running(settings) as house:
        answer = await house.intake.accept(hello(1, sender="bob", recipient="ann"))
        await house.intake.accept(hello(2, sender="cat", recipient="dan"))
        stored = house.journal.find(read(answer)["decision"].split(".")[0])
        assert stored
        assert stored.decision.signals["sender_is_contact"] is True
    assert asked == [tie("account:bob", "account:ann")]


async def test_a_friend_is_a_friend_at_once(settings: Settings) -> None:
    """The next event is judged before the one that made them friends is committed."""
    added = envelope("friendship.changed", "f", {"account": "ann", "other": "bob", "change": "added"})
    async with running(settings) as house:
        adding = asyncio.ensure_future(house.intake.accept(added))
        while house.engine.profiles.fact(tie("account:ann", "account:bob"), "friends_since", clock.now()) is None:
            await asyncio.sleep(0)
        answer = await house.intake.accept(hello(1, sender="bob", recipient="ann"))
        await adding
        stored = house.journal.find(read(answer)["decision"].split(".")[0])
        assert stored
        assert stored.decision.signals["sender_is_contact"] is True


async def test_an_event_that_breaks_judging_is_answered_and_spoils_nothing(
    new_url: Callable[[str], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_for(tmp_path / "house", new_url("sqlite"))
    async with running(settings) as house:
        judge = house.engine.judge

        def break_on_three(event: Any, received_at: float) -> Judged:
            judged = judge(event, received_at)
            if event.id == "e3":
                raise RuntimeError("a bug of ours")
            return judged

        monkeypatch.setattr(house.engine, "judge", break_on_three)
        answers = await house.intake.accept_many([hello(number) for number in range(6)])
        assert [isinstance(answer, bytes) for answer in answers] == [True, True, True, False, True, True]
        with pytest.raises(AnlanError, match="the log says why"):
            await house.intake.accept(hello(3))
        monkeypatch.undo()
        await house.intake.accept(hello(3))
        await wait_until_whole(house)
        found = states(house)
        assert count(house.database, events) == 6
    assert found == await recovered_states(settings)


async def submit_until_refused(house: House) -> list[int]:
    """The numbers of the events that were refused because the disk is full."""
    for start in range(0, 4000, 40):
        numbers = range(start, start + 40)
        answers = await house.intake.accept_many([hello(number, sender=f"s{number % 7}") for number in numbers])
        lost = [number for number, answer in zip(numbers, answers, strict=True) if isinstance(answer, AnlanError)]
        if lost:
            return lost
    raise AssertionError("the disk never filled")


async def test_a_full_disk_refuses_and_later_takes_each_event_once(
    new_url: Callable[[str], str], tmp_path: Path
) -> None:
    settings = settings_for(tmp_path / "house", new_url("sqlite"))
    async with running(settings) as house:
        with house.database.write() as connection:
            pages = connection.execute(text("PRAGMA page_count")).scalar_one()
            connection.execute(text(f"PRAGMA max_page_count = {pages + 40}"))
        lost = await submit_until_refused(house)
        number = max(lost)
        with contextlib.suppress(Unavailable):  # small ones still fit for a while
            while number < max(lost) + 200:
                number += 1
                await house.intake.accept(hello(number, sender=f"s{number % 7}"))
        assert number < max(lost) + 200
        lost += range(max(lost) + 1, number + 1)
        with house.database.write() as connection:
            connection.execute(text("PRAGMA max_page_count = 1000000"))
        for number in (*lost, *lost):
            await retry(house, hello(number, sender=f"s{number % 7}"))
        assert count(house.database, events) == count_judged(house.database) == max(lost) + 1
        await wait_until_whole(house)
        found = states(house)
    assert found == await recovered_states(settings)
    forget(settings)
    assert found == await recovered_states(settings), "a snapshot counted what was never stored"


async def retry(house: House, body: bytes) -> bytes:
    """What a platform does: send it again until it is taken."""
    for _ in range(200):
        try:
            return await house.intake.accept(body)
        except Unavailable:
            await asyncio.sleep(0.05)
    raise AssertionError("it was never taken")


def forget(settings: Settings) -> None:
    house = House(settings)
    forget_snapshots(house.database)
    house.segments.close()
    house.database.close()


async def test_a_database_that_goes_and_comes_back(
    postgres: PostgresServer, new_url: Callable[[str], str], tmp_path: Path
) -> None:
    settings = settings_for(tmp_path / "house", new_url("postgres"))
    async with running(settings) as house:
        await house.intake.accept_many([hello(number, sender=f"s{number % 7}") for number in range(100)])
        postgres.stop()
        try:
            for number in (100, 101, 102):
                with pytest.raises(Unavailable):
                    async with asyncio.timeout(60):
                        await house.intake.accept(hello(number, sender=f"s{number % 7}"))
            refused = await house.intake.accept_many([hello(103), hello(104, sender="somebody new"), b"{"])
            assert [type(one) for one in refused] == [Unavailable, Unavailable, InvalidEvent]
            assert not house.intake.is_whole
        finally:
            postgres.start()
        for number in range(100, 105):
            await retry(house, hello(number, sender=f"s{number % 7}"))
        await wait_until_whole(house)
        assert count(house.database, events) == count_judged(house.database) == 105
        found = states(house)
    assert found == await recovered_states(settings)


async def test_two_processes_that_get_the_same_event_give_the_same_answer(
    new_url: Callable[[str], str], tmp_path: Path
) -> None:
    url = new_url("postgres")
    async with (
        running(settings_for(tmp_path / "one", url)) as one, running(settings_for(tmp_path / "two", url)) as two
    ):
        for number in range(30):
            answers = await asyncio.gather(*(house.intake.accept(hello(number)) for house in (one, two)))
            assert answers[0] == answers[1]
        both = [[hello(number) for number in range(30, 90)] for _ in range(2)]
        first, second = await asyncio.gather(one.intake.accept_many(both[0]), two.intake.accept_many(both[1]))
        assert first == second
        assert count(one.database, events) == count_judged(one.database) == 90


async def test_too_many_waiting_events_are_refused_before_they_are_counted(
    new_url: Callable[[str], str], tmp_path: Path
) -> None:
    settings = settings_for(tmp_path / "house", new_url("sqlite"))
    async with running(settings.model_copy(update={"commit_backlog": 5})) as house:
        answers = await house.intake.accept_many([hello(number) for number in range(400)])
        taken = [answer for answer in answers if isinstance(answer, bytes)]
        assert 0 < len(taken) < 400
        assert house.intake.is_whole
        assert count(house.database, events) == len(taken)
        found = states(house)
    assert found == await recovered_states(settings)
