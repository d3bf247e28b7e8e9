"""Figures of the desk against a small data set that was counted by hand, on both databases."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from campaigned import DAY_S, START, CampaignDesk
from sqlalchemy import insert, update

from anlan.store.database import Database
from anlan.store.desk_figures import FIGURES, FigureTable, Span, read_figures
from anlan.store.tables import appeals, case_judgements, cases, report_cases, report_evidence, reports

NOON = START
SPAN = Span(NOON - 1.5 * DAY_S, NOON, lambda at: at // DAY_S * DAY_S)
TODAY, YESTERDAY = NOON // DAY_S * DAY_S, NOON // DAY_S * DAY_S - DAY_S


@pytest.fixture
def desk(database: Database, tmp_path: Path) -> Iterator[CampaignDesk]:
    made = CampaignDesk(database, tmp_path / "journal")
    yield made
    made.shut()


def change(desk: CampaignDesk, case_id: str, **values: Any) -> None:
    with desk.database.write() as connection:
        connection.execute(update(cases).where(cases.c.id == case_id).values(**values))


def judge(desk: CampaignDesk, case_id: str, *answers: str, at: float = NOON - 500, took_s: float = 10.0) -> None:
    with desk.database.write() as connection:
        for stage, answer in enumerate(answers, 1):
            row = {
                "id": f"{case_id[-20:]}_{stage}", "case_id": case_id, "stage": stage, "by": f"staff:{stage}", "at": at,
                "answer": answer, "category": "", "severity": "", "reason": "r", "machine_answer": "violation",
                "saw_machine": False, "took_s": took_s * stage,
            }
            connection.execute(insert(case_judgements), row)


def report(desk: CampaignDesk, name: str, case_id: str, outcome: str, *, is_repeat: bool = False) -> None:
    row = {
        "id": name, "reporter": f"account:{name}", "subject": "account:x", "reason": "r", "category": "fraud",
        "target": "account:x", "at": NOON - 900, "source": "member", "words_digest": "", "fingerprint": "f",
        "case_id": case_id, "evidence_id": None if is_repeat else "e1", "weight": 0.5, "is_young": False,
        "is_repeat": is_repeat, "is_coordinated": False, "outcome": outcome, "answered_at": NOON - 100,
    }
    with desk.database.write() as connection:
        connection.execute(insert(reports), row)


def figures(desk: CampaignDesk) -> dict[str, FigureTable]:
    with desk.database.read() as connection:
        return read_figures(connection, SPAN)


def test_an_empty_desk_has_no_figures_but_its_days(desk: CampaignDesk) -> None:
    found = figures(desk)
    assert set(found) == set(FIGURES)
    assert [row[1:] for row in found["flow"].rows] == [(0, 0)] * 2
    assert {name: table.rows for name, table in found.items() if name not in ("flow", "handling")} == {
        name: () for name in FIGURES if name not in ("flow", "handling")
    }


def test_what_waits_flows_and_is_closed_in_time(desk: CampaignDesk) -> None:
    ages = (600.0, 7_200.0, 2 * DAY_S, 9 * DAY_S)
    for index, age in enumerate(ages):
        waiting = desk.open(None, f"account:{index}", at=NOON - age, queue="fraud")
        change(desk, waiting, due_at=NOON - 1 if age > DAY_S else NOON + 1)
    late, good = (desk.open(None, "account:z", at=YESTERDAY + 60, queue="spam") for _ in range(2))
    change(desk, late, state="closed", outcome="violation", closed_at=TODAY + 60, due_at=TODAY)
    change(desk, good, state="closed", outcome="no_violation", closed_at=TODAY + 60, due_at=TODAY + 60)
    found = figures(desk)
    assert found["queue_ages"].rows == (("fraud", 4, 9 * DAY_S, 1, 1, 1, 1, 2),)
    assert found["flow"].rows[-2:] == ((YESTERDAY, 2, 0), (TODAY, 2, 2))
    assert found["service"].rows == (("spam", 2, 1, 0.5),)


def test_how_people_judge_and_how_alike(desk: CampaignDesk) -> None:
    answers = [("violation", "violation")] * 2 + [("no_violation", "no_violation")] + [("violation", "no_violation")]
    for index, pair in enumerate(answers):
        case_id = desk.open(None, f"account:{index}", at=NOON - 2_000)
        change(desk, case_id, policy="p.one", state="closed", outcome=pair[1], closed_at=NOON - 10)
        judge(desk, case_id, *pair, took_s=10.0 * (index + 1))
    alone = desk.open(None, "account:alone", at=NOON - 2_000)
    judge(desk, alone, "unclear", at=NOON - 5 * DAY_S)
    found = figures(desk)
    day, count, middle, slow = found["handling"].rows[-1]
    assert (day, count, middle) == (TODAY, 8, 35.0)
    assert slow == pytest.approx(66.0)
    # agreed 3 of 4; by chance (3/4 * 2/4) + (1/4 * 2/4) = 0.5; kappa (0.75 - 0.5) / 0.5
    assert found["agreement"].rows == (("all_policies", 4, 0.75, 0.5), ("p.one", 4, 0.75, 0.5))
    assert found["machine_precision"].rows == (("p.one", 4, 2, 0.5),)


def test_what_followed_and_what_was_taken_back(desk: CampaignDesk) -> None:
    case_id = desk.open(None, "account:a", at=NOON - 2_000)
    later, until = {"starts_at": NOON, "ends_at": NOON + 60}, {"strikes_until": NOON + 60, "ordered_at": NOON - 60}
    desk.punish("s1", case_id, "account:a", "mute", **later, **until, strikes=2)
    desk.punish("s2", case_id, "account:a", "warning", **until, strikes=1)
    desk.punish("s3", case_id, "account:b", "mute", **later, **until, state="reversed", lifted_at=NOON - 1)
    desk.punish("s4", case_id, "account:c", "mute", **later, strikes_until=NOON - 1, ordered_at=NOON - 9 * DAY_S)
    for name, sanction, outcome in (("p1", "s3", "reverse"), ("p2", "s1", "uphold")):
        row = {
            "id": name, "sanction_id": sanction, "case_id": desk.open(None, "account:a", at=NOON - 900, kind="appeal"),
            "account": "account:a", "filed_at": NOON - 800, "ordered_by": "staff:ann", "state": "closed",
            "outcome": outcome, "decided_by": "staff:sue", "decided_at": NOON - 700, "reason": "r",
        }
        with desk.database.write() as connection:
            connection.execute(insert(appeals), row)
    found = figures(desk)
    assert found["sanction_mix"].rows == (("mute", 2, 1), ("warning", 1, 0))
    assert found["strikes"].rows == (("3", 1),)
    assert found["overturns"].rows == (("r", 2, 1, 0.5),)


def test_how_often_reports_were_right(desk: CampaignDesk) -> None:
    case_id = desk.open(None, "account:x", at=NOON - 2_000)
    with desk.database.write() as connection:
        connection.execute(insert(report_cases), {
            "case_id": case_id, "fold": "x", "is_open": True, "report_count": 1, "weight_sum": 0.5,
        })
        connection.execute(insert(report_evidence), {
            "id": "e1", "case_id": case_id, "fingerprint": "f", "taken_at": NOON, "sha256": "0" * 64, "body": b"x",
        })
    for name, outcome in (("a", "violation"), ("b", "violation"), ("c", "violation"), ("d", "no_violation"),
                          ("e", "unclear")):
        report(desk, name, case_id, outcome)
    report(desk, "f", case_id, "no_violation", is_repeat=True)
    assert figures(desk)["reporters"].rows == (("fraud", 4, 3, 0.75),)


def test_campaigns_tell_how_far_they_have_come(desk: CampaignDesk) -> None:
    led = desk.lead(targets={"cases": 4, "groups": 2}, starts_at=NOON - 90.0)
    desk.campaigns.round(NOON - 80)
    case_id = desk.open(desk.send("ann", "long enough to meet the scope"), "account:ann", at=NOON - 70)
    desk.campaigns.round(NOON - 60)
    assert desk.campaign_of(case_id) == led
    rows = figures(desk)["campaign_progress"].rows
    assert rows == ((led, "cases", 4, 1, 0.25), (led, "groups", 2, 0, 0.0))
