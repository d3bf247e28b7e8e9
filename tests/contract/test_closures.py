"""Closing groups on both databases: who ran them answers, and nobody is punished for having been in them (law 2)."""

import msgspec
import pytest
from judged import judged
from sanctioned import BY, NOW, Desk, judged_case
from sqlalchemy import func, insert, select
from sqlalchemy.exc import IntegrityError

from anlan import clock
from anlan.desk.sanctions import NewSanction, need_basis
from anlan.domain.facts import Fact
from anlan.errors import Conflict, InvalidRequest, NotFound
from anlan.store.audit import latest_entries
from anlan.store.closures import find_closure
from anlan.store.database import Database
from anlan.store.journal import Journal
from anlan.store.member_notices import notices_of
from anlan.store.rosters import Runner, read_roster, register_roster
from anlan.store.tables import closures, member_notices, outbox, roster_people, rosters, sanctions
from anlan.store.vault import Codec

GROUP = "group:den"
RUN_BY = (Runner("account:boss", "owner"), Runner("account:aide", "admin"))


@pytest.fixture
def desk(database: Database) -> Desk:
    with database.write() as connection:
        register_roster(connection, GROUP, RUN_BY, 202, "key:p", NOW)
    return Desk(database)


def _counts(desk: Desk) -> dict[str, int]:
    tables = (sanctions, member_notices, closures, rosters, roster_people, outbox)
    with desk.database.read() as connection:
        return {
            table.name: connection.execute(select(func.count()).select_from(table)).scalar_one() for table in tables
        }


def test_a_group_of_202_closes_and_touches_two(desk: Desk) -> None:
    case_id = judged_case(desk.database, GROUP)
    with desk.database.read() as connection:
        shown = desk.closures.preview(connection, case_id, NOW)
    assert [(one.person.account, one.new.kind) for one in shown.touched] == [
        ("account:boss", "ban"), ("account:aide", "ban"),
    ]
    assert (shown.member_count, shown.untouched_count, shown.problem) == (202, 200, None)
    with desk.database.write() as connection:
        closure, made = desk.closures.close(connection, case_id, BY, NOW)
    ordered = [(one.target, one.kind, one.closure_role) for one in made]
    assert ordered == [
        (GROUP, "close_group", None), ("account:boss", "ban", "owner"), ("account:aide", "ban", "admin"),
    ]
    assert ordered[1:] == [(one.new.target, one.new.kind, one.new.closure_role) for one in shown.touched]
    assert _counts(desk)["sanctions"] == 3
    with desk.database.read() as connection:
        [entry] = [one for one in latest_entries(connection) if one.act == "group.close"]
        assert (entry.details["closure"], find_closure(connection, closure.id)) == (closure.id, closure)
        [notice] = notices_of(connection, desk.database.vault, "account:boss")
        assert desk.closures.explain(connection, GROUP)["en"].count("not punished") == 1
    assert notice.body
    assert "not punished for having been in it" in dict(notice.body.parts)["group"]["en"]
    with pytest.raises(Conflict, match="closed already"), desk.database.write() as connection:
        desk.closures.close(connection, case_id, BY, NOW)


def test_gravity_decides_what_those_who_ran_it_get(desk: Desk) -> None:
    got = {}
    for number, severity in enumerate(("low", "medium", "high", "critical"), 1):
        case_id = judged_case(desk.database, GROUP, number=number, severity=severity)
        with desk.database.read() as connection:
            got[severity] = [one.new.kind for one in desk.closures.preview(connection, case_id, NOW).touched]
    assert got == {"low": ["warning", "notice"], "medium": ["mute", "warning"], "high": ["suspend", "mute"],
                   "critical": ["ban", "ban"]}


def test_a_group_closes_only_on_its_own_judged_case(desk: Desk) -> None:
    about_account = judged_case(desk.database, number=1)
    with pytest.raises(InvalidRequest), desk.database.write() as connection:
        desk.closures.close(connection, about_account, BY, NOW)
    alone = judged_case(desk.database, GROUP, number=2, judges=("staff:li",))
    with pytest.raises(Conflict, match="second person"), desk.database.write() as connection:
        desk.closures.close(connection, alone, BY, NOW)
    unfound = judged_case(desk.database, GROUP, number=3, is_found=False)
    with pytest.raises(Conflict, match="machine finding"), desk.database.write() as connection:
        desk.closures.close(connection, unfound, BY, NOW)
    assert _counts(desk)["closures"] == 0


def test_a_member_answers_only_for_a_finding_of_their_own(desk: Desk) -> None:
    """The desk says so, and the database refuses the row even when it is written by hand."""
    case_id = judged_case(desk.database, GROUP)
    with desk.database.write() as connection:
        closure, made = desk.closures.close(connection, case_id, BY, NOW)
        row = dict(connection.execute(select(sanctions).where(sanctions.c.id == made[2].id)).mappings().one())
    row |= {"id": "sanc_member", "target": "account:someone", "closure_role": "member"}
    with pytest.raises(IntegrityError), desk.database.write() as connection:
        connection.execute(insert(sanctions), row)
    own = judged_case(desk.database, "account:someone", number=2)
    with desk.database.read() as connection:
        basis = need_basis(connection, own)
    assert basis.finding
    lawful = row | {"case_id": own, "case_target": "account:someone", "finding_seq": basis.finding.event_seq}
    lawful |= {"judgement_id": basis.judgements[0].id, "second_id": basis.judgements[1].id}
    with pytest.raises(IntegrityError), desk.database.write() as connection:
        connection.execute(insert(sanctions), lawful | {"id": "sanc_unfound", "finding_seq": None})
    with desk.database.write() as connection:
        connection.execute(insert(sanctions), lawful)
    new = NewSanction(
        target="account:other", kind="mute", length_s=9.0, rule="p.spam", category="fraud", severity="low",
        closure_id=closure.id, closure_role="member",
    )
    with pytest.raises(Conflict, match="of their own"), desk.database.write() as connection:
        desk.sanctions.order(connection, new, case_id, BY, NOW)


def test_somebody_wrongly_listed_is_let_off_and_leaves_the_roster(desk: Desk) -> None:
    case_id = judged_case(desk.database, GROUP)
    with desk.database.write() as connection:
        _, made = desk.closures.close(connection, case_id, BY, NOW)
    with desk.database.write() as connection:
        corrected = desk.closures.correct(connection, made[2].id, "staff:zhao", "was never an administrator", NOW)
        assert read_roster(connection, GROUP).people == RUN_BY[:1]
    assert corrected.state == "lifting"
    assert [desk.state(one) for one in made] == ["ordered", "ordered", "lifting"]
    with pytest.raises(Conflict, match="no closed group"), desk.database.write() as connection:
        desk.closures.correct(connection, made[0].id, "staff:zhao", "no", NOW)


def test_opening_a_group_again_lets_off_those_who_ran_it(desk: Desk) -> None:
    case_id = judged_case(desk.database, GROUP)
    with desk.database.write() as connection:
        _, made = desk.closures.close(connection, case_id, BY, NOW)
    desk.lift(made[0].id)
    assert {desk.state(one) for one in made} == {"lifting"}
    with pytest.raises(NotFound), desk.database.read() as connection:
        desk.closures.explain(connection, GROUP)
    with desk.database.write() as connection:
        assert len(desk.closures.close(connection, case_id, BY, NOW)[1]) == 3


def test_a_member_of_a_closed_group_gets_their_own_content(desk: Desk) -> None:
    with pytest.raises(NotFound), desk.database.write() as connection:
        desk.closures.order_export(connection, GROUP, "account:someone", NOW)
    case_id = judged_case(desk.database, GROUP)
    with desk.database.write() as connection:
        desk.closures.close(connection, case_id, BY, NOW)
        desk.closures.order_export(connection, GROUP, "account:someone", NOW)
        body = connection.execute(select(outbox.c.body).where(outbox.c.kind == "export.content")).scalar_one()
    data = msgspec.json.decode(body)["data"]
    assert (data["account"], data["group"]) == ("account:someone", GROUP)


def test_a_group_of_100_000_closes_in_a_second_without_a_row_for_each(database: Database) -> None:
    """Its roster comes from events: a role of every member is known, and only two of them ran it."""
    desk = Desk(database)
    case_id = judged_case(database, GROUP)
    roles = {0: "owner", 1: "admin"}
    known = [Fact(f"tie:{GROUP}|account:m{n}", "role", NOW, roles.get(n, "member")) for n in range(100_000)]
    counted = [Fact(GROUP, "member_count", NOW, 100_000), Fact(f"tie:{GROUP}|account:m2", "role", NOW - 9, "admin")]
    Journal(database, Codec(database.vault)).commit([judged(9, facts=(*known, *counted))])
    before = _counts(desk)
    started = clock.thread_seconds()
    with database.write() as connection:
        closure, made = desk.closures.close(connection, case_id, BY, NOW)
    took_s = clock.thread_seconds() - started
    assert took_s < 1.0
    assert closure.member_count == 100_000
    assert [one.target for one in made] == [GROUP, "account:m0", "account:m1"]
    grown = {name: count - before[name] for name, count in _counts(desk).items()}
    assert grown == {"sanctions": 3, "member_notices": 2, "closures": 1, "rosters": 0, "roster_people": 0, "outbox": 3}
