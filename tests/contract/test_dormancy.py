"""What is kept only while a member is there: how old minors are and what they wished for; and what goes anyhow."""

import msgspec
from appealed import ANN, AppealDesk
from judged import CATALOGUE, NOON, decide
from sqlalchemy import select
from transferred import Purse

from anlan.domain.alerts import QuietHours
from anlan.domain.care_cards import MINOR_FOR_S
from anlan.domain.decisions import Judged
from anlan.domain.facts import Fact
from anlan.store.alerts import keep_quiet_hours, quiet_hours_of
from anlan.store.care_cards import age_bands
from anlan.store.database import Database
from anlan.store.journal import Journal
from anlan.store.member_notices import notices_of
from anlan.store.retention import Gone, RetentionDays, apply
from anlan.store.tables import sanctions, transfer_pauses, transfers
from anlan.store.vault import Codec

DAY, YEAR = 86_400.0, 365.25 * 86_400.0
BOB = "account:bob"


def run(database: Database, days: float) -> Gone:
    return apply(database, RetentionDays(personal_days=180), NOON + days * DAY, CATALOGUE.types)


def acts(database: Database, number: int, days: float, who: str = "ann", **ages: str) -> None:
    """Somebody does something, and the platform says how old they are where `ages` has it, by account."""
    envelope = {
        "specversion": "1.0", "id": f"e{number}", "source": "im", "type": "message.sent",
        "data": {"sender": who, "recipient": "cleo", "text": "hello"},
    }
    happened = CATALOGUE.decode(msgspec.json.encode(envelope), NOON + days * DAY)
    said = tuple(Fact(name, "age_band", NOON + days * DAY, band, "sensitive") for name, band in ages.items())
    Journal(database, Codec(database.vault)).commit([Judged(happened, decide(happened), NOON + days * DAY, facts=said)])


def known(database: Database) -> dict[str, str]:
    with database.read() as connection:
        return age_bands(connection, Codec(database.vault), [ANN, BOB])


def test_the_age_of_a_minor_stays_while_they_are_there(database: Database) -> None:
    acts(database, 1, 0, **{ANN: "16_to_17", BOB: "16_to_17"})
    acts(database, 2, 170)
    run(database, 181)
    assert known(database) == {ANN: "16_to_17"}, "nothing was heard of the other for 180 days"
    run(database, 351)
    assert known(database) == {}


def test_it_stays_no_longer_than_anybody_of_the_band_may_be_a_minor(database: Database) -> None:
    acts(database, 1, 0, **{ANN: "16_to_17", BOB: "12_to_15"})
    end = MINOR_FOR_S["16_to_17"] / DAY
    assert end == 2 * YEAR / DAY
    for number, who in enumerate(("ann", "bob"), 2):
        acts(database, number, end - 10, who)
    run(database, end - 1)
    assert known(database) == {ANN: "16_to_17", BOB: "12_to_15"}
    run(database, end + 1)
    assert known(database) == {BOB: "12_to_15"}


def test_only_the_last_word_counts_and_that_of_an_adult_goes_in_time(database: Database) -> None:
    acts(database, 1, 0, **{ANN: "12_to_15", BOB: "16_to_17"})
    acts(database, 2, 20, **{ANN: "16_to_17"})
    acts(database, 3, 30, "bob", **{BOB: "adult"})
    acts(database, 4, 390, "bob")
    acts(database, 5, 390)
    assert run(database, 195).absent == 2, "what was said before"
    assert known(database) == {ANN: "16_to_17", BOB: "adult"}
    run(database, 400)
    assert known(database) == {ANN: "16_to_17"}, "who has grown up does not become a minor again"


def test_quiet_hours_go_with_whoever_set_them(database: Database) -> None:
    for number, who in enumerate((ANN, BOB), 1):
        acts(database, number, 0, who.removeprefix("account:"))
        with database.write() as connection:
            keep_quiet_hours(connection, who, QuietHours(0, 60), NOON)
    acts(database, 3, 100)
    run(database, 181)
    with database.read() as connection:
        assert set(quiet_hours_of(connection, [ANN, BOB])) == {ANN}


def test_a_payment_that_waited_goes_whole(database: Database) -> None:
    purse = Purse(database)
    paused = purse.pause("pay-1", is_warned=True)
    purse.transfers.stop(paused.id, NOON + 10, payer=ANN)
    run(database, 179)
    with database.read() as connection:
        assert connection.execute(select(transfers.c.amount_minor)).scalars().all() == [200_000]
    assert run(database, 181).transfers == 1
    with database.read() as connection:
        assert connection.execute(select(transfers)).all() == connection.execute(select(transfer_pauses)).all() == []


def test_the_words_of_a_notice_go_once_what_they_explain_is_over(database: Database) -> None:
    desk = AppealDesk(database)
    desk.sanction()
    with database.read() as connection:
        told = notices_of(connection, database.vault, ANN)[0]
    apply(database, RetentionDays(), told.at + 5_000 * DAY, CATALOGUE.types)
    with database.write() as connection:
        assert notices_of(connection, database.vault, ANN)[0].body == told.body, "a ban is not over"
        connection.execute(sanctions.update().values(state="reversed", lifted_at=told.at + 9 * DAY, lifted_by="staff:x",
                                                     lift_reason="words"))
    apply(database, RetentionDays(), told.at + 188 * DAY, CATALOGUE.types)
    with database.read() as connection:
        assert notices_of(connection, database.vault, ANN)[0].body == told.body
    assert apply(database, RetentionDays(), told.at + 190 * DAY, CATALOGUE.types).notices == 1
    with database.read() as connection:
        assert notices_of(connection, database.vault, ANN)[0].body is None
