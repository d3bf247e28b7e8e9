"""One condition means the same to every engine: the reference, Python source, DuckDB, and the printed Spark form."""

import random
from collections.abc import Iterator
from typing import Any

import duckdb
import pytest
import sqlglot
from hypothesis import assume, example, given, note, settings
from hypothesis import strategies as st

from anlan.domain.signals import SignalType
from anlan.engine.columns import duckdb_sql, spark_sql
from anlan.engine.condition_text import plain_sql
from anlan.engine.condition_tree import (
    And,
    Arithmetic,
    Between,
    Call,
    Case,
    Claim,
    Compare,
    Condition,
    In,
    IsNull,
    IsTruth,
    Literal,
    Match,
    Name,
    Not,
    Or,
    Term,
    names_in,
)
from anlan.engine.conditions import parse
from anlan.engine.inline import compile_condition, falsity_source, truth_source
from anlan.engine.patterns import regex_fault
from anlan.engine.reference import evaluate, explain

TYPES: dict[str, SignalType] = {
    "x": "number", "y": "number", "count": "number", "word": "text", "date": "text", "flag": "bool", "order": "bool",
}  # fmt: skip
COLUMNS = {
    "x": "DOUBLE", "y": "DOUBLE", "count": "BIGINT", "word": "VARCHAR", "date": "VARCHAR", "flag": "BOOLEAN",
    "order": "BOOLEAN",
}  # fmt: skip
NUMBERS = [0, -0.0, 1, -1, 2, 3, 0.1, 0.3, 0.5, 7, -7.25, 1e16, 2**53, -(2**53), 1e300, -1.7e308, 1.7e308, 5e-324]
TEXTS = [
    "", " ", "a", "A", "ab", "aab", "b", "abc", "1", "é", "e\u0301", "ｗｘ", "微信", "加微信 abc", "🤦🏼\u200d♂️",
    "\uffff", "𐀀", "a%b", "a_b", "a\\b", "it's", '"', "line\nbreak", "a\n", "x" * 200, "`", "{x}", "ß", "İ",
]  # fmt: skip
REGEXES = [
    r"^a", r"b$", r"(?i)AB", r"[微信]+", r"^\w+$", r"a.b", r"^$", r"\d", r"\bab", r"(a|aa)+$", r"\\", r"(?s)a.", r"é",
]  # fmt: skip
LIKES = ["a", "a%", "%b", "%a%", "a_b", "%", "_", "__", "%_%", "a\\b", "a\\%", "%微_%", "", "a%b%"]


def _rows() -> list[dict[str, Any]]:
    chance = random.Random(20240501)
    whole = [number for number in NUMBERS if isinstance(number, int)]
    pools: dict[str, list[Any]] = {"DOUBLE": NUMBERS, "BIGINT": whole, "VARCHAR": TEXTS, "BOOLEAN": [True, False]}
    rows: list[dict[str, Any]] = [dict.fromkeys(TYPES)]
    for _ in range(160):
        rows.append({
            name: None if chance.random() < 0.2 else chance.choice(pools[kind]) for name, kind in COLUMNS.items()
        })  # fmt: skip
    return rows


ROWS = _rows()


@pytest.fixture(scope="module")
def journal() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(config={"threads": 1}) as connection:
        columns = ", ".join(f'"{name}" {kind}' for name, kind in COLUMNS.items())
        connection.execute(f"CREATE TABLE journal (n INTEGER, {columns})")
        marks = ", ".join("?" * (len(TYPES) + 1))
        rows = [(number, *row.values()) for number, row in enumerate(ROWS)]
        connection.executemany(f"INSERT INTO journal VALUES ({marks})", rows)
        yield connection


def _names(kind: SignalType) -> st.SearchStrategy[Term]:
    return st.sampled_from([Name(name, found) for name, found in TYPES.items() if found == kind])


numbers: st.SearchStrategy[Literal] = st.one_of(
    st.sampled_from(NUMBERS), st.floats(allow_nan=False, allow_infinity=False), st.integers(-20, 20)
).map(lambda value: Literal(0 if value == 0 else value))
texts: st.SearchStrategy[Literal] = st.one_of(
    st.sampled_from(TEXTS), st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=6)
).map(Literal)


def _calculations(below: st.SearchStrategy[Term]) -> st.SearchStrategy[Term]:
    def is_kept(node: Arithmetic) -> bool:
        """The parser folds two literals and refuses a literal zero below a division."""
        both = isinstance(node.left, Literal) and isinstance(node.right, Literal)
        return not both and not (node.operator == "/" and node.right == Literal(0))

    several = st.lists(below, min_size=2, max_size=3).map(tuple)
    return st.one_of(
        st.builds(Arithmetic, st.sampled_from(["+", "-", "*", "/"]), below, below).filter(is_kept),
        st.builds(Call, st.sampled_from(["least", "greatest", "coalesce"]), several),
        st.builds(Call, st.just("abs"), below.map(lambda term: (term,))),
        st.builds(Call, st.just("length"), text_terms.map(lambda term: (term,))),
        _cases(below),
    )


def _cases(results: st.SearchStrategy[Any]) -> st.SearchStrategy[Term]:
    branches = st.lists(st.tuples(simple_claims, results), min_size=1, max_size=2).map(tuple)
    return st.builds(Case, branches, st.none() | results)


def _reads(claim: Claim) -> bool:
    return bool(names_in(claim))


simple_claims: st.SearchStrategy[Claim] = st.one_of(
    _names("bool"),
    st.builds(Compare, st.sampled_from(["<", ">=", "="]), _names("number"), numbers),
    st.builds(IsNull, _names("text")),
)
text_terms: st.SearchStrategy[Term] = st.one_of(
    _names("text"),
    st.builds(Call, st.just("coalesce"), st.tuples(_names("text"), texts | _names("text"))),
    st.builds(Case, st.tuples(st.tuples(simple_claims, texts)), st.none() | _names("text")),
)
number_terms: st.SearchStrategy[Term] = st.recursive(_names("number") | numbers, _calculations, max_leaves=5)
flag_terms: st.SearchStrategy[Term] = st.one_of(
    _names("bool"),
    st.builds(Call, st.just("coalesce"), st.tuples(_names("bool"), st.booleans().map(Literal) | _names("bool"))),
    _cases(_names("bool")),
)
like_patterns = st.sampled_from(LIKES) | st.text("ab%_\\微", max_size=6)
like_patterns = like_patterns.filter(lambda pattern: pattern.strip("%") != "" or pattern == "")
regex_patterns = st.sampled_from(REGEXES) | st.text("ab.*+?|()[]^$微", min_size=1, max_size=6).filter(
    lambda pattern: regex_fault(pattern) is None
)


def _between(term: Term, bounds: list[Literal]) -> Claim:
    low, high = sorted(bounds, key=lambda bound: bound.value)
    return Between(term, low, high)


leaves: st.SearchStrategy[Claim] = st.one_of(
    st.builds(Compare, st.sampled_from(["=", "<>", "<", "<=", ">", ">="]), number_terms, number_terms),
    st.builds(Compare, st.sampled_from(["=", "<>", "<", "<=", ">", ">="]), text_terms, text_terms | texts),
    st.builds(Compare, st.sampled_from(["=", "<>"]), flag_terms, flag_terms | st.booleans().map(Literal)),
    st.builds(In, number_terms, st.lists(numbers, min_size=1, max_size=4).map(tuple)),
    st.builds(In, text_terms, st.lists(texts, min_size=1, max_size=4).map(tuple)),
    st.builds(_between, number_terms, st.lists(numbers, min_size=2, max_size=2)),
    st.builds(_between, text_terms, st.lists(texts, min_size=2, max_size=2)),
    st.builds(IsNull, number_terms | text_terms | flag_terms),
    st.builds(Match, st.just("like"), text_terms, like_patterns),
    st.builds(Match, st.just("regexp_matches"), text_terms, regex_patterns),
    st.builds(
        Match, st.sampled_from(["contains", "starts_with", "ends_with"]), text_terms,
        texts.map(lambda text: str(text.value)).filter(lambda text: text.strip("%") != ""),
    ),
    flag_terms,
).filter(_reads)  # fmt: skip


def _chain(kind: type[And] | type[Or], parts: list[Claim]) -> Claim:
    flat: list[Claim] = []
    for part in parts:
        flat += part.parts if isinstance(part, kind) else (part,)
    return kind(tuple(flat))


claims: st.SearchStrategy[Claim] = st.recursive(
    leaves,
    lambda below: st.one_of(
        st.builds(_chain, st.sampled_from([And, Or]), st.lists(below, min_size=2, max_size=3)),
        st.builds(Not, below),
        st.builds(IsTruth, below, st.booleans()),
    ),
    max_leaves=6,
)


def _condition(tree: Claim) -> Condition:
    return Condition(plain_sql(tree), tree, names_in(tree))


def _ask(journal: duckdb.DuckDBPyConnection, sql: str) -> list[bool | None]:
    return [truth for (truth,) in journal.execute(f"SELECT {sql} FROM journal ORDER BY n").fetchall()]


@settings(max_examples=250)
@given(claims)
@example(parse("x / y / count > 1 OR abs(x * x) < 3", TYPES).tree)
@example(parse("(x IS NULL) IS NOT TRUE AND NOT (flag AND order)", TYPES).tree)
@example(parse("x + y + count BETWEEN -5 AND 5 AND x - y <> 0.3", TYPES).tree)
@example(parse("count + 1 = count", TYPES).tree)
def test_engines_agree(journal: duckdb.DuckDBPyConnection, tree: Claim) -> None:
    condition = _condition(tree)
    note(f"{condition.text}\n{duckdb_sql(condition)}\n{spark_sql(condition)}")
    expected = [evaluate(condition, row) for row in ROWS]
    judge = compile_condition(condition)
    assert [judge(row) for row in ROWS] == expected
    assert _ask(journal, duckdb_sql(condition)) == expected
    (spark,) = sqlglot.transpile(spark_sql(condition), read="spark", write="duckdb")
    assert _ask(journal, spark) == expected


@settings(max_examples=250)
@given(claims)
def test_a_condition_reads_back_from_its_plain_text(tree: Claim) -> None:
    text = plain_sql(tree)
    assume(len(text) <= 4000)
    assert parse(text, TYPES).tree == tree


@settings(max_examples=80)
@given(claims)
def test_an_explanation_adds_up(tree: Claim) -> None:
    condition = _condition(tree)
    for row in ROWS[:20]:
        explained = explain(condition, row)
        assert explained.truth == evaluate(condition, row)
        leaves_read = {name for part in _leaves(explained) for name in part.values}
        assert leaves_read == set(condition.names)


def _leaves(explained: Any) -> Iterator[Any]:
    if not explained.parts:
        yield explained
    for part in explained.parts:
        yield from _leaves(part)


@settings(max_examples=80)
@given(claims)
def test_truth_and_falsity_never_both_hold(tree: Claim) -> None:
    constants: dict[str, object] = {}
    sources = (truth_source(tree, str, constants), falsity_source(tree, str, constants))
    for row in ROWS[:40]:
        true, false = (bool(eval(source, {**constants, **row})) for source in sources)
        assert not (true and false)
        assert (true or false) == (evaluate(_condition(tree), row) is not None)
