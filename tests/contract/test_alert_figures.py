"""What alerts came to, on both databases: payments that followed, what caps cost, a policy that is often wrong."""

from collections import Counter
from random import Random

import pytest
from alerted import NOW, AlertDesk, alert_to
from judged import NOON
from sqlalchemy import select

from anlan.center.alert_figures import WrongAlertWatch, read_figures
from anlan.center.alerted_payments import AlertedPayments
from anlan.domain.alert_figures import Share
from anlan.domain.prevented_loss import AFTERWARDS_S
from anlan.store.alerted_payment_days import paid_after_alerts, warned_payments
from anlan.store.alerted_payments import AlertedPayment, PaymentEvent, Said, add_payments, forget_payments, settle
from anlan.store.alerts import Alert, add_alerts, forget_alerts
from anlan.store.database import Database
from anlan.store.notices import latest_notices
from anlan.store.tables import alert_days, alerted_payments, alerts

DAY_S, HOUR_S = 86_400.0, 3_600.0


@pytest.fixture
def desk(database: Database) -> AlertDesk:
    return AlertDesk(database)


class Payments:
    """Members who pay, and what the house makes of it."""

    def __init__(self, desk: AlertDesk) -> None:
        self.desk = desk
        self.follower = AlertedPayments(desk.database, "UTC")

    def begin(
        self, name: str, at: float = NOON, *, is_warned: bool = False, payer: str = "bob", to: str = "sly"
    ) -> None:
        orders = (alert_to(payer, "coupon"),) if is_warned else ()
        self.desk.commit(self.desk.order(
            *orders, type_name="payment.initiated", at=at, payer=payer, payee="p1", payee_account=to,
            amount_minor=10_000, payment_id=name,
        ))
        self.desk.alerts.take_in(NOW)

    def end(self, name: str, outcome: str, at: float = NOON + 60, payer: str = "bob") -> None:
        self.desk.commit(self.desk.order(
            type_name="payment.settled", at=at, payer=payer, payment_id=name, outcome=outcome
        ))

    def follow(self) -> int:
        self.desk.alerts.take_in(NOW)
        return self.follower.take_in(NOW)


@pytest.fixture
def payments(desk: AlertDesk) -> Payments:
    return Payments(desk)


def test_a_payment_is_tied_to_what_was_said_before_it(desk: AlertDesk, payments: Payments) -> None:
    [turn] = desk.warn(alert_to("bob"), at=NOON - HOUR_S)
    payments.begin("pay1", is_warned=True)
    payments.begin("pay2", at=NOON + HOUR_S)
    payments.begin("pay3", to="shop")
    payments.end("pay1", "cancelled")
    payments.end("pay1", "paid")
    payments.end("pay2", "paid")
    payments.end("pay3", "paid")
    assert (payments.follow(), payments.follow()) == (7, 0)
    with desk.database.read() as connection:
        kept = {row.payment_id: row for row in connection.execute(select(alerted_payments))}
    own = next(one for one in desk.all() if one.moment == "money")
    assert kept.keys() == {"pay1", "pay2"}
    assert (kept["pay1"].own_id, kept["pay1"].earlier_id, kept["pay1"].outcome) == (own.id, turn.id, "cancelled")
    assert (kept["pay2"].own_id, kept["pay2"].earlier_id, kept["pay2"].outcome) == (None, own.id, "paid")
    with desk.database.read() as connection:
        [money] = read_figures(connection, "UTC", NOW, 7).money
    assert (money.at_payment.warned, money.at_payment.kept, money.at_payment.usual_share) == (1, 0, 0.0), (
        "pay2 went to the same person after all"
    )


def test_what_stayed_less_what_stays_anyway(desk: AlertDesk, payments: Payments) -> None:
    for number in range(4):
        payments.begin(f"w{number}", is_warned=True, payer=f"m{number}")
        payments.end(f"w{number}", "cancelled" if number else "paid", payer=f"m{number}")
        payments.begin(f"u{number}", payer=f"n{number}")
        payments.end(f"u{number}", "paid" if number else "cancelled", payer=f"n{number}")
    payments.follow()
    with desk.database.read() as connection:
        [money] = read_figures(connection, "UTC", NOW, 7).money
    at_payment = money.at_payment
    assert (at_payment.kept, at_payment.kept_minor, at_payment.usual_share) == (3, 30_000, 0.25)
    assert at_payment.prevented_minor == 30_000 - 0.25 * 40_000
    assert money.by_trial is None


def test_what_a_cap_cost_is_what_was_paid_to_somebody_nobody_spoke_of(desk: AlertDesk, payments: Payments) -> None:
    strangers = [f"s{number}" for number in range(8)]
    for stranger in strangers:
        desk.warn(alert_to("bob"), sender=stranger, recipient="bob")
    capped = [one for one in desk.all() if one.cap == "day"]
    assert len(capped) == 2
    payments.begin("pay1", at=NOON + HOUR_S, to="s7")
    payments.end("pay1", "paid", at=NOON + HOUR_S)
    payments.begin("pay2", at=NOON + HOUR_S, to="s0")
    payments.end("pay2", "paid", at=NOON + HOUR_S)
    payments.follow()
    with desk.database.read() as connection:
        figures = read_figures(connection, "UTC", NOW, 7)
    assert (figures.money[0].after_capped, figures.money[0].capped_payers) == (10_000, 1)
    assert figures.caps == {"day": 2, "pair": 0, "dismissed": 0, "wrong": 0}


def test_the_trial_tells_with_both_arms(database: Database) -> None:
    desk = AlertDesk(database, control_share=0.5)
    payments = Payments(desk)
    names = [f"m{number}" for number in range(100)]
    desk.commit(*(
        desk.order(alert_to(name), at=NOON - 5 * DAY_S, sender="sly", recipient=name) for name in names
    ))
    desk.alerts.take_in(NOW - 5 * DAY_S)
    states = {one.account.removeprefix("account:"): one.state for one in desk.all()}
    for name in names:
        if states[name] == "control":
            payments.begin(name, at=NOON - 4.9 * DAY_S, payer=name)
            payments.end(name, "paid", at=NOON - 4.9 * DAY_S, payer=name)
    payments.follow()
    with database.read() as connection:
        figures = read_figures(connection, "UTC", NOW, 14)
    trial = figures.money[0].by_trial
    assert trial is not None
    told = figures.whole.counts["sent"]
    assert trial.prevented_minor == trial.low_minor == trial.high_minor == told * 10_000
    assert figures.control == 100 - told
    assert {arm.name for arm in figures.arms["coupon"]} >= {"control"}


def test_figures_count_by_day_and_scenario_with_intervals(desk: AlertDesk) -> None:
    made = [desk.warn(alert_to(f"m{number}"), sender="sly", recipient=f"m{number}")[0] for number in range(10)]
    desk.warn(
        alert_to("zoe", "police"), now=NOW - 3 * DAY_S, at=NOON - 3 * DAY_S, sender="sly", recipient="zoe"
    )
    for one in made[:4]:
        desk.alerts.answer(one.account, one.id, "stopped", NOW)
    with desk.database.read() as connection:
        figures = read_figures(connection, "UTC", NOW, 7)
    assert [told for _, _, told in figures.days] == [0, 0, 0, 1, 0, 0, 10]
    assert [(one.name, one.told) for one in figures.scenarios] == [("coupon", 10), ("police", 1)]
    rate = figures.scenarios[0].rate("stopped")
    assert isinstance(rate, Share)
    assert (rate.hits, rate.share) == (4, 0.4)
    assert rate.low == pytest.approx(0.168, abs=0.001)
    assert rate.high == pytest.approx(0.687, abs=0.001)


def test_staff_hear_once_a_week_of_a_policy_that_is_often_wrong(desk: AlertDesk) -> None:
    watch = WrongAlertWatch(desk.database, "UTC")
    for number in range(12):
        [made] = desk.warn(alert_to(f"m{number}"), sender="sly", recipient=f"m{number}")
        desk.alerts.answer(made.account, made.id, "helped" if number < 2 else "wrong", NOW)
        assert WrongAlertWatch(desk.database, "UTC").round(NOW) == (number == 11)
    assert [watch.round(NOW), watch.round(NOW + 1), watch.round(NOW + 700)] == [0, 0, 0]
    with desk.database.read() as connection:
        [notice] = latest_notices(connection)
    assert (notice.kind, notice.subject, notice.details["wrong"]) == ("alerts_wrong", "p.scam", 10)


def test_what_is_over_goes_and_the_counts_stay(desk: AlertDesk, payments: Payments) -> None:
    payments.begin("pay1", is_warned=True)
    payments.end("pay1", "paid")
    payments.follow()
    with desk.database.write() as connection:
        assert [forget_alerts(connection, NOW, 10), forget_payments(connection, NOON, 10)] == [0, 0]
        assert [forget_alerts(connection, NOW + 1, 10), forget_payments(connection, NOON + 1, 10)] == [1, 1]
        assert connection.execute(select(alerts)).all() == connection.execute(select(alerted_payments)).all() == []
        assert connection.execute(select(alert_days)).all()


def summed_up(database: Database) -> tuple[tuple[int, ...], dict[str, tuple[float, ...]]]:
    """What the days should hold, of warned payments and by the state of earlier alerts, reckoned one at a time."""
    with database.read() as connection:
        known = {row.id: row for row in connection.execute(select(alerts))}
        paid = list(connection.execute(select(alerted_payments).where(alerted_payments.c.outcome == "paid")))
        ended = list(connection.execute(select(alerted_payments).where(alerted_payments.c.outcome.is_not(None))))
    warned = [one for one in ended if one.own_id]
    kept = [
        one for one in warned if one.outcome == "cancelled" and not any(
            (other.payer, other.other) == (one.payer, one.other) and 0 <= other.at - one.at <= AFTERWARDS_S
            for other in paid
        )
    ]
    after: Counter[str] = Counter()
    for one in paid:
        if one.earlier_id and known[one.earlier_id].moment != "money":
            after[one.earlier_id] += one.amount_minor
    by_state = {
        state: [sum_ for name, sum_ in after.items() if known[name].state == state] for state in ("sent", "capped")
    }
    possible = sum(one.amount_minor for one in warned if one.outcome != "refused")
    return (
        (len(warned), len(kept), sum(one.amount_minor for one in kept), possible),
        {state: (len(sums), sum(sums), sum(sum_ * sum_ for sum_ in sums)) for state, sums in by_state.items() if sums},
    )


def stood_beside(dice: Random) -> tuple[list[Alert], list[AlertedPayment]]:
    """Alerts of two members about two people over some days, and payments that followed within `AFTERWARDS_S`."""
    told = [
        Alert(
            id=f"alert_{number}", event_seq=number, account=f"account:m{number % 2}", scenario="coupon", version=1,
            strength="stop", moment="money" if number % 3 == 0 else "turn", other=f"account:s{number % 4 // 2}",
            policy="p.scam", arm="usual", state="capped" if number % 3 == 1 else "sent",
            cap="day" if number % 3 == 1 else None, day=f"2026-11-0{1 + number % 4}", at=NOON + number % 4 * DAY_S,
            made_at=NOON,
        ) for number in range(24)
    ]
    made = []
    for number in range(48):
        one, is_own = told[number % 24], number % 3 == 0
        earlier = dice.choice((None, told[(number - 4) % 24].id)) if is_own else one.id
        made.append(AlertedPayment(
            payer=one.account, payment_id=f"p{number}", own_id=one.id if is_own else None, earlier_id=earlier,
            other=one.other, amount_minor=dice.randrange(1, 10_000), currency="CNY",
            at=one.at + dice.random() * AFTERWARDS_S,
        ))
    return told, made


def test_days_hold_what_all_payments_come_to_in_whatever_order_they_end(database: Database) -> None:
    dice = Random(4)
    told, made = stood_beside(dice)
    ended = [
        PaymentEvent(0, "payment.settled", one.at + 60, Said(
            payer=one.payer.removeprefix("account:"), payment_id=one.payment_id,
            outcome=dice.choice(("paid", "cancelled", "cancelled", "refused")),
        )) for one in made
    ]
    dice.shuffle(ended)
    with database.write() as connection:
        add_alerts(connection, told)
        add_payments(connection, made)
        for one in ended:
            assert settle(connection, [one]) == []
            settle(connection, [one])  # said again, which changes nothing
    warned, after = summed_up(database)
    with database.read() as connection:
        [(currency, found)] = warned_payments(connection, "2026-11-01").items()
        paid = paid_after_alerts(connection, "2026-11-01")["CNY"]
        later = warned_payments(connection, "2026-11-03")["CNY"].count
    assert (currency, (found.count, found.kept, found.kept_minor, found.possible_minor)) == ("CNY", warned)
    assert {state: (one.members, one.total, one.squares) for state, one in paid.items()} == after
    assert 0 < later < found.count
