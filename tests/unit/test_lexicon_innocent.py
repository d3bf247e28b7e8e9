"""What the shipped word list must never turn into harm: ordinary lines hit nothing, and hits alone decide nothing."""

from pathlib import Path

import pytest

from anlan.engine.inline import compile_condition
from anlan.protections.content.folding import fold
from anlan.protections.content.lexicon import TERM_CATEGORIES, built_in_lexicon
from anlan.settings import Settings
from anlan.workshop import build_workshop, starter_set

HERE = Path(__file__).parent
INNOCENT = (HERE / "lexicon_innocent.txt").read_text("utf-8").splitlines()
OBJECTING = (HERE / "lexicon_objecting.txt").read_text("utf-8").splitlines()
LEXICON = built_in_lexicon()


@pytest.mark.parametrize("text", INNOCENT)
def test_an_ordinary_line_hits_no_term(text: str) -> None:
    """Everyday words, places, medicine, law, news, addresses; with and without a line around them."""
    assert [term.text for written in (text, f"大家看：{text}！") for term in LEXICON.hits(fold(written))] == []


@pytest.mark.parametrize("text", OBJECTING)
def test_who_objects_to_a_word_hits_nothing_severe(text: str) -> None:
    assert [term.text for term in LEXICON.hits(fold(text)) if term.severity == 3] == []


@pytest.mark.parametrize(
    ("text", "term"),
    [
        ("你这个王八蛋", "王八蛋"), ("今晚做爱吗", "做爱"), ("出售吗啡", "吗啡"), ("嫖娼五百", "嫖娼"),
        ("来刷-单吗", "刷单"),
    ],
)
def test_the_rules_that_spare_leave_the_harm_in(text: str, term: str) -> None:
    assert term in [hit.text for hit in LEXICON.hits(fold(text))]


def test_no_shipped_policy_acts_on_terms_alone(tmp_path: Path) -> None:
    members = [
        member for member in starter_set(build_workshop(Settings(data_dir=tmp_path)).registry).members
        if any(name.startswith("text_lexicon") for name in member.condition.names)
    ]
    assert members
    for member in members:
        holds = compile_condition(member.condition)
        for category in TERM_CATEGORIES:
            hits = {"text_lexicon_hits": 9, "text_lexicon_category": category}
            unsure = {name: 0.0 for name in member.condition.names if name.endswith("_score")}
            assert unsure, member.policy.id
            others = {"text_folding": 1.0, "text_length": 50, "text_has_contact": True, "text_urls": 3}
            assert holds({**others, **hits, **unsure}) is not True, member.policy.id
