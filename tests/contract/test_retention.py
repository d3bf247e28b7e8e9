"""When its time is over, a personal value is nowhere in the store any more."""

import json

from judged import CATALOGUE, MUTE, NOON, Judged, decide, event, judged
from sqlalchemy import func, select

from anlan.domain.facts import Fact
from anlan.store import outbox, retention
from anlan.store.database import Database
from anlan.store.journal import Journal
from anlan.store.refused import Refusal, keep_refused
from anlan.store.retention import Gone, RetentionDays, apply
from anlan.store.tables import events, facts
from anlan.store.tables import outbox as messages
from anlan.store.vault import Codec

DAY = 86_400.0
POLICY = RetentionDays(personal_days=180, refused_days=30, delivered_days=30)


def run(database: Database, now: float) -> Gone:
    return apply(database, POLICY, now, CATALOGUE.types)


def registered(number: int) -> Judged:
    happened = event(
        number, "account.registered", account="ann", phone="+8613800138000", nickname="Ann", device="d1", extra="e"
    )
    return Judged(happened, decide(happened), NOON + number)


def stored(database: Database) -> list[dict[str, object]]:
    with database.read() as connection:
        return [json.loads(data) for data in connection.execute(select(events.c.data).order_by(events.c.seq)).scalars()]


def test_personal_fields_go_after_their_days_and_the_others_stay(database: Database) -> None:
    journal = Journal(database, Codec(database.vault))
    journal.commit([judged(1), registered(2)])
    assert run(database, NOON + 179 * DAY).events == 0
    assert run(database, NOON + 181 * DAY).events == 2
    assert stored(database) == [{"sender": "ann", "recipient": "bob"}, {"account": "ann", "device": "d1"}]
    assert run(database, NOON + 182 * DAY).events == 0, "what is done is not done again"


def test_only_what_is_old_goes_however_many_batches_it_takes(database: Database) -> None:
    journal, old = Journal(database, Codec(database.vault)), retention.BATCH_ROWS + 7
    journal.commit([judged(number) for number in range(old)])
    young = [Judged(event(number), decide(event(number)), NOON + 100 * DAY) for number in range(old, old + 5)]
    journal.commit(young)
    assert run(database, NOON + 181 * DAY).events == old
    assert ["text" in data for data in stored(database)] == [False] * old + [True] * 5
    assert run(database, NOON + 281 * DAY).events == 5


def test_a_clock_that_jumped_ahead_does_not_keep_what_came_after(database: Database) -> None:
    jumped = Judged(event(2), decide(event(2)), NOON + 10_000 * DAY)
    Journal(database, Codec(database.vault)).commit([judged(1), jumped, judged(3)])
    assert run(database, NOON + 181 * DAY).events == 3


def test_personal_facts_go_and_internal_ones_stay(database: Database) -> None:
    known = tuple(
        Fact("account:ann", privacy, since, "v", privacy)
        for privacy in ("public", "internal", "personal", "sensitive")
        for since in (NOON, NOON + 100 * DAY)
    )
    Journal(database, Codec(database.vault)).commit([judged(1, facts=known)])
    assert run(database, NOON + 181 * DAY).facts == 2
    with database.read() as connection:
        left = connection.execute(select(facts.c.field, func.count()).group_by(facts.c.field)).all()
    assert {tuple(row) for row in left} == {("public", 2), ("internal", 2), ("personal", 1), ("sensitive", 1)}


def test_refusals_go_and_messages_only_once_nobody_waits_for_them(database: Database) -> None:
    journal = Journal(database, Codec(database.vault))
    refusals = [
        Refusal(received_at=at, reason="malformed", detail="not JSON", api_key=None, body=b"{")
        for at in (NOON, NOON + 20 * DAY)
    ]
    journal.commit([judged(1, "block", (MUTE,))])
    with database.write() as connection:
        keep_refused(connection, refusals)
        connection.execute(messages.update().values(created_at=NOON))
    assert run(database, NOON + 31 * DAY) == Gone(events=0, facts=0, refused=1, messages=0, sessions=0)
    with database.write() as connection:
        outbox.route(connection, NOON)
    assert run(database, NOON + 31 * DAY).messages == 1
