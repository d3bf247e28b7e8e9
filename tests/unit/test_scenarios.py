"""The scenario base: whole, in both languages, and refused where it is not; and what its signs add up to."""

from pathlib import Path

import pytest
import yaml

from anlan.center.hotline_file import load_hotlines
from anlan.domain.scenarios import Scenario
from anlan.errors import InvalidSettings
from anlan.protections.dialogue.signals import BOOK
from anlan.protections.fraud.scenario_file import built_in_scenarios, load_scenarios, read_scenario
from anlan.protections.fraud.signs import GENERAL, UNSUSPICIOUS, SignBook, built_in_signs, probabilities

MOVES = tuple(move.name for move in BOOK.moves)
FILES = Path("src/anlan/protections/fraud/scenarios")
PIECE = (Path(__file__).parents[2] / FILES / "coupon.yaml").read_text("utf-8")


@pytest.fixture(scope="module")
def book() -> SignBook:
    return built_in_signs(MOVES)


def test_every_kind_of_fraud_that_was_asked_for_is_described() -> None:
    assert len(built_in_scenarios()) >= 24
    wanted = {
        "friend_or_relative", "boss", "customer_service", "police", "teacher", "task_rebate", "investment", "loan_fee",
        "refund_delivery", "game_trade", "romance", "sextortion", "coupon", "screen_share", "qr_binding",
        "account_rental", "fake_tickets", "charity", "ai_likeness", "health_products", "job_abroad", "credit_repair",
        "second_hand", "rental_deposit", "crypto_wallet", "live_gifts", "contact_in_other_hands", GENERAL,
    }
    assert wanted <= {scenario.id for scenario in built_in_scenarios()}


@pytest.mark.parametrize("scenario", built_in_scenarios(), ids=lambda one: one.id)
def test_a_scenario_is_whole(scenario: Scenario) -> None:
    assert len(scenario.signs) >= 1
    assert scenario.do
    assert scenario.honest
    assert len({sign.id for sign in scenario.signs}) == len(scenario.signs)
    assert all(sign.cues or sign.moves for sign in scenario.signs), "a sign that nothing shows"
    assert set(scenario.hotlines) <= set(load_hotlines(None))
    sizes = [len(words["zh"]) for words in scenario.say.values()]
    assert max(sizes) <= 60, "read in a glance"


@pytest.mark.parametrize(
    ("there", "instead", "said"),
    [
        ("  stop: {zh:", "  halt: {zh:", "say"),
        ("question: {zh: 您是在官方 App 或官网里看到这个活动的吗？, en:", "question: {en:", "zh and in en"),
        ("harm: money", "harm: bad_luck", "harm"),
        ("owner: fraud", "owner: fraud\nmood: sad", "mood"),
    ],
)
def test_a_scenario_that_lacks_something_is_refused(there: str, instead: str, said: str) -> None:
    assert there in PIECE
    with pytest.raises(InvalidSettings, match=said):
        read_scenario(PIECE.replace(there, instead), "coupon.yaml")


def test_a_sign_cannot_name_a_move_that_nobody_makes() -> None:
    wrong = read_scenario(PIECE.replace("moves: [too_good_offer]", "moves: [too_good_to_be_true]"), "coupon.yaml")
    with pytest.raises(InvalidSettings, match="too_good_to_be_true"):
        SignBook([wrong], MOVES)


def test_an_operators_own_takes_the_place_of_a_built_in_one(tmp_path: Path) -> None:
    document = yaml.safe_load(PIECE)
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(document | {"version": 9}), "utf-8")
    (tmp_path / "other.yaml").write_text(yaml.safe_dump(document | {"id": "raffle"}), "utf-8")
    mine = load_scenarios(tmp_path)
    assert mine["coupon"].version == 9
    assert list(mine)[-1] == "raffle"
    assert len(mine) == len(built_in_scenarios()) + 1


def test_a_sign_counts_once_in_whichever_way_it_shows(book: SignBook) -> None:
    prize = next(number for number, name in enumerate(book.ids) if name == "coupon.fee_first")
    once = book.evidence({prize}, ())["coupon"]
    assert book.evidence({prize}, ["fee_in_advance"])["coupon"] == once
    assert book.evidence({prize}, ["fee_in_advance", "urgency"])["coupon"] > once


def test_without_signs_nothing_is_suspected(book: SignBook) -> None:
    assert book.likeliest((), ()) == UNSUSPICIOUS
    assert UNSUSPICIOUS.score < 0.01


def test_when_several_are_as_likely_none_is_named(book: SignBook) -> None:
    asked = book.likeliest((), ["transfer_requested", "urgency", "secrecy_asked"])
    assert asked.scenario == GENERAL
    named = book.likeliest(book.numbers("task_rebate.easy_pay task_rebate.prepaid_task"), ["transfer_requested"])
    assert named.scenario == "task_rebate"
    assert named.score > 0.7 > asked.score


def test_signs_come_back_from_their_names(book: SignBook) -> None:
    names = "coupon.fee_first police.safe_account"
    assert book.written(book.numbers(f"police.safe_account {names} gone.sign")) == names


def test_probabilities_leave_room_for_nothing() -> None:
    chances = probabilities({"a": 3.0, "b": 5.0, "c": 1.0})
    assert sum(chances.values()) < 1.0
    assert chances["b"] > chances["a"] > chances["c"]
