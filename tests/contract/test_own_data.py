"""What members may have of their own data, on both databases: who looked, how often it is fetched, no one else's."""

import msgspec
import pytest
from appealed import ANN, AppealDesk
from judged import NOON, decide, event
from transferred import LONG, Purse

from anlan import clock
from anlan.center.own_data import DOWNLOADS_A_DAY, OwnData
from anlan.center.own_parts import PARTS
from anlan.domain.consultation_turns import Part
from anlan.domain.consultations import Known
from anlan.domain.decisions import Judged
from anlan.domain.events import CATALOGUE
from anlan.domain.keys import event_key
from anlan.domain.privacy import LATER_S, LOOKS
from anlan.domain.transfers import Reason
from anlan.errors import RateLimited
from anlan.store import consultations
from anlan.store.audit import note
from anlan.store.database import Database
from anlan.store.entrances import spend_entrance
from anlan.store.looks import looks_at
from anlan.store.retention import RetentionDays
from anlan.web.languages import CODES


def own_data(database: Database) -> OwnData:
    return OwnData(database, CATALOGUE, RetentionDays(personal_days=30.0))


def test_a_way_in_is_used_once(database: Database) -> None:
    with database.write() as connection:
        assert spend_entrance(connection, "state", 100.0, now=50.0)
        assert not spend_entrance(connection, "state", 100.0, now=99.0)
        assert spend_entrance(connection, "other", 200.0, now=101.0)
        assert spend_entrance(connection, "state", 300.0, now=102.0), "forgotten when it is over of itself"


def test_looks_at_what_one_did_are_told_later_and_at_what_one_handed_in_at_once(database: Database) -> None:
    desk, now = AppealDesk(database), clock.now()
    appeal = desk.file(desk.sanction())
    mine = event(70, sender="ann", recipient="bob", text="hello")
    theirs = event(71, sender="bob", recipient="ann", text="hello")
    Purse(database).commit(*(Judged(one, decide(one), now) for one in (mine, theirs)))
    with database.write() as connection:
        for act, subject in (
            ("decision.personal", f"event:{event_key('im', 'e70')}"), ("decision.personal", "event:nonsense"),
            ("decision.personal", f"event:{event_key('im', 'e71')}"), ("account.personal", "account:bob"),
            ("appeal.read", appeal.id), ("appeal.read", "appl_of_another"), ("case.look", appeal.case_id),
        ):
            note(connection, "key:k1", act, subject, {})
    found = own_data(database).look(ANN, now + 1).looks
    assert [(one.act, one.by) for one in found] == [("case.look", "platform"), ("appeal.read", "platform")]
    later = own_data(database).look(ANN, now + LATER_S + 60).looks
    assert [one.act for one in later] == ["case.look", "appeal.read", "decision.personal"]
    with database.read() as connection:
        assert looks_at(connection, "account:nobody", [], now + LATER_S + 60) == []


def test_the_download_is_one_object_with_every_part(database: Database) -> None:
    desk, now = AppealDesk(database), clock.now()
    desk.file(desk.sanction())
    purse = Purse(database)
    reason = Reason(code="family", words=LONG)
    purse.transfers.release(purse.pause("pay-1", is_warned=True).id, reason, NOON + 10, payer=ANN)
    found = msgspec.json.decode(b"".join(own_data(database).download(ANN, now)))
    assert list(found) == ["account", "made_at", *(part.name for part in PARTS), "looks"]
    assert [len(found[name]) for name in ("appeals", "sanctions", "transfers", "alerts")] == [1, 1, 1, 1]
    assert found["appeals"][0]["words"]
    assert found["transfers"][0]["words"] == LONG
    text = msgspec.json.encode(found).decode()
    for private in ("staff:", "judged_by", "quieted", "event_seq"):
        assert private not in text, private
    nobody = msgspec.json.decode(b"".join(own_data(database).download("account:nobody", now)))
    assert all(nobody[part.name] == [] for part in PARTS)


def test_what_was_said_is_handed_over_and_not_read_only_to_be_counted(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database.write() as connection:
        talk = consultations.add_consultation(connection, database.vault, ANN, "zh", Known(), 1.0)
        said = (Part("text", "member", "他要我交钱"),)
        talk = consultations.add_turn(connection, database.vault, talk, "member", said, 2.0)
        consultations.save_consultation(connection, database.vault, talk)
    found = msgspec.json.decode(b"".join(own_data(database).download(ANN, clock.now())))
    assert found["consultations"][0]["turns"][0]["parts"][0]["text"] == "他要我交钱"
    monkeypatch.delattr(consultations, "turns_of")
    counts = {one.part.name: one.count for one in own_data(database).look(ANN, clock.now()).parts}
    assert counts["consultations"] == 1


def test_it_is_fetched_a_few_times_a_day(database: Database) -> None:
    mine, now = own_data(database), clock.now()
    for _ in range(DOWNLOADS_A_DAY):
        assert list(mine.download(ANN, now))
    with pytest.raises(RateLimited):
        mine.download(ANN, now)
    assert list(mine.download("account:bob", now)), "others are not kept from theirs"
    assert list(mine.download(ANN, now + 2 * 86_400.0))


def test_every_part_and_look_says_it_in_both_languages(database: Database) -> None:
    days = {one.part.name: one.days for one in own_data(database).look(ANN, clock.now()).parts}
    assert (days["sign_ins"], days["consultations"], days["cards"], days["sanctions"]) == (30.0, 90.0, 90.0, None)
    told = [words for part in PARTS for words in (part.title, part.purpose)] + [look.title for look in LOOKS.values()]
    assert all(set(words) == set(CODES) and all(words.values()) for words in told)
