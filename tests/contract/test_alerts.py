"""Warnings on both databases: once for each event and member, in the right strength, rationed, and what is answered."""

import threading
from typing import Any

import msgspec
import pytest
from alerted import NIGHT, NOW, AlertDesk, alert_to
from judged import NOON, second_pass
from sqlalchemy import insert, text
from sqlalchemy.exc import IntegrityError

from anlan.center.alerts import alert_id
from anlan.domain.alerts import FRESH_S, AlertAnswer, QuietHours
from anlan.domain.keys import event_key
from anlan.errors import NotFound
from anlan.store.alerts import alerts_of, find_alert, keep_quiet_hours
from anlan.store.database import Database
from anlan.store.tables import alerts
from anlan.store.tables.alerts import SHOWN

DAY_S = 86_400.0
PAYMENT: dict[str, Any] = {
    "payer": "bob", "payee": "p1", "payee_account": "sly", "amount_minor": 9_900, "payment_id": "pay1",
}


@pytest.fixture
def desk(database: Database) -> AlertDesk:
    return AlertDesk(database)


def test_a_decision_becomes_an_alert_and_a_message_once(desk: AlertDesk) -> None:
    [made] = desk.warn(alert_to("bob"))
    assert (made.account, made.scenario, made.other, made.state) == ("account:bob", "coupon", "account:sly", "sent")
    assert (made.strength, made.moment, made.arm, made.policy) == ("banner", "turn", "usual", "p.scam")
    assert made.id == alert_id(event_key("im", "e1"), "account:bob", "coupon")
    [body] = desk.sent()
    scenario = desk.alerts.scenarios["coupon"]
    assert (body["alert"], body["text"], body["question"]) == (made.id, scenario.say["banner"], None)
    assert body["link"] == f"https://safe.example/me/alerts/{made.id}"
    assert body["event"] == {"id": "e1", "source": "im", "type": "message.sent", "message_id": None, "payment_id": None}
    assert [desk.alerts.take_in(NOW), desk.alerts.take_in(NOW)] == [0, 0]
    assert AlertDesk(desk.database).alerts.take_in(NOW) == 0
    assert len(desk.all()) == len(desk.sent()) == len(desk.heard) == 1


def test_the_moment_says_how_strongly(desk: AlertDesk) -> None:
    [setting] = desk.warn(
        alert_to("bob", to="account"), type_name="link.opened", account="bob", sender="sly", url="https://x.example"
    )
    [hinted] = desk.warn(alert_to("cat", strength="hint"), sender="sly", recipient="cat")
    [money] = desk.warn(alert_to("bob"), type_name="payment.initiated", **PAYMENT)
    assert [(one.strength, one.moment) for one in (setting, hinted, money)] == [
        ("hint", "setting"), ("hint", "setting"), ("stop", "money")
    ]
    question = next(body["question"] for body in desk.sent() if body["strength"] == "stop")
    assert question == desk.alerts.scenarios["coupon"].question


def test_a_signal_names_the_scenario_where_it_recognised_one(desk: AlertDesk) -> None:
    order = alert_to("bob", "coupon", named_by="text_scenario")
    [named] = desk.warn(order, signals={"text_scenario": "police"})
    [unknown] = desk.warn(order, signals={"text_scenario": "no_such"}, sender="eve", recipient="bob")
    assert (named.scenario, unknown.scenario) == ("police", "coupon")


def test_one_event_warns_a_member_once_by_the_strongest(desk: AlertDesk) -> None:
    made = desk.warn(alert_to("bob", strength="hint"), alert_to("bob", "police", strength="stop"), alert_to("cat"))
    assert {(one.account, one.scenario) for one in made} == {("account:bob", "police"), ("account:cat", "coupon")}


def test_a_late_second_pass_warns_too_and_never_twice(desk: AlertDesk) -> None:
    first = desk.order()
    desk.commit(first)
    desk.alerts.take_in(NOW)
    desk.commit(second_pass(first, "warn", (alert_to("bob"),)))
    assert [desk.alerts.take_in(NOW), desk.alerts.take_in(NOW)] == [1, 0]
    assert AlertDesk(desk.database).alerts.take_in(NOW) == 0


def test_two_processes_that_look_at_once_warn_once(desk: AlertDesk) -> None:
    other = AlertDesk(desk.database)
    desk.commit(*(desk.order(alert_to(f"m{number}"), sender="sly", recipient=f"m{number}") for number in range(40)))
    looks = [threading.Thread(target=each.alerts.take_in, args=(NOW,)) for each in (desk, other) for _ in range(2)]
    for look in looks:
        look.start()
    for look in looks:
        look.join()
    assert len(desk.all()) == len(desk.sent()) == len(desk.heard) + len(other.heard) == 40


def test_a_follower_that_fails_takes_everything_with_it(desk: AlertDesk) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("the circle is broken")

    desk.alerts._followers = (fail,)
    desk.commit(desk.order(alert_to("bob")))
    with pytest.raises(RuntimeError):
        desk.alerts.take_in(NOW)
    assert (desk.all(), desk.sent()) == ([], [])
    desk.alerts._followers = ()
    assert desk.alerts.take_in(NOW) == 1


def test_the_same_of_the_same_person_is_held_back_and_kept(desk: AlertDesk) -> None:
    states = [desk.warn(alert_to("bob"), at=NOON + n)[0] for n in range(3)]
    assert [(one.state, one.cap) for one in states] == [("sent", None), ("capped", "pair"), ("capped", "pair")]
    assert [one.was_sent for one in desk.heard] == [True, False, False]
    assert (len(desk.sent()), desk.counted()) == (1, {"sent": 1, "capped": 2, "cap_pair": 2})
    with desk.database.read() as connection:
        assert [one.id for one in alerts_of(connection, "account:bob")] == [states[0].id]
        assert find_alert(connection, states[1].id, "account:bob") is None


def test_one_commit_counts_like_many(desk: AlertDesk) -> None:
    desk.commit(*(desk.order(alert_to("bob"), at=NOON + n) for n in range(3)))
    desk.alerts.take_in(NOW)
    assert [one.state for one in desk.all()] == ["sent", "capped", "capped"]


def test_money_is_never_capped_and_never_waits_for_morning(desk: AlertDesk) -> None:
    made = [desk.warn(alert_to("bob"), type_name="payment.initiated", at=NIGHT + n, **PAYMENT)[0] for n in range(9)]
    assert {(one.state, one.strength) for one in made} == {("sent", "stop")}


def test_what_is_long_past_is_kept_and_told_to_nobody(desk: AlertDesk) -> None:
    late = NOON + FRESH_S + 1
    [old] = desk.warn(alert_to("bob"), now=late)
    [paid] = desk.warn(alert_to("bob"), now=late, type_name="payment.initiated", **PAYMENT)
    assert [(one.state, one.cap) for one in (old, paid)] == [("past", None)] * 2
    assert (desk.sent(), [one.was_sent for one in desk.heard]) == ([], [False, False])
    with desk.database.read() as connection:
        assert alerts_of(connection, "account:bob") == []
        assert find_alert(connection, old.id, "account:bob") is None
    [again] = desk.warn(alert_to("bob"), now=late, at=late - 1)
    assert again.state == "sent", "what nobody was told keeps nothing back"
    assert desk.counted() == {"past": 2, "sent": 1}


def test_quiet_hours_are_the_members_own(desk: AlertDesk) -> None:
    assert desk.warn(alert_to("bob"), at=NIGHT)[0].state == "quiet"
    with desk.database.write() as connection:
        keep_quiet_hours(connection, "account:cat", QuietHours(0, 0), NOW)
    assert desk.warn(alert_to("cat"), at=NIGHT, sender="sly", recipient="cat")[0].state == "sent"
    with desk.database.read() as connection:
        assert [one.state for one in alerts_of(connection, "account:bob")] == ["quiet"]
    awake = desk.warn(
        alert_to("dan"), at=NIGHT, type_name="link.opened", account="dan", sender="sly", url="https://x.example"
    )
    assert awake[0].state == "sent"


@pytest.mark.parametrize("said", [
    {"payer": "bob", "payee": "p1", "payee_account": "sly", "amount_minor": 1, "during_call_with": "mei"},
    {"payer": "bob", "payee": "p1", "viewer": "mei", "amount_minor": 1, "payee_account": "sly"},
])
def test_whoever_is_told_of_alerts_hears_who_the_event_is_about(desk: AlertDesk, said: dict[str, Any]) -> None:
    desk.warn(alert_to("bob"), type_name="payment.initiated", **said)
    assert desk.heard[0].people == {"account:bob", "account:sly", "account:mei"}


def test_an_event_of_an_operators_own_names_whom_it_can(desk: AlertDesk) -> None:
    ordered = desk.order(alert_to("bob"))
    said = {"sender": "sly", "recipient": {"name": "the shop"}, "account": 7, "other": None}
    desk.commit(msgspec.structs.replace(ordered, event=msgspec.structs.replace(
        ordered.event, raw=msgspec.json.encode(said)
    )))
    assert desk.alerts.take_in(NOW) == 1
    assert (desk.heard[0].people, desk.all()[0].other) == ({"account:sly"}, "account:sly")


def test_answers_count_once_and_the_last_one_stands(desk: AlertDesk) -> None:
    [made] = desk.warn(alert_to("bob"))
    desk.alerts.open("account:bob", made.id, NOW)
    desk.alerts.open("account:bob", made.id, NOW + 1)
    answers: tuple[AlertAnswer, ...] = ("helped", "helped", "wrong")
    for answer in answers:
        answered = desk.alerts.answer("account:bob", made.id, answer, NOW + 2)
    assert (answered.answer, answered.answered_at, answered.opened_at) == ("wrong", NOW + 2, NOW)
    assert desk.counted() == {"sent": 1, "opened": 1, "helped": 0, "wrong": 1}
    with pytest.raises(NotFound):
        desk.alerts.open("account:eve", made.id, NOW)
    with pytest.raises(NotFound):
        desk.alerts.answer("account:eve", made.id, "wrong", NOW)


def test_wrong_silences_that_pair_and_softens_the_stop(desk: AlertDesk) -> None:
    [made] = desk.warn(alert_to("bob"))
    desk.alerts.answer("account:bob", made.id, "wrong", NOW)
    [again] = desk.warn(alert_to("bob"), at=NOON + 3 * DAY_S)
    [other] = desk.warn(alert_to("bob"), at=NOON + 3 * DAY_S, sender="eve", recipient="bob")
    [money] = desk.warn(alert_to("bob"), type_name="payment.initiated", at=NOON + 3 * DAY_S, **PAYMENT)
    [later] = desk.warn(alert_to("bob"), at=NOON + 15 * DAY_S)
    assert [(one.state, one.cap) for one in (again, other, later)] == [
        ("capped", "wrong"), ("sent", None), ("sent", None)
    ]
    assert (money.state, money.strength) == ("sent", "banner")


def test_the_control_arm_is_told_nothing_but_where_money_moves(database: Database) -> None:
    desk = AlertDesk(database, control_share=0.5)
    names = [f"m{number}" for number in range(60)]
    desk.commit(*(desk.order(alert_to(name), sender="sly", recipient=name) for name in names))
    desk.commit(*(
        desk.order(alert_to(name), type_name="payment.initiated", **{**PAYMENT, "payer": name}) for name in names
    ))
    desk.alerts.take_in(NOW)
    by_moment = {moment: [one for one in desk.all() if one.moment == moment] for moment in ("turn", "money")}
    control = [one for one in by_moment["turn"] if one.state == "control"]
    assert 15 <= len(control) <= 45
    assert all(one.arm == "control" for one in control)
    assert {one.state for one in by_moment["money"]} == {"sent"}
    assert len(desk.sent()) == 120 - len(control)
    with database.read() as connection:
        assert find_alert(connection, control[0].id, control[0].account) is None


def _row(desk: AlertDesk, **changes: object) -> dict[str, object]:
    [made] = desk.warn(alert_to("bob"))
    return {name: getattr(made, name) for name in made.__struct_fields__} | {"id": "alert_x", "event_seq": 99} | changes


@pytest.mark.parametrize("changes", [
    {"event_seq": 1, "id": "alert_y"}, {"moment": "money", "state": "quiet"}, {"state": "capped"},
    {"state": "control"}, {"state": "capped", "cap": "day", "answer": "wrong", "answered_at": 1.0},
    {"answer": "wrong"}, {"strength": "shout"}, {"cap": "bored", "state": "capped"},
    {"state": "past", "answer": "wrong", "answered_at": 1.0}, {"state": "past", "cap": "day"},
])
def test_the_database_refuses_what_must_not_stand(desk: AlertDesk, changes: dict[str, object]) -> None:
    row = _row(desk, **changes)
    with pytest.raises(IntegrityError), desk.database.write() as connection:
        connection.execute(insert(alerts), row)


def test_a_flood_of_capped_ones_stays_out_of_the_members_index(desk: AlertDesk) -> None:
    desk.warn(alert_to("bob"))
    with desk.database.read() as connection:
        if connection.dialect.name == "sqlite":
            plan = connection.execute(text(
                "EXPLAIN QUERY PLAN SELECT * FROM alerts WHERE account = 'a' AND at > 1 AND " + SHOWN
            )).all()
            assert "ix_alerts_account" in str(plan)
