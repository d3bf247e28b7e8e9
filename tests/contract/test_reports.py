"""What members report, on both databases: one case for one thing, believed by record, with evidence that lasts."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec
import pytest
from appealed import AppealDesk
from sqlalchemy import func, insert, select, update
from sqlalchemy.exc import IntegrityError

from anlan import clock
from anlan.desk.followers import CaseClosed
from anlan.desk.report_events import ReportEvents
from anlan.desk.reports import Filed, NewReport, Reports, on_case_closed
from anlan.desk.sanctions import NewSanction
from anlan.domain.credibility import MOST_LIFT_S, Record, lift_s, weight
from anlan.domain.keys import event_key
from anlan.errors import InvalidRequest, NotFound, RateLimited
from anlan.store import reports as kept
from anlan.store import retention
from anlan.store.cases import Case, NewCase, find_case, open_case
from anlan.store.database import Database
from anlan.store.facts import Facts
from anlan.store.notices import latest_notices
from anlan.store.reporter_records import Answered, learn, record_on, records_of, totals_of
from anlan.store.tables import (
    case_history,
    case_judgements,
    cases,
    events,
    facts,
    marks,
    outbox,
    own_events,
    report_cases,
    report_evidence,
    reporter_credits,
    reports,
)
from anlan.store.vault import Codec

SCAM = event_key("im", "m5")
HOSTILE = "'; DROP TABLE reports; -- <script>alert(1)</script> \x00 {{7*7}} \u202e%s\r\nX-Evil: 1"


def message(seq: int, sender: str, text: str, **data: Any) -> dict[str, Any]:
    body = {"sender": sender, "text": text, "message_id": f"m{seq}", **data}
    return {
        "seq": seq, "key": event_key("im", f"m{seq}"), "source": "im", "id": f"m{seq}", "type": "message.sent",
        "type_version": 1, "time": float(seq), "received_at": float(seq), "subject": None,
        "actor": f"account:{sender}", "data": msgspec.json.encode(body),
    }


@pytest.fixture
def desk(database: Database) -> Reports:
    """A journal in which mo tries to cheat bo, with other talk around."""
    lines = [
        message(1, "bo", "hello mo", recipient="mo"), message(2, "mo", "hello bo", recipient="bo"),
        message(3, "an", "lunch?", group="g1"), message(4, "mo", "elsewhere", recipient="di"),
        message(5, "mo", "send me the code", recipient="bo"), message(6, "bo", "why?", recipient="mo"),
        message(7, "mo", "noise in a group", group="g1"),
    ]
    with database.write() as connection:
        connection.execute(insert(events), lines)
        connection.execute(insert(marks), [{"name": "journal", "value": 7}])
    codec = Codec(database.vault)
    return Reports(database, codec, Facts(database, codec))


def file(desk: Reports, reporter: str, source: str = "key:k", **more: Any) -> Filed:
    values = {"reason": "fraud", "event": None if "target" in more else SCAM, **more}
    return desk.file(NewReport(reporter=f"account:{reporter}", **values), source)


def close(database: Database, case_id: str, answer: str, category: str = "") -> None:
    """As the review does it: the judgement, the outcome and what follows in one transaction."""
    now = clock.now()
    with database.write() as connection:
        connection.execute(insert(case_judgements), {
            "id": f"j{case_id[-8:]}", "case_id": case_id, "stage": 1, "by": "staff:rui", "at": now, "answer": answer,
            "category": category, "severity": "", "reason": "read it", "machine_answer": "unclear",
            "saw_machine": False, "took_s": 1.0,
        })
        connection.execute(
            update(cases).where(cases.c.id == case_id).values(state="closed", outcome=answer, closed_at=now)
        )
        case = found(connection, case_id)
        on_case_closed(connection, CaseClosed(
            case=case, answer=answer, category=category, severity="", reason="read it", by="staff:rui",
            judgement_id=f"j{case_id[-8:]}", at=now,
        ))


def found(connection: Any, case_id: str) -> Case:
    case = find_case(connection, case_id)
    assert case is not None
    return case


def case_of(database: Database, case_id: str) -> Case:
    with database.read() as connection:
        return found(connection, case_id)


def count(database: Database, table: Any) -> int:
    with database.read() as connection:
        return int(connection.execute(select(func.count()).select_from(table)).scalar_one())


def believe(database: Database, reporter: str, right: int, topic: str = "fraud") -> None:
    """Let a reporter have been right so often."""
    with database.write() as connection:
        learn(connection, [Answered(f"account:{reporter}", topic, True, float(right))], clock.now())


def test_the_same_report_is_one_report_and_opens_one_case(desk: Reports, database: Database) -> None:
    first, again = file(desk, "bo", words="he wants my code"), file(desk, "bo", words="again")
    assert (first.is_new, again.is_new, again.report.id) == (True, False, first.report.id)
    assert file(desk, "bo", reason="abuse").report.id != first.report.id
    case = case_of(database, first.report.case_id)
    assert (case.kind, case.target, case.queue, case.priority, case.event_key) == (
        "report", "account:mo", "fraud", 2, SCAM,
    )
    assert (count(database, cases), count(database, reports)) == (1, 2)


def test_reports_of_a_thing_by_many_at_once_are_one_case(desk: Reports, database: Database) -> None:
    ready = threading.Barrier(16)

    def report(number: int) -> str:
        ready.wait(20)
        made = [file(desk, f"p{number}").report.case_id for _ in range(2)]
        return made[0] if made[0] == made[1] else "two"

    with ThreadPoolExecutor(16) as pool:
        joined = set(pool.map(report, range(16)))
    assert len(joined) == 1
    assert (count(database, cases), count(database, reports), count(database, report_evidence)) == (1, 16, 1)
    with database.read() as connection:
        standing = kept.report_case(connection, joined.pop())
        acts = connection.execute(select(case_history.c.act).order_by(case_history.c.ordinal)).scalars().all()
    assert standing is not None
    assert standing.report_count == 16
    assert acts == ["opened", "reported", "reported", "reported", "reported"]


def test_the_database_refuses_a_second_open_case_for_one_thing(desk: Reports, database: Database) -> None:
    file(desk, "bo")
    with database.write() as connection:
        other = open_case(connection, NewCase(kind="report", queue="fraud", target="account:mo"), "member", 1.0)
    row = {"case_id": other, "fold": f"event:{SCAM}", "is_open": True, "report_count": 0, "weight_sum": 0.0}
    with pytest.raises(IntegrityError), database.write() as connection:
        connection.execute(insert(report_cases), row)
    assert count(database, report_cases) == 1


def test_evidence_is_the_moment_and_outlives_deletion_and_retention(desk: Reports, database: Database) -> None:
    report = file(desk, "bo", seen="send me the code now", words="cheat").report
    with database.write() as connection:
        connection.execute(update(events).values(data=b"{}"))
    long_after = clock.now() + 400 * 86_400.0
    retention.apply(database, retention.RetentionDays(), long_after, ())
    with database.read() as connection:
        (sealed,) = kept.evidence_of(connection, [report.case_id])
        words = kept.words_of(connection, [report.id])
    assert b"send me" not in (sealed.body or b"")
    shown = kept.shown_evidence(sealed, database.vault)
    assert shown is not None
    assert shown["seen"] == "send me the code now"
    assert [line["data"]["text"] for line in shown["reported"]] == ["send me the code"]
    assert [line["data"]["text"] for line in shown["around"]] == ["hello mo", "hello bo", "why?"]
    assert database.vault.open(words[report.id], report.id.encode()) == b"cheat"
    close(database, report.case_id, "violation", "fraud")
    retention.apply(database, retention.RetentionDays(), long_after, ())
    with database.read() as connection:
        (gone,) = kept.evidence_of(connection, [report.case_id])
        assert kept.words_of(connection, [report.id]) == {}
    assert (gone.body, gone.sha256) == (None, sealed.sha256)


def test_evidence_cannot_be_removed_below_a_report(desk: Reports, database: Database) -> None:
    file(desk, "bo")
    with pytest.raises(IntegrityError), database.write() as connection:
        connection.execute(report_evidence.delete())
    with pytest.raises(IntegrityError), database.write() as connection:
        connection.execute(update(report_evidence).values(body=None))


def test_reliable_reporters_move_a_case_up_and_never_by_more_than_the_bound(
    desk: Reports, database: Database
) -> None:
    case_id = file(desk, "new").report.case_id
    start = case_of(database, case_id).ranked_at
    file(desk, "newer")
    assert case_of(database, case_id).ranked_at == start
    believe(database, "wise", 10)
    heavy = file(desk, "wise").report
    assert heavy.weight == pytest.approx(0.680, abs=0.001)
    moved = start - case_of(database, case_id).ranked_at
    assert moved == pytest.approx(lift_s(heavy.weight), abs=1.0)
    for number in range(12):
        believe(database, f"w{number}", 30)
        file(desk, f"w{number}")
    moved = start - case_of(database, case_id).ranked_at
    assert 0.99 * MOST_LIFT_S < moved < MOST_LIFT_S


def test_a_brigade_moves_nothing_is_marked_and_loses_its_standing(desk: Reports, database: Database) -> None:
    with database.write() as connection:
        connection.execute(insert(facts), [
            {"entity": f"account:b{n}", "field": "registered_at", "since": 1.0, "value": b"%f" % (clock.now() - 9.0),
             "privacy": "internal", "event_seq": 1} for n in range(3)
        ])
    files = [
        file(desk, f"b{n}", target="account:vic", words="He cheats everybody!", device=f"d{n // 4}") for n in range(8)
    ]
    case_id = files[0].report.case_id
    before = case_of(database, case_id)
    assert before.ranked_at == pytest.approx(before.opened_at - 2 * 86_400.0)
    with database.read() as connection:
        standing = kept.report_case(connection, case_id)
        marked = connection.execute(select(func.count()).where(reports.c.is_coordinated)).scalar_one()
        notices = [(one.kind, one.subject) for one in latest_notices(connection)]
    assert standing is not None
    assert standing.suspected_at is not None
    assert (marked, standing.weight_sum) == (8, 0.0)
    assert notices == [("report_brigade", "account:vic")]
    close(database, case_id, "no_violation")
    with database.read() as connection:
        record = records_of(connection, "account:b0")["fraud"]
    assert (record.alpha, record.beta) == (0.0, 3.0)
    assert weight(record) == 0.0


def test_brigades_that_spread_over_several_things_are_marked_together_and_told_once(
    desk: Reports, database: Database
) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(
            lambda n: file(
                desk, f"b{n}", words="one and the same text", event=event_key("im", f"m{(2, 5)[n % 2]}"),
            ), range(8),
        ))
    with database.read() as connection:
        suspected = connection.execute(select(report_cases.c.suspected_at)).scalars().all()
        assert [one.subject for one in latest_notices(connection)] == ["account:mo"]
    assert len([at for at in suspected if at is not None]) == 2


def test_many_honest_strangers_are_no_brigade(desk: Reports, database: Database) -> None:
    for number in range(8):
        file(desk, f"h{number}", words=f"he asked me for code number {number * 37}", device=f"own{number}")
    with database.read() as connection:
        assert connection.execute(select(report_cases.c.suspected_at)).scalar_one() is None
        assert latest_notices(connection) == []


def test_a_suspected_case_is_not_made_urgent(desk: Reports, database: Database) -> None:
    for number in range(6):
        file(desk, f"b{number}", reason="spam", words="the very same words", device="d")
    case_id = file(desk, "b9", reason="threats", words="the very same words", device="d").report.case_id
    assert case_of(database, case_id).queue == "reports"
    assert case_of(database, case_id).priority == 4


def test_a_more_urgent_reason_moves_the_case_to_where_it_is_seen_first(desk: Reports, database: Database) -> None:
    case_id = file(desk, "bo", reason="spam").report.case_id
    before = case_of(database, case_id)
    assert file(desk, "an", reason="self_harm").report.case_id == case_id
    after = case_of(database, case_id)
    assert (after.queue, after.priority, after.category) == ("care", 1, "self_harm")
    assert before.ranked_at - after.ranked_at == pytest.approx(7 * 86_400.0)


def test_what_was_cleared_is_answered_at_once_until_it_is_edited(desk: Reports, database: Database) -> None:
    first = file(desk, "bo").report
    close(database, first.case_id, "no_violation")
    assert file(desk, "bo").report.id == first.id
    repeat = file(desk, "an", reason="abuse").report
    assert (repeat.is_repeat, repeat.outcome, repeat.case_id) == (True, "no_violation", first.case_id)
    assert file(desk, "an", reason="abuse").report.id == repeat.id
    assert count(database, cases) == 1
    edited = file(desk, "an", reason="abuse", seen="send me the code and your card").report
    assert (edited.outcome, edited.is_repeat) == (None, False)
    assert count(database, cases) == 2
    with database.read() as connection:
        sent = connection.execute(select(outbox.c.id).where(outbox.c.kind == "report.closed")).scalars().all()
    assert sorted(sent) == sorted([f"msg_{first.id}.closed", f"msg_{repeat.id}.closed"])


@pytest.mark.parametrize(("answer", "outcome"), [("reverse", "no_violation"), ("uphold", "violation")])
def test_who_reports_it_after_an_appeal_is_told_what_stands(
    desk: Reports, database: Database, answer: str, outcome: str
) -> None:
    first, appealed = file(desk, "bo").report, AppealDesk(database)
    close(database, first.case_id, "violation")
    mute = NewSanction(
        target="account:mo", kind="mute", length_s=86_400.0, rule="fraud.low", category="fraud", severity="medium"
    )
    with database.write() as connection:
        sanction = appealed.sanctions.order(connection, mute, first.case_id, "staff:rui", clock.now())
    assert file(desk, "an").report.outcome == "violation"
    appeal = appealed.file(sanction, account="account:mo", now=clock.now())
    appealed.decide(appeal, answer, now=clock.now())
    assert file(desk, "di").report.outcome == outcome


def test_an_account_that_was_cleared_can_be_reported_again_with_a_message_or_later(
    desk: Reports, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = file(desk, "bo", target="account:mo").report
    close(database, first.case_id, "no_violation")
    assert file(desk, "an", target="account:mo").report.is_repeat
    assert not file(desk, "an", target="account:mo", reason="spam").report.is_repeat
    assert not file(desk, "an", target="account:mo", cites=(SCAM,)).report.is_repeat
    later = clock.now() + 8 * 86_400.0
    monkeypatch.setattr(clock, "now", lambda: later)
    assert not file(desk, "di", target="account:mo").report.is_repeat


def test_everybody_hears_the_outcome_and_nobody_else_hears_of_them(desk: Reports, database: Database) -> None:
    first, second = file(desk, "bo").report, file(desk, "an", reason="abuse").report
    close(database, first.case_id, "violation", "fraud")
    with database.read() as connection:
        told = connection.execute(select(outbox.c.id, outbox.c.kind, outbox.c.body)).all()
        answered = [kept.find_report(connection, one.id) for one in (first, second)]
        right = records_of(connection, "account:bo")["fraud"], records_of(connection, "account:an")["abuse"]
        lines = b" ".join(connection.execute(select(case_history.c.details)).scalars().all())
        by = set(connection.execute(select(case_history.c.by)).scalars())
    assert sorted(one.kind for one in told) == ["report.closed"] * 2 + ["report.received"] * 2
    for one in told:
        data = msgspec.json.decode(one.body)["data"]
        assert "account:mo" not in msgspec.json.encode(data).decode()
        assert data["text"]["zh"]
    assert [one and one.outcome for one in answered] == ["violation", "violation"]
    assert (right[0].alpha, right[1].alpha) == (1.0, 0.5)
    assert b"bo" not in lines
    assert by == {"member"}


def test_the_journal_hears_once_whom_people_found_to_have_done_harm(desk: Reports, database: Database) -> None:
    first, other = file(desk, "bo").report, file(desk, "an", target="account:mo").report
    close(database, other.case_id, "no_violation")
    close(database, first.case_id, "violation", "fraud")
    with database.read() as connection:
        (body,) = connection.execute(select(own_events.c.body)).scalars()
    said = msgspec.json.decode(body)
    assert (said["type"], said["data"]) == (
        "report.upheld", {"account": "mo", "category": "fraud", "case": first.case_id}
    ), "not who reported"


def test_reports_of_a_merged_case_are_answered_with_it_and_new_ones_join_it(
    desk: Reports, database: Database
) -> None:
    first, other = file(desk, "bo").report, file(desk, "bo", target="account:mo").report
    with database.write() as connection:
        connection.execute(
            update(cases).where(cases.c.id == first.case_id).values(state="merged", merged_into=other.case_id)
        )
    believe(database, "wise", 10)
    start = case_of(database, other.case_id).ranked_at
    late = file(desk, "wise").report
    assert (late.case_id, count(database, cases)) == (first.case_id, 2)
    assert case_of(database, other.case_id).ranked_at < start
    close(database, other.case_id, "violation", "fraud")
    with database.read() as connection:
        outcomes = connection.execute(select(reports.c.outcome)).scalars().all()
        assert kept.open_fold(connection, f"event:{SCAM}") is None
    assert outcomes == ["violation"] * 3


def test_an_unclear_outcome_teaches_nothing_and_the_thing_can_be_reported_again(
    desk: Reports, database: Database
) -> None:
    first = file(desk, "bo").report
    close(database, first.case_id, "unclear")
    assert count(database, reporter_credits) == 0
    assert not file(desk, "an").report.is_repeat
    assert count(database, cases) == 2


@pytest.mark.parametrize(
    ("more", "error"),
    [
        ({"reason": "nonsense"}, InvalidRequest), ({"event": None}, InvalidRequest),
        ({"event": "0" * 32}, NotFound), ({"target": "account:mo", "cites": ("0" * 32,)}, NotFound),
        ({"target": "account:bo"}, InvalidRequest),
    ],
)
def test_what_cannot_be_reported_says_why(
    desk: Reports, database: Database, more: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        file(desk, "bo", **more)
    assert count(database, reports) == 0


def test_asking_for_help_for_oneself_is_no_mistake(desk: Reports) -> None:
    assert file(desk, "bo", target="account:bo", reason="self_harm").is_new


def test_a_member_who_reports_without_pause_is_slowed_down(desk: Reports, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("anlan.desk.reports.MEMBER_REPORTS_1H", 2)
    for name in ("x1", "x2"):
        file(desk, "bo", "member", target=f"account:{name}")
    with pytest.raises(RateLimited):
        file(desk, "bo", "member", target="account:x3")
    assert file(desk, "bo", "key:k", target="account:x3").is_new


def test_hostile_text_is_kept_as_it_is(desk: Reports, database: Database) -> None:
    report = file(desk, "bo", words=HOSTILE, seen=HOSTILE, device="a\x00b", target=None, event=SCAM).report
    with database.read() as connection:
        (sealed,) = kept.evidence_of(connection, [report.case_id])
        words = kept.words_of(connection, [report.id])[report.id]
    assert database.vault.open(words, report.id.encode()).decode() == HOSTILE
    shown = kept.shown_evidence(sealed, database.vault)
    assert shown is not None
    assert shown["seen"] == HOSTILE
    assert count(database, reports) == 1


def report_event(seq: int, reporter: str, **data: Any) -> dict[str, Any]:
    return {
        **message(seq, reporter, ""), "type": "report.filed",
        "data": msgspec.json.encode({"reporter": reporter, "category": "scam", **data}),
    }


def test_reports_that_come_as_events_end_in_the_same_place_each_once(desk: Reports, database: Database) -> None:
    rounds = ReportEvents(database, Codec(database.vault), desk)
    with database.write() as connection:
        connection.execute(insert(events), [
            report_event(8, "bo", reported="mo", message_id="m5", text="cheat"),
            report_event(9, "an", reported="mo", message_id="gone"), report_event(10, "an"),
            report_event(11, "di", group="g1", category="nobody knows this"),
        ])
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: rounds.take_in(clock.now()), range(4)))
    with database.read() as connection:
        made = connection.execute(select(reports.c.subject, reports.c.reason).order_by(reports.c.subject)).all()
        mark = connection.execute(select(marks.c.value).where(marks.c.name == "reports.events")).scalar_one()
    assert [tuple(row) for row in made] == [
        ("account:mo", "fraud"), (f"event:{SCAM}", "fraud"), ("group:g1", "other"),
    ]
    assert mark == 11
    assert rounds.take_in(clock.now()) == 0


def test_records_meet_without_losing_an_answer(database: Database) -> None:
    now = clock.now()

    def teach(number: int) -> None:
        with database.write() as connection:
            learn(connection, [Answered("account:bo", "fraud", number % 2 == 0, 1.0)], now)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(teach, range(16)))
    with database.read() as connection:
        records = records_of(connection, "account:bo")
        assert totals_of(connection, "account:bo").filed == 0
    assert records == {"fraud": Record(8.0, 8.0, now)}
    assert record_on(records, "abuse", now) == Record(2.0, 2.0, now)


