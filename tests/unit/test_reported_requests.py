"""Who was found to cheat and asks to become a contact is pointed out to whom they ask, for thirty days."""

import pytest
from spine import NOON, Spine

from anlan.engine.profiles import facts_of
from anlan.protections.fraud.signals import account_upheld_reports_30d
from anlan.protections.registry import HERE

DAY_S = 86_400.0
POLICY = "fraud.request_from_reported_account"


@pytest.fixture
def house() -> Spine:
    pack = (HERE / "fraud" / "policies.yaml").read_text("utf-8").split("\n- id: ")
    (wanted,) = (one for one in pack if one.startswith(f"{POLICY}\n"))
    return Spine([account_upheld_reports_30d], f"- id: {wanted}")


def say(house: Spine, type_: str, days: float, **data: str) -> None:
    """The journal hears it, of mo."""
    said = house.event(type_, 1, NOON + days * DAY_S, account="mo", **data)
    house.engine.profiles.load(["account:mo"], ())
    house.engine.profiles.learn(facts_of(said, house.engine.profiles))


def hinted(house: Spine, days: float, account: str = "mo", change: str = "requested") -> list[str]:
    asked = house.event(
        "friendship.changed", round(days) + 2, NOON + days * DAY_S, account=account, other="bo", change=change
    )
    return [f"{one.target}:{one.parameters['scenario']}" for one in house.judge(asked).decision.actions]


def test_for_thirty_days_and_nobody_else(house: Spine) -> None:
    assert hinted(house, 0) == []
    say(house, "report.upheld", 0, category="fraud", case="c1")
    assert hinted(house, 1) == ["account:bo:risky_contact"]
    assert hinted(house, 1.5, change="added") == []
    assert hinted(house, 2, account="di") == []
    assert hinted(house, 32) == []


@pytest.mark.parametrize("category", ["self_harm", "account_takeover", "spam"])
def test_only_for_what_was_done_to_others(house: Spine, category: str) -> None:
    say(house, "report.upheld", 0, category=category, case="c1")
    assert hinted(house, 1) == []


def test_what_an_appeal_takes_back_is_pointed_out_no_more_and_what_it_does_not_still_is(house: Spine) -> None:
    for case in ("c1", "c2"):
        say(house, "report.upheld", 0, category="fraud", case=case)
    say(house, "report.overturned", 2, case="c1")
    assert hinted(house, 3) == ["account:bo:risky_contact"]
    say(house, "report.overturned", 4, case="c2")
    assert hinted(house, 3.5) == ["account:bo:risky_contact"], "as it was known then"
    assert hinted(house, 4) == []
    say(house, "report.upheld", 5, category="threats", case="c3")
    assert hinted(house, 6) == ["account:bo:risky_contact"]
