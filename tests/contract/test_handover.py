"""What people do for members who asked for one, on both databases: answers arrive once, looks are written down."""

import pytest

from anlan.center.assistant.handover import Handover
from anlan.center.assistant.people import People
from anlan.domain.consultation_turns import Part
from anlan.domain.consultations import Known
from anlan.errors import Conflict, InvalidRequest, NotFound
from anlan.store import consultations as kept
from anlan.store.audit import latest_entries
from anlan.store.cases import NewCase, open_case
from anlan.store.database import Database

NOW = 1_764_547_200.0
ANN = "account:ann"


def ask(database: Database, *, shows_turns: int = 0) -> tuple[str, str]:
    """(case, talk) after ann asked for a person."""
    with database.write() as connection:
        talk = kept.add_consultation(connection, database.vault, ANN, "zh", Known(paid=True), NOW)
        talk = kept.add_turn(connection, database.vault, talk, "member", (Part("text", "member", "他要我交钱"),), NOW)
        talk = People(database.vault).ask(connection, talk, talk.known, NOW)
        kept.save_consultation(connection, database.vault, talk)
        if shows_turns:
            kept.show_turns(connection, talk.id, shows_turns)
        (request,) = kept.requests_of(connection, database.vault, talk.id)
    return request.case_id, talk.id


def said(database: Database, talk: str) -> list[tuple[str, str]]:
    with database.read() as connection:
        return [(turn.by, turn.words) for turn in kept.turns_of(connection, database.vault, talk)]


def test_an_answer_stands_in_the_talk_and_the_end_gives_it_back(database: Database) -> None:
    desk = Handover(database, "https://anlan.example")
    case, talk = ask(database)
    desk.answer(case, " 您好 ", "staff:wu", NOW + 60)
    assert said(database, talk)[-1] == ("person", "您好")
    desk.close(case, "staff:wu", NOW + 90, has_helped=True)
    with database.read() as connection:
        found = kept.find_consultation(connection, database.vault, talk, ANN)
    assert found is not None
    assert found.state == "open"
    assert [one.case.id for one in desk.waiting("open", 10)] == []
    assert [one.case.outcome for one in desk.waiting("closed", 10)] == ["grant"]
    with pytest.raises(Conflict):
        desk.answer(case, "再见", "staff:wu", NOW)
    with pytest.raises(Conflict):
        desk.close(case, "staff:wu", NOW, has_helped=True)


def test_only_what_the_member_lets_is_read_and_each_look_is_written_down(database: Database) -> None:
    desk = Handover(database, "https://anlan.example")
    closed, _ = ask(database)
    assert desk.read_talk(closed, "staff:wu") == ()
    shared, _ = ask(database, shows_turns=1)
    assert [turn.words for turn in desk.read_talk(shared, "staff:wu")] == ["他要我交钱"]
    with database.read() as connection:
        looks = [entry for entry in latest_entries(connection, 20) if entry.act == "assistance.read"]
    assert [(entry.actor, entry.subject) for entry in looks] == [("staff:wu", shared)]


def test_whoever_did_not_ask_or_deleted_the_talk_is_reached_in_a_new_one(database: Database) -> None:
    desk = Handover(database, "https://anlan.example")
    with database.write() as connection:
        new = NewCase(kind="assistance", queue="care", target=ANN, priority=1, category="self_harm")
        silent = open_case(connection, new, "system", NOW)
    deleted, talk = ask(database)
    with database.write() as connection:
        assert kept.delete_consultation(connection, talk, ANN)
    for case in (silent, deleted):
        desk.answer(case, "我在这里", "staff:wu", NOW + 60)
    with database.read() as connection:
        reached = kept.consultations_of(connection, database.vault, ANN)
    assert len(reached) == 2
    assert all(said(database, one.id) == [("person", "我在这里")] for one in reached)


@pytest.mark.parametrize("words", ["", "   ", "长" * 2001])
def test_an_answer_has_words_but_not_too_many(database: Database, words: str) -> None:
    case, talk = ask(database)
    with pytest.raises(InvalidRequest):
        Handover(database, "https://anlan.example").answer(case, words, "staff:wu", NOW)
    assert len(said(database, talk)) == 1


def test_cases_of_other_kinds_are_none_of_its_business(database: Database) -> None:
    with database.write() as connection:
        case = open_case(connection, NewCase(kind="review", queue="fraud", target=ANN, priority=2), "system", NOW)
    with pytest.raises(NotFound):
        Handover(database, "https://anlan.example").get(case)
