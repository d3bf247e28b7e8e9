"""Who was found to cheat and asks to become a contact is pointed out to whom they ask, for thirty days."""

import pytest
from spine import NOON, Spine

from anlan.protections.registry import COUNTERS_FILE, HERE

DAY_S = 86_400.0
POLICY = "fraud.request_from_reported_account"


@pytest.fixture
def house() -> Spine:
    pack = (HERE / "fraud" / "policies.yaml").read_text("utf-8").split("\n- id: ")
    (wanted,) = (one for one in pack if one.startswith(f"{POLICY}\n"))
    return Spine([], f"- id: {wanted}", COUNTERS_FILE.read_text("utf-8"))


def hinted(house: Spine, days: float, account: str = "mo", change: str = "requested") -> list[str]:
    asked = house.event(
        "friendship.changed", round(days) + 2, NOON + days * DAY_S, account=account, other="bo", change=change
    )
    return [f"{one.target}:{one.parameters['scenario']}" for one in house.judge(asked).decision.actions]


def test_for_thirty_days_and_nobody_else(house: Spine) -> None:
    assert hinted(house, 0) == []
    house.judge(house.event("report.upheld", 1, NOON, account="mo", category="fraud"))
    assert hinted(house, 1) == ["account:bo:risky_contact"]
    assert hinted(house, 1.5, change="added") == []
    assert hinted(house, 2, account="di") == []
    assert hinted(house, 32) == []


@pytest.mark.parametrize("category", ["self_harm", "account_takeover", "spam"])
def test_only_for_what_was_done_to_others(house: Spine, category: str) -> None:
    house.judge(house.event("report.upheld", 1, NOON, account="mo", category=category))
    assert hinted(house, 1) == []
