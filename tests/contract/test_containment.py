"""Stolen accounts on both databases: contained once, undone from the journal, taken back once."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from contained import ANN, NOW, OWN, THIEF, Theft
from judged import NOON
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError
from stores import BACKENDS, KEY

from anlan.center import containment
from anlan.center.containment_answers import ASK_AGAIN_AFTER_S
from anlan.center.followers import AccountRecovered
from anlan.domain.containment import LIMITS, LONGEST_S, STEP_KINDS, WINDOW_S
from anlan.errors import Conflict, InvalidRequest, NotFound
from anlan.store.audit import latest_entries
from anlan.store.cases import list_cases
from anlan.store.containments import forget_details
from anlan.store.database import Database
from anlan.store.notices import latest_notices
from anlan.store.tables import containments


@pytest.fixture
def empty(request: pytest.FixtureRequest, new_url: Callable[[str], str]) -> Iterator[Theft]:
    """Nothing happened yet. On SQLite; a test whose guard the database keeps runs `on_both`."""
    database = Database(new_url(getattr(request, "param", "sqlite")), KEY)
    yield Theft(database)
    database.close()


@pytest.fixture
def theft(empty: Theft) -> Theft:
    empty.steal()
    return empty


on_both = pytest.mark.parametrize("empty", BACKENDS, indirect=True)


def _about(theft: Theft, name: str, word: str, *kinds: str) -> list[object]:
    return [step.details.get(word) for step in theft.steps(name, *kinds)]


@on_both
def test_one_act_stops_undoes_and_tells(theft: Theft) -> None:
    name = theft.open()
    assert {step.kind for step in theft.steps(name)} == set(STEP_KINDS)
    assert _about(theft, name, "kept_devices", "end_sessions") == [["own-phone"]]
    assert _about(theft, name, "session", "end_session") == ["s-odd"]
    assert _about(theft, name, "feature", "limit") == list(LIMITS)
    assert _about(theft, name, "message", "take_back_message") == ["m-1", "m-2", "m-3"]
    assert _about(theft, name, "former_phone", "restore_binding") == ["+8613800000001"]
    assert _about(theft, name, "from", "restore_group") == ["eve"]
    assert _about(theft, name, "amount_minor", "hold_payment") == [200_000]
    assert sorted(str(one["contact"]) for one in theft.sent("contact.warning")) == ["account:bob", "account:cat"]
    assert theft.said() == [("device.disowned", "odd-phone")]
    [notice] = theft.sent("owner.notice")
    assert notice["about"] == "opened"
    assert len(notice["former_channels_of"]) == 1  # type: ignore[arg-type]
    [moved] = theft.heard
    assert (moved.move, moved.devices, moved.sessions) == ("opened", ("odd-phone",), ("s-odd",))
    with theft.database.read() as connection:
        [case] = list_cases(connection, queue="accounts")
        acts = [entry.act for entry in latest_entries(connection)]
    assert (case.target, case.kind) == (ANN, "review")
    assert "containment.open" in acts


def test_no_message_carries_a_phone(theft: Theft) -> None:
    theft.open()
    for kind in ("containment.order", "owner.notice", "contact.warning"):
        assert "+86" not in str(theft.sent(kind))


def test_nothing_from_a_device_known_before_is_the_thiefs(theft: Theft) -> None:
    """Even when a policy names the owner's own phone, and the thief rides its session."""
    name = theft.open(ground="policy", by="policy:p", device=OWN["device"], session=OWN["session"])
    assert {step.kind for step in theft.steps(name)} == {"end_sessions", "end_session", "limit", "renew_password"}
    assert theft.said() == []
    assert theft.sent("contact.warning") == []


def test_without_a_trace_every_session_ends(empty: Theft) -> None:
    theft = empty
    theft.sign_in(NOON - 30 * 86_400.0, OWN)
    name = theft.open(ground="staff", by="staff:li", device=None)
    assert _about(theft, name, "kept_devices", "end_sessions") == [[]]


def test_unnamed_thieves_are_found_by_what_was_new(theft: Theft) -> None:
    name = theft.open(ground="staff", by="staff:li", device=None)
    assert _about(theft, name, "device", "distrust_device") == ["odd-phone"]
    assert len(theft.steps(name, "take_back_message")) == 3


@on_both
def test_what_a_stolen_session_did_before_the_alarm_is_undone_too(empty: Theft) -> None:
    """Nobody signed in on the strange device, and the policy needed several of its acts to be sure."""
    theft = empty
    theft.sign_in(NOON - 30 * 86_400.0, OWN)
    theft.happen("message.sent", NOON - 7_200.0, text="晚饭吃什么", recipient="bob", message_id="m-own", **OWN)
    for number in range(4):
        theft.happen("message.sent", NOON - 500.0 + number, text="借我两千", recipient="bob",
                     message_id=f"m-{number}", **(THIEF | {"session": OWN["session"]}))
    with theft.database.write() as connection:
        name = theft.containments.open(
            connection, ANN, "policy", NOW, by="policy:p", since=NOON - 497.0, device=THIEF["device"],
            session=OWN["session"],
        )
    assert _about(theft, name, "message", "take_back_message") == ["m-0", "m-1", "m-2", "m-3"]


@on_both
def test_what_was_committed_out_of_order_is_found(theft: Theft) -> None:
    """An old sign-in that came in late says nothing about where the thief's acts stand in the journal."""
    theft.sign_in(NOON - 20 * 86_400.0, OWN)
    name = theft.open()
    assert _about(theft, name, "message", "take_back_message") == ["m-1", "m-2", "m-3"]


def test_more_acts_than_one_transaction_takes_are_found_by_the_rounds(
    theft: Theft, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(containment, "AT_ONCE_ACTS", 3)
    name = theft.open()
    assert _about(theft, name, "message", "take_back_message") == ["m-1", "m-2"]
    assert [theft.containments.round(NOW + 5 * number) for number in (1, 2, 3, 4)] == [1, 1, 0, 0]
    assert _about(theft, name, "message", "take_back_message") == ["m-1", "m-2", "m-3"]
    assert _about(theft, name, "from", "restore_group") == ["eve"]


@on_both
def test_two_alarms_are_one_containment(theft: Theft) -> None:
    first = theft.open(ground="policy", by="policy:p")
    assert theft.open(ground="owner") == first
    assert [moved.move for moved in theft.heard] == ["opened"]
    standing = theft.standing()
    assert standing is not None
    assert standing.is_affirmed
    with theft.database.read() as connection:
        assert len(list_cases(connection, queue="accounts")) == 1


@on_both
def test_alarms_at_the_same_moment_are_one(theft: Theft) -> None:
    with ThreadPoolExecutor(4) as pool:
        names = set(pool.map(lambda number: theft.open(ground="staff", by=f"staff:s{number}"), range(8)))
    assert len(names) == 1
    assert [moved.move for moved in theft.heard] == ["opened"]
    assert len(theft.sent("contact.warning")) == 2


@on_both
def test_the_database_keeps_one_standing(theft: Theft) -> None:
    name = theft.open()
    with theft.database.read() as connection:
        row = dict(connection.execute(select(containments).where(containments.c.id == name)).mappings().one())
    with pytest.raises(IntegrityError), theft.database.write() as connection:
        connection.execute(insert(containments), row | {"id": "cont_other"})


@on_both
def test_what_comes_late_is_undone_too(theft: Theft) -> None:
    name = theft.open()
    assert theft.containments.round(NOW + 5) == 0
    theft.happen("message.sent", NOON + 50, text="快点", recipient="fay", message_id="m-late", **THIEF)
    theft.happen("message.sent", NOON + 51, text="吃了吗", recipient="gus", message_id="m-own2", **OWN)
    assert theft.containments.round(NOW + 10) == 1
    assert theft.containments.round(NOW + 15) == 0
    assert _about(theft, name, "message", "take_back_message")[-1] == "m-late"
    assert [moved.move for moved in theft.heard] == ["opened", "widened"]
    order = theft.sent("containment.order")[-1]
    assert (order["revision"], len(order["steps"])) == (2, 1)  # type: ignore[arg-type]


def test_a_second_device_that_is_named_later_is_searched_for_from_the_start(theft: Theft) -> None:
    other = {"device": "odd-tablet", "session": "s-tab"}
    theft.sign_in(NOON - 300.0, other)
    theft.happen("message.sent", NOON - 290.0, text="转账给我", recipient="hal", message_id="m-tab", **other)
    name = theft.open()
    assert "m-tab" not in _about(theft, name, "message", "take_back_message")
    assert theft.open(ground="owner", device="odd-tablet", session="s-tab") == name
    assert "m-tab" in _about(theft, name, "message", "take_back_message")
    assert sorted(theft.said()) == [("device.disowned", "odd-phone"), ("device.disowned", "odd-tablet")]


def test_what_lies_before_the_window_stays(empty: Theft) -> None:
    theft = empty
    theft.sign_in(NOON - 30 * 86_400.0, OWN)
    long_ago = NOW - WINDOW_S - 60
    theft.happen("account.binding_changed", long_ago, binding="email", change="added", email="x@y.example", **THIEF)
    with theft.database.write() as connection:
        name = theft.containments.open(
            connection, ANN, "staff", NOW, by="staff:li", since=long_ago - 60, device=THIEF["device"]
        )
    assert theft.steps(name, "restore_binding") == []


def test_the_owner_lifts_the_limits_and_the_thief_stays_out(theft: Theft) -> None:
    name = theft.open()
    assert theft.lift(name).state == "lifted"
    order = theft.sent("containment.order")[-1]
    assert {(step["act"], step["kind"]) for step in order["steps"]} == {("undo", "limit")}  # type: ignore[attr-defined]
    assert theft.said() == [("device.disowned", "odd-phone")]
    assert {step.act for step in theft.steps(name, "distrust_device", "take_back_message")} == {"do"}
    with pytest.raises(Conflict, match="ended already"):
        theft.lift(name)
    assert theft.open() != name


@on_both
def test_a_false_alarm_puts_everything_back_once(theft: Theft) -> None:
    """Also when the platform has confirmed only half of it."""
    name = theft.open()
    half = theft.steps(name)[::2]
    theft.confirm(name, 1, half)
    theft.lift(name, is_false_alarm=True)
    order = theft.sent("containment.order")[-1]
    undone = [step for step in theft.steps(name) if step.act == "undo"]
    assert {step.kind for step in undone} == {kind for kind, one in STEP_KINDS.items() if one.undone}
    assert {step["id"] for step in order["steps"]} == {  # type: ignore[attr-defined]
        step.id for step in undone if not STEP_KINDS[step.kind].is_ours
    }
    assert [one["is_withdrawn"] for one in theft.sent("contact.warning")] == [False, False, True, True]
    assert theft.said() == [("device.disowned", "odd-phone"), ("device.owned", "odd-phone")]
    assert [one["about"] for one in theft.sent("owner.notice")] == ["opened", "false_alarm"]
    assert [moved.move for moved in theft.heard] == ["opened", "false_alarm"]
    with pytest.raises(Conflict):
        theft.lift(name, is_false_alarm=True)
    assert len(theft.sent("containment.order")) == 2


def test_a_lifted_one_may_still_turn_out_false(theft: Theft) -> None:
    name = theft.open()
    theft.lift(name)
    assert theft.lift(name, is_false_alarm=True).state == "false_alarm"
    kinds = {step["kind"] for step in theft.sent("containment.order")[-1]["steps"]}  # type: ignore[attr-defined]
    assert "take_back_message" in kinds
    assert "limit" not in kinds


@on_both
def test_ends_at_the_same_moment_are_one(theft: Theft) -> None:
    name = theft.open()

    def lift(_: int) -> bool:
        try:
            theft.lift(name, is_false_alarm=True)
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(lift, range(6))) == 1
    assert len(theft.sent("containment.order")) == 2


@on_both
def test_an_answer_to_an_older_order_does_not_confirm_a_newer_one(theft: Theft) -> None:
    name = theft.open()
    limits = theft.steps(name, "limit")
    theft.lift(name)
    theft.confirm(name, 1, limits)
    assert {(step.act, step.answer) for step in theft.steps(name, "limit")} == {("undo", "waiting")}
    theft.confirm(name, 2, limits)
    assert {(step.act, step.answer) for step in theft.steps(name, "limit")} == {("undo", "done")}


@on_both
def test_what_is_not_answered_is_asked_again_and_then_given_up(theft: Theft) -> None:
    name, now = theft.open(), NOW
    theft.confirm(name, 1, [step for step in theft.steps(name) if step.kind != "limit"])
    for wait_s in ASK_AGAIN_AFTER_S:
        assert theft.answers.round(now + wait_s - 1) == 0
        now += wait_s + 1
        assert theft.answers.round(now) == 1
    orders = theft.sent("containment.order")
    assert [order["revision"] for order in orders] == [1, 2, 3, 4, 5]
    assert {step["kind"] for step in orders[-1]["steps"]} == {"limit"}  # type: ignore[attr-defined]
    assert {step.answer for step in theft.steps(name, "limit")} == {"refused"}
    with theft.database.read() as connection:
        assert [one.kind for one in latest_notices(connection)] == ["containment_unanswered"]
    theft.confirm(name, 1, theft.steps(name, "limit"), now)
    assert {step.answer for step in theft.steps(name, "limit")} == {"done"}


def test_staff_hear_of_a_refusal(theft: Theft) -> None:
    name = theft.open()
    steps = [step.id for step in theft.steps(name, "restore_group")]
    with theft.database.write() as connection:
        theft.answers.refuse(connection, name, 1, steps, "the group is gone", "key:p", NOW)
    assert [step.detail for step in theft.steps(name, "restore_group")] == ["the group is gone"]
    with theft.database.read() as connection:
        assert [one.kind for one in latest_notices(connection)] == ["containment_refused"]
    with pytest.raises(NotFound), theft.database.write() as connection:
        theft.answers.refuse(connection, name, 9, steps, "no", "key:p", NOW)


def test_limits_end_by_themselves(theft: Theft) -> None:
    name = theft.open()
    assert theft.containments.round(NOW + LONGEST_S - 1) == 0
    assert theft.containments.round(NOW + LONGEST_S) == 1
    assert theft.state(name) == "lifted"


def test_a_recovery_ends_it_as_lifted(theft: Theft) -> None:
    recovered = AccountRecovered(account=ANN, claim_id="claim-1", by="staff:li", at=NOW + 60)
    with theft.database.write() as connection:
        theft.containments.on_account_recovered(connection, recovered)
    assert theft.heard == []
    name = theft.open()
    with theft.database.write() as connection:
        theft.containments.on_account_recovered(connection, recovered)
    assert theft.state(name) == "lifted"
    assert {step.act for step in theft.steps(name, "take_back_message")} == {"do"}
    assert [moved.move for moved in theft.heard] == ["opened", "lifted"]


@on_both
def test_a_reason_may_hold_what_a_database_does_not_take(theft: Theft) -> None:
    name = theft.open()
    with theft.database.write() as connection:
        assert theft.containments.lift(connection, name, "staff:li", "copied\0words", NOW).state == "lifted"


def test_nobody_ends_it_without_a_reason(theft: Theft) -> None:
    name = theft.open()
    with pytest.raises(InvalidRequest), theft.database.write() as connection:
        theft.containments.lift(connection, name, "staff:li", "  ", NOW)
    with pytest.raises(NotFound), theft.database.write() as connection:
        theft.containments.lift(connection, "cont_none", "staff:li", "because", NOW)


@on_both
def test_details_go_when_their_time_is_over(theft: Theft) -> None:
    name = theft.open()
    theft.lift(name)
    with theft.database.write() as connection:
        assert forget_details(connection, NOW + 61, 500) == len(theft.steps(name))
        assert forget_details(connection, NOW + 61, 500) == 0
    assert {str(step.details) for step in theft.steps(name)} == {"{}"}
