"""The ladder as a table: what each violation comes to, and that a wrong ladder is refused."""

from typing import Any

import pytest
import yaml

from anlan.desk.ladder_file import LADDER_FILE, shipped_ladder
from anlan.domain.ladder import DAY_S, Matter, Past, counting_strikes, propose, read_ladder
from anlan.domain.notice_words import FEATURE_TITLES, feature_title
from anlan.domain.sanctions import FEATURES
from anlan.errors import InvalidSettings

LADDER = shipped_ladder()
NOW = 1_000 * DAY_S


def _past(category: str, strikes: int, days_ago: float, window_days: float = 365) -> Past:
    at = NOW - days_ago * DAY_S
    return Past(category, strikes, at, at + window_days * DAY_S)


@pytest.mark.parametrize(
    ("category", "severity", "more", "past", "kind", "days", "steps"),
    [
        ("spam", "low", {}, [], "notice", None, {"first_offence"}),
        ("spam", "medium", {}, [], "notice", None, {"first_offence"}),
        ("spam", "medium", {}, [("abuse", 1, 5)], "warning", None, set()),
        ("spam", "high", {}, [], "mute", 7, set()),
        ("spam", "critical", {"is_coordinated": True}, [("spam", 6, 9)], "suspend", 30,
         {"strikes", "repeat", "coordinated"}),
        ("flooding", "high", {}, [], "mute", 7, set()),
        ("abuse", "high", {"has_deleted_own": True}, [], "mute", 1, {"own_deletion"}),
        ("abuse", "high", {}, [("abuse", 4, 9)], "suspend", 30, {"strikes", "repeat"}),
        ("abuse", "high", {}, [("abuse", 4, 364)], "suspend", 7, {"repeat"}),
        ("abuse", "high", {}, [("abuse", 4, 366)], "mute", 7, set()),
        ("abuse", "critical", {"targets_minors": True, "reach": 5_000}, [("abuse", 10, 1)], "suspend", 180,
         {"strikes", "repeat", "targets_minors", "large_reach"}),
        ("fraud", "high", {"money_lost_minor": 500_000}, [], "suspend", 180, {"money_lost"}),
        ("fraud", "critical", {"has_deleted_own": True}, [], "ban", None, {"zero_tolerance"}),
        ("fraud", "critical", {"bears_permanent": False}, [], "suspend", 180, {"zero_tolerance", "not_permanent"}),
        ("minors_safety", "high", {"has_deleted_own": True, "quiet_days": 900.0}, [], "ban", None, {"zero_tolerance"}),
        ("threats", "medium", {"quiet_days": 900.0}, [("spam", 1, 900)], "limit_feature", 7,
         {"first_offence", "old_account"}),
        ("something_new", "low", {}, [], "notice", None, {"first_offence"}),
        ("fraud", "high", {"side": "group"}, [], "close_group", None, set()),
        ("gambling", "medium", {"side": "group"}, [], "limit_feature", 7, {"first_offence"}),
    ],
)
def test_what_a_violation_comes_to(
    category: str, severity: Any, more: dict[str, Any], past: list[tuple[str, int, float]], kind: str,
    days: float | None, steps: set[str],
) -> None:
    matter = Matter(**{"side": "account", "category": category, "severity": severity, **more})
    found = propose(LADDER, matter, [_past(*one) for one in past], NOW)
    assert (found.kind, None if found.length_s is None else found.length_s / DAY_S) == (kind, days)
    assert {ground.step for ground in found.grounds} == {"rule", "outcome", *steps}
    assert all(ground.words["zh"] and ground.words["en"] for ground in found.grounds)


def test_strikes_fade_and_end() -> None:
    counts = [counting_strikes([_past("fraud", 4, days)], NOW) for days in (0, 182, 183, 364, 365)]
    assert counts == [4, 4, 2, 2, 0]


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        (("rungs", "account", 8, "hours"), 24, "takes no hours"),
        (("rungs", "account", 3, "hours"), 10_000, "366 days"),
        (("rungs", "account", 3, "kind"), "freeze", "no sanction freeze for a account"),
        (("automatic", "kinds"), ["ban"], "no temporary sanction"),
        (("rules", 0, "severities", "low"), "exile", "no rung exile"),
        (("rules", 0, "group", "low"), "exile", "no rung exile"),
        (("rules", 0, "feature"), "breathe", "a known feature"),
        (("rules", 0, "text"), {"en": "only English"}, "zh and en"),
        (("rules",), [], "for the category other"),
        (("closure", "owner", "low"), "exile", "each gravity of owner"),
        (("closure", "member"), {}, "Invalid enum value"),
        (("weights", "mood"), 1, "unknown field"),
    ],
)
def test_a_wrong_ladder_is_refused(path: tuple[str | int, ...], value: Any, says: str) -> None:
    tree = yaml.safe_load(LADDER_FILE.read_text(encoding="utf-8"))
    place = tree
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    with pytest.raises(InvalidSettings, match=says):
        read_ladder(tree)


def test_every_feature_has_a_name_and_a_policys_own_goes_by_its_word() -> None:
    assert set(FEATURE_TITLES) == set(FEATURES)
    assert feature_title("pay")["zh"] == "支付"
    assert feature_title("rings")["en"] == "rings"
