"""The lexicon's engine: context rules, expiry, where a term stands, and the table that terms are written in."""

import pytest

from anlan.domain.term_table import COLUMNS, read_table, read_terms, term_of, write_table
from anlan.domain.terms import Term
from anlan.errors import InvalidRequest
from anlan.protections.content.folding import fold
from anlan.protections.content.lexicon import Lexicon


def found(term: Term, text: str, at: float | None = None) -> bool:
    return bool(Lexicon([term]).hits(fold(text), at))


def test_a_match_says_where_the_term_stands() -> None:
    lexicon = Lexicon([Term("刷单", "fraud", 2), Term("单", "abuse", 1)])
    text = fold("招刷單員，刷单").tight
    assert [(one.term.text, text[one.start : one.end], one.start) for one in lexicon.matches(text)] == [
        ("刷单", "刷单", 1), ("单", "单", 2), ("刷单", "刷单", 5), ("单", "单", 6),
    ]
    assert Lexicon().matches("刷单") == []


@pytest.mark.parametrize(
    ("term", "inside", "alone"),
    [("叫鸡", "我叫鸡蛋灌饼", "晚上叫鸡"), ("做爱", "一起做爱心早餐", "一起做爱"), ("干女", "我的干女儿", "干女 人")],
)
def test_a_whole_word_hits_only_where_words_begin_and_end(term: str, inside: str, alone: str) -> None:
    assert found(Term(term, "porn", 1), inside)
    assert not found(Term(term, "porn", 1, is_whole_word=True), inside)
    assert found(Term(term, "porn", 1, is_whole_word=True), alone)


def test_an_allow_phrase_shields_only_the_term_inside_it() -> None:
    term = Term("高潮", "porn", 1, allow_phrases=("高潮部分", "高潮迭起"))
    assert not found(term, "这首歌的高潮部分真好听")
    assert not found(term, "剧情高.潮.迭.起")
    assert found(term, "高潮部分之后又到了高潮")
    assert found(term, "到了高潮")
    other = Term("部分", "abuse", 1)
    assert [hit.text for hit in Lexicon([term, other]).hits(fold("高潮部分"))] == ["部分"]


def test_a_phrase_may_be_a_term_of_its_own() -> None:
    lexicon = Lexicon([Term("高潮", "porn", 1, allow_phrases=("高潮部分",)), Term("高潮部分", "abuse", 2)])
    assert [hit.text for hit in lexicon.hits(fold("高潮部分"))] == ["高潮部分"]


def test_neighbours_let_a_term_hit_or_forbid_it() -> None:
    term = Term("气枪", "weapons", 2, near=("出售", "批发"), not_near=("玩具",))
    assert found(term, "出售气枪")
    assert found(term, "气枪大量批-发")
    assert not found(term, "庙会上打气枪")
    assert not found(term, "出售玩具气枪")
    assert not found(term, "出售" + "很好看的花" * 3 + "气枪")


def test_an_expired_term_stops_hitting_at_event_time() -> None:
    term = Term("旧词", "fraud", 1, expires_at=1000.0)
    assert found(term, "旧词", 999.0)
    assert not found(term, "旧词", 1000.0)
    assert found(term, "旧词")


def test_the_hash_says_everything_that_the_terms_say() -> None:
    plain = Term("词条", "fraud", 1)
    others = [Term("词条", "fraud", 2), Term("词条", "fraud", 1, near=("甲",)), Term("词条", "fraud", 1, note="n")]
    hashes = {Lexicon([term]).hash for term in (plain, *others)}
    assert len(hashes) == 4
    assert Lexicon([Term("词条", "fraud", 1)]).hash == Lexicon([plain]).hash


def test_a_table_reads_as_it_was_written() -> None:
    terms = [
        Term("甲,\"乙", "fraud", 3, "来源", "MIT", "li", 1_893_456_000.0, ("zh", "en"), "备注\n两行", True,
             ("甲,乙丙",), ("出售", "卖"), ("玩具",)),
        Term("f u", "abuse", 1),
    ]
    assert read_terms(write_table(terms)) == terms
    assert write_table(terms).split("\n")[0] == ",".join(COLUMNS)


def test_a_fault_names_its_line_and_hides_no_other() -> None:
    header = "\ufeffterm,category,severity\n"
    table = read_table(f"{header}甲,fraud,2\n乙,nonsense,2\n,fraud,1\n丙,fraud,9\n丁,abuse,1\n戊\n")
    assert [term.text for term in table.terms] == ["甲", "丁"]
    assert [fault.line for fault in table.faults] == [3, 4, 5, 7]
    assert table.faults[0].en.startswith("category: one of abuse,")
    assert table.faults[0].zh.startswith("category：只能是 abuse、")
    assert [fault.en.split(":")[0] for fault in table.faults] == ["category", "term", "severity", "category"]
    with pytest.raises(InvalidRequest, match="line 3"):
        read_terms("term,category,severity\n甲,fraud,2\n乙,nonsense,2\n")


def test_days_are_dates() -> None:
    (term,) = read_terms("term,category,severity,expires\n甲,fraud,2,2030-01-01\n")
    assert term.expires_at == 1_893_456_000.0
    (fault,) = read_table("term,category,severity,expires\n甲,fraud,2,1/1/30\n").faults
    assert "2030-12-31" in fault.en
    assert "2030-12-31" in fault.zh


@pytest.mark.parametrize(
    ("cells", "column"),
    [
        ({"term": "长" * 65}, "term"), ({"term": "a|b"}, "term"), ({"severity": "0"}, "severity"),
        ({"severity": "二"}, "severity"), ({"languages": "Chinese"}, "languages"), ({"note": "长" * 1001}, "note"),
        ({"owner": "长" * 201}, "owner"), ({"near": "|".join(str(number) for number in range(51))}, "near"),
        ({"allow_phrases": "长" * 65}, "allow_phrases"), ({"expires": "9999-01-01"}, "expires"),
    ],
)
def test_each_limit_is_told_in_both_languages(cells: dict[str, str], column: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        term_of({"term": "甲", "category": "fraud", "severity": "1", **cells})
    assert refused.value.message.startswith(f"{column}: ")
    assert str(refused.value.details["zh"]).startswith(f"{column}：")
