"""From a proposed term to the decision that it changed, and what a preview says of last week, through a whole house."""

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from housed import read, running, settings_for
from spine import envelope

from anlan import clock
from anlan.app import House
from anlan.desk.lexicon_life import LexiconLife, changed_terms
from anlan.desk.lexicon_preview import SAMPLES, Preview, preview
from anlan.domain.keys import event_key
from anlan.domain.terms import Term
from anlan.errors import InvalidRequest, NotFound
from anlan.protections.content.shelf import LexiconShelf
from anlan.settings import Settings
from anlan.store.database import Database
from anlan.store.lexicon import Edit, LexiconBook

SHIPPED = (Term("刷单", "fraud", 2, "anlan"), Term("代考", "illicit_ad", 1, "anlan"))


@pytest.fixture
def settings(backend: str, new_url: Callable[[str], str], tmp_path: Path) -> Settings:
    return settings_for(tmp_path / "house", new_url(backend))


@pytest.fixture
def life(database: Database) -> LexiconLife:
    return LexiconLife(LexiconBook(database), LexiconShelf(SHIPPED))


async def say(house: House, number: int, text: str, sender: str = "ann") -> tuple[int, str]:
    """(lexicon hits, version of the lexicon) of the decision on a message."""
    body = envelope("message.sent", f"e{number}", {"sender": sender, "text": text})
    await house.intake.accept(body)
    found = house.journal.explain(event_key(read(body)["source"], f"e{number}"))
    assert found is not None
    decision = found.decisions[0].decision
    return int(decision.signals["text_lexicon_hits"]), decision.models["lexicon"]


async def test_an_approved_term_counts_from_the_next_message_on(settings: Settings) -> None:
    async with running(settings) as house:
        before = await say(house, 1, "说新黑话了")
        number = house.lexicon.propose("staff:lin", "seen all week", [Term("新黑话", "fraud", 2)])
        house.reload_lexicon()
        assert await say(house, 2, "又说新黑话") == (0, before[1])
        house.lexicon.approve(number, "staff:zhou")
        house.reload_lexicon()
        hits, version = await say(house, 3, "还说新黑话")
        assert (hits, version != before[1]) == (1, True)
    async with running(settings) as house:
        assert await say(house, 4, "重启之后的新黑话") == (1, version)


def test_the_layer_of_operators_lies_over_what_is_shipped(life: LexiconLife) -> None:
    own = Term("新词", "fraud", 1, owner="li")
    life.approve(life.propose("lin", "why", [own, Term("刷單", "fraud", 3)], ["代考"]), "zhou")
    edition = life.edition()
    states = {key: (entry.state(0.0), entry.is_own) for key, entry in edition.entries.items()}
    assert states == {"刷单": ("active", True), "代考": ("retired", True), "新词": ("active", True)}
    assert [(term.text, term.severity) for term in edition.terms()] == [("刷單", 3), ("新词", 1)]
    assert life.entry("刷单").term.owner == "lin"
    assert (edition.version, life.edition() is edition) == (1, True)
    life.approve(life.propose("zhou", "needed after all", [SHIPPED[1]]), "lin")
    assert life.entry("代考").state(0.0) == "active"


def test_a_term_that_does_not_say_its_origin_keeps_it(life: LexiconLife) -> None:
    number = life.propose("lin", "worse than we thought", [Term("刷单", "fraud", 3)])
    (edit,) = life.book.edits(number)
    assert edit.after == Term("刷单", "fraud", 3, "anlan", owner="lin")


def test_what_cannot_be_proposed(life: LexiconLife) -> None:
    with pytest.raises(InvalidRequest, match="say why"):
        life.propose("lin", " ", [Term("新词", "fraud", 1)])
    with pytest.raises(InvalidRequest, match="nothing would change"):
        life.propose("lin", "why", [*SHIPPED, Term("刷单", "fraud", 2)])
    with pytest.raises(InvalidRequest, match="nothing is left"):
        life.propose("lin", "why", [Term("\u200b", "fraud", 1)])
    with pytest.raises(NotFound):
        life.propose("lin", "why", retire=["没有"])
    number = life.propose("lin", "why", retire=["代考"])
    with pytest.raises(InvalidRequest, match="say why"):
        life.reject(number, "zhou", "")
    life.reject(number, "lin", "")
    assert life.book.change(number).state == "withdrawn"


def test_an_expired_term_says_so(database: Database) -> None:
    life = LexiconLife(LexiconBook(database), LexiconShelf([Term("旧词", "fraud", 1, expires_at=10.0)]))
    assert [life.entry("旧词").state(now) for now in (9.0, 10.0)] == ["active", "expired"]


async def look_back(house: House, *edits: Edit) -> Preview:
    told: list[float] = []
    look = house.workshop.lexicon.compare(*changed_terms(edits))
    made = preview(house.analysis, house.workshop.catalogue, look, clock.now(), told.append)
    assert (told[-1], told) == (1.0, sorted(told))
    return made


async def test_a_preview_counts_hits_gained_and_lost_of_last_week(settings: Settings) -> None:
    async with running(settings) as house:
        for number in range(30):
            await say(house, number, f"第{number}个新*黑话", f"ann{number % 3}")
        for number in range(100, 105):
            await say(house, number, "来刷單吗", "bob")
        await say(house, 200, "你好")
        house.segments.seal(everything=True)
        await say(house, 201, "刚说的新黑话和刷单", "eve")
        made = await look_back(
            house, Edit("新黑话", None, Term("新黑话", "fraud", 1)), Edit("刷单", Term("刷单", "fraud", 2), None)
        )
        assert (made.read, made.every, made.kept) == (37, 1, 0)
        assert (made.gained.messages, made.gained.senders, made.gained.terms) == (31, 4, (("新黑话", 31),))
        assert (made.lost.messages, made.lost.senders) == (6, 2)
        assert sum(made.gained.verdicts.values()) == 31
        assert len(made.gained.samples) == SAMPLES
        assert made.gained.samples[0].text == "刚说的新黑话和刷单"
        kept = msgspec.json.encode(made.without_texts())
        assert "黑话和".encode() not in kept
        assert msgspec.json.decode(kept, type=Preview).gained.messages == 31


async def test_a_new_severity_moves_no_hits(settings: Settings) -> None:
    async with running(settings) as house:
        await say(house, 1, "来刷单吗")
        made = await look_back(house, Edit("刷单", Term("刷单", "fraud", 2), Term("刷单", "fraud", 3)))
        assert (made.gained.messages, made.lost.messages, made.kept) == (0, 0, 1)


async def test_a_preview_of_a_quiet_week_is_empty(settings: Settings) -> None:
    async with running(settings) as house:
        made = await look_back(house, Edit("新黑话", None, Term("新黑话", "fraud", 1)))
        assert (made.read, made.gained.messages, made.gained.samples) == (0, 0, ())
