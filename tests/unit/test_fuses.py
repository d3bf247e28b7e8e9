"""Law 7: past a quota, or when a hit rate jumps, cases replace actions; staff is told once."""

import random

import pytest
from spine import NOON, Spine, policy

from anlan.domain.policies import Policy
from anlan.engine.fuses import BLOWN_S, Fuses
from anlan.engine.policies import read_policies

HOUR = 3600.0


def limited(quota: str = "5/h", id: str = "test.loud") -> Policy:
    return read_policies(policy(id, "x > 1", "", "", quota=quota), "x")[0]


def test_a_quota_lets_so_many_act_in_any_such_time() -> None:
    fuses, loud = Fuses(), limited("5/h")
    outcomes = [fuses.check_hit(loud, NOON + 60 * minute) for minute in range(120)]
    acted = [minute for minute, outcome in enumerate(outcomes) if outcome is None]
    assert acted == [*range(5), *range(60, 65)]
    assert {outcome for outcome in outcomes if outcome} == {"quota"}
    assert fuses.take_trips() == [("test.loud", "quota", NOON + 300), ("test.loud", "quota", NOON + 65 * 60)]
    assert fuses.take_trips() == []


def test_late_events_cannot_spend_more_than_the_quota() -> None:
    fuses, loud, chance = Fuses(), limited("5/h"), random.Random(3)
    assert [fuses.check_hit(loud, NOON) for _ in range(5)] == [None] * 5
    times = [NOON - chance.uniform(0, 7 * HOUR) for _ in range(500)]
    assert {fuses.check_hit(loud, time) for time in times} == {"quota"}
    assert fuses.check_hit(loud, NOON + HOUR) is None


def test_each_policy_spends_its_own() -> None:
    fuses = Fuses()
    for id in ("test.a", "test.b"):
        assert [fuses.check_hit(limited("1/h", id), NOON) for _ in range(2)] == [None, "quota"]


def a_day(fuses: Fuses, loud: Policy, share: float, until: float = NOON) -> None:
    """A day of 40 messages a minute of which `share` are hits."""
    chance = random.Random(1)
    for minute in range(24 * 60):
        for second in range(0, 60, 3):
            time = until - 86_400 + 60 * minute + second
            fuses.count_event("message.sent", time)
            if chance.random() < share:
                assert fuses.check_hit(loud, time) is None


def minutes_until_blown(fuses: Fuses, loud: Policy, share: float, start: float = NOON, minutes: int = 60) -> int | None:
    chance = random.Random(2)
    for second in range(0, 60 * minutes, 3):
        fuses.count_event("message.sent", start + second)
        if chance.random() < share and fuses.check_hit(loud, start + second) == "jump":
            return second // 60
    return None


@pytest.mark.parametrize(("share", "blows"), [(0.01, False), (0.02, False), (0.3, True), (1.0, True)])
def test_a_jump_of_the_hit_rate_blows_and_ordinary_swings_do_not(share: float, blows: bool) -> None:
    fuses, loud = Fuses(), limited("1000000/h")
    a_day(fuses, loud, 0.01)
    minutes = minutes_until_blown(fuses, loud, share)
    assert (minutes is not None) == blows
    if minutes is not None:
        assert minutes <= 6
        (trip,) = fuses.take_trips()
        assert trip[:2] == ("test.loud", "jump")
        assert fuses.blown(trip[2]) == {"test.loud": trip[2] + BLOWN_S}
        assert fuses.check_hit(loud, trip[2] + BLOWN_S - 1) == "jump"


def test_a_young_installation_has_no_baseline_to_jump_from() -> None:
    fuses, loud = Fuses(), limited("1000000/h")
    assert minutes_until_blown(fuses, loud, 0.5, minutes=30) is None


def test_staff_can_close_it_and_it_does_not_blow_again_for_what_they_saw() -> None:
    fuses, loud = Fuses(), limited("1000000/h")
    a_day(fuses, loud, 0.01)
    minutes = minutes_until_blown(fuses, loud, 0.3)
    assert minutes is not None
    start = NOON + 60 * (minutes + 1)
    fuses.reset("test.loud")
    assert fuses.blown(start) == {}
    assert minutes_until_blown(fuses, loud, 0.01, start) is None


def test_what_asks_for_proof_only_keeps_asking_when_it_jumps() -> None:
    fuses, loud = Fuses(), limited("1000000/h")
    a_day(fuses, loud, 0.01)
    hits = [fuses.check_hit(loud, NOON + second, is_friction_only=True) for second in range(300)]
    assert set(hits) == {None}
    assert [trip[1] for trip in fuses.take_trips()] == ["jump"]


def test_a_snapshot_goes_on_where_it_was_taken() -> None:
    fuses, loud = Fuses(), limited("5/h")
    a_day(fuses, limited("1000000/h", "test.other"), 0.01)
    for _ in range(3):
        fuses.check_hit(loud, NOON)
    fuses.reset("test.loud")
    fuses.check_hit(loud, NOON)
    again = Fuses()
    again.restore(fuses.snapshot())
    for one in (fuses, again):
        assert [one.check_hit(loud, NOON + 1) for _ in range(5)] == [None] * 4 + ["quota"]
        assert minutes_until_blown(one, limited("1000000/h", "test.other"), 0.5) is not None


@pytest.mark.parametrize("body", [b"", b"\xc1", b"\x80", b"\x81\xa6events\x01"])
def test_a_snapshot_of_another_form_leaves_whole_fuses(body: bytes) -> None:
    fuses, loud = Fuses(), limited("1/h")
    fuses.check_hit(loud, NOON)
    fuses.restore(body)
    assert fuses.check_hit(loud, NOON) is None


LOUD = policy(
    "test.loud", "length(text) > 3", "text: long", "text: no", "[{block: {}}, {mute: {hours: 2}}]", quota="2/h"
)


def test_past_the_fuse_there_are_cases_and_one_notice_and_no_actions() -> None:
    spine = Spine(policies=LOUD)
    decisions, notices = [], []
    for number in range(10):
        judged = spine.judge(spine.message(number))
        decisions.append((judged.decision.verdict, [action.kind for action in judged.decision.actions]))
        notices += [notice.kind for notice in judged.notices]
    assert decisions == [("block", ["mute"])] * 2 + [("allow", ["case"])] * 8
    assert notices == ["fuse_quota"]


def test_a_policy_in_shadow_spends_nothing() -> None:
    spine = Spine(policies=LOUD.replace("live", "shadow"))
    for number in range(10):
        assert not spine.judge(spine.message(number)).decision.shadow[0].fuse
    spine.engine.swap(spine.set_of(LOUD))
    assert [spine.judge(spine.message(number)).decision.verdict for number in range(3)] == ["block", "block", "allow"]
