"""What policies see of thieves, on both databases: each event contains once, and a closer look takes it back."""

import pytest
from contained import CONTAIN, NOW, OWN, THIEF, Theft
from judged import NOON, decide

from anlan.center.automatic_containment import AutomaticContainments
from anlan.domain.decisions import Judged
from anlan.store.database import Database


@pytest.fixture
def theft(database: Database) -> Theft:
    made = Theft(database)
    made.sign_in(NOON - 30 * 86_400.0, OWN)
    made.sign_in(NOON - 600.0, THIEF)
    return made


@pytest.fixture
def automatic(theft: Theft) -> AutomaticContainments:
    return AutomaticContainments(theft.containments, theft.codec)


def _alarm(theft: Theft, at: float = NOON, pending: tuple[str, ...] = ()) -> Judged:
    return theft.judge("message.sent", at, (CONTAIN,), pending, text="借我两千", recipient="bob", **THIEF)


def _closer_look(first: Judged) -> Judged:
    return Judged(first.event, decide(first.event, "allow", (), 2), first.received_at, first.decision)


def test_a_policys_alarm_contains_once(theft: Theft, automatic: AutomaticContainments) -> None:
    theft.commit(_alarm(theft), _alarm(theft, NOON + 1), theft.judge("message.sent", NOON + 2, recipient="cat", **OWN))
    assert [automatic.take_in(NOW), automatic.take_in(NOW)] == [2, 0]
    standing = theft.standing()
    assert standing is not None
    assert (standing.opened_by, standing.ground, standing.is_affirmed) == ("policy:p.spam", "policy", False)
    assert standing.since == NOON - 600.0
    assert [step.details["device"] for step in theft.steps(standing.id, "distrust_device")] == [THIEF["device"]]
    assert len(theft.steps(standing.id, "take_back_message")) == 2
    assert [moved.move for moved in theft.heard] == ["opened"]


def test_what_the_owner_ended_is_not_opened_again_by_the_same_event(
    theft: Theft, automatic: AutomaticContainments
) -> None:
    theft.commit(_alarm(theft))
    automatic.take_in(NOW)
    standing = theft.standing()
    assert standing is not None
    theft.lift(standing.id)
    theft.commit(theft.judge("message.sent", NOON + 5, recipient="cat", **OWN))
    automatic.take_in(NOW + 100)
    assert theft.standing() is None


def test_a_closer_look_takes_it_back(theft: Theft, automatic: AutomaticContainments) -> None:
    first = _alarm(theft, pending=("p.llm",))
    theft.commit(first)
    automatic.take_in(NOW)
    theft.commit(_closer_look(first))
    assert automatic.take_in(NOW + 5) == 0
    assert theft.standing() is None
    assert [moved.move for moved in theft.heard] == ["opened", "false_alarm"]


@pytest.mark.parametrize("other", ["owner", "policy"])
def test_but_not_when_somebody_else_says_so_too(
    theft: Theft, automatic: AutomaticContainments, other: str
) -> None:
    first = _alarm(theft, pending=("p.llm",))
    theft.commit(first)
    automatic.take_in(NOW)
    if other == "owner":
        theft.open()
    else:
        theft.commit(_alarm(theft, NOON + 9))
    theft.commit(_closer_look(first))
    automatic.take_in(NOW + 5)
    assert theft.standing() is not None
