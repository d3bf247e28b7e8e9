"""A thief inside is found by what is done; what owners do with a new phone, on holidays and on the road is not."""

from typing import Any

import msgspec
import pytest

from anlan.domain.events import Catalogue, Event
from anlan.domain.places import Place
from anlan.protections.accounts.after_login import _READS, AfterLogin, Reading
from anlan.protections.accounts.sessions import Sessions

NOON = 1_795_262_400.0
HOUR_S, DAY_S = 3_600.0, 86_400.0
CATALOGUE = Catalogue(max_future_s=365 * DAY_S)
PLACES = {"1.1.1.1": Place("CN", 4134), "2.2.2.2": Place("CN", 4837), "9.9.9.9": Place("RU", 12389)}
CHALLENGED, CONTAINED = 0.5, 0.9


class Atlas:
    """Three places."""

    made_on = "2026-11-01"

    def place(self, ip: str) -> Place | None:
        return PLACES.get(ip)


class Account:
    """One account's life, event by event; `home` is a session on a device that it knows."""

    def __init__(self) -> None:
        self.sessions, self.after = Sessions(1_000), AfterLogin(1_000)
        self.sessions.look_up_in(Atlas())
        self.at, self.number = NOON - 30 * DAY_S, 0
        self.sign_in("home", "phone", "1.1.1.1", is_new=True, idle_hours=None)
        for day in range(25):
            self.at = NOON - (29 - day) * DAY_S
            self.say(f"friend{day % 4}", "home", "phone", length=8 + day % 3, text_marks_share=0.05)
        self.at = NOON

    def happen(self, type_: str, data: dict[str, Any], **signals: Any) -> Reading:
        self.number += 1
        self.at += 20.0
        body = {"specversion": "1.0", "id": f"e{self.number}", "source": "im", "type": type_, "data": data}
        event = CATALOGUE.decode(msgspec.json.encode(body), self.at)
        return self.judge(event, signals)

    def judge(self, event: Event, signals: dict[str, Any]) -> Reading:
        use = self.sessions.count(event, signals.get("device_is_new"))
        known = signals | ({"session_change": use.change, "session_changes": use.changes} if use else {})
        return self.after.count(event, *(known.get(name) for name in _READS))

    def sign_in(self, session: str, device: str, ip: str, *, is_new: bool, idle_hours: float | None = 5.0) -> Reading:
        data = {"account": "ann", "result": "success", "session": session, "device": device, "ip": ip,
                "user_agent": "AnlanChat/9.1 (Android 15)"}
        return self.happen("account.login", data, device_is_new=is_new, account_idle_hours=idle_hours)

    def say(
        self, to: str, session: str, device: str, ip: str = "1.1.1.1", length: int = 9, asks: bool = False,
        template: str | None = None, **signals: Any,
    ) -> Reading:
        data = {"sender": "ann", "recipient": to, "text": "x" * length, "session": session, "device": device, "ip": ip}
        seen = {"text_length": length, "text_language": "zh", "text_digits_share": 0.0, "text_fraud_score": 0.05}
        seen |= {"move_transfer_requested": asks, "text_template": template}
        return self.happen("message.sent", data, **(seen | signals))

    def act(self, type_: str, session: str, device: str, **data: Any) -> Reading:
        actor = "payer" if type_ == "payment.initiated" else "account"
        return self.happen(type_, {actor: "ann", "session": session, "device": device, **data})


@pytest.fixture
def account() -> Account:
    return Account()


def begging(account: Account, session: str, device: str, ip: str, people: int) -> list[float]:
    return [
        account.say(f"friend{n}", session, device, ip, asks=True, template="t1", length=30).score for n in range(people)
    ]


def test_a_thief_who_begs_is_contained_within_a_few_messages(account: Account) -> None:
    assert account.sign_in("s2", "laptop", "2.2.2.2", is_new=True).score < 0.05
    scores = begging(account, "s2", "laptop", "2.2.2.2", 5)
    assert scores[0] < CHALLENGED
    assert max(scores[:4]) >= CONTAINED


def test_a_thief_who_locks_the_owner_out_is_contained(account: Account) -> None:
    account.sign_in("s2", "laptop", "2.2.2.2", is_new=True)
    account.act("account.binding_changed", "s2", "laptop", binding="phone", change="replaced")
    account.act("account.binding_changed", "s2", "laptop", binding="email", change="replaced")
    account.act("account.password_changed", "s2", "laptop", way="change")
    locked = account.act("session.changed", "s2", "laptop", change="others_ended")
    assert locked.score >= CHALLENGED
    given = account.act("group.changed", "s2", "laptop", group="g", change="transferred", new_owner="eve")
    assert given.score >= CONTAINED
    assert (given.origin, given.strongest) == ("new_device", "lockout")


def test_a_stolen_session_shows_without_any_sign_in(account: Account) -> None:
    scores = begging(account, "home", "stranger", "9.9.9.9", 4)
    assert scores[0] > 0.1
    assert max(scores[:3]) >= CONTAINED
    assert account.say("friend1", "home", "phone").score == 0.0, "the owner goes on beside the thief"


def test_a_session_copied_with_its_device_shows_by_where_it_is_used(account: Account) -> None:
    scores = begging(account, "home", "phone", "9.9.9.9", 8)
    assert max(scores) >= CONTAINED


def test_a_session_that_nobody_saw_begin_is_measured_by_the_latest_sign_in(account: Account) -> None:
    assert account.say("friend1", "older", "phone").score == 0.0
    scores = begging(account, "stolen", "phone", "9.9.9.9", 8)
    assert max(scores) >= CONTAINED


def test_greetings_of_the_owner_convict_nobody_not_even_from_a_new_phone(account: Account) -> None:
    known = [account.say(f"p{n}", "home", "phone", template="happy").score for n in range(40)]
    assert max(known) == 0.0
    account.sign_in("s2", "newphone", "1.1.1.1", is_new=True)
    fresh = [account.say(f"p{n}", "s2", "newphone", template="happy2", text_urls=0).score for n in range(40)]
    assert max(fresh) < CONTAINED, "at most a proof is asked for"
    calm = Account()
    calm.sign_in("s2", "newphone", "1.1.1.1", is_new=True)
    for n in range(30):
        calm.at += 90
        assert calm.say(f"p{n % 10}", "s2", "newphone").score < CHALLENGED


def test_moving_to_a_new_phone_and_number_is_not_held_against_the_owner(account: Account) -> None:
    account.sign_in("s2", "newphone", "1.1.1.1", is_new=True)
    account.act("account.binding_changed", "s2", "newphone", binding="phone", change="replaced")
    assert account.act("account.password_changed", "s2", "newphone", way="change").score < CHALLENGED
    assert account.act("session.changed", "s2", "newphone", change="others_ended").score < CONTAINED


def test_travel_and_mobile_networks_are_no_theft(account: Account) -> None:
    for ip in ("2.2.2.2", "1.1.1.1", "9.9.9.9") * 5:
        assert account.say("friend1", "home", "phone", ip).score < 0.05


def test_a_second_factor_ends_the_doubt_and_a_failed_one_feeds_it(account: Account) -> None:
    account.sign_in("s2", "laptop", "2.2.2.2", is_new=True)
    before = begging(account, "s2", "laptop", "2.2.2.2", 2)[-1]
    failed = account.act("verification.completed", "s2", "laptop", result="failed", method="sms_code").score
    assert failed > before
    worked = account.act("verification.completed", "s2", "laptop", result="passed", method="proof_of_work").score
    assert worked == failed
    assert account.act("verification.completed", "s2", "laptop", result="passed", method="passkey").score < 0.001
    assert max(begging(account, "s2", "laptop", "2.2.2.2", 2)) < CHALLENGED


def test_nobody_can_steal_what_was_never_had(account: Account) -> None:
    assert account.sign_in("first", "d", "1.1.1.1", is_new=True, idle_hours=None) == Reading()
    assert max(begging(account, "first", "d", "1.1.1.1", 3)) == 0.0


def test_the_thief_teaches_no_habit(account: Account) -> None:
    before = account.after._habits.get("ann")
    account.sign_in("s2", "laptop", "2.2.2.2", is_new=True)
    begging(account, "s2", "laptop", "2.2.2.2", 5)
    assert account.after._habits.get("ann") == before


def test_doubt_ends_after_three_days(account: Account) -> None:
    account.sign_in("s2", "laptop", "2.2.2.2", is_new=True)
    account.at += 4 * DAY_S
    assert account.say("friend1", "s2", "laptop", "2.2.2.2", asks=True).score == 0.0


def test_both_continue_from_their_snapshots(account: Account) -> None:
    account.sign_in("s2", "laptop", "2.2.2.2", is_new=True)
    begging(account, "s2", "laptop", "2.2.2.2", 2)
    fresh = Account()
    fresh.at, fresh.number = account.at, account.number
    for kept, new in ((account.sessions, fresh.sessions), (account.after, fresh.after)):
        new.clear()
        assert new.restore(kept.snapshot())
        assert new.snapshot() == kept.snapshot()
        assert not new.restore(b"nonsense")
    assert begging(account, "s2", "laptop", "2.2.2.2", 3) == begging(fresh, "s2", "laptop", "2.2.2.2", 3)
