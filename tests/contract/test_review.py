"""Cases among many reviewers, the same on both databases: judged once per stage, none lost, none by the wrong one."""

import threading
import time
from collections import Counter

import pytest
from msgspec import structs
from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError

from anlan.desk.agreement import measure
from anlan.desk.case_work import CaseWork
from anlan.desk.checks import Checks
from anlan.desk.followers import CaseClosed
from anlan.desk.review import Answered, Given, Review, Reviewer
from anlan.desk.routing import Routing
from anlan.domain.cases import CASE_KINDS, CaseKind
from anlan.domain.queues import WorkingTime
from anlan.errors import Conflict, Forbidden, InvalidPolicy, InvalidRequest
from anlan.store import audit, review
from anlan.store.cases import Case, NewCase, find_case, open_case
from anlan.store.database import Database
from anlan.store.notices import latest_notices
from anlan.store.queues import Queue, loads, put_queue
from anlan.store.review import Tie, Wellbeing
from anlan.store.tables import case_judgements, cases

NOW = 1_795_262_400.0
EVERYTHING = frozenset((kind, stage) for kind in CASE_KINDS for stage in (1, 2, 3))
JUNIOR = frozenset((kind, stage) for kind in CASE_KINDS for stage in (1, 2))


def person(name: str, *, is_senior: bool = False) -> Reviewer:
    return Reviewer(actor=f"staff:{name}", may=EVERYTHING if is_senior else JUNIOR)


ANN, BO, CLARA = person("ann"), person("bo"), person("clara", is_senior=True)


def set_up(database: Database, name: str = "content", **more: object) -> None:
    values = {"second_share": 0.0, "golden_share": 0.0, "title_zh": "内容", "title_en": "Content", **more}
    with database.write() as connection:
        put_queue(connection, Queue(name=name, **values))  # type: ignore[arg-type]


def opened(database: Database, target: str = "account:u1", kind: CaseKind = "review", **more: object) -> str:
    with database.write() as connection:
        new = NewCase(kind=kind, queue="content", target=target, due_at=NOW + 3_600, **more)  # type: ignore[arg-type]
        return open_case(connection, new, "system", NOW)


def read(database: Database, case_id: str) -> Case:
    with database.read() as connection:
        found = find_case(connection, case_id)
    assert found is not None
    return found


def answer(
    desk: Review, who: Reviewer, case_id: str, said: str = "no_violation", *, stage: int = 1, severity: str = "low",
    now: float = NOW,
) -> Given:
    desk.claim(who, case_id, now)
    answered = Answered(case_id=case_id, stage=stage, answer=said, reason="seen", category="fraud", severity=severity)
    return desk.judge(who, answered, now + 1)


def test_sixteen_reviewers_judge_each_case_once_per_stage_and_lose_none(database: Database) -> None:
    set_up(database, second_share=0.3)
    wanted = {opened(database, f"account:u{n}") for n in range(200)}
    closed: Counter[str] = Counter()
    desk = Review(database, [lambda _, told: closed.update([told.case.id])])
    failures: list[BaseException] = []
    deadline = time.monotonic() + 100

    def work(number: int) -> None:
        who = person(f"r{number}", is_senior=True)
        try:
            while len(closed) < len(wanted) and time.monotonic() < deadline:
                claim = desk.claim_next(who, NOW, "content")
                if claim is None:
                    time.sleep(0.01)  # somebody holds the last ones, and may leave them a second judgement
                    continue
                case = read(database, claim.case_id)
                said = "violation" if (number + int(case.id[-2:], 16)) % 5 == 0 else "no_violation"
                answered = Answered(
                    case_id=case.id, stage=case.stage, answer=said, reason="r", category="fraud", severity="low"
                )
                desk.judge(who, answered, NOW + 1)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert not failures
    assert closed == Counter(wanted)
    with database.read() as connection:
        given = connection.execute(select(case_judgements.c.case_id, case_judgements.c.stage)).all()
        waiting = connection.execute(select(func.count()).where(cases.c.state == "open")).scalar_one()
        stages = Counter(row.stage for row in given)
    assert len(set(given)) == len(given)
    assert {row.case_id for row in given} == wanted
    assert (waiting, stages[1]) == (0, 200)
    assert stages[2] > 20
    assert audit_is_whole(database)


def audit_is_whole(database: Database) -> bool:
    with database.read() as connection:
        return audit.first_break(connection) is None


def test_two_press_at_once_and_one_gets_the_case(database: Database) -> None:
    set_up(database)
    case_id = opened(database)
    desk, outcomes, gate = Review(database), [], threading.Barrier(2)

    def press(who: Reviewer) -> None:
        gate.wait()
        try:
            outcomes.append(desk.claim(who, case_id, NOW).by)
        except Conflict:
            outcomes.append("refused")

    threads = [threading.Thread(target=press, args=(who,)) for who in (ANN, BO)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert outcomes.count("refused") == 1
    assert desk.claim_next(ANN if "staff:bo" in outcomes else BO, NOW, "content") is None


def test_a_claim_that_runs_out_mid_judgement_writes_nothing(database: Database) -> None:
    set_up(database, claim_minutes=10)
    desk, case_id = Review(database), opened(database)
    desk.claim(ANN, case_id, NOW)
    late = Answered(case_id=case_id, stage=1, answer="no_violation", reason="seen")
    with pytest.raises(Conflict, match="ran out"):
        desk.judge(ANN, late, NOW + 600)
    assert read(database, case_id).state == "open"
    other = desk.claim_next(BO, NOW + 601, "content")
    assert other is not None
    assert other.case_id == case_id
    with pytest.raises(Conflict, match="ran out"):
        desk.judge(ANN, late, NOW + 602)
    desk.judge(BO, late, NOW + 603)
    with pytest.raises(Conflict, match="closed already"):
        desk.judge(ANN, late, NOW + 604)


def test_a_case_merged_during_review_takes_no_answer(database: Database) -> None:
    set_up(database)
    desk, work = Review(database), CaseWork(database)
    one, other, stranger = opened(database), opened(database), opened(database, "account:u2")
    desk.claim(ANN, one, NOW)
    work.merge(one, other, BO.actor, "the same", NOW)
    with pytest.raises(Conflict, match="merged"):
        desk.judge(ANN, Answered(case_id=one, stage=1, answer="no_violation", reason="seen"), NOW + 1)
    for wrong in (stranger, one, other):
        with pytest.raises(Conflict):
            work.merge(other, wrong, BO.actor, "not alike", NOW)
    work.unmerge(one, BO.actor, "not the same after all", NOW)
    assert read(database, one).state == "open"


def test_nobody_judges_their_own_account_their_friends_or_twice(database: Database) -> None:
    set_up(database)
    desk = Review(database)
    with database.write() as connection:
        for entity, relation in (("account:me", "own"), ("account:friend", "near")):
            review.add_tie(
                connection, Tie(by=ANN.actor, entity=entity, relation=relation, noted_by=ANN.actor, noted_at=NOW)
            )
    mine, friends = opened(database, "account:me"), opened(database, "account:friend")
    for case_id in (mine, friends):
        with pytest.raises(Forbidden, match="close to you"):
            desk.claim(ANN, case_id, NOW)
    assert desk.claim_next(ANN, NOW, "content") is None
    assert answer(desk, ANN, opened(database), "violation", severity="critical").step == "second"
    assert desk.claim_next(ANN, NOW + 2, "content") is None
    taken = desk.claim_next(BO, NOW + 2, "content")
    assert taken is not None
    with pytest.raises(Forbidden, match="roles"):
        desk.claim(Reviewer(actor="staff:guest", may=frozenset()), opened(database), NOW)


def test_a_tie_made_while_the_case_is_in_hand_still_bars(database: Database) -> None:
    set_up(database)
    desk, case_id = Review(database), opened(database)
    desk.claim(ANN, case_id, NOW)
    with database.write() as connection:
        tie = Tie(by=ANN.actor, entity="account:u1", relation="own", noted_by=ANN.actor, noted_at=NOW)
        review.add_tie(connection, tie)
    with pytest.raises(Forbidden, match="close to you"):
        desk.judge(ANN, Answered(case_id=case_id, stage=1, answer="no_violation", reason="seen"), NOW + 1)
    assert read(database, case_id).stage == 1


def test_an_appeal_goes_to_whoever_did_not_judge_before(database: Database) -> None:
    set_up(database)
    desk = Review(database)
    answer(desk, ANN, opened(database), "violation")
    appeal = opened(database, kind="appeal")
    with pytest.raises(Forbidden, match="decided yourself"):
        desk.claim(ANN, appeal, NOW)
    assert desk.claim_next(ANN, NOW + 5, "content") is None
    assert answer(desk, BO, appeal, "reverse").step == "close"


def test_disagreement_goes_to_a_senior_and_makes_tickets(database: Database) -> None:
    set_up(database, second_share=1.0)
    told: list[CaseClosed] = []
    desk = Review(database, [lambda _, closed: told.append(closed)])
    case_id = opened(database, policy="content.fraud")
    assert answer(desk, ANN, case_id, "violation", severity="high").step == "second"
    assert answer(desk, BO, case_id, "no_violation", stage=2).step == "senior"
    with pytest.raises(Forbidden, match="roles"):
        desk.claim(person("dan"), case_id, NOW)
    assert not told
    assert answer(desk, CLARA, case_id, "violation", stage=3, severity="high").step == "close"
    assert [(one.by, one.answer, one.severity, one.case.state) for one in told] == [
        (CLARA.actor, "violation", "high", "closed")
    ]
    with database.read() as connection:
        (ticket,) = review.tickets(connection, is_open=True)
        measures = measure(connection, NOW)
    assert (ticket.kind, ticket.about) == ("training", BO.actor)
    assert [(one.name, one.pairs, one.share) for one in measures.queues] == [("content", 1, 0.0)]
    assert [(one.policy, one.judged, one.confirmed) for one in measures.precision] == [("content.fraud", 1, 1)]
    Checks(database).settle(ticket.id, CLARA.actor, "talked about it", NOW)
    with pytest.raises(Conflict):
        Checks(database).settle(ticket.id, CLARA.actor, "again", NOW)


def test_a_golden_item_looks_like_any_case_and_nothing_follows_from_it(database: Database) -> None:
    set_up(database, golden_share=0.5)
    told: list[CaseClosed] = []
    desk, checks = Review(database, [lambda _, closed: told.append(closed)]), Checks(database)
    case_id = opened(database, "account:known", policy="content.fraud")
    answer(desk, CLARA, case_id, "violation")
    with pytest.raises(InvalidRequest):
        checks.make(case_id, "uphold", "", CLARA.actor, NOW)
    checks.make(case_id, "violation", "plain", CLARA.actor, NOW)
    told.clear()
    shown = golden_for(desk, database)
    name, golden_id = shown
    with database.read() as connection:
        assert loads(connection, NOW) == {}
    with pytest.raises(Forbidden, match="no case"):
        desk.claim(CLARA, golden_id, NOW)
    with pytest.raises(Conflict, match="only a closed case"):
        checks.make(golden_id, "violation", "", CLARA.actor, NOW)
    desk.judge(name, Answered(case_id=golden_id, stage=1, answer="no_violation", reason="seen"), NOW + 1)
    assert not told
    assert read(database, golden_id).state == "closed"
    with database.read() as connection:
        (ticket,) = review.tickets(connection, is_open=True)
        measures = measure(connection, NOW)
        assert connection.execute(
            text("SELECT count(*) FROM case_findings WHERE case_id = :id"), {"id": golden_id}
        ).scalar_one() == 0
    assert (ticket.kind, ticket.about, ticket.why) == ("training", name.actor, "golden")
    assert [(one.by, one.judged, one.right) for one in measures.accuracy] == [(name.actor, 1, 0)]


def golden_for(desk: Review, database: Database) -> tuple[Reviewer, str]:
    """The first of some reviewers whom the draw gives a check instead of nothing."""
    for number in range(40):
        who = person(f"g{number}")
        if claim := desk.claim_next(who, NOW, "content"):
            return who, claim.case_id
    raise AssertionError("nobody was given a check")


def test_routing_asks_conditions_in_order_and_starts_the_clock(database: Database) -> None:
    routing = Routing(database, WorkingTime())
    with pytest.raises(InvalidPolicy, match="column 1"):
        routing.set_up(queue("urgent", "colour = 'red'"), "staff:clara")
    with pytest.raises(InvalidRequest):
        routing.set_up(queue("urgent", "", service_hours=0.0), "staff:clara")
    routing.set_up(queue("groups", "target_kind = 'group'", ordinal=1), "staff:clara")
    routing.set_up(queue("urgent", "category = 'fraud'", ordinal=2, priority=1), "staff:clara")
    ids = {}
    with database.write() as connection:
        for target in ("group:g", "account:a"):
            new = NewCase(kind="review", queue="content", target=target, category="fraud")
            ids[target] = open_case(connection, new, "system", NOW)
    routing.round(NOW)
    group, account = read(database, ids["group:g"]), read(database, ids["account:a"])
    assert (group.queue, group.priority, group.due_at) == ("groups", 3, NOW + 8 * 3_600)
    assert (account.queue, account.priority) == ("urgent", 1)
    assert account.ranked_at < group.ranked_at


def queue(name: str, condition: str, **more: object) -> Queue:
    values = {"service_hours": 8.0, **more}
    return Queue(name=name, title_zh="队列", title_en="Queue", condition=condition, **values)  # type: ignore[arg-type]


def test_the_same_again_is_folded_until_somebody_judges(database: Database) -> None:
    set_up(database)
    routing, ids = Routing(database, WorkingTime()), []
    for number in range(3):
        with database.write() as connection:
            new = NewCase(kind="review", queue="content", target="account:busy", policy="content.spam")
            ids.append(open_case(connection, new, "system", NOW + number))
        routing.round(NOW + number)
    kept = read(database, ids[0])
    folded = [read(database, one) for one in ids[1:]]
    assert [(one.state, one.merged_into) for one in folded] == [("merged", kept.id)] * 2
    assert kept.ranked_at < NOW - 600
    answer(Review(database), ANN, kept.id, "violation", severity="high")
    with database.write() as connection:
        new = NewCase(kind="review", queue="content", target="account:busy", policy="content.spam")
        later = open_case(connection, new, "system", NOW + 9)
    routing.round(NOW + 9)
    assert read(database, later).state == "open"


def test_what_is_overdue_is_escalated_once_and_staff_hear_of_it(database: Database) -> None:
    set_up(database)
    routing, case_id = Routing(database, WorkingTime()), opened(database)
    before = read(database, case_id)
    for _ in range(2):
        routing.round(NOW + 7_200)
    after = read(database, case_id)
    assert (after.priority, after.ranked_at < before.ranked_at) == (before.priority - 1, True)
    with database.read() as connection:
        assert [one.kind for one in latest_notices(connection)] == ["cases_overdue"]
        acts = [line.act for line in review.history_of(connection, case_id)]
    assert acts.count("escalated") == 1


def test_skips_ask_for_a_reason_and_three_of_them_show(database: Database) -> None:
    set_up(database)
    desk, case_id = Review(database), opened(database)
    with pytest.raises(InvalidRequest):
        desk.skip(ANN, case_id, "  ", NOW)
    for who in (ANN, BO, person("dan")):
        desk.claim(who, case_id, NOW)
        desk.skip(who, case_id, "I cannot read this language", NOW)
        assert desk.claim_next(who, NOW, "content") is None
    with database.read() as connection:
        assert loads(connection, NOW)["content"].escalated == 1


def test_a_person_is_spared_what_they_asked_to_be_spared(database: Database) -> None:
    set_up(database)
    desk = Review(database)
    with database.write() as connection:
        review.put_wellbeing(connection, ANN.actor, Wellbeing(opted_out=("porn",), daily_limit=1))
    spared = opened(database, category="porn")
    assert desk.claim_next(ANN, NOW, "content") is None
    with pytest.raises(Forbidden, match="asked not"):
        desk.claim(ANN, spared, NOW)
    answer(desk, ANN, opened(database, "account:u2"))
    with pytest.raises(Conflict, match="your limit"):
        desk.claim_next(ANN, NOW + 2, "content")


def test_a_paused_queue_gives_nothing(database: Database) -> None:
    set_up(database, is_paused=True)
    opened(database)
    with pytest.raises(Conflict, match="paused"):
        Review(database).claim_next(ANN, NOW, "content")
    assert Review(database).claim_next(ANN, NOW) is None


def test_closed_work_is_done_again_by_others(database: Database) -> None:
    set_up(database)
    desk, work, case_id = Review(database), CaseWork(database), opened(database)
    with pytest.raises(Conflict):
        work.reopen(case_id, CLARA.actor, "new facts", NOW)
    answer(desk, ANN, case_id)
    again = work.reopen(case_id, CLARA.actor, "new facts", NOW)
    with pytest.raises(Forbidden, match="already"):
        desk.claim(ANN, again, NOW)
    assert answer(desk, BO, again, "violation").step == "close"
    assert read(database, case_id).outcome == "no_violation"
    split = work.split(case_id, "account:other", CLARA.actor, "somebody else in it", NOW)
    assert read(database, split).target == "account:other"


def test_a_follower_that_fails_takes_the_judgement_with_it(database: Database) -> None:
    set_up(database)

    def refuse(*_: object) -> None:
        raise Conflict("not now")

    desk, case_id = Review(database, [refuse]), opened(database)
    with pytest.raises(Conflict, match="not now"):
        answer(desk, ANN, case_id)
    assert read(database, case_id).state == "open"
    with database.read() as connection:
        assert review.judgements_of(connection, case_id) == []


def test_the_database_itself_refuses_a_second_judgement_of_a_stage_or_a_person(database: Database) -> None:
    set_up(database, second_share=1.0)
    case_id = opened(database)
    answer(Review(database), ANN, case_id)
    with database.read() as connection:
        (given,) = review.judgements_of(connection, case_id)
    for stage, by in ((1, BO.actor), (2, ANN.actor)):
        with pytest.raises(IntegrityError), database.write() as connection:
            review.add_judgement(connection, structs.replace(given, id="x", stage=stage, by=by))


def test_the_database_refuses_settings_and_ties_that_mean_nothing(database: Database) -> None:
    for wrong in ({"second_share": 1.5}, {"claim_minutes": 0}, {"golden_share": 0.9}, {"service_hours": -1.0}):
        with pytest.raises(IntegrityError):
            set_up(database, **wrong)
    tie = Tie(by=ANN.actor, entity="account:x", relation="boss", noted_by=ANN.actor, noted_at=NOW)
    with pytest.raises(IntegrityError), database.write() as connection:
        review.add_tie(connection, tie)
