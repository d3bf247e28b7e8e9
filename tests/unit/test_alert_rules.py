"""The rules of warning: strength, caps, rests, quiet hours and arms, and what policies may ask for."""

import msgspec
import pytest

from anlan.domain.alert_messages import words_of
from anlan.domain.alerts import (
    DAY_S,
    HOUR_S,
    MAX_A_DAY,
    AlertAnswer,
    Arm,
    Order,
    Past,
    QuietHours,
    arm_of,
    cap_on,
    is_held_by_night,
    may_withhold,
    moment_of,
    softened,
    strength_at,
)
from anlan.domain.events import Catalogue
from anlan.domain.scenarios import Scenario, Strength
from anlan.engine.policies import check_policy, read_policies
from anlan.engine.signals import Registry
from anlan.errors import InvalidPolicy
from anlan.protections.fraud.scenario_file import load_scenarios

AT = 1_795_262_400.0
COUPON = load_scenarios()["coupon"]


def order(strength: Strength = "banner", other: str = "account:sly", scenario: str = "coupon", at: float = AT) -> Order:
    return Order(account="account:bob", scenario=scenario, strength=strength, moment="turn", other=other, at=at)


def past(
    ago_s: float, strength: Strength = "banner", other: str = "account:sly", answer: AlertAnswer | None = None,
    scenario: str = "coupon",
) -> Past:
    return Past(scenario=scenario, other=other, strength=strength, answer=answer, at=AT - ago_s)


@pytest.mark.parametrize(("event_type", "wanted", "moment", "strength"), [
    ("friendship.changed", None, "setting", "hint"), ("link.opened", "banner", "setting", "banner"),
    ("message.sent", None, "turn", "banner"), ("message.sent", "hint", "setting", "hint"),
    ("code.requested", None, "turn", "banner"), ("screen.shared", "stop", "turn", "stop"),
    ("payment.initiated", None, "money", "stop"), ("payment.initiated", "hint", "money", "hint"),
])
def test_the_moment_gives_the_strength_that_a_policy_leaves_open(
    event_type: str, wanted: str | None, moment: str, strength: str
) -> None:
    found = moment_of(event_type, wanted)
    assert (found, strength_at(found, wanted)) == (moment, strength)


def test_the_same_about_the_same_person_rests_but_not_what_is_stronger_or_new() -> None:
    told = [past(HOUR_S)]
    assert cap_on(order(), told) == cap_on(order("hint"), told) == "pair"
    assert cap_on(order(other="account:eve"), told) is cap_on(order(scenario="police"), told) is None
    assert cap_on(order(), [past(HOUR_S, "hint")]) is None
    assert cap_on(order(), [past(6 * HOUR_S)]) is None
    assert cap_on(order("stop"), told) is None


def test_a_day_has_room_for_a_few() -> None:
    told = [past(HOUR_S, other=f"account:{number}") for number in range(MAX_A_DAY["banner"])]
    assert cap_on(order(), told) == "day"
    assert cap_on(order(), told[1:]) is None
    assert cap_on(order("hint"), told) is None, "each strength has its own room"
    assert cap_on(order(at=AT + DAY_S), told) is None


@pytest.mark.parametrize(("dismissals", "rest_days"), [(1, 1), (2, 2), (3, 4), (5, 16), (8, 16)])
def test_every_dismissal_doubles_the_rest(dismissals: int, rest_days: int) -> None:
    told = [past(number * DAY_S, answer="dismissed") for number in range(dismissals)]
    assert cap_on(order(at=AT + rest_days * DAY_S - 1), told) == "dismissed"
    assert cap_on(order(at=AT + rest_days * DAY_S), told) is None


def test_a_dismissed_hint_rests_whomever_it_is_about_and_a_banner_does_not() -> None:
    told = [past(HOUR_S, "hint", answer="dismissed")]
    assert cap_on(order("hint", other="account:eve"), told) == "dismissed"
    assert cap_on(order(other="account:eve"), told) is None


def test_wrong_silences_for_two_weeks_and_only_softens_a_stop() -> None:
    told = [past(3 * DAY_S, answer="wrong")]
    assert cap_on(order(), told) == "wrong"
    assert cap_on(order(at=AT + 11 * DAY_S), told) is None
    assert softened(order("stop"), told).strength == "banner"
    assert softened(order("stop", other="account:eve"), told).strength == "stop"
    assert softened(order("stop", at=AT + 11 * DAY_S), told).strength == "stop"


def test_nothing_is_held_back_where_money_moves() -> None:
    money = msgspec.structs.replace(order("hint"), moment="money")
    assert cap_on(money, [past(1, "hint", answer="wrong")] * 20) is None
    assert not is_held_by_night(money, QuietHours(), 0)
    assert not may_withhold(money)
    assert not may_withhold(order("stop"))
    assert may_withhold(order())


@pytest.mark.parametrize(("quiet", "held", "free"), [
    (QuietHours(), (1380, 1439, 0, 419), (420, 720, 1379)), (QuietHours(60, 120), (60, 119), (59, 120, 1380)),
    (QuietHours(60, 60), (), (60, 0)),
])
def test_quiet_hours_reach_over_midnight(quiet: QuietHours, held: tuple[int, ...], free: tuple[int, ...]) -> None:
    assert all(is_held_by_night(order(), quiet, minute) for minute in held)
    assert not any(is_held_by_night(order(), quiet, minute) for minute in free)
    awake = msgspec.structs.replace(order(), is_own_act=True)
    assert not any(is_held_by_night(awake, quiet, minute) for minute in held)


def test_arms_are_the_same_every_time_and_as_large_as_they_should_be() -> None:
    scenario = msgspec.structs.replace(COUPON, also={"banner": COUPON.say["banner"]})

    def draw(scenario: Scenario, strength: Strength = "banner") -> list[Arm]:
        return [arm_of(f"account:{number}", scenario, strength, 0.1) for number in range(6_000)]

    arms = draw(scenario)
    assert arms == draw(scenario)
    assert arms.count("control") / 6_000 == pytest.approx(0.1, abs=0.02)
    assert arms.count("usual") / 6_000 == pytest.approx(0.45, abs=0.03)
    assert set(draw(scenario, "hint")) == {"usual", "control"}, "there are no other words for a hint"
    assert arms != draw(msgspec.structs.replace(scenario, id="police")), "nobody is in every control arm"
    assert {arm_of(f"account:{number}", scenario, "hint", 0.0) for number in range(50)} == {"usual"}


def test_each_arm_reads_its_own_words() -> None:
    other = {"zh": "换个说法", "en": "said otherwise"}
    scenario = msgspec.structs.replace(COUPON, also={"banner": other})
    assert words_of(scenario, "banner", "also") == other
    assert words_of(scenario, "hint", "also") == words_of(scenario, "hint", "usual") == COUPON.say["hint"]


POLICY = """
- id: fraud.words
  on: message.sent
  when: text = 'SCAM'
  because: it said so
  reason: {{zh: 提醒, en: watch}}
  category: fraud
  then: [{{alert: {{{0}}}}}]
"""


@pytest.mark.parametrize(("parameters", "problem"), [
    ("scenario: cupon", "did you mean coupon"), ("scenario: zzz", "there are coupon, police"),
    ("scenario: coupon, strength: shout", "one of hint, banner, stop"),
    ("scenario: coupon, named_by: media_count", "does not read"),
])
def test_a_policy_names_what_there_is(parameters: str, problem: str) -> None:
    registry = Registry(Catalogue(), (), {}, {"scenario": {"coupon", "police"}})
    with pytest.raises(InvalidPolicy, match=problem):
        [check_policy(one, registry) for one in read_policies(POLICY.format(parameters), "p.yaml")]
    [good] = read_policies(POLICY.format("scenario: coupon, strength: stop, named_by: text"), "p.yaml")
    assert check_policy(good, registry).policy.actions
