"""Facts about people and groups, as of the time of the event that asks, however late and in what order they come."""

import random
from typing import Any

import pytest
from spine import NOON, Spine

from anlan.domain.declarations import declare
from anlan.domain.events import Event
from anlan.domain.facts import MAX_VERSIONS, Fact
from anlan.domain.lists import ListEntry
from anlan.engine.lists import Lists
from anlan.engine.profiles import Profiles, facts_of, tie, wanted
from anlan.protections.registry import BUILT_IN

DAY = 86_400.0
SPINE = Spine([made for protection in BUILT_IN for made in protection.signals])


class People:
    """Profiles that are loaded for everybody who appears."""

    def __init__(self) -> None:
        self.profiles = Profiles()

    def happens(self, event: Event, verdict: str = "allow") -> tuple[Fact, ...]:
        self.profiles.load(self.profiles.missing(wanted(event)), ())
        facts = facts_of(event, self.profiles, verdict)
        self.profiles.learn(facts)
        return facts

    def on(self, day: float, type_name: str, **data: Any) -> tuple[Fact, ...]:
        return self.happens(SPINE.event(type_name, at=NOON + day * DAY, **data))

    def fact(self, entity: str, field: str, day: float) -> Any:
        return self.profiles.fact(entity, field, NOON + day * DAY)


def friends(day: float, change: str) -> dict[str, Any]:
    return {"day": day, "type_name": "friendship.changed", "account": "ann", "other": "bob", "change": change}


def test_a_fact_holds_from_its_moment_on() -> None:
    people = People()
    people.on(1, "account.registered", account="ann")
    assert [people.fact("account:ann", "registered_at", day) for day in (0.99, 1, 9)] == [None, NOON + DAY, NOON + DAY]


def test_a_known_device_is_not_written_again() -> None:
    people = People()
    fields = [
        [fact.field for fact in people.on(day, "account.login", account="ann", device="d", result="success")]
        for day in (3, 4, 1)
    ]
    habits = ["last_login_at", "sign_in"]
    assert fields == [[*habits, "is_known"], habits, [*habits, "is_known"]]


def test_a_challenged_sign_in_becomes_a_habit_only_when_its_proof_is_passed() -> None:
    people = People()
    stolen = {"account": "ann", "device": "d", "ip": "198.51.100.7", "user_agent": "x", "session": "s"}
    people.happens(SPINE.event("account.login", at=NOON, result="success", **stolen), "challenge")
    assert not people.profiles.history("account:ann", "sign_in", NOON)
    assert people.fact("tie:account:ann|device:d", "is_known", 0) is None
    people.on(1, "verification.completed", account="ann", result="failed", method="totp", session="s")
    people.on(1, "verification.completed", account="ann", result="passed", method="totp", session="s", purpose="payee")
    people.on(1, "verification.completed", account="ann", result="passed", method="totp", session="another")
    assert people.fact("account:ann", "last_login_at", 1) is None
    people.on(2, "verification.completed", account="ann", result="passed", method="totp", session="s")
    (habit,) = people.profiles.history("account:ann", "sign_in", NOON + 2 * DAY)
    assert habit == {"ip": "198.51.100.7", "device": "d", "agent": "x", "method": None}
    assert people.fact("tie:account:ann|device:d", "is_known", 2) is True


def test_friends_are_friends_both_ways_and_until_they_are_not() -> None:
    people = People()
    assert people.on(**friends(0, "requested")) == ()
    people.on(**friends(1, "added"))
    people.on(**friends(5, "removed"))
    for pair in (("account:ann", "account:bob"), ("account:bob", "account:ann")):
        held = [people.fact(tie(*pair), "friends_since", day) for day in (0, 1, 4.9, 5)]
        assert held == [None, NOON + DAY, NOON + DAY, None]


@pytest.mark.parametrize("seed", range(20))
def test_the_order_of_arrival_does_not_matter(seed: int) -> None:
    happened = [friends(day, change) for day, change in enumerate(("added", "removed", "added", "removed", "added"))]
    shuffled = list(happened)
    random.Random(seed).shuffle(shuffled)
    orderly, mixed = People(), People()
    for one, other in zip(happened, shuffled, strict=True):
        orderly.on(**one)
        mixed.on(**other)
    name = tie("account:ann", "account:bob")
    for day in (-1.0, 0.5, 1.5, 2.5, 3.5, 4.5):
        expected, found = (p.fact(name, "friends_since", day) for p in (orderly, mixed))
        assert (expected is None) == (found is None), day


def test_roles_in_a_group_follow_what_happened() -> None:
    people = People()
    for day, change in enumerate(("created", "demoted", "promoted", "left")):
        people.on(day, "group.changed", account="ann", group="g", change=change, member_count=10 + day)
    name = tie("group:g", "account:ann")
    assert [people.fact(name, "role", day) for day in range(4)] == ["owner", "member", "admin", None]
    assert [people.fact("group:g", "member_count", day) for day in range(4)] == [10, 11, 12, 13]


def test_a_device_is_new_until_somebody_signed_in_with_it() -> None:
    people = People()
    for day, result in enumerate(("failure", "success")):
        people.on(day, "account.login", account="ann", device="d", result=result)
    assert [people.fact(tie("account:ann", "device:d"), "is_known", day) for day in (0, 1)] == [None, True]


def test_everything_an_event_teaches_is_loaded_before_it_is_judged() -> None:
    """Else somebody who loads it before the commit would never hear of it."""
    given = {"account": "ann", "other": "bob", "group": "g", "device": "d", "change": "added", "result": "success",
             "binding": "phone", "way": "reset", "method": "totp", "session": "s", "new_owner": "cat",
             "payment_id": "p1", "outcome": "paid", "case": "c1",
             "answer": "released", "url": "https://example.com", "purpose": "sign_in"}
    own = {"group.changed": {"change": "transferred"}, "session.changed": {"change": "ended"},
           "verification.completed": {"result": "passed"}, "link.opened": {"way": "message"}}
    for entry in SPINE.catalogue:
        data = {"sender": "ann", "author": "ann", "payer": "ann", "reporter": "ann", "payee": "p", "amount_minor": 1,
                "content_id": "c", "category": "x", "game": "x", "phase": "ended", "verified": True, "nickname": "x",
                **given, **own.get(entry.name, {})}
        event = SPINE.event(entry.name, **data)
        assert {fact.entity for fact in facts_of(event, Profiles())} <= set(wanted(event)), entry.name


def test_an_earlier_version_of_a_type_teaches_the_same() -> None:
    newer = declare("account.registered", "account", {"account": "account", "shoe_size": "number?"}, 2)
    spine = Spine(types=(newer,))
    body = b'{"specversion":"1.0","id":"1","source":"im","type":"account.registered","data":{"account":"ann"}%s}'
    old = spine.catalogue.decode(body % b',"dataschema":"urn:anlan:event:account.registered:1"', NOON)
    assert [fact.field for fact in facts_of(old, Profiles())] == ["registered_at"]


def test_only_so_many_versions_are_kept_and_what_is_older_is_unknown() -> None:
    profiles = Profiles()
    profiles.load(["account:ann"], ())
    profiles.learn([Fact("account:ann", "x", float(n), n) for n in range(MAX_VERSIONS + 5)])
    assert profiles.fact("account:ann", "x", 4.0) is None
    assert profiles.fact("account:ann", "x", 5.0) == 5


def test_only_so_many_entities_are_kept_and_the_others_are_asked_for_again() -> None:
    profiles = Profiles(max_entities=3)
    for name in "abcde":
        profiles.load([name], [Fact(name, "x", 0.0, name)])
    assert len(profiles) == 3
    assert profiles.missing("abcde") == ["a", "b"]


def test_a_slow_answer_of_the_store_does_not_undo_what_an_event_taught_meanwhile() -> None:
    profiles = Profiles()
    profiles.load(["a"], ())
    profiles.learn([Fact("a", "x", 1.0, "taught")])
    profiles.load(["a", "b"], [Fact("b", "x", 1.0, "stored")])
    assert (profiles.fact("a", "x", 2.0), profiles.fact("b", "x", 2.0)) == ("taught", "stored")


def test_nothing_is_learnt_about_whom_nobody_asked_for() -> None:
    profiles = Profiles()
    profiles.learn([Fact("a", "x", 1.0, 1)])
    assert profiles.missing(["a"]) == ["a"]


def test_lists_hold_from_their_entry_to_their_end() -> None:
    kept = {"owner": "o", "source": "s", "created_at": 10.0, "expires_at": 20.0}
    entry = ListEntry(list="l", entity="account:a:b", purpose="block", **kept)  # type: ignore[arg-type]
    lists = Lists([entry, ListEntry(list="m", entity="ip:1", purpose="watch", owner="o", source="s")])
    held = [lists.about("account", "a:b", time).is_blocked for time in (9.9, 10.0, 19.9, 20.0)]
    assert held == [False, True, True, False]
    assert [lists.about("ip", "1", 0.0), lists.about("ip", "2", 0.0)] == [(False, False, True), (False, False, False)]
    assert lists.about("account", "1", 15.0) == (False, False, False)
