"""Appeals on both databases: filed once, judged by somebody new, and put right whole."""

from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest
from appealed import ANN, BOB, MAY, PDF, PNG, WORDS, AppealDesk, a_file
from sanctioned import DAY_S, NOW, judged_case
from sqlalchemy import insert, select, text, update
from sqlalchemy.exc import IntegrityError

from anlan.desk.review import Answered, Reviewer
from anlan.desk.sanctions import NewSanction
from anlan.domain.appeals import MOST_APPEALS, WINDOW_S, Milder
from anlan.errors import Conflict, Forbidden, InvalidRequest, NotFound
from anlan.store.appeals import forget_words, overturned_by_policy, words_of
from anlan.store.attachments import files_of_case, forget_files, open_file
from anlan.store.cases import find_case
from anlan.store.database import Database
from anlan.store.notices import latest_notices
from anlan.store.review import tickets
from anlan.store.sanctions import in_force, sanctions_of
from anlan.store.tables import appeals, attachments, own_events, report_cases, reports, sanctions

HOSTILE = "'); DROP TABLE appeals; -- <script>alert(1)</script> {{7*7}} \x00 \u202e $(rm -rf /) 我没有骗人"


@pytest.fixture
def desk(database: Database) -> AppealDesk:
    return AppealDesk(database)


def test_an_appeal_opens_work_for_people_and_tells_the_platform(desk: AppealDesk) -> None:
    appeal = desk.file(desk.sanction(), a_file(), a_file(PDF, "b.pdf"))
    with desk.database.read() as connection:
        case = find_case(connection, appeal.case_id)
        files = files_of_case(connection, appeal.case_id)
        assert words_of(connection, desk.database.vault, appeal.id) == WORDS
        stored = open_file(connection, desk.database.vault, appeal.case_id, files[0].id)
    assert case is not None
    assert (case.kind, case.queue, case.target, case.state) == ("appeal", "appeals", ANN, "open")
    assert (appeal.judged_by, appeal.second_by, appeal.ordered_by) == ("staff:li", "staff:wu", "staff:li")
    assert {file.media_type for file in files} == {"image/png", "application/pdf"}
    assert stored is not None
    assert stored.content in (PNG, PDF)
    assert [one["appeal"] for one in desk.sent("appeal.filed")] == [appeal.id]


def test_words_and_files_lie_encrypted_and_go_when_their_time_is_over(desk: AppealDesk) -> None:
    appeal = desk.file(desk.sanction(), a_file())
    with desk.database.write() as connection:
        assert WORDS.encode() not in connection.execute(select(appeals.c.words)).scalar_one()
        assert PNG not in connection.execute(select(attachments.c.sealed)).scalar_one()
        later = NOW + 200 * DAY_S
        assert (forget_words(connection, later, 10), forget_files(connection, later, 10)) == (0, 0)
    desk.decide(appeal, "uphold")
    with desk.database.write() as connection:
        assert (forget_words(connection, later, 10), forget_files(connection, later, 10)) == (1, 1)
        assert words_of(connection, desk.database.vault, appeal.id) is None
        [file] = files_of_case(connection, appeal.case_id)
        assert file.is_gone
        assert open_file(connection, desk.database.vault, appeal.case_id, file.id) is None


def test_hostile_words_are_kept_as_words(desk: AppealDesk) -> None:
    appeal_id = desk.appeals.file(ANN, desk.sanction().id, HOSTILE, (), NOW)
    with desk.database.read() as connection:
        kept = words_of(connection, desk.database.vault, appeal_id)
        rows = connection.execute(select(appeals.c.id)).all()
    assert kept == HOSTILE.replace("\x00", "\ufffd")
    assert len(rows) == 1


def test_somebody_elses_sanction_is_not_there_and_an_own_one_needs_words(desk: AppealDesk) -> None:
    sanction = desk.sanction()
    with pytest.raises(NotFound):
        desk.appeals.file(BOB, sanction.id, WORDS, (), NOW)
    for words in ("", "no", " " * 50, "x" * 4_001):
        with pytest.raises(InvalidRequest):
            desk.appeals.file(ANN, sanction.id, words, (), NOW)
    appeal = desk.file(sanction)
    with pytest.raises(NotFound):
        desk.appeals.withdraw(BOB, appeal.id, NOW)
    assert desk.appeal(appeal.id).state == "open"


def test_of_two_filed_at_the_same_instant_one_is_kept(desk: AppealDesk) -> None:
    sanction = desk.sanction()

    def press(_: int) -> str:
        try:
            return desk.appeals.file(ANN, sanction.id, WORDS, (a_file(),), NOW)
        except Conflict:
            return ""

    with ThreadPoolExecutor(4) as pool:
        filed = [one for one in pool.map(press, range(4)) if one]
    assert len(filed) == 1
    with desk.database.read() as connection:
        open_cases = connection.execute(text("SELECT count(*) FROM cases WHERE kind = 'appeal'")).scalar_one()
    assert open_cases == 1


def test_the_database_refuses_a_second_open_appeal(desk: AppealDesk) -> None:
    desk.file(desk.sanction())
    with pytest.raises(IntegrityError), desk.database.write() as connection:
        connection.execute(text(
            "INSERT INTO appeals (id, sanction_id, case_id, account, filed_at, state, ordered_by) "
            "SELECT 'other', sanction_id, (SELECT id FROM cases WHERE kind = 'review'), account, filed_at, state, "
            "ordered_by FROM appeals"
        ))


def test_who_judged_before_cannot_judge_the_appeal(desk: AppealDesk) -> None:
    appeal = desk.file(desk.sanction())
    for judge in ("staff:li", "staff:wu"):
        with pytest.raises(Forbidden):
            desk.decide(appeal, "uphold", by=judge)
    assert desk.appeal(appeal.id).state == "open"


def test_the_database_refuses_who_judged_or_ordered_before_and_nobody_at_all(desk: AppealDesk) -> None:
    desk.file(desk.sanction())
    done = {"state": "closed", "outcome": "uphold", "decided_at": NOW, "reason": "so"}
    with desk.database.write() as connection:
        connection.execute(update(appeals).values(ordered_by="staff:orderer"))
    for judge in ("staff:li", "staff:wu", "staff:orderer", None):
        with pytest.raises(IntegrityError), desk.database.write() as connection:
            connection.execute(update(appeals).values(done | {"decided_by": judge}))
    with desk.database.write() as connection:
        connection.execute(update(appeals).values(done | {"decided_by": "staff:zhao"}))


def test_upheld_the_sanction_stands_and_the_reason_is_told(desk: AppealDesk) -> None:
    sanction = desk.sanction()
    appeal = desk.decide(desk.file(sanction), "uphold")
    assert (appeal.state, appeal.outcome, appeal.decided_by, appeal.reason) == (
        "closed", "uphold", "staff:zhao", "we looked"
    )
    assert desk.now_stands(sanction).state == "ordered"
    assert [one["outcome"] for one in desk.sent("appeal.closed")] == ["uphold"]


def test_reversed_everything_comes_back(desk: AppealDesk) -> None:
    sanction = desk.sanction()
    assert sanction.case_id is not None
    with desk.database.write() as connection:
        content = desk.sanctions.order(connection, _removal("event:e1"), sanction.case_id, "staff:li", NOW)
    appeal = desk.decide(desk.file(sanction), "reverse")
    assert appeal.outcome == "reverse"
    assert {desk.now_stands(one).state for one in (sanction, content)} == {"lifting"}
    assert len(desk.sent("sanction.lift")) == 2
    [told] = desk.sent("appeal.closed")
    assert "sorry" in told["notice"]["en"]
    assert "道歉" in told["notice"]["zh"]
    with desk.database.read() as connection:
        assert in_force(connection, ANN) == []


def test_a_group_that_should_not_have_been_closed_frees_who_ran_it(desk: AppealDesk) -> None:
    group = desk.sanction(target="group:g1", kind="close_group")
    owner = desk.sanction(number=2, target=BOB, kind="suspend", length_s=9 * DAY_S)
    with desk.database.write() as connection:
        connection.execute(text(
            "INSERT INTO closures (id, \"group\", case_id, made_at, made_by, member_count) "
            "VALUES ('c1', 'group:g1', :case_id, 1, 'staff:li', 200)"
        ), {"case_id": group.case_id})
        connection.execute(update(sanctions).values(closure_id="c1"))
        connection.execute(update(sanctions).where(sanctions.c.id == owner.id).values(closure_role="owner"))
        connection.execute(text(
            "INSERT INTO rosters (\"group\", member_count, told_at, told_by) VALUES ('group:g1', 200, 1, 'key:p')"
        ))
        connection.execute(text(
            "INSERT INTO roster_people (\"group\", account, role) VALUES ('group:g1', 'account:bob', 'owner')"
        ))
    desk.decide(desk.file(group, account=BOB), "reverse")
    assert {desk.now_stands(one).state for one in (group, owner)} == {"lifting"}


def test_reduced_a_milder_one_takes_its_place_and_content_stays_away(desk: AppealDesk) -> None:
    sanction = desk.sanction()
    assert sanction.case_id is not None
    with desk.database.write() as connection:
        content = desk.sanctions.order(connection, _removal("event:e1"), sanction.case_id, "staff:li", NOW)
    appeal = desk.decide(desk.file(sanction), "reduce")
    assert appeal.reduced_to is not None
    with desk.database.read() as connection:
        [new] = in_force(connection, ANN)
    assert (new.id, new.kind, new.is_permanent, new.strikes) == (appeal.reduced_to, "suspend", False, 5)
    assert new.ends_at is not None
    assert new.ends_at - NOW == pytest.approx(30 * DAY_S, abs=120)
    assert desk.now_stands(sanction).state == "lifting"
    assert desk.now_stands(content).state == "ordered"


def test_who_works_on_it_says_what_it_is_reduced_to(desk: AppealDesk) -> None:
    sanction = desk.sanction()
    appeal = desk.file(sanction)
    chosen = Milder("mute", NOW + 3 * DAY_S)
    with pytest.raises(Forbidden):
        desk.appeals.set_reduction(appeal.id, chosen, "staff:zhao", NOW)
    desk.review.claim(_reviewer("staff:zhao"), appeal.case_id, NOW)
    for worse in (Milder("ban", NOW + DAY_S), Milder("mute", NOW), Milder("freeze", NOW + DAY_S)):
        with pytest.raises(InvalidRequest):
            desk.appeals.set_reduction(appeal.id, worse, "staff:zhao", NOW)
    desk.appeals.set_reduction(appeal.id, chosen, "staff:zhao", NOW)
    desk.decide(appeal, "reduce")
    with desk.database.read() as connection:
        [new] = in_force(connection, ANN)
    assert (new.kind, new.ends_at) == ("mute", NOW + 3 * DAY_S)


def test_what_nothing_is_milder_than_cannot_be_reduced(desk: AppealDesk) -> None:
    appeal = desk.file(desk.sanction(kind="warning"))
    with pytest.raises(Conflict, match="milder"):
        desk.decide(appeal, "reduce")
    assert desk.appeal(appeal.id).state == "open"
    with desk.database.read() as connection:
        case = find_case(connection, appeal.case_id)
    assert case is not None
    assert case.state == "open"


def test_a_further_appeal_needs_something_new_and_there_is_an_end_to_them(desk: AppealDesk) -> None:
    sanction = desk.sanction()
    desk.decide(desk.file(sanction, a_file()), "uphold")
    for files in ((), (a_file(),)):
        with pytest.raises(Conflict, match="not handed in before"):
            desk.file(sanction, *files)
    for number in range(MOST_APPEALS - 1):
        desk.decide(desk.file(sanction, a_file(PDF + bytes([number])), now=NOW + 100 * number), "uphold",
                    by=f"staff:p{number}", now=NOW + 100 * number + 60)
    with pytest.raises(Conflict, match="as often"):
        desk.file(sanction, a_file(PDF + b"9"))


def test_an_appeal_can_be_taken_back_and_filed_again(desk: AppealDesk) -> None:
    sanction = desk.sanction()
    appeal = desk.file(sanction)
    desk.review.claim(_reviewer("staff:zhao"), appeal.case_id, NOW)
    desk.appeals.withdraw(ANN, appeal.id, NOW)
    with pytest.raises(Conflict):
        desk.appeals.withdraw(ANN, appeal.id, NOW)
    with pytest.raises(Conflict, match="closed already"):
        desk.decide(appeal, "uphold")
    assert desk.appeal(appeal.id).state == "withdrawn"
    assert desk.file(sanction).state == "open"


def test_a_sanction_that_is_lifted_meanwhile_settles_the_appeal(desk: AppealDesk) -> None:
    sanction = desk.sanction()
    appeal = desk.file(sanction)
    with desk.database.write() as connection:
        desk.sanctions.lift(connection, sanction.id, "staff:li", "wrong person", NOW)
    assert desk.appeal(appeal.id).state == "settled"
    assert [one["outcome"] for one in desk.sent("appeal.closed")] == ["settled"]
    with pytest.raises(Conflict, match="taken back"):
        desk.file(sanction)


def test_what_ran_out_can_be_appealed_for_half_a_year(desk: AppealDesk) -> None:
    sanction = desk.sanction(kind="mute", length_s=DAY_S)
    with desk.database.write() as connection:
        connection.execute(update(sanctions).values(state="ended"))
    with pytest.raises(Conflict, match="its time for appeals is over"):
        desk.file(sanction, now=NOW + WINDOW_S + 1)
    assert desk.file(sanction, now=NOW + WINDOW_S).state == "open"


def test_appeals_that_were_merged_are_decided_together(desk: AppealDesk) -> None:
    one, other = desk.sanction(kind="suspend", length_s=9 * DAY_S), desk.sanction(number=2)
    first, second = desk.file(one), desk.file(other)
    with desk.database.write() as connection:
        merged = {"state": "merged", "into": first.case_id, "id": second.case_id}
        connection.execute(text("UPDATE cases SET state = :state, merged_into = :into WHERE id = :id"), merged)
    desk.decide(first, "reverse")
    assert {desk.appeal(appeal.id).outcome for appeal in (first, second)} == {"reverse"}
    with desk.database.read() as connection:
        assert {one.state for one in sanctions_of(connection, ANN)} == {"lifting"}


def test_a_policy_whose_sanctions_do_not_stand_is_looked_at(desk: AppealDesk) -> None:
    for number in range(10):
        sanction = desk.sanction(number=number + 1, target=f"account:m{number}", kind="mute", length_s=DAY_S)
        appeal = desk.file(sanction, account=f"account:m{number}")
        desk.decide(appeal, "reverse" if number > 5 else "uphold", by=f"staff:p{number}")
        with desk.database.read() as connection:
            asked = [one.policy for one in tickets(connection, is_open=True)]
        assert asked == ([] if number < 9 else [sanction.finding_policy])
    with desk.database.read() as connection:
        [found] = overturned_by_policy(connection, NOW)
        [notice] = latest_notices(connection)
    assert (found.decided, found.reversed, found.share) == (10, 4, 0.4)
    assert (notice.kind, notice.subject) == ("appeals_overturned", found.policy)


def test_a_case_about_something_else_touches_no_appeal(desk: AppealDesk) -> None:
    appeal = desk.file(desk.sanction())
    other = judged_case(desk.database, number=7, judges=(), is_closed=False)
    person = _reviewer("staff:zhao")
    desk.review.claim(person, other, NOW)
    desk.review.judge(person, _answer(other, "no_violation"), NOW)
    assert desk.appeal(appeal.id).state == "open"


def _removal(target: str) -> NewSanction:
    return NewSanction(target=target, kind="remove_content", rule="fraud.high", category="fraud", severity="critical")


def _reviewer(actor: str) -> Reviewer:
    return Reviewer(actor=actor, may=MAY)


def _answer(case_id: str, answer: str) -> Answered:
    return Answered(case_id=case_id, stage=1, answer=answer, reason="we looked")


def reported(desk: AppealDesk, case_id: str | None, target: str) -> None:
    """Bob's report of `target`, which people found right in this case."""
    row = {
        "id": "rep-1", "reporter": BOB, "subject": target, "reason": "scam", "category": "fraud",
        "target": target, "at": NOW, "source": "member", "words_digest": "", "fingerprint": "f", "case_id": case_id,
        "weight": 0.5, "is_young": False, "is_repeat": True, "is_coordinated": False, "outcome": "violation",
        "answered_at": NOW,
    }
    about = {"case_id": case_id, "fold": target, "is_open": False, "closed_at": NOW, "report_count": 1,
             "weight_sum": 0.5}
    with desk.database.write() as connection:
        connection.execute(insert(report_cases), about)
        connection.execute(insert(reports), row)


@pytest.mark.parametrize(("answer", "target", "expected"), [
    ("reverse", ANN, 1), ("uphold", ANN, 0), ("reduce", ANN, 0), ("reverse", BOB, 0),
])
def test_the_journal_hears_of_whom_a_report_was_wrong_after_all(
    desk: AppealDesk, answer: str, target: str, expected: int
) -> None:
    sanction = desk.sanction()
    reported(desk, sanction.case_id, target)
    desk.decide(desk.file(sanction), answer)
    with desk.database.read() as connection:
        said = [msgspec.json.decode(body) for body in connection.execute(select(own_events.c.body)).scalars()]
    assert [(one["type"], one["data"]) for one in said] == [
        ("report.overturned", {"account": "ann", "case": sanction.case_id})
    ] * expected
