"""Sanctions on both databases: the laws that the tables keep, and every move from order to reversal."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from sanctioned import BY, DAY_S, NOW, Desk, judged_case
from sqlalchemy import Connection, Executable, insert, select, update
from sqlalchemy.exc import IntegrityError

from anlan.desk.platform_answers import ASK_AGAIN_AFTER_S
from anlan.desk.sanctioning import Weighed, as_new, order_bulk, past_of, preview, propose_for
from anlan.desk.sanctions import NewSanction, need_basis
from anlan.domain.ladder import counting_strikes
from anlan.errors import Conflict, InvalidRequest, NotFound
from anlan.store.audit import first_break, latest_entries
from anlan.store.cases import NewCase, open_case
from anlan.store.database import Database
from anlan.store.member_notices import list_statements, notices_of
from anlan.store.notices import latest_notices
from anlan.store.platform_states import InForce, drifting
from anlan.store.sanction_orders import orders_of
from anlan.store.sanctions import in_force, sanctions_of
from anlan.store.tables import sanctions

BAN = NewSanction(target="account:ann", kind="ban", rule="p.spam", category="fraud", severity="critical", strikes=10,
                  strike_window_s=365 * DAY_S, needs_second=True)
MUTE = msgspec.structs.replace(BAN, kind="mute", length_s=DAY_S, strikes=2, needs_second=False)


@pytest.fixture
def desk(database: Database) -> Desk:
    return Desk(database)


Spoil = Callable[[Connection, dict[str, Any], str], None]


def _without(*names: str) -> Spoil:
    return lambda _, row, __: row.update(dict.fromkeys(names))


def _with(**values: Any) -> Spoil:
    return lambda _, row, __: row.update(values)


def _on_other_case(connection: Connection, row: dict[str, Any], other: str) -> None:
    row.update(case_id=other, case_target="account:bob")
    for name in ("finding_seq", "judgement_id", "second_id"):
        assert row[name]
    basis = need_basis(connection, other)
    assert basis.finding
    first, second = basis.judgements
    row.update(finding_seq=basis.finding.event_seq, judgement_id=first.id, second_id=second.id)


SPOILT: dict[str, Spoil] = {
    "no judgement": _without("judgement_id", "judgement_answer", "judged_by"),
    "a judgement that there is not": _with(judgement_id="j_none"),
    "a judgement of somebody else": _with(judged_by="staff:mallory"),
    "no machine finding": _without("finding_seq", "finding_pass", "finding_policy"),
    "a finding that there is not": _with(finding_policy="p.invented"),
    "no second where asked": _without("second_id", "second_answer", "second_by"),
    "the same person twice": lambda _, row, __: row.update(second_id=row["judgement_id"], second_by=row["judged_by"]),
    "on the case of somebody else": _on_other_case,
    "a case said to be about somebody else": _with(case_target="account:other"),
    "no case": _with(case_id=None),
    "an end in the year 3000": _with(ends_at=32_503_680_000.0, is_permanent=False),
    "without an end but not called permanent": _with(is_permanent=False),
    "a mute without an end": _with(kind="mute", is_permanent=False),
    "a role in no closure": _with(closure_role="member"),
    "a state that there is not": _with(state="forgotten"),
}


def test_database_refuses_a_sanction_that_breaks_a_law(desk: Desk) -> None:
    """The row of a lawful ban, copied and spoilt by hand in every way; unspoilt it goes in."""
    made = desk.order(BAN, judged_case(desk.database))
    other = judged_case(desk.database, "account:bob", number=2)
    with desk.database.write() as connection:
        row = dict(connection.execute(select(sanctions).where(sanctions.c.id == made.id)).mappings().one())
        connection.execute(insert(sanctions), row | {"id": "sanc_copy"})
    for way, spoil in SPOILT.items():
        with desk.database.read() as connection:
            spoilt = row | {"id": "sanc_spoilt"}
            spoil(connection, spoilt, other)
        assert _is_refused(desk, insert(sanctions).values(spoilt)), way


def _is_refused(desk: Desk, statement: Executable) -> bool:
    try:
        with desk.database.write() as connection:
            connection.execute(statement)
    except IntegrityError:
        return True
    return False


def test_an_edit_of_a_row_into_a_ban_is_refused(desk: Desk) -> None:
    muted = desk.order(MUTE, judged_case(desk.database, is_found=False))
    ban = {"kind": "ban", "is_permanent": True, "ends_at": None}
    assert _is_refused(desk, update(sanctions).where(sanctions.c.id == muted.id).values(ban))
    assert not _is_refused(desk, update(sanctions).where(sanctions.c.id == muted.id).values(ends_at=NOW + 9))


def test_desk_says_what_is_missing_before_the_database_does(desk: Desk) -> None:
    lacking: list[tuple[dict[str, Any], NewSanction, str]] = [
        ({"is_found": False}, BAN, "machine finding"), ({"judges": ("staff:li",)}, BAN, "second person"),
        ({"answer": "no_violation"}, MUTE, "violation"), ({"is_closed": False}, MUTE, "closed"),
        ({"judges": ()}, MUTE, "violation"), ({"target": "account:bob"}, BAN, "same account"),
    ]
    for number, (case, new, says) in enumerate(lacking, 1):
        with pytest.raises(Conflict, match=says):
            desk.order(new, judged_case(desk.database, number=number, **case))


def test_what_does_not_fit_together_is_refused(desk: Desk) -> None:
    case_id = judged_case(desk.database)
    changes: list[dict[str, Any]] = [
        {"kind": "flogging"}, {"kind": "freeze"}, {"length_s": None}, {"length_s": 400 * DAY_S}, {"feature": "pay"},
        {"kind": "limit_feature"}, {"kind": "warning"}, {"starts_at": NOW - DAY_S}, {"target": "account:"},
    ]
    for change in changes:
        with pytest.raises(InvalidRequest):
            desk.order(msgspec.structs.replace(MUTE, **change), case_id)


def test_order_writes_row_audit_history_message_notice_and_statement_at_once(desk: Desk) -> None:
    case_id = judged_case(desk.database)
    made = desk.order(BAN, case_id)
    assert (made.state, made.judged_by, made.second_by) == ("ordered", "staff:li", "staff:wu")
    [(kind, data)] = desk.sent()
    assert (kind, data["revision"], data["kind"], data["ends_at"]) == ("sanction.apply", 1, "ban", None)
    with desk.database.read() as connection:
        [entry] = [one for one in latest_entries(connection) if one.act == "sanction.order"]
        assert (entry.subject, entry.details["case"], entry.details["kind"]) == (made.id, case_id, "ban")
        [notice] = notices_of(connection, desk.database.vault, "account:ann")
        [statement] = list_statements(connection)
        assert first_break(connection) is None
    assert notice.body
    assert notice.body.quote == "message 1"
    assert [name for name, _ in notice.body.parts] == ["what", "rule", "evidence", "term", "money", "appeal"]
    assert "message 1" not in str(data)
    assert statement.decision_account == "DECISION_ACCOUNT_TERMINATED"
    assert statement.category == "STATEMENT_CATEGORY_SCAMS_AND_FRAUD"
    assert statement.automated_decision == "AUTOMATED_DECISION_PARTIALLY"
    assert [moved.move for moved in desk.heard] == ["ordered"]


def test_nothing_tells_who_reported_or_how_it_was_found(desk: Desk) -> None:
    desk.order(BAN, judged_case(desk.database))
    with desk.database.read() as connection:
        [notice] = notices_of(connection, desk.database.vault, "account:ann")
        [statement] = list_statements(connection)
    for told in (msgspec.json.encode(notice).decode(), str(desk.sent()), msgspec.json.encode(statement).decode()):
        assert not any(secret in told for secret in ("text_ad_score", "0.93", "staff:li", "staff:wu", "bob"))


def test_the_same_is_ordered_once_until_it_is_taken_back(desk: Desk) -> None:
    case_id = judged_case(desk.database)
    first = desk.order(MUTE, case_id)
    with pytest.raises(Conflict, match="ordered already"):
        desk.order(MUTE, case_id)
    desk.lift(first.id)
    assert desk.order(MUTE, case_id).id != first.id


def test_confirmation_puts_it_in_force_and_time_ends_it(desk: Desk) -> None:
    made = desk.order(MUTE, judged_case(desk.database))
    assert desk.answer(made, 1).state == "in_force"
    assert desk.clock.round(NOW + DAY_S - 1) == 0
    assert desk.clock.round(NOW + DAY_S + 1) == 1
    assert desk.state(made) == "ended"
    assert [kind for kind, _ in desk.sent()] == ["sanction.apply", "sanction.lift"]
    assert [moved.move for moved in desk.heard] == ["ordered", "in_force", "ended"]


def test_a_scheduled_one_tells_nobody_before_it_begins(desk: Desk) -> None:
    later = msgspec.structs.replace(MUTE, starts_at=NOW + DAY_S)
    made = desk.order(later, judged_case(desk.database))
    assert (made.state, desk.sent()) == ("scheduled", [])
    assert desk.clock.round(NOW + DAY_S) == 1
    assert desk.state(made) == "ordered"
    assert len(desk.sent()) == 1


def test_a_scheduled_one_is_taken_back_without_a_word_to_the_platform(desk: Desk) -> None:
    made = desk.order(msgspec.structs.replace(MUTE, starts_at=NOW + DAY_S), judged_case(desk.database))
    assert desk.lift(made.id).state == "reversed"
    assert desk.clock.round(NOW + 2 * DAY_S) == 0
    assert desk.sent() == []


def test_reversal_while_the_order_is_in_flight(desk: Desk) -> None:
    """The platform confirms the order after it was taken back: the higher revision holds."""
    made = desk.order(BAN, judged_case(desk.database))
    desk.lift(made.id)
    assert desk.answer(made, 1).state == "lifting"
    assert desk.answer(made, 2).state == "reversed"
    revisions = {kind: data["revision"] for kind, data in desk.sent()}
    assert revisions == {"sanction.apply": 1, "sanction.lift": 2}
    assert desk.answer(made, 1).state == "reversed"


def test_reversal_takes_back_strikes_content_statement_and_says_sorry(desk: Desk) -> None:
    case_id = judged_case(desk.database)
    made = desk.order(BAN, case_id)
    removal = desk.order(
        msgspec.structs.replace(BAN, target="event:e1", kind="remove_content", strikes=0, needs_second=False), case_id
    )
    with desk.database.read() as connection:
        assert counting_strikes(past_of(connection, "account:ann"), NOW) == 10
    desk.lift(made.id)
    assert desk.state(removal) == "lifting"
    with desk.database.read() as connection:
        assert counting_strikes(past_of(connection, "account:ann"), NOW) == 0
        assert in_force(connection, "account:ann") == []
        told = notices_of(connection, desk.database.vault, "account:ann")
        assert all(statement.reversed_at == NOW for statement in list_statements(connection))
    apologies = [notice.body for notice in told if notice.kind == "lifted" and notice.body]
    assert apologies
    assert all(dict(body.parts)["apology"]["zh"] for body in apologies)
    with pytest.raises(Conflict, match="lifted already"):
        desk.lift(made.id)


def test_platform_says_no(desk: Desk) -> None:
    made = desk.order(MUTE, judged_case(desk.database))
    assert desk.answer(made, 1, "refuse").state == "refused"
    with desk.database.write() as connection:
        assert [notice.kind for notice in latest_notices(connection)] == ["sanction_refused"]
        desk.answers.send_again(connection, made.id, BY, NOW)
    assert desk.state(made) == "ordered"
    assert desk.answer(made, 2).state == "in_force"
    with pytest.raises(NotFound), desk.database.write() as connection:
        desk.answers.confirm(connection, made.id, 9, "key:p", NOW)


def test_platform_says_nothing(desk: Desk) -> None:
    """Asked again ever more slowly, then given up, and staff are told once."""
    made = desk.order(msgspec.structs.replace(MUTE, length_s=30 * DAY_S), judged_case(desk.database))
    now = NOW
    for wait in ASK_AGAIN_AFTER_S:
        assert desk.clock.round(now + wait - 1) == 0
        now += wait + 1
        assert desk.clock.round(now) == 1
    assert desk.state(made) == "refused"
    assert desk.clock.round(now + 10 * DAY_S) == 0
    assert [data["revision"] for _, data in desk.sent()] == [1, 2, 3, 4]
    with desk.database.read() as connection:
        assert [notice.kind for notice in latest_notices(connection)] == ["sanction_unanswered"]
        assert [order.is_superseded for order in orders_of(connection, made.id)] == [True, True, True, False]


def test_drift_is_shown_and_ordered_again(desk: Desk) -> None:
    made = desk.order(MUTE, judged_case(desk.database))
    desk.answer(made, 1)

    def told(*theirs: InForce, now: float = NOW) -> list[tuple[str, bool]]:
        with desk.database.write() as connection:
            state = desk.answers.take_state(connection, "account:ann", theirs, "key:p", now)
        return [(difference.what, difference.is_resent) for difference in state.differences]

    mute = InForce("mute", "", NOW + DAY_S)
    assert told(mute) == []
    assert told() == [("missing", True)]
    with desk.database.read() as connection:
        assert [state.target for state in drifting(connection)] == ["account:ann"]
    assert told(InForce("mute", "", None), InForce("suspend", "", NOW + 9)) == [("end", True), ("foreign", False)]
    assert [(kind, data["revision"]) for kind, data in desk.sent()] == [("sanction.apply", n) for n in (1, 2, 3)]
    desk.lift(made.id)
    assert told(mute) == []
    desk.answer(made, 4)
    assert told(mute) == [("over", True)]
    assert desk.sent()[-1][0] == "sanction.lift"


def test_what_the_preview_shows_is_what_happens(desk: Desk) -> None:
    case_id = judged_case(desk.database)
    with desk.database.write() as connection:
        basis = need_basis(connection, case_id)
        proposal = propose_for(connection, desk.sanctions.ladder, basis, "account:ann", Weighed(), NOW)
        new = as_new(proposal, "account:ann", "p.spam")
        shown = preview(connection, new, basis, NOW)
        assert (shown.problem, shown.holds_money, shown.strikes_before) == (None, True, 0)
        made = desk.sanctions.order(connection, new, case_id, BY, NOW)
        assert (made.kind, made.strikes, made.needs_second) == ("ban", 10, True)
        assert counting_strikes(past_of(connection, "account:ann"), NOW) == shown.strikes_after
        assert made.grounds == shown.new.grounds
        again = preview(connection, new, basis, NOW)
        assert [one.id for one in again.standing] == [made.id]


def test_the_proposal_stays_temporary_where_a_person_is_missing(desk: Desk) -> None:
    case_id = judged_case(desk.database, judges=("staff:li",))
    with desk.database.read() as connection:
        basis = need_basis(connection, case_id)
        proposal = propose_for(connection, desk.sanctions.ladder, basis, "account:ann", Weighed(), NOW)
    assert (proposal.kind, proposal.length_s) == ("suspend", 180 * DAY_S)


def test_bulk_is_all_or_none(desk: Desk) -> None:
    orders = [
        (judged_case(desk.database, f"account:a{n}", number=n), msgspec.structs.replace(MUTE, target=f"account:a{n}"))
        for n in range(1, 4)
    ]
    bad = [*orders, (orders[0][0], msgspec.structs.replace(BAN, target="account:a9"))]
    with pytest.raises(Conflict), desk.database.write() as connection:
        order_bulk(connection, desk.sanctions, bad, BY, NOW)
    with desk.database.write() as connection:
        assert sanctions_of(connection, "account:a1") == []
        assert len(order_bulk(connection, desk.sanctions, orders, BY, NOW)) == 3
    with pytest.raises(InvalidRequest), desk.database.write() as connection:
        order_bulk(connection, desk.sanctions, orders * 100, BY, NOW)


def test_evidence_deleted_upstream_leaves_a_case_to_stand_on(desk: Desk) -> None:
    """A case without an event can bear a temporary sanction, and its notice does without a quotation."""
    with desk.database.write() as connection:
        new = NewCase(kind="review", queue="q", target="account:ann", category="spam")
        case_id = open_case(connection, new, "system", NOW)
    with pytest.raises(Conflict):
        desk.order(MUTE, case_id)
