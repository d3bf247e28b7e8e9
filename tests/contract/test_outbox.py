"""The queue of messages, the same on every backend: routed, claimed once, settled, given up, replayed, forgotten."""

import threading

import pytest

from anlan.domain.facts import StaffNotice
from anlan.domain.messages import OutgoingMessage
from anlan.errors import NotFound
from anlan.store.database import Database
from anlan.store.endpoints import (
    Endpoint,
    add_endpoint,
    all_endpoints,
    begin_rotation,
    end_rotation,
    endpoints_due,
    get_endpoint,
    note_arrival,
    note_failure,
    pause,
    set_enabled,
    set_kinds,
)
from anlan.store.notices import latest_notices, mark_seen, tell_staff
from anlan.store.outbox import (
    CLAIM_S,
    Backlog,
    Due,
    Outcome,
    backfill,
    backlogs,
    claim,
    count_unrouted,
    dead_letters,
    forget,
    give_up,
    has_unrouted,
    put,
    record,
    replay,
    route,
)

NOW = 1_000_000.0


def endpoint(id: str, *kinds: str) -> Endpoint:
    return Endpoint(
        id=id, url="https://a.example/", secrets=(f"whsec_{id}",), kinds=kinds, is_enabled=True, created_at=NOW
    )


def fill(database: Database, count: int, kind: str = "action.mute", prefix: str = "m") -> None:
    with database.write() as connection:
        put(connection, [OutgoingMessage(f"{prefix}{n:05}", kind, b"{}") for n in range(count)], NOW)


def take(database: Database, now: float = NOW, limit: int = 100, id: str = "e1") -> list[Due]:
    with database.write() as connection:
        route(connection, now)
        return claim(connection, id, now, limit)


def note(database: Database, due: Due, state: str, now: float = NOW, next_at: float = NOW) -> None:
    outcome = Outcome(
        message_id=due.message_id, attempts=due.attempts, state=state, next_at=next_at, status=500, error="no"
    )
    with database.write() as connection:
        record(connection, "e1", [outcome], now)


@pytest.fixture
def one(database: Database) -> Database:
    with database.write() as connection:
        add_endpoint(connection, database.vault, endpoint("e1"))
    return database


def test_a_message_is_routed_once_to_every_enabled_endpoint_that_takes_its_kind(database: Database) -> None:
    with database.write() as connection:
        for taker in (endpoint("all"), endpoint("staff", "staff"), endpoint("mutes", "action.mute"), endpoint("off")):
            add_endpoint(connection, database.vault, taker)
        set_enabled(connection, "off", is_enabled=False)
    fill(database, 3)
    with database.write() as connection:
        assert has_unrouted(connection)
        assert count_unrouted(connection) == 3
        assert route(connection, NOW, limit=2) == 2
        assert route(connection, NOW, limit=2) == 1
        assert route(connection, NOW) == 0
        assert not has_unrouted(connection)
        assert backlogs(connection) == {"all": Backlog(3, 0, NOW), "mutes": Backlog(3, 0, NOW)}


def test_a_claim_holds_until_it_lapses_and_counts_the_attempt(one: Database) -> None:
    fill(one, 1)
    assert [due.attempts for due in take(one)] == [1]
    assert take(one, NOW + CLAIM_S - 1) == []
    (again,) = take(one, NOW + CLAIM_S)
    assert (again.message_id, again.attempts, again.body) == ("m00000", 2, b"{}")


def test_claims_are_bounded_and_longest_due_first(one: Database) -> None:
    fill(one, 5)
    (first, second) = take(one, limit=2)
    note(one, first, "pending", next_at=NOW + 5)
    note(one, second, "pending", next_at=NOW + 1)
    assert len(take(one, limit=3)) == 3
    assert [due.message_id for due in take(one, NOW + 10)] == [second.message_id, first.message_id]


def test_delivered_stays_delivered_and_a_late_failure_of_an_older_attempt_changes_nothing(one: Database) -> None:
    fill(one, 2)
    slow, other = take(one)
    quick, _ = take(one, NOW + CLAIM_S)
    note(one, slow, "dead")
    with one.read() as connection:
        assert backlogs(connection)["e1"].dead == 0
    note(one, quick, "delivered")
    note(one, quick, "pending", next_at=0.0)
    note(one, other, "delivered")
    with one.read() as connection:
        assert backlogs(connection) == {}


def test_workers_that_claim_at_once_never_get_the_same_message(one: Database) -> None:
    fill(one, 120)
    with one.write() as connection:
        route(connection, NOW)
    taken: list[str] = []

    def work() -> None:
        while found := take(one, limit=7):
            taken.extend(due.message_id for due in found)

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(taken) == len(set(taken)) == 120


def test_workers_that_route_at_once_make_one_delivery_each(one: Database) -> None:
    fill(one, 200)
    failures: list[BaseException] = []

    def work() -> None:
        try:
            for _ in range(20):
                with one.write() as connection:
                    route(connection, NOW, limit=30)
        except BaseException as error:
            failures.append(error)

    workers = [threading.Thread(target=work) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert failures == []
    with one.read() as connection:
        assert backlogs(connection)["e1"].pending == 200


def test_an_endpoint_that_fails_is_paused_then_gives_one_message_to_one_worker(one: Database) -> None:
    fill(one, 3)
    with one.write() as connection:
        route(connection, NOW)
        assert [note_failure(connection, "e1", NOW + n) for n in range(3)] == [1, 2, 3]
        pause(connection, "e1", NOW + 60)
        seen = get_endpoint(connection, one.vault, "e1")
        assert (seen.failures, seen.failing_since, seen.probe_at) == (3, NOW, NOW + 60)
        assert endpoints_due(connection, one.vault, NOW + 59) == []
    assert take(one, NOW + 59) == []
    (probe,) = take(one, NOW + 60)
    assert take(one, NOW + 60) == []
    with one.write() as connection:
        note_arrival(connection, "e1")
        assert get_endpoint(connection, one.vault, "e1").probe_at is None
    note(one, probe, "delivered")
    assert len(take(one, NOW + 61)) == 2


def test_what_waited_too_long_is_dead_and_can_be_replayed_alone_or_together(one: Database) -> None:
    fill(one, 3)
    with one.write() as connection:
        route(connection, NOW)
        assert give_up(connection, NOW, NOW + 10) == {}
        assert give_up(connection, NOW + 1, NOW + 10, limit=2) == {"e1": 2}
        assert give_up(connection, NOW + 1, NOW + 10, limit=2) == {"e1": 1}
        letters = dead_letters(connection)
        assert [letter.message_id for letter in letters] == ["m00000", "m00001", "m00002"]
        assert (letters[0].kind, letters[0].done_at) == ("action.mute", NOW + 10)
        assert letters[0].last_error == "waited too long"
        assert dead_letters(connection, "e2") == []
        assert len(dead_letters(connection, limit=2, offset=2)) == 1
        assert replay(connection, NOW + 20, "e1", "m00001") == 1
        assert replay(connection, NOW + 20, "e1", "m00001") == 0
        assert replay(connection, NOW + 20) == 2
        assert backlogs(connection) == {"e1": Backlog(3, 0, NOW + 20)}
    assert [due.attempts for due in take(one, NOW + 20)] == [1, 1, 1]


def test_an_endpoint_that_was_off_can_be_given_what_it_missed(one: Database) -> None:
    fill(one, 1, prefix="before")
    take(one)
    with one.write() as connection:
        assert set_enabled(connection, "e1", is_enabled=False)
        assert not set_enabled(connection, "e1", is_enabled=False)
        set_kinds(connection, "e1", ("action",))
    fill(one, 2, prefix="during")
    fill(one, 1, "staff.dead_letter", prefix="other")
    assert take(one) == []
    with one.write() as connection:
        route(connection, NOW)
        assert set_enabled(connection, "e1", is_enabled=True)
        assert backfill(connection, "e1", NOW - 1, NOW) == 2
        assert backfill(connection, "e1", NOW - 1, NOW) == 0
    assert sorted(due.message_id for due in take(one)) == ["during00000", "during00001"]


def test_only_what_nobody_waits_for_is_forgotten(one: Database) -> None:
    fill(one, 4)
    delivered, dead, *_ = take(one)
    note(one, delivered, "delivered")
    note(one, dead, "dead")
    with one.write() as connection:
        assert forget(connection, NOW) == 0
        assert forget(connection, NOW + 1, limit=1) == 1
        assert forget(connection, NOW + 1) == 1
        assert forget(connection, NOW + 1) == 0
        assert backlogs(connection)["e1"].pending == 2


def test_secrets_rest_sealed_and_rotate(one: Database) -> None:
    with one.write() as connection:
        begin_rotation(connection, one.vault, "e1", "whsec_new")
        assert get_endpoint(connection, one.vault, "e1").secrets == ("whsec_new", "whsec_e1")
        stored = connection.exec_driver_sql("SELECT secret, previous_secret FROM endpoints").one()
        assert not any(b"whsec" in bytes(value) for value in stored)
        end_rotation(connection, "e1")
        (found,) = all_endpoints(connection, one.vault)
    assert found.secrets == ("whsec_new",)
    assert "whsec" not in repr(found)


def test_an_unknown_endpoint_is_said_to_be_unknown(database: Database) -> None:
    with database.write() as connection, pytest.raises(NotFound):
        get_endpoint(connection, database.vault, "nobody")
    assert take(database, id="nobody") == []


def test_staff_are_told_once_and_the_notice_is_sent_too(one: Database) -> None:
    notice = StaffNotice(id="n1", at=NOW, kind="dead_letter", subject="endpoint:e1", details={"说": "\x00'"})
    with one.write() as connection:
        assert tell_staff(connection, [notice, notice], NOW) == 1
        assert tell_staff(connection, [notice], NOW) == 0
        assert latest_notices(connection) == [notice]
        assert mark_seen(connection, "n1", "li")
        assert not mark_seen(connection, "n1", "wang")
        assert latest_notices(connection, unseen_only=True) == []
    assert [due.kind for due in take(one)] == ["staff.dead_letter"]
