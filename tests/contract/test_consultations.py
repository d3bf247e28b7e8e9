"""Talks with the assistant, on both databases: sealed, one's own, gone when deleted, handed over once, asked again."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec
import pytest
from alerted import AlertDesk, alert_to
from consulted import ANN, DAY_S, TalkDesk
from housed import count
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from anlan.center.assistant.people import MAX_WAITING
from anlan.center.assistant.talks import MEMBER_TURNS_1H
from anlan.domain.consultations import FOLLOW_UP_S
from anlan.domain.facts import Fact
from anlan.errors import InvalidReport, InvalidRequest, NotFound, RateLimited
from anlan.store import consultations as kept
from anlan.store.cases import NewCase, close_case, list_cases, open_case
from anlan.store.database import Database
from anlan.store.errands import errands_of
from anlan.store.reports import reports_by
from anlan.store.tables import (
    assistance_requests,
    consultation_hours,
    consultation_turns,
    consultations,
    facts,
    outbox,
)
from anlan.store.vault import Codec

LIKELY = "Somebody says I won a prize and must pay a fee first"
SECRET = "my code is 482913"


@pytest.fixture
def desk(database: Database) -> TalkDesk:
    return TalkDesk(database)


def everything_stored(database: Database) -> bytes:
    """Every byte of the tables of this part."""
    rows: list[Any] = []
    with database.read() as connection:
        for table in (consultations, consultation_turns, assistance_requests, consultation_hours):
            rows += connection.execute(select(table)).all()
    return b"|".join(bytes(value) if isinstance(value, bytes | memoryview) else str(value).encode()
                     for row in rows for value in row)


def test_a_talk_is_answered_kept_sealed_and_no_secret_is_kept_at_all(desk: TalkDesk) -> None:
    talk_id = desk.begin()
    said = desk.hear(talk_id, LIKELY)
    assert "very likely" in said
    assert "“prize”" in said
    assert "96110" in said
    desk.hear(talk_id, SECRET)
    stored = everything_stored(desk.database)
    assert not any(words in stored for words in (b"prize", b"482913", b"coupon"))
    talk, turns = desk.assistant.look(ANN, talk_id)
    assert [turn.by for turn in turns] == ["assistant", "member", "assistant", "member", "assistant"]
    assert talk.known.scenario == "coupon"
    assert "482913" not in turns[3].words
    assert "covered it" in turns[4].words


def test_what_is_read_as_another_matter_is_declined_without_a_cue_for_it(desk: TalkDesk) -> None:
    talk_id = desk.begin()
    assert "I cannot help with that" in desk.hear(talk_id, "I do love knitting scarves for the winter")
    assert "very likely" in desk.hear(talk_id, LIKELY)


def test_a_talk_is_nobody_elses(desk: TalkDesk) -> None:
    talk_id, bob = desk.begin(), "account:bob"
    for act in (
        lambda: desk.assistant.look(bob, talk_id), lambda: desk.hear(talk_id, LIKELY, bob),
        lambda: desk.assistant.delete(bob, talk_id), lambda: desk.assistant.grounds(bob, talk_id, "en"),
        lambda: desk.acts.ask_person(bob, talk_id, "en", 1_000.0, shows_talk=True),
        lambda: desk.acts.protect(bob, talk_id, "en", 1_000.0),
    ):
        with pytest.raises(NotFound):
            act()
    assert desk.alarm.given == []
    assert desk.assistant.talks_of(bob) == []


def test_money_that_is_gone_can_be_stopped_by_one_press(desk: TalkDesk) -> None:
    talk_id = desk.begin()
    told = "I won a prize, he wants a fee first. I have paid the 300 already."
    said = desk.assistant.hear(ANN, talk_id, told, "en", 1_000.0)
    assert said.turns[-1].offers[0] == "freeze"
    done = desk.acts.take(ANN, talk_id, "freeze", "en", 1_001.0)
    assert "payment team" in done.turns[-1].words
    assert "freeze" in done.talk.known.done
    with desk.database.read() as connection:
        assert [(one.kind, one.about) for one in errands_of(connection, ANN)] == [("freeze", "")]
    again = desk.assistant.hear(ANN, talk_id, "what do I do now", "en", 1_002.0).turns[-1]
    assert "freeze" not in again.offers


def test_deleting_leaves_nothing_of_what_was_said(desk: TalkDesk) -> None:
    talk_id = desk.begin()
    desk.hear(talk_id, LIKELY)
    desk.acts.ask_person(ANN, talk_id, "en", 1_000.0, shows_talk=True)
    other = desk.begin()
    desk.assistant.delete(ANN, talk_id)
    with desk.database.read() as connection:
        request = connection.execute(select(assistance_requests)).one()
        turns = connection.execute(select(consultation_turns.c.consultation_id)).scalars().all()
        assert connection.execute(select(consultations.c.id)).scalars().all() == [other]
        assert kept.find_request(connection, desk.database.vault, request.case_id).summary is None  # type: ignore[union-attr]
        assert len(list_cases(connection)) == 1
    assert (request.sealed, request.shows_turns) == (None, 0)
    assert set(turns) == {other}
    with pytest.raises(NotFound):
        desk.assistant.delete(ANN, talk_id)


def test_what_nobody_spoke_in_for_long_is_forgotten(desk: TalkDesk) -> None:
    old, young = desk.begin(now=0.0), desk.begin(now=100 * DAY_S)
    with desk.database.write() as connection:
        assert kept.forget_consultations(connection, 10 * DAY_S, 10, 100 * DAY_S) == 1
        assert kept.forget_consultations(connection, 10 * DAY_S, 10, 100 * DAY_S) == 0
    assert [talk.id for talk in desk.assistant.talks_of(ANN)] == [young]
    assert old != young
    assert count(desk.database, consultation_hours) == 1


def test_a_person_is_called_once_with_a_summary_and_reads_the_talk_only_if_the_member_agrees(desk: TalkDesk) -> None:
    talk_id = desk.begin()
    desk.hear(talk_id, LIKELY)
    desk.hear(talk_id, "yes, I paid 300 dollars")
    desk.acts.ask_person(ANN, talk_id, "en", 1_000.0, shows_talk=False)
    desk.acts.ask_person(ANN, talk_id, "en", 1_001.0, shows_talk=False)
    with desk.database.read() as connection:
        (case,) = list_cases(connection)
        request = kept.find_request(connection, desk.database.vault, case.id)
    assert (case.kind, case.queue, case.priority, case.target) == ("assistance", "assistance", 2, ANN)
    assert request is not None
    assert request.shows_turns == 0
    assert request.summary is not None
    assert (request.summary.scenario, request.summary.paid) == ("coupon", True)
    assert "300" not in str(msgspec.to_builtins(request.summary))
    desk.acts.ask_person(ANN, talk_id, "en", 1_002.0, shows_talk=True)
    with desk.database.read() as connection:
        request = kept.find_request(connection, desk.database.vault, case.id)
        assert request is not None
        assert kept.turns_of(connection, desk.database.vault, talk_id, request.shows_turns)


def test_one_member_does_not_bury_the_others(desk: TalkDesk) -> None:
    for _ in range(MAX_WAITING + 2):
        talk_id = desk.begin()
        desk.acts.ask_person(ANN, talk_id, "en", 1_000.0, shows_talk=False)
        desk.hear(talk_id, "I lost everything and I want to die")
    with desk.database.read() as connection:
        waiting = list_cases(connection)
    assert [case.queue for case in waiting].count("care") == MAX_WAITING
    assert len(waiting) == 2 * MAX_WAITING
    with desk.database.write() as connection:
        close_case(connection, waiting[0].id, "grant", 1_000.0)
    desk.hear(desk.begin(), "I lost everything and I want to die")
    with desk.database.read() as connection:
        assert len(list_cases(connection)) == 2 * MAX_WAITING, "whoever was answered can call again"


def test_despair_calls_a_person_at_once_even_where_one_was_called_before(desk: TalkDesk) -> None:
    talk_id = desk.begin()
    desk.acts.ask_person(ANN, talk_id, "en", 1_000.0, shows_talk=False)
    said = desk.hear(talk_id, "I lost everything and I want to die")
    desk.hear(talk_id, "there is no reason to live")
    assert "12356" in said
    assert "96110" not in said
    with desk.database.read() as connection:
        urgent, usual = list_cases(connection)
    desk.acts.ask_person(ANN, talk_id, "en", 1_003.0, shows_talk=True)
    with desk.database.read() as connection:
        assert len(list_cases(connection)) == 2
        request = kept.find_request(connection, desk.database.vault, urgent.id)
    assert request is not None
    assert request.is_urgent
    assert request.shows_turns > 0
    assert (urgent.queue, urgent.priority, urgent.category) == ("care", 1, "self_harm")
    assert usual.queue == "assistance"


def test_the_database_refuses_a_second_request_of_the_same_talk(desk: TalkDesk) -> None:
    talk_id = desk.begin()
    desk.acts.ask_person(ANN, talk_id, "en", 1_000.0, shows_talk=False)
    with desk.database.write() as connection:
        (request,) = kept.requests_of(connection, desk.database.vault, talk_id)
        second = open_case(connection, NewCase(kind="assistance", queue="assistance", target=ANN), ANN, 1_000.0)
    with pytest.raises(IntegrityError), desk.database.write() as connection:
        kept.add_request(connection, desk.database.vault, msgspec.structs.replace(request, case_id=second))


def test_a_talk_from_an_alert_knows_what_it_warned_of_and_reports_whom_it_was_about(desk: TalkDesk) -> None:
    bob = "account:bob"
    warned = AlertDesk(desk.database)
    (alert,) = warned.warn(alert_to("bob"))
    spoken = desk.assistant.open(bob, "en", 1_000.0, alert.id)
    assert "You were warned" in spoken.turns[0].words
    assert spoken.turns[0].parts[1].source == "coupon@3"
    assert desk.assistant.open(bob, "en", 1_001.0, alert.id).talk.id == spoken.talk.id
    with pytest.raises(NotFound):
        desk.assistant.open(ANN, "en", 1_000.0, alert.id)
    assert "bank" in desk.hear(spoken.talk.id, "yes, I did", bob)
    assert "We have your report" in desk.acts.report(bob, spoken.talk.id, "en", 1_002.0).turns[-1].words
    with desk.database.read() as connection:
        (report,) = reports_by(connection, bob)
    assert (report.subject, report.reason) == (alert.other, "fraud")
    with pytest.raises(InvalidReport):
        desk.acts.report(ANN, desk.begin(), "en", 1_000.0)


def test_protecting_the_account_gives_the_alarm(desk: TalkDesk) -> None:
    talk_id = desk.begin()
    assert "protect" in desk.assistant.hear(ANN, talk_id, "I told him the code", "en", 1_000.0).turns[-1].offers
    assert "Your account is protected" in desk.acts.protect(ANN, talk_id, "en", 1_001.0).turns[-1].words
    assert desk.alarm.given == [ANN]


def test_minors_read_simpler_words_and_their_own_line(desk: TalkDesk) -> None:
    fact = Fact(ANN, "age_band", 0.0, "12_to_15", "sensitive")
    row = {"entity": ANN, "field": fact.field, "since": 0.0, "value": Codec(desk.database.vault).seal_value(fact),
           "privacy": fact.privacy, "event_seq": 0}
    with desk.database.write() as connection:
        connection.execute(insert(facts), row)
    said = desk.hear(desk.begin(language="zh"), "有人说我中奖了，要先交手续费", language="zh")
    assert "12355" in said


def test_members_take_turns_however_many_windows_speak(desk: TalkDesk) -> None:
    talk_id = desk.begin()
    with ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(lambda number: desk.hear(talk_id, f"They want money, number {number}"), range(3)))
    assert len(answers) == 3
    _, turns = desk.assistant.look(ANN, talk_id)
    assert [turn.ordinal for turn in turns] == list(range(1, 8))
    assert [turn.by for turn in turns[1:]] == ["member", "assistant"] * 3


def test_who_speaks_without_end_is_asked_to_come_back(desk: TalkDesk) -> None:
    with desk.database.write() as connection:
        allowed = [kept.count_turn(connection, ANN, MEMBER_TURNS_1H, 7_200.0) for _ in range(MEMBER_TURNS_1H + 1)]
    assert allowed == [True] * MEMBER_TURNS_1H + [False]
    with pytest.raises(RateLimited):
        desk.begin(now=7_300.0)
    talk_id = desk.begin(now=10_800.0)
    with pytest.raises(InvalidRequest):
        desk.hear(talk_id, "  ")


def test_the_next_day_is_asked_about_once_and_only_where_something_was_at_stake(desk: TalkDesk) -> None:
    idle, serious, declined = desk.begin(), desk.begin(), desk.begin()
    desk.hear(idle, "hello")
    desk.hear(serious, LIKELY)
    desk.hear(declined, LIKELY)
    desk.acts.drop_follow_up(ANN, declined, "en", 1_000.0)
    assert desk.acts.round(1_000.0 + FOLLOW_UP_S - 1) == 0
    assert desk.acts.round(1_000.0 + FOLLOW_UP_S) == 1
    assert desk.acts.round(1_000.0 + 3 * FOLLOW_UP_S) == 0
    with desk.database.read() as connection:
        bodies = connection.execute(select(outbox.c.body).where(outbox.c.kind == "consultation.follow_up")).scalars()
        (body,) = (bytes(one).decode() for one in bodies)
    assert f"/me/assistant/{serious}" in body
    assert "coupon" not in body
    assert "glad" in [part.name for part in desk.assistant.hear(
        ANN, serious, "All good, I blocked them", "en", 2_000.0 + FOLLOW_UP_S).turns[-1].parts]
    assert desk.acts.round(1_000.0 + 9 * FOLLOW_UP_S) == 0
