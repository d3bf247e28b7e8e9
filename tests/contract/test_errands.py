"""What members ask the platform to do, on both databases: told once, taken back, answered, never too much."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec
import pytest
from judged import NOON
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from anlan.center.errands import DAY_S, Errands
from anlan.domain.errands import MAX_A_DAY
from anlan.errors import Conflict, InvalidRequest, NotFound, RateLimited
from anlan.store.alerted_payments import AlertedPayment, add_payments
from anlan.store.audit import latest_entries
from anlan.store.database import Database
from anlan.store.errands import errand_about, forget_errands
from anlan.store.notices import latest_notices
from anlan.store.tables import errands, outbox

ANN, SLY = "account:ann", "account:sly"


def sent(database: Database) -> list[tuple[str, dict[str, Any]]]:
    with database.read() as connection:
        bodies = connection.execute(select(outbox.c.body).order_by(outbox.c.created_at, outbox.c.id)).scalars().all()
    return [(body["type"], body["data"]) for body in map(msgspec.json.decode, bodies)]


def test_the_platform_is_told_once_and_the_member_can_take_it_back(database: Database) -> None:
    mine = Errands(database)
    asked = mine.ask(ANN, "block", SLY, NOON)
    assert mine.ask(ANN, "block", SLY, NOON + 1) == asked
    assert sent(database) == [("member.block_asked", {"errand": asked.id, "account": ANN, "other": SLY})]
    mine.take_back(ANN, asked.id, NOON + 2)
    assert sent(database)[-1] == ("member.block_taken_back", {"errand": asked.id, "account": ANN, "other": SLY})
    with pytest.raises(Conflict):
        mine.take_back(ANN, asked.id, NOON + 3)
    again = mine.ask(ANN, "block", SLY, NOON + 4)
    assert again.id != asked.id
    assert [one.state for one in mine.of(ANN)] == ["asked", "taken_back"]
    with database.read() as connection:
        acts = [entry.act for entry in latest_entries(connection, 3)]
    assert acts == ["errand.block", "errand.take_back", "errand.block"]


def test_money_is_stopped_by_the_payments_that_may_be_meant(database: Database) -> None:
    mine = Errands(database)
    paid = [("p-sly", SLY, NOON), ("p-old", SLY, NOON - 8 * DAY_S), ("p-di", "account:di", NOON + 1)]
    with database.write() as connection:
        add_payments(connection, [
            AlertedPayment(payer=ANN, payment_id=name, own_id="alert_1", earlier_id=None, other=other,
                           amount_minor=900, currency="CNY", at=at)
            for name, other, at in paid
        ])
    mine.ask(ANN, "freeze", SLY, NOON + 60)
    kind, said = sent(database)[-1]
    assert (kind, said["other"], [one["payment_id"] for one in said["payments"]]) == (
        "payment.freeze_asked", SLY, ["p-sly"],
    )
    mine.ask(ANN, "freeze", "", NOON + 61)
    said = sent(database)[-1][1]
    assert (said["other"], [one["payment_id"] for one in said["payments"]]) == (None, ["p-di", "p-sly"])
    mine.ask("account:bob", "freeze", SLY, NOON + 62)
    assert sent(database)[-1][1]["payments"] == [], "nobody hears of another's payments"


def test_the_platform_says_what_became_of_it(database: Database) -> None:
    mine = Errands(database)
    asked = mine.ask(ANN, "freeze", SLY, NOON)
    mine.answer(asked.id, "done", "key:k1", NOON + 5)
    mine.answer(asked.id, "done", "key:k1", NOON + 6)
    with pytest.raises(Conflict):
        mine.answer(asked.id, "refused", "key:k1", NOON + 7)
    mine.take_back(ANN, asked.id, NOON + 8)
    with pytest.raises(Conflict):
        mine.answer(asked.id, "done", "key:k1", NOON + 9)
    assert [kind for kind, _ in sent(database)] == ["payment.freeze_asked", "payment.freeze_taken_back"]


def test_nobody_asks_for_another_or_about_nobody(database: Database) -> None:
    mine = Errands(database)
    asked = mine.ask(ANN, "block", SLY, NOON)
    with pytest.raises(NotFound):
        mine.take_back("account:bob", asked.id, NOON)
    for about in ("", "payee:card-9", ANN):
        with pytest.raises(InvalidRequest):
            mine.ask(ANN, "block", about, NOON)
    assert len(sent(database)) == 1


def test_staff_hear_once_of_money_about_which_nobody_says_a_word(database: Database) -> None:
    mine = Errands(database)
    silent, answered = (mine.ask(ANN, "freeze", about, NOON) for about in (SLY, "account:di"))
    mine.ask(ANN, "block", SLY, NOON)
    mine.answer(answered.id, "refused", "key:k1", NOON + 60)
    assert [mine.round(NOON + seconds) for seconds in (599, 601, 602)] == [0, 1, 0]
    with database.read() as connection:
        assert [one.subject for one in latest_notices(connection)] == [silent.id]


def test_there_is_a_most_of_a_day(database: Database) -> None:
    mine = Errands(database)
    for number in range(MAX_A_DAY["freeze"]):
        mine.ask(ANN, "freeze", f"account:sly{number}", NOON)
    with pytest.raises(RateLimited):
        mine.ask(ANN, "freeze", SLY, NOON + 1)
    assert len(mine.of(ANN)) == len(sent(database)) == MAX_A_DAY["freeze"], "what was refused is nowhere"
    mine.ask(ANN, "block", SLY, NOON + 1)
    mine.ask(ANN, "freeze", SLY, NOON + DAY_S + 1)


def test_two_windows_ask_once(database: Database) -> None:
    mine = Errands(database)
    with ThreadPoolExecutor(4) as windows:
        asked = list(windows.map(lambda _: mine.ask(ANN, "block", SLY, NOON).id, range(8)))
    assert len(set(asked)) == len(sent(database)) == 1


def test_the_database_refuses_a_second_that_stands_and_it_goes_in_time(database: Database) -> None:
    first = Errands(database).ask(ANN, "block", SLY, NOON)
    row = {"id": "errand_x", "account": ANN, "kind": "block", "about": SLY, "state": "done", "asked_at": NOON,
           "answered_at": NOON}
    with pytest.raises(IntegrityError), database.write() as connection:
        connection.execute(insert(errands), row)
    with database.write() as connection:
        assert errand_about(connection, ANN, "block", SLY) == first
        assert [forget_errands(connection, before, 10) for before in (NOON, NOON + 1)] == [0, 1]
        assert errand_about(connection, ANN, "block", SLY) is None
