"""Payments that wait for a second thought, on both databases: paused once, decided once, told in order, forgotten."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier
from typing import Any

import pytest
from contained import Theft
from judged import NOON, decide
from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError
from transferred import ANN, COOL_DOWN_MIN, DAD, FAMILY, LONG, MUM, Purse

from anlan.domain.decisions import Judged
from anlan.domain.transfers import GUARDIAN_PAUSE_S, LAPSES_S, MAX_GUARDIAN_PAUSES_7D, MAX_HELPERS, Reason
from anlan.errors import AnlanError, Conflict, Forbidden, InvalidAnswer, NotFound, RateLimited
from anlan.store.alerts import alerts_of, find_alert
from anlan.store.database import Database
from anlan.store.tables import transfer_helpers, transfers
from anlan.store.transfer_figures import Tally, outcomes_since, tally, waiting_now
from anlan.store.transfer_helpers import helpers_of
from anlan.store.transfers import forget_transfers, read_words

AFTER = NOON + COOL_DOWN_MIN * 60 + 1


@pytest.fixture
def purse(database: Database) -> Purse:
    return Purse(database)


def test_a_payment_is_paused_once(purse: Purse) -> None:
    purse.commit(purse.judge(payment_id="pay-1"), purse.judge(is_risky=False, payment_id="pay-2"))
    assert [purse.transfers.take_in(NOON + 1), purse.transfers.take_in(NOON + 2)] == [1, 0]
    [found] = purse.all()
    assert (found.payer, found.payee, found.amount_minor, found.scenario) == (ANN, "card-9", 200_000, "coupon")
    assert (found.state, found.strength, found.until) == ("waiting", "stop", NOON + COOL_DOWN_MIN * 60)
    [told] = purse.sent("transfer.paused")
    assert (told["transfer"], told["payment_id"], told["path"]) == (found.id, "pay-1", f"/me/transfers/{found.id}")
    assert set(told["question"]) == {"zh", "en"}


def test_the_same_payment_again_joins_what_waits(purse: Purse) -> None:
    first = purse.pause()
    assert purse.pause().id == first.id
    assert len(purse.sent("transfer.paused")) == 1


def test_what_came_days_late_pauses_nothing(purse: Purse) -> None:
    purse.commit(purse.judge(payment_id="pay-1", at=NOON - 2 * LAPSES_S))
    assert purse.transfers.take_in(NOON) == 1
    assert purse.transfers.take_in(NOON) == 0
    assert purse.all() == []


def test_a_closer_look_lets_it_go(purse: Purse) -> None:
    first = purse.judge(payment_id="pay-1", pending=("p.llm",))
    purse.commit(first)
    purse.transfers.take_in(NOON + 1)
    purse.commit(Judged(first.event, decide(first.event, "allow", (), 2), first.received_at, first.decision))
    purse.transfers.take_in(NOON + 2)
    purse.transfers.take_in(NOON + 3)
    assert (purse.latest().state, purse.latest().answered_by) == ("released", "policy:p.spam")
    assert len(purse.said()) == 1


def test_a_full_stop_asks_for_words_until_its_time_is_over(purse: Purse) -> None:
    found = purse.pause()
    for short in (FAMILY, Reason(code="family", words="好的"), Reason(code="family", words="啊" * 100)):
        with pytest.raises(InvalidAnswer):
            purse.release(found, reason=short)
    with pytest.raises(InvalidAnswer):
        purse.release(found, reason=Reason(code="no_such_reason", words=LONG))
    with pytest.raises(InvalidAnswer):
        purse.release(found, AFTER, Reason(code="family", has_doubt=True))
    purse.release(found, AFTER, FAMILY)
    assert purse.latest().state == "released"


@pytest.mark.parametrize("strength", ["hint", "banner"])
def test_a_milder_warning_asks_for_a_reason_alone(purse: Purse, strength: str) -> None:
    purse.release(purse.pause(strength=strength), reason=FAMILY)
    assert purse.latest().reason == "family"


def test_the_platform_hears_of_a_release_when_the_journal_knows(purse: Purse) -> None:
    found = purse.pause()
    purse.release(found)
    assert purse.transfers.tell(NOON + 61) == 0
    assert [(one["payment_id"], one["answer"]) for one in purse.said()] == [("pay-1", "released")]
    purse.take_own()
    assert [purse.transfers.tell(NOON + 62), purse.transfers.tell(NOON + 63)] == [1, 0]
    [told] = purse.sent("transfer.released")
    assert (told["transfer"], told["by"]) == (found.id, ANN)


def test_whoever_repeated_it_too_soon_is_told_again(purse: Purse) -> None:
    purse.release(purse.pause())
    purse.take_own()
    purse.transfers.tell(NOON + 62)
    purse.commit(purse.judge(payment_id="pay-1", at=NOON + 62))
    purse.transfers.take_in(NOON + 63)
    purse.transfers.tell(NOON + 64)
    assert len(purse.sent("transfer.released")) == 2
    assert len(purse.all()) == 1


@pytest.mark.parametrize("other", [{"payee": "card-1"}, {"amount_minor": 200_001}, {"currency": "USD"}])
def test_a_release_is_good_for_what_was_looked_at(purse: Purse, other: dict[str, Any]) -> None:
    purse.release(purse.pause())
    assert purse.pause(at=NOON + 70, **other).state == "waiting"
    assert len(purse.all()) == 2


def test_the_words_are_sealed_and_go_in_time(purse: Purse) -> None:
    found = purse.pause()
    purse.release(found)
    with purse.database.read() as connection:
        stored = connection.execute(select(transfers.c.words)).scalar_one()
        assert LONG.encode() not in bytes(stored)
        assert read_words(connection, purse.database.vault, found.id) == LONG
    with purse.database.write() as connection:
        assert forget_transfers(connection, NOON - 1, 10) == 0
        assert forget_transfers(connection, NOON + 10, 10) == 1
        assert forget_transfers(connection, NOON + 10, 10) == 0
        assert read_words(connection, purse.database.vault, found.id) == ""
    assert purse.all() == []


def test_a_stop_is_told_at_once(purse: Purse) -> None:
    found = purse.pause()
    purse.transfers.stop(found.id, NOON + 60, payer=ANN)
    assert [one["transfer"] for one in purse.sent("transfer.stopped")] == [found.id]
    with pytest.raises(Conflict):
        purse.release(found)
    with pytest.raises(Conflict):
        purse.transfers.stop(found.id, NOON + 61, payer=ANN)
    assert [one["answer"] for one in purse.said()] == ["stopped"]


def test_nobody_else_decides(purse: Purse) -> None:
    found = purse.pause()
    for act in (purse.transfers.stop, purse.transfers.regret):
        with pytest.raises(NotFound):
            act(found.id, NOON + 60, payer=MUM)
    with pytest.raises(NotFound):
        purse.transfers.release(found.id, Reason(code="family", words=LONG), NOON + 60, payer=MUM)


def test_the_clock_asks_again_and_then_lets_it_lapse(purse: Purse) -> None:
    found = purse.pause()
    purse.transfers.round(AFTER - 2)
    assert purse.sent("transfer.cooled_down") == []
    purse.transfers.round(AFTER)
    purse.transfers.round(AFTER + 5)
    assert [one["lapses_at"] for one in purse.sent("transfer.cooled_down")] == [found.until + LAPSES_S]
    purse.transfers.round(AFTER + LAPSES_S)
    assert purse.latest().state == "lapsed"
    assert len(purse.sent("transfer.lapsed")) == 1
    assert purse.sent("transfer.released") == []
    with pytest.raises(Conflict):
        purse.release(found, AFTER + LAPSES_S)


@pytest.mark.parametrize(("outcome", "state"), [("paid", "paid"), ("cancelled", "cancelled"), ("refused", "cancelled")])
def test_what_the_platform_says_closes_it(purse: Purse, outcome: str, state: str) -> None:
    purse.release(purse.pause())
    purse.settle("pay-2", "paid")
    assert purse.latest().state == "released"
    purse.settle("pay-1", outcome, NOON + 200)
    assert (purse.latest().state, purse.latest().settled_at, purse.latest().answer) == (state, NOON + 200, "released")
    purse.settle("pay-1", "cancelled", NOON + 300)
    assert purse.latest().settled_at == NOON + 200


def test_what_was_paid_is_what_was_released(purse: Purse) -> None:
    first = purse.pause()
    purse.release(first)
    larger = purse.pause(at=NOON + 70, amount_minor=900_000)
    purse.settle("pay-1", "paid", NOON + 200)
    assert {one.id: one.state for one in purse.all()} == {first.id: "paid", larger.id: "cancelled"}


def test_only_what_was_paid_can_be_regretted(purse: Purse) -> None:
    found = purse.pause()
    with pytest.raises(Conflict):
        purse.transfers.regret(found.id, NOON + 60, payer=ANN)
    purse.release(found)
    purse.settle("pay-1", "paid")
    purse.transfers.regret(found.id, NOON + 300, payer=ANN)
    purse.transfers.regret(found.id, NOON + 400, payer=ANN)
    assert purse.latest().regretted_at == NOON + 300


def test_a_guardian_who_may_holds_it_once(purse: Purse) -> None:
    found = purse.pause()
    with pytest.raises(NotFound):
        purse.help.answer(DAD, found.id, "paused", NOON + 30)
    purse.help.ask(ANN, found.id, [DAD], NOON + 20)
    with pytest.raises(Forbidden):
        purse.help.answer(DAD, found.id, "paused", NOON + 30)
    purse.help.answer(MUM, found.id, "paused", NOON + 30)
    with pytest.raises(Conflict):
        purse.help.answer(MUM, found.id, "paused", NOON + 31)
    for now in (NOON + 60, NOON + 29 + GUARDIAN_PAUSE_S):
        with pytest.raises(Conflict, match="circle"):
            purse.release(found, now)
    purse.release(found, NOON + 30 + GUARDIAN_PAUSE_S)
    assert purse.latest().state == "released"
    assert [one["answer"] for one in purse.sent("transfer.help_answered")] == ["paused"]


def test_a_stop_needs_no_guardian_and_a_consent_taken_back_frees(purse: Purse) -> None:
    for number, free in enumerate((True, False)):
        found = purse.pause(f"pay-{number}")
        purse.help.answer(MUM, found.id, "paused", NOON + 30)
        if free:
            purse.circle.may.discard(MUM)
            purse.release(found)
            purse.circle.may.add(MUM)
        else:
            purse.transfers.stop(found.id, NOON + 40, payer=ANN)
    assert {one.state for one in purse.all()} == {"released", "stopped"}


def test_a_guardian_does_not_hold_everything(purse: Purse) -> None:
    for number in range(MAX_GUARDIAN_PAUSES_7D):
        purse.help.answer(MUM, purse.pause(f"pay-{number}").id, "paused", NOON + 30)
    with pytest.raises(Forbidden):
        purse.help.answer(MUM, purse.pause("pay-last").id, "paused", NOON + 30)


def test_somebody_who_knows_the_payee_makes_it_shorter(purse: Purse) -> None:
    found = purse.pause()
    purse.help.ask(ANN, found.id, [DAD, MUM], NOON + 10)
    assert [one["account"] for one in purse.sent("transfer.help_asked")] == [DAD, MUM]
    purse.help.answer(DAD, found.id, "vouched", NOON + 20)
    purse.release(found, reason=FAMILY)
    with purse.database.read() as connection:
        assert {one.guardian: one.answer for one in helpers_of(connection, found.id)} == {DAD: "vouched", MUM: None}
    with pytest.raises(Conflict):
        purse.help.answer(MUM, found.id, "advised_against", NOON + 70)


def test_whoever_gets_the_money_does_not_vouch_nor_does_a_thief(purse: Purse) -> None:
    found = purse.pause(payee_account="mum")
    purse.help.ask(ANN, found.id, [DAD], NOON + 10)
    with purse.database.write() as connection:
        Theft(purse.database).containments.open(connection, DAD, "owner", NOON + 15, by=DAD, since=NOON)
        assert purse.help.guardians_for(connection, found) == []
    for helper in (MUM, DAD):
        with pytest.raises(NotFound):
            purse.help.answer(helper, found.id, "vouched", NOON + 20)


def test_nobody_outside_the_circle_is_asked_and_not_too_many(purse: Purse) -> None:
    found = purse.pause()
    for wrong in ([], ["account:eve"], [MUM, "account:eve"]):
        with pytest.raises(InvalidAnswer):
            purse.help.ask(ANN, found.id, wrong, NOON + 10)
    purse.circle.guardians = [f"account:aunt{number}" for number in range(4)]
    with pytest.raises(RateLimited):
        purse.help.ask(ANN, found.id, purse.circle.guardians, NOON + 10)
    for number in range(2):
        purse.help.ask(ANN, purse.pause(f"pay-more{number}").id, purse.circle.guardians[:3], NOON + 10)
    with pytest.raises(RateLimited):
        purse.help.ask(ANN, found.id, purse.circle.guardians[:1], NOON + 20)


def test_who_asks_in_many_windows_at_once_asks_no_more_than_in_one(purse: Purse) -> None:
    found = purse.pause()
    purse.circle.guardians = [f"account:aunt{number}" for number in range(MAX_HELPERS + 2)]
    asked = _race([partial(purse.help.ask, ANN, found.id, [one], NOON + 10) for one in purse.circle.guardians])
    with purse.database.read() as connection:
        assert asked == len(helpers_of(connection, found.id)) == MAX_HELPERS


def test_the_decision_answers_the_alert_unless_its_payer_has(purse: Purse) -> None:
    for number, (answer, expected) in enumerate(((None, "stopped"), ("wrong", "wrong"))):
        found = purse.pause(f"pay-{number}", is_warned=True, at=NOON + number)
        with purse.database.read() as connection:
            [alert] = [one for one in alerts_of(connection, ANN) if one.event_seq == found.event_seq]
        if answer is not None:
            purse.alerts.answer(ANN, alert.id, "wrong", NOON + 30)
        purse.transfers.stop(found.id, NOON + 60, payer=ANN)
        with purse.database.read() as connection:
            after = find_alert(connection, alert.id, ANN)
        assert after is not None
        assert after.answer == expected


def test_whoever_was_wrongly_stopped_before_is_asked_more_mildly(purse: Purse) -> None:
    first = purse.pause("pay-1", is_warned=True)
    with purse.database.read() as connection:
        [alert] = alerts_of(connection, ANN)
    purse.alerts.answer(ANN, alert.id, "wrong", NOON + 30)
    assert first.strength == "stop"
    purse.release(purse.pause("pay-2", is_warned=True, at=NOON + 40), reason=FAMILY)


def test_what_it_comes_to(purse: Purse) -> None:
    names = ("stopped", "paid", "lost", "waiting", "cancelled")
    found = {name: purse.pause(name, at=NOON + number) for number, name in enumerate(names)}
    purse.transfers.stop(found["stopped"].id, NOON + 60, payer=ANN)
    for name in ("paid", "lost"):
        purse.release(found[name])
        purse.settle(name, "paid")
    purse.transfers.regret(found["lost"].id, NOON + 300, payer=ANN)
    purse.settle("cancelled", "cancelled")
    with purse.database.read() as connection:
        outcomes = outcomes_since(connection, NOON)
        [waiting] = waiting_now(connection)
        assert outcomes_since(connection, NOON + 100) == []
    assert (waiting.id, waiting.payer, waiting.payee) == (found["waiting"].id, "", "")
    assert tally(outcomes, lambda one: one.currency) == {"CNY": Tally(
        paused=5, waiting=1, stopped=2, lapsed=0, went_on=2, regretted=1, paused_minor=1_000_000,
        kept_minor=400_000, paid_minor=400_000, lost_minor=200_000,
    )}
    reasons = tally([one for one in outcomes if one.reason], lambda one: one.reason)
    assert {reason: sums.went_on for reason, sums in reasons.items()} == {"family": 2}


def test_of_three_who_decide_at_once_one_is_first(purse: Purse) -> None:
    for number in range(4):
        found = purse.pause(f"race-{number}")
        go_on = partial(purse.release, found, NOON + 60)
        assert _race([go_on, partial(purse.transfers.stop, found.id, NOON + 60, payer=ANN), go_on]) == 1
        decided = [one for one in purse.said() if one["payment_id"] == f"race-{number}"]
        assert [one["answer"] for one in decided] == [purse.latest().state]


def test_a_guardian_and_a_payer_at_once_never_contradict(purse: Purse) -> None:
    for number in range(3):
        found = purse.pause(f"race-{number}", at=NOON + number)
        purse.circle.may = {MUM}
        hold = partial(purse.help.answer, MUM, found.id, "paused", NOON + 60)
        assert _race([partial(purse.release, found, NOON + 60), hold]) == 1
        after = next(one for one in purse.all() if one.id == found.id)
        assert (after.state == "released") == (after.guarded_by is None)


def test_take_in_by_two_at_once_pauses_once(purse: Purse) -> None:
    purse.commit(*(purse.judge(payment_id=f"pay-{number}") for number in range(20)))
    _race([partial(purse.transfers.take_in, NOON + 1)] * 3)
    assert len(purse.all()) == len(purse.sent("transfer.paused")) == 20


def test_the_database_refuses_what_must_not_be(purse: Purse) -> None:
    found = purse.pause()
    this = update(transfers).where(transfers.c.id == found.id)
    refused: tuple[dict[str, object], ...] = (
        {"state": "released"}, {"state": "paid"}, {"answer": "stopped"}, {"guarded_by": MUM}, {"amount_minor": -1},
        {"state": "kept"}, {"state": "stopped", "answer": "released", "answered_at": 1.0, "answered_by": ANN},
    )
    for wrong in refused:
        with pytest.raises(IntegrityError), purse.database.write() as connection:
            connection.execute(this.values(wrong))
    holds = {"transfer_id": found.id, "answer": "paused", "answered_at": 1.0}
    with pytest.raises(IntegrityError), purse.database.write() as connection:
        connection.execute(insert(transfer_helpers), [holds | {"guardian": MUM}, holds | {"guardian": DAD}])


def _race(acts: Sequence[Callable[[], object]]) -> int:
    """How many of these acts went through, done at the same moment."""
    gate = Barrier(len(acts))

    def one(act: Callable[[], object]) -> bool:
        gate.wait()
        try:
            act()
        except AnlanError:
            return False
        return True

    with ThreadPoolExecutor(len(acts)) as pool:
        return sum(pool.map(one, acts))
