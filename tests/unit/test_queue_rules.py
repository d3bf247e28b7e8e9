"""Clocks in working time, who judges next, and agreement against figures that others have published."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from anlan.domain.agreement import cohen_kappa, fleiss_kappa, is_risky, is_sampled, next_step
from anlan.domain.queues import WorkingTime, due_at, read_working_time
from anlan.errors import InvalidSettings

SHANGHAI = "Asia/Shanghai"


def at(text: str, zone: str = SHANGHAI) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()


@pytest.mark.parametrize(
    ("opened", "hours", "due"),
    [
        ("2026-11-18T10:00", 4, "2026-11-18T14:00"),
        ("2026-11-18T16:00", 4, "2026-11-19T11:00"),
        ("2026-11-20T17:00", 2, "2026-11-23T10:00"),
        ("2026-11-21T12:00", 9, "2026-11-23T18:00"),
        ("2026-11-18T07:00", 1, "2026-11-18T10:00"),
    ],
)
def test_service_hours_stand_still_at_night_and_at_weekends(opened: str, hours: float, due: str) -> None:
    assert due_at(at(opened), hours, WorkingTime(zone=SHANGHAI)) == at(due)
    assert due_at(at(opened), hours, None) == at(opened) + hours * 3_600


def test_holidays_are_free_and_make_up_days_are_worked() -> None:
    working = read_working_time(SHANGHAI, "09:00-18:00", "2026-10-01, 2026-10-02", "2026-10-10")
    assert due_at(at("2026-09-30T17:00"), 2, working) == at("2026-10-05T10:00")
    assert due_at(at("2026-10-09T17:00"), 2, working) == at("2026-10-10T10:00")
    assert working.is_worked(date(2026, 10, 10))
    assert not working.is_worked(date(2026, 10, 1))


def test_a_change_of_the_clocks_moves_the_working_day_along() -> None:
    london = WorkingTime(zone="Europe/London")
    assert due_at(at("2026-03-27T17:00", "Europe/London"), 2, london) == at("2026-03-30T10:00", "Europe/London")


@pytest.mark.parametrize("hours", ["9-18", "18:00-09:00", "always", "09:00"])
def test_working_hours_that_cannot_be_read_are_refused(hours: str) -> None:
    with pytest.raises(InvalidSettings):
        read_working_time(SHANGHAI, hours, "", "")


def test_what_follows_an_answer() -> None:
    assert next_step(1, ["violation"], needs_second=False) == "close"
    assert next_step(1, ["violation"], needs_second=True) == "second"
    assert next_step(2, ["violation", "violation"], needs_second=False) == "close"
    assert next_step(2, ["violation", "no_violation"], needs_second=False) == "senior"
    assert next_step(2, ["unclear", "unclear"], needs_second=False) == "senior"
    assert next_step(3, ["violation", "no_violation", "unclear"], needs_second=True) == "close"


def test_what_is_grave_urgent_or_undecided_is_judged_twice() -> None:
    assert is_risky("review", "violation", "critical", 3)
    assert is_risky("review", "violation", "low", 1)
    assert is_risky("review", "unclear", "", 3)
    assert is_risky("funds", "grant", "", 5)
    assert not is_risky("funds", "refuse", "", 1)
    assert not is_risky("review", "violation", "medium", 3)
    assert not is_risky("review", "no_violation", "", 1)


def test_a_sample_is_the_same_each_time_and_of_the_size_it_should_be() -> None:
    drawn = [is_sampled(f"case_{n}", 0.1) for n in range(20_000)]
    assert drawn == [is_sampled(f"case_{n}", 0.1) for n in range(20_000)]
    assert 0.09 < sum(drawn) / len(drawn) < 0.11
    assert is_sampled("any", 1.0)
    assert not is_sampled("any", 0.0)


def test_cohen_kappa_of_published_tables() -> None:
    # The two tables that are commonly printed with Cohen's kappa: 50 proposals, and the same with 100.
    fifty = [("y", "y")] * 20 + [("y", "n")] * 5 + [("n", "y")] * 10 + [("n", "n")] * 15
    same_share = [("y", "y")] * 45 + [("y", "n")] * 15 + [("n", "y")] * 25 + [("n", "n")] * 15
    assert cohen_kappa(fifty) == pytest.approx(0.40, abs=1e-9)
    assert cohen_kappa(same_share) == pytest.approx(0.1304, abs=5e-5)
    assert cohen_kappa([("y", "y"), ("n", "n")]) == 1.0
    assert cohen_kappa([("y", "y")]) is None
    assert cohen_kappa([]) is None


def test_fleiss_kappa_of_the_published_table() -> None:
    # 14 raters, 10 subjects, 5 categories: the worked example of Fleiss' kappa, 0.210.
    table = [
        (0, 0, 0, 0, 14), (0, 2, 6, 4, 2), (0, 0, 3, 5, 6), (0, 3, 9, 2, 0), (2, 2, 8, 1, 1),
        (7, 7, 0, 0, 0), (3, 2, 6, 3, 0), (2, 5, 3, 2, 2), (6, 5, 2, 1, 0), (0, 2, 2, 3, 7),
    ]
    items = [[str(kind) for kind, count in enumerate(row) for _ in range(count)] for row in table]
    assert fleiss_kappa(items) == pytest.approx(0.210, abs=5e-4)
    assert fleiss_kappa([["a"]]) is None
