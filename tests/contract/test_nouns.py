"""The small rooms of the store: lists, keys, staff, the audit chain, policies, cases, facts and deferred work."""

import pytest
from judged import CASE, CATALOGUE, NOON, judged, key_of, second_pass
from msgspec import structs
from sqlalchemy import text

from anlan import clock
from anlan.domain.facts import MAX_VERSIONS, Fact
from anlan.domain.lists import ListEntry
from anlan.errors import Conflict, Forbidden, NotFound
from anlan.store import audit, cases, staff
from anlan.store.database import Database
from anlan.store.deferred import LEASE_S, Deferred
from anlan.store.facts import Facts
from anlan.store.journal import Journal
from anlan.store.keys import ApiKeys
from anlan.store.lists import ListBook
from anlan.store.policies import Policies
from anlan.store.refused import Refusal, keep_refused, latest_refused
from anlan.store.tables import deferred as waiting
from anlan.store.vault import Codec


def entry(name: str, **more: object) -> ListEntry:
    fields = {"list": "bad", "entity": name, "purpose": "block", "owner": "o", "source": "s"} | more
    return ListEntry(**fields)


def test_lists_replace_remove_and_count_their_versions(database: Database) -> None:
    book = ListBook(database)
    assert (book.version(), book.all()) == (0, [])
    assert book.add([entry("account:b"), entry("account:a"), entry("account:b", note="twice")]) == 2
    assert book.version() == 1
    assert book.add([]) == 0
    assert book.add([entry("account:a", purpose="watch", expires_at=NOON)]) == 1
    assert book.all() == [entry("account:a", purpose="watch", expires_at=NOON), entry("account:b", note="twice")]
    assert not book.remove("other", "account:a")
    assert book.version() == 2, "what changed nothing is no new version"
    assert book.remove("bad", "account:b")
    assert book.forget_expired(NOON) == 0
    assert book.forget_expired(NOON + 1) == 1
    assert (book.version(), book.all()) == (4, [])
    assert book.add([entry(f"account:{number}") for number in range(1200)]) == 1200


def test_a_key_is_found_by_its_secret_until_it_is_revoked(database: Database) -> None:
    keys = ApiKeys(database)
    key, secret = keys.create("demo", ["events:write", "decisions:read", "events:write"], 50.0)
    assert keys.find(secret) == key
    assert keys.find(f" {secret}\n") == key
    assert keys.find(secret[:-1]) is None
    assert key.scopes == ("decisions:read", "events:write")
    assert secret not in repr(keys.all())
    assert [keys.revoke(key.id), keys.revoke(key.id), keys.revoke("none")] == [True, False, False]
    assert keys.find(secret) is None
    assert keys.active() == []
    assert [one.id for one in keys.all()] == [key.id]


def test_staff_sign_in_with_sessions_that_end(database: Database) -> None:
    with database.write() as connection:
        ann = staff.add_member(connection, "ann", "hash", ["reviewer", "admin"], "zh", NOON)
        with pytest.raises(Conflict, match="named 'ann' already"):
            staff.add_member(connection, "ann", "hash", [], "en", NOON)
        staff.start_session(connection, "t1", ann, NOON, NOON + 60, has_passed=False)
        staff.start_session(connection, "t2", ann, NOON, NOON + 90, has_passed=True)
        found = staff.find_session(connection, "t2", NOON)
        assert found is not None
        assert (found.member.name, found.member.roles, found.has_passed) == ("ann", ("admin", "reviewer"), True)
        assert staff.find_session(connection, "t1", NOON + 60) is None
        staff.extend_session(connection, "t1", NOON + 100)
        assert staff.find_session(connection, "t1", NOON + 60) is not None
        assert staff.forget_sessions(connection, NOON + 95) == 1
        staff.set_active(connection, ann, is_active=False)
        staff.set_active(connection, ann, is_active=True)
        assert staff.find_session(connection, "t1", NOON) is None, "who is kept out must sign in again"


def test_a_totp_step_works_once_and_its_secret_is_sealed(database: Database) -> None:
    with database.write() as connection:
        ann = staff.add_member(connection, "ann", "hash", [], "zh", NOON)
        assert staff.totp_secret(connection, database.vault, ann) is None
        staff.enrol_totp(connection, database.vault, ann, "JBSWY3DP", 7)
        raw = connection.execute(text("SELECT totp_secret FROM staff")).scalar_one()
        assert b"JBSWY3DP" not in bytes(raw)
        assert staff.totp_secret(connection, database.vault, ann) == "JBSWY3DP"
        assert [staff.use_totp_step(connection, ann, step) for step in (7, 8, 8, 9)] == [False, True, False, True]
        member = staff.find_by_name(connection, "ann")
        assert member is not None
        assert member.has_second_factor


@pytest.fixture
def chain(database: Database) -> Database:
    """A store with five rows of audit."""
    with database.write() as connection:
        for number in range(1, 6):
            audit.note(connection, f"staff:{number}", "look", "event:\0x", {"b": number, "a": "坏"})
    return database


def test_a_whole_chain_is_whole_and_reads_newest_first(chain: Database) -> None:
    with chain.write() as connection:
        assert audit.first_break(connection) is None
        entries = audit.latest_entries(connection, limit=2)
        assert [(one.seq, one.details["b"]) for one in entries] == [(5, 5), (4, 4)]
        assert [one.seq for one in audit.latest_entries(connection, before_seq=3)] == [2, 1]
        assert [one.seq for one in audit.latest_entries(connection, actor="staff:3")] == [3]


def test_an_act_that_is_undone_leaves_no_hole_in_the_chain(chain: Database) -> None:
    with pytest.raises(ZeroDivisionError), chain.write() as connection:
        audit.note(connection, "staff:x", "act", "s", {"share": 1 / 0})
    with chain.write() as connection:
        audit.note(connection, "staff:x", "act", "s", {})
        assert audit.first_break(connection) is None


def test_a_policy_goes_live_only_from_shadow_and_by_a_second_person(database: Database) -> None:
    policies = Policies(database)
    assert [policies.add("p", "a: 1", "ann"), policies.add("p", "a: 2", "bea")] == [1, 2]
    with pytest.raises(Conflict):
        policies.move("p", 1, "live", "bea")
    policies.move("p", 1, "shadow", "ann")
    with pytest.raises(Forbidden):
        policies.move("p", 1, "live", "ann")
    policies.move("p", 1, "live", "bea", b"report")
    policies.move("p", 2, "shadow", "bea")
    assert [(one.version, one.state) for one in policies.in_force()] == [(1, "live"), (2, "shadow")]
    policies.move("p", 2, "live", "ann")
    assert [(one.version, one.state) for one in policies.versions("p")] == [(2, "live"), (1, "retired")]
    assert (policies.get("p", 1).approved_by, policies.get("p", 1).backtest) == ("bea", b"report")
    with pytest.raises(Conflict):
        policies.move("p", 1, "live", "bea")
    with pytest.raises(NotFound):
        policies.move("p", 3, "shadow", "bea")
    with database.read() as connection:
        noted = [(entry.actor, entry.act, entry.subject) for entry in audit.latest_entries(connection, 10)]
    assert noted[:3] == [
        ("ann", "policy.live", "p v2"), ("bea", "policy.shadow", "p v2"), ("bea", "policy.live", "p v1"),
    ]
    assert len(noted) == 6, "what was refused left no trace of having been done"


def test_refused_inputs_are_kept_cut_with_their_reason_newest_first(database: Database) -> None:
    made = [
        Refusal(received_at=NOON, reason=f"r{number}", detail="column 3: \0", api_key="k1", body=b"\xff" * 9000)
        for number in range(3)
    ]
    with database.write() as connection:
        keep_refused(connection, made)
        found = latest_refused(connection, 2)
        assert [(one.reason, one.api_key, len(one.body)) for one in found] == [("r2", "k1", 4096), ("r1", "k1", 4096)]
        assert [one.reason for one in latest_refused(connection, 5, before_id=found[-1].id)] == ["r0"]


def test_cases_stand_in_order_of_urgency(database: Database) -> None:
    journal = Journal(database, Codec(database.vault))
    for number, (queue, priority) in enumerate([("spam", 3), ("fraud", 1), ("spam", 2)]):
        action = structs.replace(CASE, parameters={"queue": queue, "priority": priority})
        journal.commit([judged(number, "hold", (action,))])
    with database.read() as connection:
        assert [one.priority for one in cases.list_cases(connection)] == [1, 2, 3]
        assert [one.event_key for one in cases.list_cases(connection, queue="fraud")] == [key_of(judged(1))]
        assert [one.priority for one in cases.list_cases(connection, queue="spam", limit=1, offset=1)] == [3]
        assert cases.list_cases(connection, state="closed") == []
        assert cases.count_open(connection) == {"spam": 2, "fraud": 1}


def test_facts_of_many_entities_come_back_oldest_first(database: Database) -> None:
    codec = Codec(database.vault)
    known = [Fact(f"account:{name}", "level", NOON + age, age) for name in range(600) for age in (2, 1)]
    sealed = Fact("account:0", "phone", NOON, "+86138", "sensitive")
    Journal(database, codec).commit([judged(1, facts=(*known, sealed))])
    names = [f"account:{name}" for name in range(600)]
    found = Facts(database, codec).load([*names, "account:none"])
    assert len(found) == 1201
    assert sealed in found
    assert [fact.value for fact in found if fact.entity == "account:7"] == [1, 2]
    assert Facts(database, codec).load([]) == []


def test_of_a_field_that_changes_often_only_the_newest_versions_are_read(database: Database) -> None:
    codec = Codec(database.vault)
    made = [Fact("group:g", "member_count", NOON + n, n) for n in range(MAX_VERSIONS + 5)]
    Journal(database, codec).commit([judged(1, facts=tuple(made))])
    assert [fact.value for fact in Facts(database, codec).load(["group:g"])] == list(range(5, MAX_VERSIONS + 5))


def test_deferred_work_is_leased_retried_later_and_ended_by_the_second_pass(database: Database) -> None:
    codec = Codec(database.vault)
    journal, queue = Journal(database, codec), Deferred(database, codec, CATALOGUE)
    firsts = [judged(number, pending=("p.image",)) for number in range(3)]
    journal.commit(firsts)
    taken = queue.take(2)
    assert [(job.seq, job.event, job.first) for job in taken] == [
        (number + 1, structs.replace(one.event, subject=None), one.decision) for number, one in enumerate(firsts[:2])
    ]
    assert [job.seq for job in queue.take(5)] == [3], "what is leased is not given out again"
    queue.fail(1, "TimeoutError")
    with database.write() as connection:
        row = connection.execute(waiting.select().where(waiting.c.event_seq == 1)).one()
        assert row.last_error == "TimeoutError"
        assert 0 < row.next_at - clock.now() < LEASE_S
        connection.execute(waiting.update().values(next_at=0.0))  # the lease has ended
    assert [job.seq for job in queue.take(5)] == [1, 2, 3]
    journal.commit([second_pass(firsts[1], "hold")])
    assert queue.count() == 2
