"""What policies did without a person, on both databases: kept once, explained, taken back, and never past the quota."""

import msgspec
import pytest
from judged import CASE, MUTE, NOON, judged, second_pass
from sanctioned import Desk

from anlan.desk.automatic import AutomaticSanctions
from anlan.desk.sanctions import Sanctions
from anlan.domain.actions import Action
from anlan.domain.decisions import Judged
from anlan.store.cases import list_cases
from anlan.store.database import Database
from anlan.store.journal import Journal
from anlan.store.member_notices import list_statements, notices_of
from anlan.store.notices import latest_notices
from anlan.store.sanctions import sanctions_of
from anlan.store.vault import Codec

LIMIT = Action(kind="restrict", target="account:ann", policy="p.spam", parameters={"feature": "pay", "hours": 3.0})
NOW = NOON + 60


@pytest.fixture
def desk(database: Database) -> Desk:
    return Desk(database)


def _commit(desk: Desk, *what: Judged) -> None:
    Journal(desk.database, Codec(desk.database.vault)).commit(what)


def test_a_policys_mute_becomes_a_sanction_once(desk: Desk) -> None:
    _commit(desk, judged(1, "hold", (MUTE, LIMIT, CASE)), judged(2, "hold", (CASE,)), judged(3))
    automatic = AutomaticSanctions(desk.sanctions)
    assert [automatic.take_in(NOW), automatic.take_in(NOW)] == [2, 0]
    with desk.database.read() as connection:
        found = {one.kind: one for one in sanctions_of(connection, "account:ann")}
        notices = notices_of(connection, desk.database.vault, "account:ann")
        statements = list_statements(connection)
    mute, limit = found["mute"], found["limit_feature"]
    assert (mute.state, mute.ordered_by, mute.judged_by, mute.strikes) == ("in_force", "policy:p.spam", None, 1)
    assert (limit.feature, (limit.ends_at or 0) - limit.starts_at) == ("pay", 3 * 3_600.0)
    assert mute.grounds[0].words == {"zh": "广告", "en": "Advertising"}
    assert len(notices) == len(statements) == 2
    assert {one.automated_decision for one in statements} == {"AUTOMATED_DECISION_FULLY"}
    assert desk.sent() == []
    assert desk.clock.round((limit.ends_at or 0) + 1) == 2
    assert {kind for kind, _ in desk.sent()} == {"sanction.lift"}


def test_a_second_look_that_withdraws_it_takes_it_back(desk: Desk) -> None:
    first = judged(1, "hold", (MUTE,), pending=("p.llm",))
    _commit(desk, first)
    automatic = AutomaticSanctions(desk.sanctions)
    assert automatic.take_in(NOW) == 1
    _commit(desk, second_pass(first, "allow"))
    assert automatic.take_in(NOW) == 0
    with desk.database.read() as connection:
        [mute] = sanctions_of(connection, "account:ann")
    assert (mute.state, mute.lifted_by) == ("lifting", "policy:p.spam")


def test_past_its_quota_people_decide(desk: Desk) -> None:
    ladder = desk.sanctions.ladder
    rules = msgspec.structs.replace(ladder.automatic, quota_per_hour=2)
    strict = Sanctions(desk.database, ladder=msgspec.structs.replace(ladder, automatic=rules))
    _commit(desk, *(judged(number, "hold", (MUTE,)) for number in range(1, 6)))
    assert AutomaticSanctions(strict).take_in(NOW) == 5
    with desk.database.read() as connection:
        states = sorted(one.state for one in sanctions_of(connection, "account:ann"))
        assert states == ["in_force", "in_force", "lifting", "lifting", "lifting"]
        assert [one.target for one in list_cases(connection)] == ["account:ann"] * 3
        assert [one.kind for one in latest_notices(connection)] == ["sanction_quota"]
        assert len(notices_of(connection, desk.database.vault, "account:ann")) == 2
    assert [kind for kind, _ in desk.sent()] == ["sanction.lift"] * 3
