"""What members tell: frauds in words that no sign has, honest deals, other topics; cut, damaged, without an encoder."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from anlan.errors import Unavailable
from anlan.models import text_model
from anlan.protections.content.signals import shipped_model
from anlan.protections.dialogue.signals import BOOK
from anlan.protections.fraud.recognising import Recogniser
from anlan.protections.fraud.scenario_file import built_in_scenarios
from anlan.protections.fraud.signs import SignBook, built_in_signs
from anlan.protections.fraud.tellings import (
    MODEL_PATH,
    PIECE_CHARS,
    PIECES,
    Encode,
    TellingModel,
    lines_of,
    meaning_of,
    pieces_of,
    shipped_tellings,
)
from anlan.protections.hearing import hear

MOVES = tuple(move.name for move in BOOK.moves)
FRAUDS = {
    "pet_sale": ["Saw a corgi pup on a website, they only post it and won't let us come round.",
                 "Now the shipper wants another 200 for a heated crate before the plane leaves."],
    "rental_deposit": ["The owner of a lovely little house is working overseas so nobody can let me in.",
                       "I'm to wire the deposit today and the keys come by courier."],
    "romance": ["我跟一个在国外的医生网恋了两个月，从来没有视频过。", "他寄了礼物给我，说要我先付一笔清关费才拿得到。"],
}
HONEST = [
    ["My landlord fixed the heating, I pay him by standing order as I have for six years.", "All fine, isn't it?"],
    ["我在学校的缴费系统交了学费，班主任当面说过的。", "这样可以吧？"],
]
OFF_TOPIC = ["Can you write me a haiku about autumn leaves?", "帮我写一首关于秋天的诗"]


@pytest.fixture(scope="module")
def model() -> TellingModel:
    found = shipped_tellings()
    assert found is not None
    return found


@pytest.fixture(scope="module")
def encode() -> Encode:
    found = shipped_model()
    assert found is not None
    return found.vectors


@pytest.fixture(params=["with an encoder", "by n-grams alone"])
def maybe_encode(request: pytest.FixtureRequest, encode: Encode) -> Encode | None:
    return encode if request.param == "with an encoder" else None


@pytest.mark.parametrize("scenario", FRAUDS)
def test_frauds_are_known_by_what_is_told_of_them(
    model: TellingModel, scenario: str, maybe_encode: Encode | None
) -> None:
    told = model.read(FRAUDS[scenario], maybe_encode)
    assert max(told.frauds, key=lambda name: told.frauds[name]) == scenario
    assert sum(told.frauds.values()) > 0.5


def test_honest_deals_and_other_topics_are_no_frauds(model: TellingModel, maybe_encode: Encode | None) -> None:
    assert all(model.read(says, maybe_encode).honest > 0.6 for says in HONEST)
    assert all(model.read([words], maybe_encode).off_topic > 0.5 for words in OFF_TOPIC)


def test_probabilities_sum_to_one_and_what_was_never_taught_is_least(model: TellingModel, encode: Encode) -> None:
    told = model.read(FRAUDS["romance"], encode)
    assert sum(told.frauds.values()) + told.honest + told.off_topic == pytest.approx(1)
    assert told.log_odds("never taught") < min(told.log_odds(name) for name in ("romance", "pet_sale"))


def test_every_scenario_that_ships_was_taught(model: TellingModel) -> None:
    assert model.scenarios == {scenario.id for scenario in built_in_scenarios()}


def test_a_long_turn_is_cut_at_stops_and_the_first_and_the_last_pieces_are_read() -> None:
    long = "First of all hello. " + "They wrote to me again and again, day after day. " * 30 + "Then they wanted money."
    pieces = pieces_of([long])
    assert len(pieces) == PIECES
    assert all(0 < len(piece) <= PIECE_CHARS for piece in pieces)
    assert pieces[0].startswith("First of all")
    assert pieces[-1].endswith("wanted money.")
    assert pieces_of(["x" * 1_000])[0] == "x" * PIECE_CHARS
    assert pieces_of([]) == pieces_of(["  "]) == [" "]


def test_words_are_read_in_one_width_and_case() -> None:
    assert lines_of(["ＰＡＹ", "It’s"]) == ("pay it's", "it's")
    assert [len(line) for line in lines_of(["ﷺ" * 3_000])] == [3_000, 3_000]


def test_a_meaning_is_that_of_all_turns_and_that_of_the_last(encode: Encode) -> None:
    whole, last = np.split(meaning_of(["Pay me", "now"], encode), 2)
    assert [np.linalg.norm(part) for part in (whole, last)] == pytest.approx([1, 1], abs=1e-5)
    assert last == pytest.approx(meaning_of(["now"], encode)[:512], abs=1e-5)
    assert last != pytest.approx(whole, abs=1e-2)
    assert meaning_of([], encode).shape == (1024,)


def test_a_damaged_artefact_is_not_read(tmp_path: Path) -> None:
    for suffix in (".npz", ".json"):
        shutil.copy(MODEL_PATH.with_suffix(suffix), tmp_path)
    copy = tmp_path / MODEL_PATH.name
    text_model.load(copy)
    copy.write_bytes(copy.read_bytes() + b"\0")
    with pytest.raises(Unavailable):
        text_model.load(copy)


def test_it_is_small() -> None:
    assert MODEL_PATH.stat().st_size < 1_000_000


def test_signs_speak_alone_where_there_is_no_model_and_a_warning_is_not_read(encode: Encode) -> None:
    signs = built_in_signs(MOVES)
    alone, both = (Recogniser(signs, hear, lambda: encode, each) for each in (None, shipped_tellings()))
    says = FRAUDS["pet_sale"]
    by_signs, by_both = (
        next((one.probability for one in each.understand([], says).frauds if one.scenario == "pet_sale"), 0.0)
        for each in (alone, both)
    )
    assert by_signs == 0.0
    assert by_both > 0.5
    assert not alone.understand([], OFF_TOPIC[:1]).is_off_topic
    assert both.understand([], OFF_TOPIC[:1]).is_off_topic
    assert both.recognise([("them", "刷单返利先垫付是骗子，别信")]) == []


def test_an_operators_own_scenario_is_known_by_its_examples(encode: Encode) -> None:
    coupon = next(scenario for scenario in built_in_scenarios() if scenario.id == "coupon")
    example = "The beekeepers' guild wants a levy for the queen's journey to Saturn"
    own = type(coupon)(**{
        **{name: getattr(coupon, name) for name in coupon.__struct_fields__},
        "id": "bees", "signs": (), "stages": (), "examples": (example,),
    })
    book = SignBook([*built_in_scenarios(), own], MOVES)
    named = Recogniser(book, hear, lambda: encode, shipped_tellings()).recognise([("them", example)])
    assert named[0].scenario == "bees"
