"""Which fraud a talk is: scams told in other words than the cues', honest talks beside them, quotes, and no encoder."""

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from statistics import mean

import pytest
import yaml

from anlan.domain import ports
from anlan.domain.scenarios import Speaker
from anlan.protections.content.signals import shipped_model
from anlan.protections.dialogue.signals import BOOK
from anlan.protections.fraud.recognising import Recogniser
from anlan.protections.fraud.signs import built_in_signs
from anlan.protections.fraud.tellings import shipped_tellings
from anlan.protections.hearing import hear

HERE = Path(__file__).parent
SCAMS: dict[str, list[list[str]]] = yaml.safe_load((HERE / "scams_told_otherwise.yaml").read_text("utf-8"))
HONEST: list[list[str]] = yaml.safe_load((HERE / "innocent_talks.yaml").read_text("utf-8"))
SIGNS = built_in_signs(tuple(move.name for move in BOOK.moves))
BY_WORDS: ports.Recogniser = Recogniser(SIGNS, hear, lambda: None)


@pytest.fixture(scope="module")
def by_meaning() -> ports.Recogniser:
    model = shipped_model()
    assert model is not None
    return Recogniser(SIGNS, hear, lambda: model.vectors, shipped_tellings())


def spoken(texts: Iterable[str], by: Speaker = "them") -> list[tuple[Speaker, str]]:
    return [(by, text) for text in texts]


def hits(recogniser: ports.Recogniser) -> dict[str, list[bool]]:
    found: dict[str, list[bool]] = defaultdict(list)
    for scenario, talks in SCAMS.items():
        for talk in talks:
            named = recogniser.recognise(spoken(talk))
            found[scenario].append(bool(named) and named[0].scenario == scenario)
    return found


def alarms(recogniser: ports.Recogniser) -> list[list[str]]:
    """The honest talks that are more probably a fraud than not."""
    return [talk for talk in HONEST if sum(one.probability for one in recogniser.recognise(spoken(talk))) > 0.5]


def test_scams_in_other_words_are_recognised_as_what_they_are(by_meaning: ports.Recogniser) -> None:
    assert by_meaning.knows_meaning
    found = hits(by_meaning)
    assert len(found) >= 28
    assert mean(hit for each in found.values() for hit in each) >= 0.85
    assert sum(mean(each) >= 0.5 for each in found.values()) >= 0.9 * len(found)
    assert len(alarms(by_meaning)) <= 0.12 * len(HONEST)


def test_a_dialogue_between_members_needs_more_than_a_talk_that_somebody_asks_about() -> None:
    for talk in HONEST:
        heard = [hear(text) for text in talk]
        signs = {sign for each in heard if not each.warns for sign in SIGNS.find(each.tight)}
        moves = {move for each in heard if not each.warns for move, _ in each.moves}
        assert SIGNS.likeliest(signs, moves).score < 0.5, talk


def test_without_an_encoder_it_says_so_and_still_knows_most() -> None:
    assert not BY_WORDS.knows_meaning
    assert mean(hit for each in hits(BY_WORDS).values() for hit in each) >= 0.65
    assert len(alarms(BY_WORDS)) <= 0.1 * len(HONEST)


def test_quotes_are_the_words_as_they_were_written() -> None:
    texts = ["在吗", "這裡是市公安局，您名下的銀行卡涉嫌 洗 錢", "把钱转到安全账户"]
    best = BY_WORDS.recognise(spoken(texts))[0]
    assert best.scenario == "police"
    assert best.quotes
    for quote in best.quotes:
        assert texts[quote.text][quote.start : quote.end] == quote.words
    assert any("銀行卡" in quote.words or "涉嫌" in quote.words for quote in best.quotes)
    assert {quote.text for quote in best.quotes} == {1, 2}


def test_a_quote_is_a_whole_clause() -> None:
    text = "奖品已经备好了，您只要先交299元激活费，马上就能寄出"
    quotes = BY_WORDS.recognise(spoken(["恭喜您抽中一等奖", text]))[0].quotes
    assert "您只要先交299元激活费" in {quote.words for quote in quotes}


def test_the_most_probable_comes_first_and_nothing_comes_of_nothing() -> None:
    named = BY_WORDS.recognise(spoken(["刷单返利，一单五元日结，先垫付八百"]))
    assert [one.probability for one in named] == sorted((one.probability for one in named), reverse=True)
    assert BY_WORDS.recognise([]) == []
    assert BY_WORDS.recognise(spoken(["", "好的"])) == []


def test_a_warning_is_no_fraud_but_who_asks_for_help_may_speak_of_one() -> None:
    text = ["刷单返利先垫付是骗子，别信"]
    assert BY_WORDS.recognise(spoken(text, "them")) == []
    assert BY_WORDS.recognise(spoken(text, "me"))[0].scenario == "task_rebate"
