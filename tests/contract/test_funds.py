"""Members' money: what a ban does to it, how it gets out, and that nothing is paid twice, on both databases."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import Any

import pytest
import sqlalchemy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from sanctioned import BY, NOW, judged_case
from sqlalchemy import func, select, text

from anlan import clock
from anlan.center.funds import Count, Funds
from anlan.center.payouts import Payouts
from anlan.desk.followers import CaseClosed, SanctionMoved
from anlan.desk.sanctions import NewSanction, Sanctions
from anlan.domain.ledger import LARGEST_AMOUNT, Posting
from anlan.domain.payouts import EVIDENCE_DAYS, Evidence, Instruction
from anlan.domain.queues import WorkingTime
from anlan.errors import AnlanError, Conflict, Forbidden, InvalidRequest, NotFound
from anlan.store import cases, funds, payouts
from anlan.store.audit import latest_entries
from anlan.store.audit_report import verify
from anlan.store.database import Database
from anlan.store.funds import Holding
from anlan.store.ledger_audit import audit_ledger
from anlan.store.notices import latest_notices
from anlan.store.payouts import Application
from anlan.store.sanctions import move_sanction
from anlan.store.tables import outbox, payout_applications, staff_ties

WHO = Evidence(legal_name="王小明", id_number="110101199001011234", contact="13800000000", statement="是我的钱")
WHERE = Instruction(method="bank", payee="王小明", account="6222020000001234567")
CHECKER, SECOND = "staff:cai", "staff:dan"
THREADS = 16
DAY_S = 86_400.0
_numbers = count(1)


class Desk:
    """The parts under test over one store, for one account, with short words for what the tests do."""

    def __init__(self, database: Database, account: str = "account:ann") -> None:
        self.database, self.account = database, account
        self.funds, self.payouts = Funds(database), Payouts(database, WorkingTime())

    def count(self, amount: int, unit: str = "CNY", kind: Any = "wallet", as_of: float = 1.0) -> Holding:
        counted = Count(kind=kind, unit=unit, title="零钱", amount=amount)
        found = self.funds.register(self.account, (counted,), as_of, "key:platform")
        return next(one for one in found if one.unit == unit)

    def move(self, move: str, sanction: str = "s1", kind: str = "ban") -> None:
        with self.database.write() as connection:
            self.funds.on_sanction_moved(connection, self.moved(move, sanction, kind))

    def moved(self, move: str, sanction: str = "s1", kind: str = "ban") -> SanctionMoved:
        return SanctionMoved(
            sanction_id=f"{sanction}.{self.account}"[-32:], target=self.account, kind=kind, is_permanent=True,
            move=move, by="staff:judge", at=2.0,
        )

    def holding(self, unit: str = "CNY") -> Holding:
        return next(one for one in self.funds.holdings(self.account) if one.unit == unit)

    def pots(self, unit: str = "CNY") -> tuple[int, int, int]:
        one = self.holding(unit)
        return one.free, one.held, one.paid

    def apply(self) -> Application:
        return self.payouts.apply(self.account, self.holding().id, WHO, WHERE)

    def approved_once(self) -> Application:
        made = self.apply()
        self.payouts.check(made.id, CHECKER)
        return self.payouts.approve(made.id, CHECKER)

    def ordered(self) -> Application:
        return self.payouts.approve(self.approved_once().id, SECOND)

    def confirm(self, made: Application) -> Application:
        return self.payouts.confirm(made.id, made.amount_minor, "bank-7", None, "key:platform")

    def find(self, made: Application) -> Application:
        with self.database.read() as connection:
            found = payouts.find_application(connection, made.id)
        assert found
        return found

    def all(self) -> list[Application]:
        with self.database.read() as connection:
            return payouts.applications_of(connection, self.account)

    def case_outcome(self, made: Application) -> str | None:
        with self.database.read() as connection:
            found = cases.find_case(connection, made.case_id)
        assert found
        return found.outcome

    def sent(self, kind: str) -> int:
        with self.database.read() as connection:
            query = select(func.count()).select_from(outbox).where(outbox.c.kind == kind)
            return connection.execute(query).scalar_one()

    def breaks(self) -> list[str]:
        with self.database.snapshot() as connection:
            return [one.kind for one in audit_ledger(connection).breaks]

    def execute(self, statement: str, **values: Any) -> None:
        with self.database.write() as connection:
            connection.execute(text(statement), values)


@pytest.fixture
def desk(database: Database) -> Desk:
    return Desk(database)


@pytest.fixture
def banned(desk: Desk) -> Desk:
    desk.count(12_345)
    desk.move("ordered")
    return desk


def at_once(*acts: Callable[[], Application]) -> list[Application | AnlanError]:
    """What became of all acts, each in a thread of its own."""

    def tried(act: Callable[[], Application]) -> Application | AnlanError:
        try:
            return act()
        except AnlanError as error:
            return error

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(tried, acts))


def test_held_money_gets_out_once_by_a_check_and_two_people(banned: Desk) -> None:
    assert banned.pots() == (0, 12_345, 0)
    with banned.database.read() as connection:
        assert funds.channel_opened_at(connection, banned.account) == 2.0
    made = banned.approved_once()
    assert (made.state, banned.sent("payout.order")) == ("approved", 0)
    for person in (CHECKER, made.first_approver or ""):
        with pytest.raises(Forbidden):
            banned.payouts.approve(made.id, person)
    ordered = banned.payouts.approve(made.id, SECOND)
    assert (ordered.state, banned.sent("payout.order"), banned.pots()) == ("ordered", 1, (0, 12_345, 0))
    assert banned.case_outcome(ordered) == "grant"
    first, again = banned.confirm(ordered), banned.confirm(ordered)
    assert first == again
    assert (first.state, banned.pots(), banned.breaks()) == ("paid", (0, 0, 12_345), [])
    with pytest.raises(Conflict):
        banned.payouts.fail(made.id, "late", "key:p")
    with pytest.raises(Conflict):
        banned.payouts.approve(made.id, "staff:eve")


def test_only_sanctions_that_keep_a_member_from_their_money_hold_it(database: Database) -> None:
    for kind, held in {"ban": 5, "suspend": 5, "mute": 0, "notice": 0}.items():
        desk = Desk(database, f"account:{kind}")
        desk.count(5)
        desk.move("in_force", kind=kind)
        assert desk.pots() == (5 - held, held, 0)


def test_a_hold_belongs_to_the_sanctions_transaction(desk: Desk) -> None:
    desk.count(5)

    def hold_and_fail() -> None:
        with desk.database.write() as connection:
            desk.funds.on_sanction_moved(connection, desk.moved("ordered"))
            assert funds.holdings_of(connection, desk.account)[0].held == 5
            raise RuntimeError("the sanction could not be ordered")

    with pytest.raises(RuntimeError):
        hold_and_fail()
    assert desk.pots() == (5, 0, 0)
    assert desk.sent("funds.held") == 0
    with desk.database.read() as connection:
        assert not funds.is_on_hold(connection, desk.account)
        assert funds.channel_opened_at(connection, desk.account) is None


def test_a_ban_and_its_holds_are_one_transaction_and_so_is_the_way_back(desk: Desk) -> None:
    desk.count(5)
    case_id = judged_case(desk.database)
    sanctions = Sanctions(desk.database, [desk.funds.on_sanction_moved])
    ban = NewSanction(target=desk.account, kind="ban", rule="p.spam", category="fraud", severity="critical")
    with desk.database.write() as connection:
        sanctions.order(connection, ban, case_id, BY, NOW)
        assert funds.holdings_of(connection, desk.account)[0].held == 5
        connection.rollback()
    assert desk.pots() == (5, 0, 0)
    with desk.database.write() as connection:
        ordered = sanctions.order(connection, ban, case_id, BY, NOW)
    assert desk.pots() == (0, 5, 0)
    with desk.database.write() as connection:
        sanctions.lift(connection, ordered.id, "staff:zhao", "it was not them", NOW)
    assert desk.pots() == (5, 0, 0)


def test_a_ban_for_later_holds_nothing_until_it_begins(desk: Desk) -> None:
    desk.count(5)
    later = NewSanction(
        target=desk.account, kind="suspend", starts_at=NOW + DAY_S, length_s=DAY_S, rule="p.spam", category="fraud",
        severity="critical",
    )
    sanctions = Sanctions(desk.database, [desk.funds.on_sanction_moved])
    case_id = judged_case(desk.database)
    with desk.database.write() as connection:
        ordered = sanctions.order(connection, later, case_id, BY, NOW)
    assert desk.pots() == (5, 0, 0)
    with desk.database.write() as connection:
        move_sanction(connection, ordered.id, ("scheduled",), "ordered")
        sanctions.tell(connection, ordered, "ordered", "system", NOW + DAY_S)
    assert desk.pots() == (0, 5, 0)


def test_the_last_of_several_sanctions_lets_go_and_undecided_applications_with_it(banned: Desk) -> None:
    banned.move("ordered", "s2", "suspend")
    banned.move("in_force")
    assert banned.sent("funds.held") == 2
    made = banned.apply()
    banned.move("lifted")
    assert banned.pots() == (0, 12_345, 0)
    banned.move("ended", "s2")
    banned.move("ended", "s2")
    assert (banned.pots(), banned.find(made).state, banned.breaks()) == ((12_345, 0, 0), "withdrawn", [])
    assert banned.sent("funds.released") == 1
    with banned.database.read() as connection:
        assert funds.channel_opened_at(connection, banned.account) is None
    banned.move("in_force")
    assert banned.pots() == (0, 12_345, 0)


def test_what_the_platform_is_paying_out_stays_held_when_the_ban_is_lifted(banned: Desk) -> None:
    ordered = banned.ordered()
    banned.count(20_000, as_of=2.0)
    banned.move("lifted")
    assert banned.pots() == (7_655, 12_345, 0)
    banned.payouts.fail(ordered.id, "the account is closed", "key:p")
    assert (banned.pots(), banned.breaks()) == ((20_000, 0, 0), [])


def test_a_payout_that_fails_leaves_the_money_held_and_can_be_applied_for_again(banned: Desk) -> None:
    failed = banned.payouts.fail(banned.ordered().id, "the account is closed", "key:p")
    assert banned.payouts.fail(failed.id, "again", "key:p").failure == "the account is closed"
    assert (failed.state, banned.pots(), banned.sent("payout.failed")) == ("failed", (0, 12_345, 0), 1)
    for _ in range(2):
        with pytest.raises(Conflict):
            banned.confirm(failed)
    with banned.database.read() as connection:
        (told,) = latest_notices(connection)
    assert (told.kind, told.subject, told.details["then"]) == ("payout_contradicted", failed.id, "paid")
    assert banned.confirm(banned.ordered()).state == "paid"
    assert banned.breaks() == []


def test_counts_only_grow_what_is_held_and_an_old_count_says_nothing(banned: Desk) -> None:
    assert banned.count(12_400, as_of=3.0).held == 12_400
    for amount, as_of in ((12_399, 4.0), (99_999, 2.0)):
        with pytest.raises(Conflict):
            banned.count(amount, as_of=as_of)
    banned.count(7, unit="sword", kind="goods", as_of=3.0)
    assert banned.pots("sword") == (0, 7, 0)
    paid = banned.payouts.confirm(banned.ordered().id, 12_400, "b", clock.now(), "key:p")
    with pytest.raises(Conflict):
        banned.count(12_400, as_of=5.0)
    assert (paid.state, banned.pots(), banned.breaks()) == ("paid", (0, 0, 12_400), [])


def test_amounts_out_of_range_and_counts_from_the_future_are_refused(desk: Desk) -> None:
    for amount in (-1, LARGEST_AMOUNT + 1):
        with pytest.raises(InvalidRequest):
            desk.count(amount)
    with pytest.raises(InvalidRequest):
        desk.count(1, as_of=clock.now() + DAY_S)
    twice = (Count(kind="wallet", unit="CNY", title="a", amount=1),) * 2
    with pytest.raises(InvalidRequest):
        desk.funds.register(desk.account, twice, 1.0, "key:p")
    assert desk.count(LARGEST_AMOUNT).free == LARGEST_AMOUNT


def test_an_objection_goes_to_somebody_who_did_not_refuse(banned: Desk) -> None:
    made = banned.apply()
    with pytest.raises(InvalidRequest):
        banned.payouts.refuse(made.id, CHECKER, "mood", "because I say so")
    refused = banned.payouts.refuse(made.id, CHECKER, "identity", "the number is cut off")
    assert (refused.state, banned.case_outcome(refused), banned.pots()) == ("refused", "refuse", (0, 12_345, 0))
    with pytest.raises(NotFound):
        banned.payouts.object("account:other", made.id, "give it to me")
    objected = banned.payouts.object(banned.account, made.id, "it was whole")
    assert (objected.state, objected.case_id != made.case_id) == ("submitted", True)
    with pytest.raises(Forbidden):
        banned.payouts.check(made.id, CHECKER)
    with pytest.raises(Forbidden):
        banned.payouts.refuse(made.id, CHECKER, "identity", "still cut off")
    again = banned.payouts.refuse(made.id, SECOND, "instruction", "not your own account")
    assert (again.refused_by, again.objected_against) == (SECOND, CHECKER)
    with pytest.raises(Conflict):
        banned.payouts.object(banned.account, made.id, "once more")
    assert banned.apply().state == "submitted"


def test_nobody_decides_on_their_own_or_a_friends_money(banned: Desk) -> None:
    made = banned.apply()
    tie = {"by": CHECKER, "entity": banned.account, "relation": "near", "noted_by": CHECKER, "noted_at": 1.0}
    with banned.database.write() as connection:
        connection.execute(staff_ties.insert(), tie)
    with pytest.raises(Forbidden):
        banned.payouts.check(made.id, CHECKER)
    assert banned.payouts.check(made.id, SECOND).state == "checked"


def test_a_judgement_cannot_close_the_case_of_an_application(banned: Desk) -> None:
    made = banned.apply()
    with banned.database.write() as connection:
        case = cases.find_case(connection, made.case_id)
        assert case
        closed = CaseClosed(
            case=case, answer="grant", category="", severity="", reason="fine", by=CHECKER, judgement_id="j", at=1.0
        )
        with pytest.raises(Conflict):
            banned.payouts.on_case_closed(connection, closed)


def test_a_late_step_is_escalated_once_and_evidence_goes_in_time(banned: Desk) -> None:
    made = banned.apply()
    assert made.due_at
    for _ in range(2):
        banned.payouts.round(made.due_at + 1)
    with banned.database.read() as connection:
        told = [notice.subject for notice in latest_notices(connection) if notice.kind == "payout_overdue"]
    assert told == [made.id]
    done = banned.payouts.withdraw(banned.account, made.id)
    assert done.ended_at
    banned.payouts.round(done.ended_at + EVIDENCE_DAYS * DAY_S - 60)
    assert banned.payouts.look(made.id, CHECKER).evidence == WHO
    banned.payouts.round(done.ended_at + EVIDENCE_DAYS * DAY_S + 60)
    assert banned.payouts.look(made.id, CHECKER).evidence is None
    with banned.database.read() as connection:
        acts = [entry.act for entry in latest_entries(connection)]
    assert acts.count("funds.look") == 2


def test_what_a_member_hands_in_is_sealed_at_rest(banned: Desk) -> None:
    made = banned.apply()
    banned.payouts.refuse(made.id, CHECKER, "identity", "the number is cut off")
    banned.payouts.object(banned.account, made.id, "it was whole, see 110101199001011234")
    columns = [payout_applications.c[name] for name in ("evidence", "instruction", "objection")]
    with banned.database.read() as connection:
        stored = b"".join(connection.execute(select(*columns)).one())
        bodies = b"".join(connection.execute(select(outbox.c.body)).scalars())
    for secret in (WHO.legal_name, WHO.id_number, WHERE.account, "it was whole"):
        assert secret.encode() not in stored + bodies


def test_one_of_sixteen_applications_at_once_wins_and_the_others_hear_which(banned: Desk) -> None:
    became = at_once(*[banned.apply] * THREADS)
    (won,) = (one for one in became if isinstance(one, Application))
    lost = [one for one in became if isinstance(one, Conflict)]
    assert (len(lost), {one.details["application"] for one in lost}) == (THREADS - 1, {won.id})
    with banned.database.read() as connection:
        assert cases.count_open(connection) == {"funds": 1}


def test_of_sixteen_approvals_at_once_two_count_and_sixteen_confirmations_pay_once(banned: Desk) -> None:
    made = banned.apply()
    banned.payouts.check(made.id, CHECKER)
    became = at_once(*[lambda n=n: banned.payouts.approve(made.id, f"staff:p{n}") for n in range(THREADS)])
    assert len([one for one in became if isinstance(one, Application)]) == 2
    assert (banned.find(made).state, banned.sent("payout.order")) == ("ordered", 1)
    became = at_once(*[lambda: banned.confirm(made)] * THREADS)
    assert {one.state for one in became if isinstance(one, Application)} == {"paid"}
    assert (len(became), banned.pots(), banned.breaks()) == (THREADS, (0, 0, 12_345), [])


def test_a_confirmation_and_a_failure_at_once_end_in_one_of_the_two(banned: Desk) -> None:
    made = banned.ordered()
    confirm, fail = lambda: banned.confirm(made), lambda: banned.payouts.fail(made.id, "no", "key:p")
    became = at_once(*[confirm, fail] * 4)
    assert {one.state for one in became if isinstance(one, Application)} == {banned.find(made).state}
    is_paid = banned.find(made).state == "paid"
    assert (banned.pots(), banned.breaks()) == ((0, 0, 12_345) if is_paid else (0, 12_345, 0), [])


def test_money_that_comes_in_while_the_ban_begins_is_held(database: Database) -> None:
    for number in range(6):
        desk = Desk(database, f"account:n{number}")
        with ThreadPoolExecutor(2) as pool:
            counted, moved = pool.submit(desk.count, 9), pool.submit(desk.move, "ordered")
            counted.result(), moved.result()
        assert desk.pots() == (0, 9, 0)


ACTS = ("count", "ban", "suspend", "lift", "end", "apply", "check", "approve", "refuse", "object", "withdraw",
        "confirm", "fail")


def act_on(desk: Desk, act: str, who: str, amount: int, as_of: float) -> None:
    """Do one thing to the account's money, as far as it is possible."""
    latest = next(iter(desk.all()), None)
    moves = {"ban": ("ordered", "s1"), "suspend": ("in_force", "s2"), "lift": ("lifted", "s1"), "end": ("ended", "s2")}
    if act == "count":
        desk.count(amount, as_of=as_of)
    elif act in moves:
        desk.move(*moves[act])
    elif act == "apply":
        desk.apply()
    elif latest is not None:
        steps: dict[str, Callable[[], object]] = {
            "check": lambda: desk.payouts.check(latest.id, who),
            "approve": lambda: desk.payouts.approve(latest.id, who),
            "refuse": lambda: desk.payouts.refuse(latest.id, who, "identity", "cut off"),
            "object": lambda: desk.payouts.object(desk.account, latest.id, "it is whole"),
            "withdraw": lambda: desk.payouts.withdraw(desk.account, latest.id),
            "confirm": lambda: desk.confirm(latest),
            "fail": lambda: desk.payouts.fail(latest.id, "no", "key:p"),
        }
        steps[act]()


LIKELY = some.sampled_from(ACTS) | some.sampled_from(("ban", "apply", "check", "approve", "approve", "confirm"))
STAFF = some.sampled_from((CHECKER, SECOND, "staff:eve"))


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(some.lists(some.tuples(LIKELY, STAFF, some.integers(0, 900)), min_size=6, max_size=24))
def test_whatever_happens_in_whatever_order_the_ledger_stays_whole(
    database: Database, acts: list[tuple[str, str, int]]
) -> None:
    desk = Desk(database, f"account:h{next(_numbers)}")
    desk.count(1_000, as_of=0.0)
    for number, (act, who, amount) in enumerate(acts):
        before = desk.pots()
        try:
            act_on(desk, act, who, amount, number + 1.0)
        except AnlanError:
            assert desk.pots() == before
        free, held, paid = desk.pots()
        assert min(free, held, paid) >= 0
        assert act == "count" or free + held + paid == sum(before)
        made = desk.all()
        assert paid == sum(one.amount_minor for one in made if one.state == "paid")
        with database.read() as connection:
            is_held = funds.is_on_hold(connection, desk.account)
        ordered = sum(one.amount_minor for one in made if one.state == "ordered")
        assert free == 0 if is_held else held == ordered
    assert desk.breaks() == []


STATEMENTS = {
    "below zero": "UPDATE holdings SET held = -1",
    "a second open application": (
        "INSERT INTO payout_applications (id, account, holding_id, amount_minor, unit, case_id, state, applied_at, "
        "refusal_words, payment_reference, failure) SELECT 'payout_x', account, holding_id, amount_minor, unit, "
        "case_id, 'submitted', 1, '', '', '' FROM payout_applications"
    ),
    "one person twice": "UPDATE payout_applications SET second_approver = first_approver",
    "the checker last": "UPDATE payout_applications SET first_approver = 'staff:x', second_approver = checked_by",
    "ordered without approval": "UPDATE payout_applications SET second_approver = NULL",
    "paid without a check": (
        "UPDATE payout_applications SET state = 'paid', ended_at = 1, checked_by = NULL, checked_at = NULL"
    ),
    "paid and not over": "UPDATE payout_applications SET state = 'paid'",
    "refused without a ground": (
        "UPDATE payout_applications SET state = 'refused', refused_by = 'staff:x', ended_at = 1"
    ),
    "the refuser checks again": "UPDATE payout_applications SET objected_against = checked_by",
    "nothing to pay": "UPDATE payout_applications SET amount_minor = 0",
    "no such state": "UPDATE payout_applications SET state = 'lost'",
    "an empty line": "UPDATE ledger_lines SET amount = 0",
    "the same cause twice": (
        "INSERT INTO ledger_transactions (id, at, kind, reference, \"by\") "
        "SELECT 'lt_x', 1, kind, reference, \"by\" FROM ledger_transactions WHERE kind = 'hold'"
    ),
    "no such transaction": "UPDATE ledger_transactions SET kind = 'gift'",
    "a holding twice": (
        "INSERT INTO holdings (id, account, kind, unit, title, as_of, free, held, paid) "
        "SELECT 'x', account, kind, unit, title, as_of, 0, 0, 0 FROM holdings"
    ),
}


def test_the_database_itself_refuses_what_the_laws_forbid(banned: Desk) -> None:
    banned.ordered()
    let_through = []
    for why, statement in STATEMENTS.items():
        try:
            banned.execute(statement)
        except sqlalchemy.exc.IntegrityError:
            continue
        let_through.append(why)
    assert let_through == []
    assert banned.breaks() == []


TAMPERED = {
    "unbalanced": "UPDATE ledger_lines SET amount = amount + 1 WHERE account LIKE 'held:%'",
    "balance": "UPDATE holdings SET held = held + 1",
    "empty": "INSERT INTO ledger_transactions VALUES ('lt_x', 1, 'hold', 'x', 'staff:x')",
    "platform": "UPDATE ledger_lines SET amount = amount * 2",
    "payout": "UPDATE payout_applications SET state = 'paid', ended_at = 1 WHERE state = 'ordered'",
    "below_zero": "UPDATE ledger_lines SET amount = -amount",
}


def test_the_audit_finds_what_was_changed_behind_its_back(banned: Desk) -> None:
    banned.ordered()
    assert banned.breaks() == []
    for kind, statement in TAMPERED.items():
        with banned.database.write() as connection:
            connection.execute(text(statement))
            assert kind in {one.kind for one in audit_ledger(connection).breaks}
            connection.rollback()


def test_a_payout_that_nobody_ordered_through_anlan_is_not_borne_out_by_the_log(banned: Desk) -> None:
    made = banned.ordered()
    doubts = []
    for change in ("amount_minor = amount_minor", "amount_minor = 99", "second_approver = 'staff:ghost'"):
        banned.execute(f"UPDATE payout_applications SET {change}")
        doubts.append({one.kind for one in verify(banned.database, "system").doubts if one.id == made.id})
    assert doubts == [set(), {"told_otherwise"}, {"told_otherwise"}]


def test_an_unbalanced_transaction_is_never_written(banned: Desk) -> None:
    lines = (Posting("platform:CNY", "CNY", -1), Posting(f"free:{banned.holding().id}", "CNY", 2))
    with pytest.raises(ValueError, match="do not sum to zero"), banned.database.write() as connection:
        funds.post(connection, "register", "r", banned.holding().id, lines, "key:p", 1.0)
    assert banned.breaks() == []
