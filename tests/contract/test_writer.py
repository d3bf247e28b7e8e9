"""Group commit: what waits is committed together, every future is answered, and a bad moment ends."""

import asyncio
from collections.abc import Callable

import pytest
from judged import Judged, judged, key_of, second_pass
from servers import PostgresServer
from sqlalchemy import text
from stores import KEY

from anlan.errors import AnlanError, DuplicateEvent, NotFound, Unavailable
from anlan.store.counters import load_snapshots
from anlan.store.database import Database
from anlan.store.journal import Journal, Snapshot
from anlan.store.vault import Codec
from anlan.store.writer import Writer


@pytest.fixture
def journal(database: Database) -> Journal:
    return Journal(database, Codec(database.vault))


async def test_many_submissions_are_few_commits_and_keep_their_order(journal: Journal) -> None:
    groups: list[int] = []
    writer = Writer(journal, on_commit=lambda batch, seconds: groups.append(len(batch)))
    seqs = await asyncio.gather(*(writer.submit(judged(number)) for number in range(600)))
    await writer.close()
    assert seqs == list(range(1, 601))
    assert [stored.id for stored in journal.since(0)] == [f"e{number}" for number in range(600)]
    assert sum(groups) == 600
    assert len(groups) < 20


async def test_a_repeat_fails_alone_wherever_it_was_first_seen(journal: Journal) -> None:
    journal.commit([judged(1)])
    writer = Writer(journal)
    futures = [writer.submit(judged(number)) for number in (0, 1, 2, 2, 3)]
    outcomes = await asyncio.gather(*futures, return_exceptions=True)
    await writer.close()
    assert [outcomes[position] for position in (0, 2, 4)] == [2, 3, 4]
    for position, number in ((1, 1), (3, 2)):
        error = outcomes[position]
        assert isinstance(error, DuplicateEvent)
        assert error.repeats == {0: key_of(judged(number))}


async def test_an_event_that_cannot_be_stored_does_not_take_the_others_along(journal: Journal) -> None:
    failures: list[AnlanError] = []
    writer = Writer(journal, on_failure=failures.append)
    futures = [writer.submit(one) for one in (judged(1), second_pass(judged(9), "hold"), judged(2))]
    outcomes = await asyncio.gather(*futures, return_exceptions=True)
    await writer.close()
    assert isinstance(outcomes[1], NotFound)
    assert [outcomes[0], outcomes[2]] == [1, 2]
    assert len(failures) == 1


async def test_snapshots_count_exactly_the_events_before_them(database: Database, journal: Journal) -> None:
    writer = Writer(journal)
    for number in range(300):
        writer.submit(judged(number))
    saved = writer.save([Snapshot("counters", 1.0, b"300 events")])
    for number in range(300, 400):
        writer.submit(judged(number))
    await saved
    await writer.flush()
    assert load_snapshots(database)["counters"].event_seq == 300
    await writer.close()
    assert journal.last_seq() == 400


async def test_a_full_backlog_and_a_closed_writer_refuse_with_advice(journal: Journal) -> None:
    writer = Writer(journal, max_backlog=5)
    futures = [writer.submit(judged(number)) for number in range(5)]
    with pytest.raises(Unavailable, match="slow down") as caught:
        futures.extend(writer.submit(judged(number)) for number in range(5, 1000))
    assert caught.value.details == {"retry_after_s": 1.0}
    await writer.close()
    assert all(future.done() for future in futures)
    with pytest.raises(Unavailable, match="closing"):
        writer.submit(judged(2000))


async def test_a_caller_that_has_gone_is_not_waited_for(journal: Journal) -> None:
    writer = Writer(journal)
    gone, stays = writer.submit(judged(1)), writer.submit(judged(2))
    gone.cancel()
    assert await stays == 2
    await writer.close()


async def test_while_the_database_is_gone_everything_fails_and_afterwards_works_again(
    postgres: PostgresServer, new_url: Callable[[str], str]
) -> None:
    database = Database(new_url("postgres"), KEY)
    failures: list[AnlanError] = []
    writer = Writer(Journal(database, Codec(database.vault)), on_failure=failures.append)
    assert await writer.submit(judged(1)) == 1
    postgres.stop()
    try:
        for number in (2, 3):
            with pytest.raises(Unavailable, match="does not answer"):
                await writer.submit(judged(number))
    finally:
        postgres.start()
    assert await writer.submit(judged(4)) == 2
    assert len(failures) == 2
    await writer.close()
    database.close()


async def test_a_full_disk_fails_what_waits_and_a_bigger_one_takes_the_rest(new_url: Callable[[str], str]) -> None:
    database = Database(new_url("sqlite"), KEY)
    journal = Journal(database, Codec(database.vault))
    writer = Writer(journal, max_batch=16)
    with database.write() as connection:
        pages = connection.execute(text("PRAGMA page_count")).scalar_one()
        connection.execute(text(f"PRAGMA max_page_count = {pages + 12}"))
    stored, lost = await submit_until_refused(writer)
    assert journal.last_seq() == stored, "what was refused is not there, what was acknowledged is"
    assert lost
    with database.write() as connection:
        connection.execute(text("PRAGMA max_page_count = 1000000"))
    again = await asyncio.gather(*(writer.submit(one) for one in lost))
    assert again == list(range(stored + 1, stored + len(lost) + 1))
    await writer.close()
    database.close()


async def submit_until_refused(writer: Writer) -> tuple[int, list[Judged]]:
    """How many were stored, and those that were refused for want of space."""
    stored, lost = 0, list[Judged]()
    for start in range(0, 1000, 16):
        batch = [judged(number) for number in range(start, start + 16)]
        for one, outcome in zip(
            batch, await asyncio.gather(*(writer.submit(one) for one in batch), return_exceptions=True), strict=True
        ):
            if isinstance(outcome, BaseException):
                assert isinstance(outcome, Unavailable)
                assert "no space left" in outcome.message
                lost.append(one)
            else:
                stored += 1
        if lost:
            break
    return stored, lost
