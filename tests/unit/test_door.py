"""The door: what makes a sign-in risky, and that no stranger ever slows an owner's own device."""

from collections.abc import Callable
from typing import Any

import pytest
from doored import ABROAD, DAY, HOME, HOSTED, LAPTOP, PHONE, WORK, Entrance, InventedPlaces
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from spine import NOON

from anlan.domain.decisions import Decision
from anlan.protections.accounts.door import Door

OWN = {"ip": HOME, "device": "secret-ann", "user_agent": PHONE}
STRANGER = {"ip": ABROAD, "device": "fresh", "user_agent": LAPTOP}


@pytest.fixture(scope="module")
def lived_in() -> Callable[[], Entrance]:
    """Entrances at which ann and a few others have lived for a while."""

    def make() -> Entrance:
        entrance = Entrance()
        for name in ("ann", "bob", "cem", "dee"):
            entrance.live(name)
        return entrance

    return make


@pytest.fixture(scope="module")
def calm(lived_in: Callable[[], Entrance]) -> Entrance:
    """For looks that need not change anything for each other: each with an account of its own."""
    return lived_in()


def risk(entrance: Entrance, **data: Any) -> float:
    said = {"account": "ann", "result": "success", **data}
    event = entrance.spine.event("account.login", 10_000, NOON, **said)
    return entrance.door.look(event, entrance.spine.engine.profiles).risk


def test_risk_grows_with_what_is_unlike_the_owner(calm: Entrance) -> None:
    ordered = [
        OWN,
        {**OWN, "device": "fresh", "user_agent": LAPTOP},
        STRANGER,
        {**STRANGER, "password_is_breached": True},
        {**STRANGER, "password_is_breached": True, "is_automated": True},
    ]
    risks = [risk(calm, **data) for data in ordered]
    assert risks == sorted(risks)
    assert risks[0] < 1e-5
    assert risks[-1] > 0.5


def test_an_app_without_its_secret_is_worse_than_a_new_phone(calm: Entrance) -> None:
    clone = risk(calm, ip=HOME, device="fresh", user_agent=PHONE)
    phone = risk(calm, ip=HOME, device="fresh", user_agent=PHONE.replace("M2102J20SG", "PGT-AN00"))
    assert clone > 3 * phone


def test_whether_the_proof_was_right_plays_no_part(calm: Entrance) -> None:
    assert risk(calm, **STRANGER, result="failure") == risk(calm, **STRANGER, result="success")


@pytest.mark.parametrize("left_out", ["ip", "device", "user_agent"])
def test_what_is_not_told_convicts_nobody(calm: Entrance, left_out: str) -> None:
    without = {name: value for name, value in STRANGER.items() if name != left_out}
    assert risk(calm, **without) <= risk(calm, **STRANGER) + 1e-9


def test_a_passkey_speaks_for_the_owner(calm: Entrance) -> None:
    assert risk(calm, **STRANGER, method="passkey") < risk(calm, **STRANGER, method="password") / 5


def test_signals_say_what_is_new(lived_in: Callable[[], Entrance]) -> None:
    entrance = lived_in()
    signals = entrance.attempt(60, **STRANGER).signals
    assert signals["login_network_is_new"]
    assert signals["login_country_is_new"]
    assert not signals["login_device_is_known"]
    assert signals["login_travel_kmh"] > 0
    home = entrance.attempt(120, **OWN).signals
    assert not home["login_network_is_new"]
    assert home["login_device_is_known"]
    assert home["login_travel_kmh"] == 0


def test_a_disowned_device_is_a_strangers_again_and_teaches_nothing(lived_in: Callable[[], Entrance]) -> None:
    entrance = lived_in()
    before = entrance.attempt(60, **OWN).signals["login_risk"]
    entrance.happen("device.disowned", 120, account="ann", device="secret-ann")
    after = entrance.attempt(180, **OWN).signals
    assert not after["login_device_is_known"]
    assert after["login_risk"] > 100 * before


def test_trying_a_stolen_password_again_does_not_make_it_usual(lived_in: Callable[[], Entrance]) -> None:
    entrance = lived_in()
    verdicts = {entrance.attempt(60.0 + 1_000 * number, **STRANGER).verdict for number in range(10)}
    assert verdicts == {"challenge"}


def test_who_failed_a_challenge_does_not_walk_in_from_elsewhere(lived_in: Callable[[], Entrance]) -> None:
    entrance = lived_in()
    nearby = {"ip": WORK, "device": "fresh", "user_agent": LAPTOP, "password_is_weak": True}
    assert entrance.attempt(30, "bob", **nearby).verdict == "allow"
    assert entrance.attempt(60, **STRANGER, result="failure").verdict == "challenge"
    second = entrance.attempt(3_600, **nearby)
    assert second.signals["account_recent_risk_1d"] > 0.0105 > second.signals["login_risk"] > 0.0025
    assert second.verdict == "challenge"
    assert entrance.attempt(3 * DAY, **nearby).signals["account_recent_risk_1d"] < 0.0105


def test_a_secret_just_used_is_missed_more_than_one_of_long_ago(lived_in: Callable[[], Entrance]) -> None:
    entrance = lived_in()
    entrance.live("eve", user_agent=LAPTOP)
    cleared = {"account": "eve", "ip": HOME, "device": "fresh", "user_agent": LAPTOP, "result": "failure"}
    soon = entrance.attempt(60, **cleared).signals["login_device_evidence"]
    late = entrance.attempt(60 * DAY, **cleared).signals["login_device_evidence"]
    assert soon > late + 1 > 1


def test_only_the_device_on_which_many_tries_are_made_is_asked(lived_in: Callable[[], Entrance]) -> None:
    entrance = lived_in()
    entrance.live(**{**OWN, "device": "secret-tablet"}, days=2)
    verdicts = [entrance.attempt(60 + number, **OWN).verdict for number in range(14)]
    assert verdicts[:10] == ["allow"] * 10
    assert verdicts[-1] == "challenge"
    assert entrance.attempt(80, **{**OWN, "device": "secret-tablet"}).verdict == "allow"
    assert entrance.attempt(80 + 1_200, **OWN).verdict == "allow"


def test_a_spray_over_many_addresses_raises_the_level_and_ends(lived_in: Callable[[], Entrance]) -> None:
    entrance = lived_in()
    for number in range(200):
        decision = entrance.attempt(
            number, f"m{number}", ip=f"203.0.{113 + number % 3}.{number}", user_agent=LAPTOP, result="failure",
            device=f"d{number}",
        )
    assert decision.signals["login_attack_level"] == 2
    assert entrance.attempt(300, **OWN).verdict == "allow"
    assert entrance.attempt(DAY, **OWN).signals["login_attack_level"] == 0


def test_a_school_behind_one_address_is_not_stuffing(lived_in: Callable[[], Entrance]) -> None:
    entrance = lived_in()
    verdicts = []
    for number in range(40):
        seen = {"ip": WORK, "device": f"desk-{number}", "user_agent": PHONE}
        entrance.attempt(number * 20, f"pupil-{number}", **seen)
        if number % 8 == 0:
            entrance.attempt(number * 20 + 5, f"pupil-{number}", result="failure", **seen)
        verdicts.append(entrance.attempt(number * 20 + 10, f"pupil-{number}", **seen).verdict)
    assert verdicts.count("allow") >= 38


Try = tuple[str, str, str | None, str, bool, bool | None, float]
TRIES: st.SearchStrategy[list[Try]] = st.lists(
    st.tuples(
        st.sampled_from(["ann", "ann", "ann", "bob", "nobody"]),
        st.sampled_from([HOME, WORK, ABROAD, HOSTED, "2001:db8::1", "not an address"]),
        st.sampled_from([None, "fresh", "other"]),
        st.sampled_from([PHONE, LAPTOP, "curl/8", ""]),
        st.booleans(),
        st.sampled_from([None, True]),
        st.sampled_from([0.5, 5.0, 5.0, 600.0]),
    ),
    min_size=1, max_size=60,
)


class Stage:
    """One entrance for many stories: each has accounts and days of its own, and the door remembers all of them."""

    def __init__(self) -> None:
        self.entrance = Entrance()
        self.stories = 0

    def begin(self) -> float:
        """A month later, ann and bob of the new story have their habits; returns seconds after noon."""
        self.stories += 1
        for name in ("ann", "bob"):
            self.entrance.live(f"{name}-{self.stories}", days=5, until=self.stories * 30 * DAY)
        return self.stories * 30 * DAY

    def play(self, at: float, tries: list[Try]) -> float:
        """Strangers try; nobody has a secret of the account that they try. Returns when the last one did."""
        for account, ip, device, agent, is_right, is_automated, pause in tries:
            at += pause
            self.attempt(
                at, account, ip, device, agent, result="success" if is_right else "failure", is_automated=is_automated,
                password_is_breached=is_automated,
            )
        return at

    def attempt(self, at: float, account: str, ip: str, device: str | None, agent: str, **more: Any) -> Decision:
        if device == "secret":
            device = f"secret-ann-{self.stories}"
        return self.entrance.attempt(at, f"{account}-{self.stories}", ip=ip, device=device, user_agent=agent, **more)


@pytest.fixture(scope="module")
def stage() -> Stage:
    return Stage()


@settings(max_examples=20, phases=[Phase.generate])
@given(tries=TRIES, repeats=st.integers(1, 8))
def test_no_attack_slows_the_owner_on_a_known_device(
    stage: Stage, tries: list[Try], repeats: int
) -> None:
    at = stage.play(stage.begin(), tries * repeats)
    for ip, agent in ((HOME, PHONE), (HOSTED, LAPTOP), (ABROAD, "")):
        decision = stage.attempt(at + 1.0, "ann", ip, "secret", agent)
        assert decision.verdict == "allow", decision.findings
        assert not decision.actions


@settings(max_examples=12, phases=[Phase.generate])
@given(tries=TRIES, last=TRIES)
def test_friction_does_not_tell_right_from_wrong(
    stage: Stage, tries: list[Try], last: list[Try]
) -> None:
    met = []
    account, ip, device, agent, *_ = last[0]
    for result in ("success", "failure"):
        stage.entrance.forget()
        at = stage.play(stage.begin(), tries)
        decision = stage.attempt(at + 1, account, ip, device, agent, result=result)
        met.append((decision.verdict, [one.parameters for one in decision.actions if one.kind == "wait"]))
    assert met[0] == met[1]


def test_the_door_is_the_same_after_a_restart(lived_in: Callable[[], Entrance]) -> None:
    entrance = lived_in()
    seen = [entrance.spine.event("account.login", 1, NOON + n, account=f"m{n}", result="failure", ip=ABROAD,
                                 user_agent=LAPTOP) for n in range(30)]
    for event in seen:
        entrance.spine.judge(event)
    restored, replayed = Door(10_000), Door(10_000)
    for door in (restored, replayed):
        door.look_up_in(InventedPlaces())
    fresh = Entrance()
    assert fresh.door.restore(entrance.door.snapshot())
    assert fresh.door.snapshot() == entrance.door.snapshot()
    live = Entrance()
    for event in seen:
        replayed.observe(event, live.spine.judge(event).decision.signals)
    assert replayed.snapshot() == live.door.snapshot()
    assert not restored.restore(b"something else")
