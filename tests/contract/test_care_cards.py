"""Care cards on both databases: only minors see one, once and in measure; a person comes where a life is at risk."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from cared import NOW, CareDesk, card_for
from judged import NOON
from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError

from anlan.center.card_file import load_cards
from anlan.center.care_cards import QUEUE, CareCards
from anlan.domain.care_cards import CARD_ANSWERS, DAY_S, FRESH_S, MAX_A_DAY, SMALLEST_COUNT, told_count
from anlan.errors import NotFound
from anlan.store import automatic
from anlan.store import care_cards as rows
from anlan.store.care_cards import KEPT_S
from anlan.store.cases import list_cases
from anlan.store.database import Database
from anlan.store.tables import care_card_answers, care_cards, cases, decisions, facts, outbox

SELF_HARM = ("self_harm", "care.self_harm_words")


@pytest.fixture
def desk(database: Database) -> CareDesk:
    made = CareDesk(database)
    made.know(kim="12_to_15", lee="under_12", pat="16_to_17", ann="adult")
    return made


def test_only_a_minor_is_shown_the_card_and_the_platform_is_told_no_age(desk: CareDesk) -> None:
    card, = desk.show(card_for("kim"))
    assert (card.account, card.theme, card.state, card.version) == ("account:kim", "bullying", "shown", 1)
    assert desk.show(card_for("ann"), card_for("nobody_told"), card_for("kim", "no_such_theme")) == []
    told, = desk.sent()
    assert told["card"] == card.id
    assert told["link"] == f"https://safe.example/me/cards/{card.id}"
    assert set(told["says"]) == {"under_12", "12_to_15", "16_to_17"}
    assert "band" not in told


def test_no_age_stands_in_the_store_but_sealed_and_decisions_are_alike(desk: CareDesk) -> None:
    desk.show(card_for("kim"))
    desk.show(card_for("ann"))
    with desk.database.read() as connection:
        query = select(decisions.c.body).order_by(decisions.c.event_seq)
        bodies = [bytes(body) for body in connection.execute(query).scalars()]
        values = [*connection.execute(select(facts.c.value).where(facts.c.field == "age_band")).scalars()]
        kept = [str(row).encode() for row in connection.execute(select(care_cards))]
    assert values
    words = [*bodies, *map(bytes, values), *kept]
    assert not [text for text in words if any(b in text for b in (b"under_12", b"12_to_15", b"16_to_17", b"adult"))]
    of_child, of_adult = (body.split(b'"findings"')[1] for body in bodies[-2:])
    assert b"account:kim" in of_child
    assert of_child.replace(b"kim", b"ann") == of_adult


def test_each_event_shows_one_card_to_a_reader_however_often_and_by_whom_it_is_looked_at(desk: CareDesk) -> None:
    desk.journal.commit([
        desk.order(card_for("kim", "threat"), card_for("kim", "doxxing"), card_for("lee"), at=NOW),
        desk.order(card_for("pat"), at=NOW),
    ])
    others = [CareCards(desk.database, desk.codec, load_cards(), "https://safe.example") for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(lambda one: one.take_in(NOW), others)) == 3
        assert sum(pool.map(lambda one: one.take_in(NOW + 1), others)) == 0
    assert desk.cards.take_in(NOW + 2) == 0
    assert len(desk.sent()) == 3


def test_one_call_reaches_the_journals_end_however_much_was_left(
    desk: CareDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(automatic, "STEP_EVENTS", 2)
    desk.journal.commit([desk.order(card_for("kim"), at=NOW)] + [desk.order(at=NOW) for _ in range(6)])
    desk.journal.commit([desk.order(card_for("lee", "threat"), at=NOW)])
    desk.cards.take_in(NOW)
    assert [one.account for one in desk.all()] == ["account:kim", "account:lee"]


def test_the_database_refuses_a_second_card_of_the_same_event_and_words_that_are_not_ours(desk: CareDesk) -> None:
    card, = desk.show(card_for("kim"))
    for change in ({"id": "other"}, {"id": "other", "event_seq": 99, "state": "perhaps"}):
        row = {name: getattr(card, name) for name in card.__struct_fields__} | change
        with pytest.raises(IntegrityError), desk.database.write() as connection:
            connection.execute(insert(care_cards), row)
    with pytest.raises(IntegrityError), desk.database.write() as connection:
        connection.execute(insert(care_card_answers), {"card_id": card.id, "answer": "angry", "at": NOW})


def test_cards_are_few_and_timely_and_a_theme_comes_once_a_week(desk: CareDesk) -> None:
    assert desk.show(card_for("kim"), at=NOW - FRESH_S - 1)[0].state == "held"
    themes = ["threat", "doxxing", "rumour", "dare"]
    states = [desk.show(card_for("kim", theme), now=NOW + place)[0].state for place, theme in enumerate(themes)]
    assert states == ["shown"] * MAX_A_DAY + ["held"] * (len(themes) - MAX_A_DAY)
    assert desk.show(card_for("kim", *SELF_HARM))[0].state == "shown", "a full day keeps no such card back"
    assert desk.show(card_for("kim", "threat"), now=NOW + 3 * DAY_S)[0].state == "held"
    assert desk.show(card_for("kim", "threat"), now=NOW + 8 * DAY_S)[0].state == "shown"
    assert desk.show(card_for("lee", "threat"))[0].state == "shown"


def _people(desk: CareDesk) -> list[tuple[str, str, int]]:
    with desk.database.read() as connection:
        return sorted((one.target, one.kind, one.priority) for one in list_cases(connection, queue=QUEUE))


def test_words_of_not_wanting_to_live_call_a_person_for_anybody_and_punish_nobody(desk: CareDesk) -> None:
    first, = desk.show(card_for("kim", *SELF_HARM))
    assert first.state == "shown"
    assert desk.show(card_for("ann", *SELF_HARM), at=NOW - DAY_S) == [], "help comes for an adult, and late too"
    assert _people(desk) == [("account:ann", "assistance", 1), ("account:kim", "assistance", 1)]
    with desk.database.read() as connection:
        assert set(connection.execute(select(outbox.c.kind)).scalars()) == {"care_card.shown"}
    assert CareCards(desk.database, desk.codec, load_cards(), "https://safe.example").take_in(NOW + 9) == 0
    assert desk.show(card_for("kim", *SELF_HARM), now=NOW + 60)[0].state == "held"
    assert desk.show(card_for("kim", *SELF_HARM), now=NOW + 30 * DAY_S)[0].state == "held"
    assert len(_people(desk)) == 2
    with desk.database.write() as connection:
        closed = update(cases).where(cases.c.id == first.case_id)
        connection.execute(closed.values(state="closed", outcome="grant", closed_at=NOW + 31 * DAY_S))
    again, = desk.show(card_for("kim", *SELF_HARM), now=NOW + 31 * DAY_S + 9)
    assert again.state == "shown", "the person has been there"
    assert again.case_id != first.case_id


def test_only_its_reader_opens_a_card_and_answers_count_once(desk: CareDesk) -> None:
    card, = desk.show(card_for("pat"))
    for act in (lambda: desk.cards.open("account:lee", card.id, NOW),
                lambda: desk.cards.answer("account:lee", card.id, "helpful", NOW)):
        with pytest.raises(NotFound):
            act()
    assert desk.cards.open("account:pat", card.id, NOW)[1:] == ([], "16_to_17")
    for answer in ("helpful", "helpful", "talk"):
        desk.cards.answer("account:pat", card.id, answer, NOW + 1)
    held, = desk.show(card_for("pat"), now=NOW + 3)
    with pytest.raises(NotFound):
        desk.cards.open("account:pat", held.id, NOW + 4)
    desk.know(at=NOON, pat="adult")
    assert set(desk.cards.open("account:pat", card.id, NOW + 2)[1]) == {"opened", "helpful", "talk"}
    assert desk.cards.open("account:pat", card.id, NOW)[2] == "16_to_17", "who has grown up reads it all the same"
    assert desk.show(card_for("pat", "threat")) == []


def test_figures_count_readers_say_no_small_number_and_go_in_time(desk: CareDesk) -> None:
    card, = desk.show(card_for("kim"))
    desk.show(card_for("kim"), now=NOW + 1)
    desk.show(card_for("lee"), now=NOW + DAY_S)
    for answer in CARD_ANSWERS:
        desk.cards.answer("account:kim", card.id, answer, NOW)
    with desk.database.read() as connection:
        counted = rows.readers_by_theme(connection, NOON)["bullying"]
        assert rows.readers_by_theme(connection, NOW + 2 * DAY_S) == {}
    assert counted == {"shown": 2, "held": 1} | {str(answer): 1 for answer in CARD_ANSWERS}
    assert [told_count(number) for number in (0, 1, SMALLEST_COUNT - 1, SMALLEST_COUNT)] == [0, None, None, 10]
    assert told_count(45, of=50) is None
    with desk.database.write() as connection:
        assert [rows.forget_cards(connection, NOW + KEPT_S + 2, 10) for _ in range(2)] == [2, 0]
        assert connection.execute(select(care_card_answers)).all() == []
    assert [one.account for one in desk.all()] == ["account:lee"]
