"""What one commit writes, and that it writes all of it or nothing."""

from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest
from judged import CASE, MUTE, NOON, Judged, decide, event, judged, key_of, second_pass
from sqlalchemy import Table, func, select

from anlan.domain.facts import Fact, StaffNotice
from anlan.errors import DuplicateEvent, NotFound
from anlan.store.counters import load_snapshots
from anlan.store.database import Database
from anlan.store.journal import Filters, Journal, Snapshot
from anlan.store.tables import cases, decisions, deferred, events, facts, outbox, staff_notices
from anlan.store.vault import Codec

NOTICE = StaffNotice(id="fuse:p.spam:1", at=NOON, kind="fuse_quota", subject="p.spam")


@pytest.fixture
def journal(database: Database) -> Journal:
    return Journal(database, Codec(database.vault))


def count(database: Database, table: Table) -> int:
    with database.read() as connection:
        return connection.execute(select(func.count()).select_from(table)).scalar_one()


def test_one_commit_writes_the_event_and_all_that_follows(database: Database, journal: Journal) -> None:
    one = judged(
        1, "block", (MUTE, CASE), ("p.image",), facts=(Fact("account:ann", "nickname", NOON, "Ann"),), notices=(NOTICE,)
    )
    assert journal.commit([one], [Snapshot("counters", NOON, b"state")]) == [1]
    with database.read() as connection:
        kinds = set(connection.execute(select(outbox.c.kind)).scalars())
        case = connection.execute(select(cases)).one()
        assert kinds == {"action.mute", "staff.fuse_quota"}
        assert (case.queue, case.priority, case.event_seq, case.state) == ("spam", 2, 1, "open")
        assert connection.execute(select(deferred.c.event_seq)).scalars().all() == [1]
        assert connection.execute(select(facts.c.entity, facts.c.event_seq)).one() == ("account:ann", 1)
        assert connection.execute(select(staff_notices.c.kind)).scalar_one() == "fuse_quota"
    assert load_snapshots(database)["counters"].event_seq == 1


def test_a_stored_decision_is_found_and_explained_as_it_was_made(journal: Journal) -> None:
    one = judged(1, "block", (MUTE,))
    journal.commit([one])
    found, explained = journal.find(key_of(one)), journal.explain(key_of(one))
    assert found is not None
    assert found.decision == one.decision
    assert explained is not None
    assert explained.event.data == one.event.raw
    assert (explained.event.actor, explained.event.key) == ("account:ann", key_of(one))
    assert journal.find("0" * 32) is None
    assert journal.explain("0" * 32) is None


def test_the_second_pass_ends_the_wait_and_tells_only_what_changed(database: Database, journal: Journal) -> None:
    first = judged(1, "block", (MUTE,), ("p.image",))
    journal.commit([first])
    later = second_pass(first, "allow")
    assert journal.commit([later, judged(2)]) == [1, 2]
    found, explained = journal.find(key_of(first)), journal.explain(key_of(first))
    assert found is not None
    assert found.decision.pass_number == 2
    assert explained is not None
    assert [one.decision.verdict for one in explained.decisions] == ["block", "allow"]
    assert count(database, deferred) == 0
    with database.read() as connection:
        kinds = sorted(connection.execute(select(outbox.c.kind)).scalars())
    assert kinds == ["action.mute", "action.unmute", "decision.revised"]
    with pytest.raises(DuplicateEvent):
        journal.commit([later])


def test_both_passes_may_come_in_one_commit(journal: Journal) -> None:
    first = judged(1, pending=("p.image",))
    assert journal.commit([first, second_pass(first, "hold")]) == [1, 1]


def test_a_second_pass_without_a_first_is_refused(database: Database, journal: Journal) -> None:
    with pytest.raises(NotFound, match="first pass"):
        journal.commit([judged(1), second_pass(judged(2), "hold")])
    assert count(database, events) == 0


def test_a_repeat_is_named_and_nothing_of_its_batch_is_written(database: Database, journal: Journal) -> None:
    journal.commit([judged(1), judged(2)])
    batch = [judged(3, facts=(Fact("account:ann", "x", NOON, 1),)), judged(2), judged(4, "block", (MUTE,))]
    with pytest.raises(DuplicateEvent) as caught:
        journal.commit(batch)
    assert caught.value.repeats == {1: key_of(judged(2))}
    assert [count(database, table) for table in (events, decisions, facts, outbox)] == [2, 2, 0, 0]
    with pytest.raises(DuplicateEvent) as caught:
        journal.commit([judged(5), judged(5)])
    assert caught.value.repeats == {1: key_of(judged(5))}
    assert journal.commit([judged(5)]) == [3], "numbers of failed commits are given again: there are no gaps"


@pytest.mark.parametrize("size", [1, 7, 8, 31, 32, 33, 300, 511])
def test_batches_of_every_size_keep_their_order(journal: Journal, size: int) -> None:
    batch = [judged(number, "block", (MUTE,)) for number in range(size)]
    assert journal.commit(batch) == list(range(1, size + 1))
    assert [stored.id for stored in journal.since(0, chunk=100)] == [one.event.id for one in batch]
    assert list(journal.known_keys(chunk=100)) == [key_of(one) for one in batch]


def test_many_writers_number_events_without_gaps_or_repeats(database: Database, journal: Journal) -> None:
    def write(worker: int) -> list[int]:
        made: list[int] = []
        for turn in range(10):
            start = 1000 * worker + 3 * turn
            made += journal.commit([judged(start + offset) for offset in range(3)])
        return made

    with ThreadPoolExecutor(4) as pool:
        seqs = [seq for made in pool.map(write, range(4)) for seq in made]
    assert sorted(seqs) == list(range(1, 121))


def test_two_processes_that_commit_the_same_event_agree_on_one(database: Database) -> None:
    other = Database(database.url.render_as_string(hide_password=False), bytes(range(32)))

    def write(where: Database) -> int:
        written = 0
        for number in range(40):
            try:
                Journal(where, Codec(where.vault)).commit([judged(number)])
                written += 1
            except DuplicateEvent:
                pass
        return written

    with ThreadPoolExecutor(2) as pool:
        assert sum(pool.map(write, (database, other))) == 40
    other.close()
    assert count(database, events) == count(database, decisions) == 40


def test_the_stream_shows_the_latest_pass_newest_first_and_filters(journal: Journal) -> None:
    first = judged(1, pending=("p.image",))
    journal.commit([first, judged(2), judged(3, "block", (MUTE,))])
    journal.commit([second_pass(first, "hold")])
    assert [(line.seq, line.verdict, line.pass_number) for line in journal.recent()] == [
        (3, "block", 1), (2, "allow", 1), (1, "hold", 2),
    ]
    assert [line.seq for line in journal.recent(limit=1, before_seq=3)] == [2]
    for filters, expected in (
        (Filters(is_notable=True), [3, 1]),
        (Filters(verdict="allow"), [2]),
        (Filters(policy="p.spam", category="spam", type="message.sent", actor="account:ann"), [3, 1]),
        (Filters(actor="account:bob"), []),
    ):
        assert [line.seq for line in journal.recent(filters=filters)] == expected
    assert [line.seq for line in journal.recent(look_back=1)] == [3]


def test_the_same_fact_in_one_batch_keeps_the_last_value_and_a_notice_is_told_once(
    database: Database, journal: Journal
) -> None:
    for start in (1, 11):
        journal.commit(
            [
                judged(start + value, facts=(Fact("account:ann", "level", NOON, start + value),), notices=(NOTICE,))
                for value in range(9)
            ]
        )
    with database.read() as connection:
        assert msgspec.json.decode(connection.execute(select(facts.c.value)).scalar_one()) == 19
    assert count(database, staff_notices) == 1
    assert count(database, outbox) == 1


def test_hostile_text_is_stored_as_text(database: Database, journal: Journal) -> None:
    texts = ("'; DROP TABLE events; --", "nul \0 inside", "emoji 🧨 \u202e", "%s %(x)s ? :x {mark}")
    for number, text in enumerate(texts):
        happened = event(number, "message.sent", sender=text, text=text)
        journal.commit([Judged(happened, decide(happened), NOON)])
    assert [stored.actor for stored in journal.since(0)] == [f"account:{t}".replace("\0", "\ufffd") for t in texts]
    assert [msgspec.json.decode(stored.data)["text"] for stored in journal.since(0)] == list(texts)
    for line in journal.recent(filters=Filters(actor=f"account:{texts[0]}")):
        assert line.id == "e0"
    assert count(database, events) == len(texts)
