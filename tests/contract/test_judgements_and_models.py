"""How judgements, models made from them and their scores in shadow are kept, on both databases."""

import msgspec
import pytest
from sqlalchemy import insert, update
from sqlalchemy.exc import IntegrityError

from anlan.domain.judgements import Given, agreed, digest_of
from anlan.domain.text_scores import Compared
from anlan.errors import Conflict, Forbidden, InvalidRequest, NotFound
from anlan.store.audit import first_break, latest_entries
from anlan.store.database import Database
from anlan.store.judgements import Judgements, forget_texts
from anlan.store.model_references import ModelReferences
from anlan.store.shadow_scores import ShadowScores, forget_scores
from anlan.store.tables import events, judgements, text_models
from anlan.store.text_models import ModelBook, TextModelRow

KEY, OTHER = "0a" * 16, "0b" * 16


@pytest.fixture
def judged(database: Database) -> Judgements:
    row = {
        "source": "im", "type": "message.sent", "type_version": 1, "time": 1.0, "received_at": 1.0, "actor": "a:b",
        "subject": None, "data": b"{}",
    }
    with database.write() as connection:
        rows = [{**row, "seq": 1, "key": KEY, "id": "1"}, {**row, "seq": 2, "key": OTHER, "id": "2"}]
        connection.execute(insert(events), rows)
    return Judgements(database)


def model(version: str, **more: object) -> TextModelRow:
    return TextModelRow(version, "candidate", 1.0, "system", "base", "f" * 64, 3, 2)._replace(**more)  # type: ignore[arg-type]


@pytest.fixture
def book(database: Database) -> ModelBook:
    made = ModelBook(database)
    made.register(model("m1"))
    made.register(model("m2", made_at=2.0))
    return made


def test_a_person_has_one_current_judgement_of_a_text_and_the_history_stays(
    judged: Judgements, database: Database
) -> None:
    assert judged.give([Given(KEY, "fraud", "page")], "staff:rui", "console") == 1
    assert judged.give([Given(KEY, "fraud", "page")], "staff:rui", "console") == 0
    assert judged.give([Given(KEY, "normal", "page", "a joke")], "staff:rui", "console") == 1
    assert judged.give([Given(KEY, "normal", "page")], "staff:an", "console") == 1
    said = judged.of(KEY)
    assert [(one.by, one.category, one.is_current) for one in said] == [
        ("staff:an", "normal", True), ("staff:rui", "normal", True), ("staff:rui", "fraud", False),
    ]
    assert agreed(said) == ("normal", 2)
    assert judged.counts() == {"normal": 2}
    with database.read() as connection:
        acts = [(entry.act, entry.actor, entry.subject) for entry in latest_entries(connection)]
        assert acts[0] == ("judgement.give", "staff:an", f"event:{KEY}")
        assert first_break(connection) is None


def test_two_who_disagree_teach_nothing(judged: Judgements) -> None:
    judged.give([Given(KEY, "fraud", "page")], "staff:rui", "console")
    judged.give([Given(KEY, "normal", "page")], "staff:an", "console")
    assert agreed(judged.of(KEY)) is None
    judged.give([Given(KEY, "fraud", "page")], "staff:mo", "console")
    assert agreed(judged.of(KEY)) == ("fraud", 2)
    assert agreed([]) is None


def test_what_cannot_be_judged_leaves_nothing_behind(judged: Judgements, database: Database) -> None:
    for wrong in (Given(KEY, "heresy", ""), Given("0c" * 16, "fraud", "")):
        with pytest.raises(InvalidRequest):
            judged.give([Given(OTHER, "fraud", ""), wrong], "staff:rui", "import")
    assert judged.current() == []
    with database.read() as connection:
        assert latest_entries(connection) == []


def test_the_database_refuses_a_second_current_judgement(judged: Judgements, database: Database) -> None:
    judged.give([Given(KEY, "fraud", "")], "staff:rui", "console")
    judged.give([Given(KEY, "abuse", "")], "staff:rui", "console")
    with pytest.raises(IntegrityError), database.write() as connection:
        connection.execute(update(judgements).values(is_current=True))


def test_a_text_without_an_event_is_known_by_its_digest_and_gone_after_its_time(
    judged: Judgements, database: Database
) -> None:
    given = Given("", "illicit_ad", "ticket 7", text="代\x00拍")
    assert judged.give([given], "import:qa", "import") == 1
    (one,) = judged.current()
    assert (one.is_event, one.text, one.subject) == (False, "代\ufffd拍", digest_of("代\ufffd拍"))
    with database.write() as connection:
        assert forget_texts(connection, one.at, 10) == 0
        assert forget_texts(connection, one.at + 1, 10) == 1
    assert judged.current()[0].text is None


def test_a_model_comes_into_force_by_a_second_person_and_goes_back(book: ModelBook, database: Database) -> None:
    with pytest.raises(Conflict, match="not in shadow"):
        book.promote("m1", "staff:zhou")
    book.shadow("m1", "staff:lin", 0.5)
    with pytest.raises(Forbidden, match="second person"):
        book.promote("m1", "staff:lin")
    book.promote("m1", "staff:zhou")
    live = book.standing("live")
    assert live
    assert (live.version, live.approved_by, live.replaced, live.share) == ("m1", "staff:zhou", "", 0.5)
    with pytest.raises(Conflict, match="in force already"):
        book.shadow("m1", "staff:lin", 0.5)
    book.shadow("m2", "staff:zhou", 1.0)
    book.promote("m2", "staff:lin")
    assert {one.version: one.state for one in book.all()} == {"m1": "retired", "m2": "live"}
    assert book.roll_back("m2", "staff:lin", "worse on jokes") == "m1"
    assert book.roll_back("m1", "staff:lin", "") == ""
    assert book.standing("live") is None
    with database.read() as connection:
        acts = [entry.act for entry in latest_entries(connection)][::-1]
        assert acts == ["model.make"] * 2 + ["model.shadow", "model.promote"] * 2 + ["model.rollback"] * 2
        assert first_break(connection) is None


def test_one_model_at_a_time_is_in_shadow_and_every_move_is_seen(book: ModelBook) -> None:
    before = book.version()
    book.shadow("m1", "staff:lin", 0.2)
    book.shadow("m2", "staff:lin", 0.2)
    assert {one.version: one.state for one in book.all()} == {"m1": "candidate", "m2": "shadow"}
    book.stop("m2", "staff:an")
    assert book.standing("shadow") is None
    assert book.version() == before + 3
    assert not book.register(model("m1"))
    for act in (lambda: book.stop("m2", "staff:an"), lambda: book.roll_back("m2", "staff:an", "")):
        with pytest.raises(Conflict):
            act()
    with pytest.raises(NotFound):
        book.shadow("m9", "staff:lin", 0.2)
    with pytest.raises(InvalidRequest):
        book.shadow("m1", "staff:lin", 0.0)


def test_going_back_never_lands_on_a_model_that_lost_its_approval(book: ModelBook) -> None:
    for version, proposer, approver in (("m1", "staff:lin", "staff:zhou"), ("m2", "staff:lin", "staff:zhou")):
        book.shadow(version, proposer, 0.2)
        book.promote(version, approver)
    book.shadow("m1", "staff:zhou", 0.2)
    assert book.roll_back("m2", "staff:an", "") == ""
    assert book.standing("live") is None


def test_the_database_itself_refuses_a_single_person(book: ModelBook, database: Database) -> None:
    one = text_models.c.version == "m1"
    for values in ({"shadowed_by": "a", "approved_by": "a"}, {"shadowed_by": "a"}, {"approved_by": "a"}):
        with pytest.raises(IntegrityError), database.write() as connection:
            connection.execute(update(text_models).where(one).values(state="live", **values))
    with pytest.raises(IntegrityError), database.write() as connection:
        connection.execute(update(text_models).values(state="shadow"))


def test_scores_in_shadow_are_kept_once_and_not_for_ever(database: Database) -> None:
    scores = ShadowScores(database)
    pair = Compared(KEY, 5.0, "message.sent", "im", (0.9, 0.1), (0.2, 0.80004))
    scores.keep("m1", "base", [pair, pair._replace(key=OTHER, time=9.0)])
    scores.keep("m1", "base", [pair._replace(new=(1.0, 0.0))])
    assert scores.read("m1") == [
        pair._replace(key=OTHER, time=9.0, new=(0.2, 0.8)), pair._replace(new=(0.2, 0.8)),
    ]
    assert [one.key for one in scores.read("m1", limit=1)] == [OTHER]
    assert scores.read("m2") == []
    with database.write() as connection:
        assert forget_scores(connection, 9.0, 10) == 1
    assert [one.key for one in scores.read("m1")] == [OTHER]


def test_a_reference_is_begun_once_and_completed_once(database: Database) -> None:
    references = ModelReferences(database)
    assert references.see("m1", 5.0) == (5.0, None, None)
    assert references.see("m1", 9.0).since == 5.0
    references.complete("m1", 12.0, msgspec.json.encode([1]))
    references.complete("m1", 13.0, b"[]")
    assert references.see("m1", 20.0) == (5.0, 12.0, b"[1]")
