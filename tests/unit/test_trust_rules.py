"""Trust is earned by proof and known devices, falls with time, change and risk; acts ask for what they are worth."""

from typing import Any

import pytest

from anlan.center.trust import load_rules
from anlan.domain.trust import LEVELS, REASON_WORDS, SessionTrust, is_enough, judge_session, read_act_rules
from anlan.errors import InvalidSettings

NOW = 1_795_262_400.0
MINUTE_S, HOUR_S, DAY_S = 60.0, 3_600.0, 86_400.0


def session(**changes: Any) -> SessionTrust:
    usual = SessionTrust(
        began_at=NOW - HOUR_S, used_at=NOW, was_known=True, proof=0, proved_at=0.0, change="none", is_over=False,
    )
    return usual._replace(**changes)


PROVED = {"proof": 3, "proved_at": NOW - 5 * MINUTE_S}


@pytest.mark.parametrize(
    ("trust", "risk", "level", "reason"),
    [
        (None, 0.0, "none", "unknown_session"),
        (session(), 0.0, "device", "no_proof"),
        (session(was_known=False), 0.0, "password", "new_device"),
        (session(**PROVED), 0.0, "fresh_factor", None),
        (session(proof=3, proved_at=NOW - HOUR_S), 0.0, "factor", "long_ago"),
        (session(proof=3, proved_at=NOW - 13 * HOUR_S), 0.0, "device", "long_ago"),
        (session(began_at=NOW - 31 * DAY_S), 0.0, "password", "long_ago"),
        (session(used_at=NOW - 15 * DAY_S), 0.0, "none", "session_over"),
        (session(is_over=True, **PROVED), 0.0, "none", "session_over"),
        (session(change="device", **PROVED), 0.0, "none", "other_device"),
        (session(change="agent", **PROVED), 0.0, "none", "other_agent"),
        (session(change="country", **PROVED), 0.0, "password", "other_country"),
        (session(change="network", **PROVED), 0.0, "device", "other_network"),
        (session(**PROVED), 0.6, "password", "risk"),
        (session(**PROVED), 0.95, "none", "risk"),
    ],
)
def test_what_a_session_is_worth(trust: SessionTrust | None, risk: float, level: str, reason: str | None) -> None:
    standing = judge_session(trust, risk, NOW)
    assert standing.level == level
    assert standing.reasons[:1] == ((reason,) if reason else ())
    assert all(set(REASON_WORDS[one]) == {"zh", "en"} for one in standing.reasons)


def test_levels_stand_in_order() -> None:
    for place, level in enumerate(LEVELS):
        assert [is_enough(level, needed) for needed in LEVELS] == [other <= place for other in range(len(LEVELS))]


def test_acts_ask_for_more_with_the_amount_and_with_risk() -> None:
    rules = load_rules()
    payment = rules["payment"]
    asked = [payment.level_needed(amount, 0.0) for amount in (0, 19_999, 20_000, 200_000)]
    assert asked == ["device", "device", "factor", "fresh_factor"]
    assert payment.level_needed(0, 0.35) == "fresh_factor"
    assert rules["other"].level_needed(0, 0.0) == "factor"
    assert all(set(rule.title) == {"zh", "en"} for rule in rules.values())


@pytest.mark.parametrize(
    "written",
    [
        [{"act": "payment", "title": {"zh": "a", "en": "a"}, "needs": "device"}],
        [{"act": "other", "title": {"zh": "a", "en": "a"}, "needs": "much"}],
        [{"act": "other", "title": {"zh": "a", "en": "a"}, "needs": "factor"}] * 2,
        [{"act": "other", "title": {"zh": "a", "en": "a"}, "needs": "factor", "limit": 1}],
        {"other": "factor"},
    ],
)
def test_rules_that_are_wrong_are_refused_as_a_whole(written: object) -> None:
    with pytest.raises(InvalidSettings, match="access rules"):
        read_act_rules(written)
