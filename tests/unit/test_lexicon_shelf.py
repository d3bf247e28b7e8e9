"""Compiled lexicons are kept, checked and made anew; a swap is seen by the next message and named by its decision."""

import time
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from anlan.domain.terms import Term
from anlan.protections.content.folding import fold
from anlan.protections.content.lexicon import Lexicon, folded_key
from anlan.protections.content.shelf import KEPT, LexiconShelf, load_lexicon
from anlan.settings import Settings
from anlan.workshop import build_workshop

TERMS = [
    Term("刷單", "fraud", 2), Term("高潮", "porn", 1, allow_phrases=("高潮部分",)),
    Term("叫鸡", "porn", 1, is_whole_word=True),
]
TEXTS = ("来 刷*单 吗", "高潮部分", "到了高潮", "叫鸡蛋", "晚上叫鸡", "没有")


def hits(lexicon: Lexicon) -> list[list[str]]:
    return [[term.text for term in lexicon.hits(fold(text))] for text in TEXTS]


def test_a_kept_lexicon_hits_what_the_fresh_one_hits(tmp_path: Path) -> None:
    fresh = load_lexicon(TERMS, tmp_path)
    kept = load_lexicon(TERMS, tmp_path)
    assert (kept.hash, kept.terms, hits(kept)) == (fresh.hash, fresh.terms, hits(fresh))
    assert hits(kept) == [["刷单"], [], ["高潮"], [], ["叫鸡"], []]


@pytest.mark.parametrize("kept_bytes", [0, 31, 200])
def test_a_damaged_file_is_made_anew_with_a_word_in_the_log(tmp_path: Path, kept_bytes: int) -> None:
    load_lexicon(TERMS, tmp_path)
    (file,) = tmp_path.glob("*.lexicon")
    whole = file.read_bytes()
    file.write_bytes(whole[:kept_bytes] + b"x" + whole[kept_bytes + 1 :] if kept_bytes else b"")
    with capture_logs() as logs:
        assert hits(load_lexicon(TERMS, tmp_path))[0] == ["刷单"]
    assert [entry["event"] for entry in logs] == ["lexicon_cache_unreadable"]
    assert file.read_bytes() == whole


def test_a_folder_that_cannot_be_written_costs_only_time(tmp_path: Path) -> None:
    taken = tmp_path / "taken"
    taken.write_text("a file where the folder should be")
    with capture_logs() as logs:
        assert hits(load_lexicon(TERMS, taken))[0] == ["刷单"]
    assert logs[-1]["event"] == "lexicon_cache_not_written"


def test_old_lexicons_are_swept(tmp_path: Path) -> None:
    for severity in (1, 2, 3):
        load_lexicon([Term("刷单", "fraud", severity)], tmp_path)
    assert len(list(tmp_path.iterdir())) == KEPT


def test_100_000_kept_terms_load_in_under_a_second(tmp_path: Path) -> None:
    terms = [Term(f"词条{number}号", "fraud", 1, "t") for number in range(100_000)]
    load_lexicon(terms, tmp_path)
    began = time.process_time()
    lexicon = load_lexicon(terms, tmp_path)
    assert time.process_time() - began < 1.0
    assert [term.text for term in lexicon.hits(fold("看词条99999号"))] == ["词条99999号"]


def test_the_next_message_sees_a_swap_and_its_decision_names_it(tmp_path: Path) -> None:
    workshop = build_workshop(Settings(data_dir=tmp_path))
    shipped = workshop.lexicon.version
    assert workshop.engine.models["lexicon"] == shipped
    (read,) = (made for made in workshop.registry.by_name.values() if made.name == "text_reading")

    class At:
        time = 100.0

    assert read.compute("新黑话", At()).hits == ()
    workshop.lexicon.put([Term("新黑话", "fraud", 1, expires_at=101.0)], tmp_path / "lexicon")
    workshop.engine.name_model("lexicon", workshop.lexicon.version)
    assert [term.text for term in read.compute("新黑话", At()).hits] == ["新黑话"]
    At.time = 101.0
    assert read.compute("新黑话", At()).hits == ()
    assert workshop.engine.models["lexicon"] == workshop.lexicon.version != shipped


def test_a_kept_lexicon_is_taken_by_its_hash_alone(tmp_path: Path) -> None:
    made = load_lexicon(TERMS, tmp_path)
    shelf = LexiconShelf([])
    assert not shelf.take("0" * 64, tmp_path)
    assert not shelf.take(made.hash, tmp_path / "elsewhere")
    assert shelf.lexicon.terms == ()
    assert shelf.take(made.hash, tmp_path)
    assert (shelf.lexicon.hash, hits(shelf.lexicon)) == (made.hash, hits(made))


def test_spellings_of_one_term_share_a_key() -> None:
    assert folded_key("刷單") == folded_key("刷*单") == folded_key(" 刷单 ") == "刷单"
    assert LexiconShelf(TERMS).version == Lexicon(TERMS).hash[:16]
