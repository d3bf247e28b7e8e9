"""What a condition may say, what an analyst is told otherwise, and that hostile text goes nowhere."""

from pathlib import Path
from string import Formatter
from typing import Any

import pytest
import yaml
from hypothesis import event, given, settings
from hypothesis import strategies as st

from anlan.domain.signals import SignalType
from anlan.engine.columns import duckdb_sql, spark_sql
from anlan.engine.condition_faults import FAULTS, LANGUAGE, TAKES, TYPE_WORDS
from anlan.engine.condition_text import plain_sql
from anlan.engine.condition_tokens import FUNCTIONS, MAX_CHARS, MAX_DEPTH
from anlan.engine.conditions import parse
from anlan.engine.inline import compile_condition, falsity_source, truth_source
from anlan.engine.reference import evaluate, explain
from anlan.errors import InvalidPolicy

TYPES: dict[str, SignalType] = {
    "text_fraud_score": "number", "sender_age_days": "number", "sender_is_contact": "bool", "content_language": "text",
    "message_text": "text", "text_reading": "object", "date": "text",
}  # fmt: skip
STORED: list[dict[str, str]] = yaml.safe_load((Path(__file__).parent / "condition_faults.yaml").read_text("utf-8"))


def _refusal(text: str, where: str = "") -> InvalidPolicy:
    with pytest.raises(InvalidPolicy) as caught:
        parse(text, TYPES, where)
    return caught.value


@pytest.mark.parametrize("stored", STORED, ids=lambda stored: repr(stored["when"]))
def test_a_mistake_is_explained(stored: dict[str, str]) -> None:
    fault = _refusal(stored["when"])
    assert fault.message == stored["en"].replace("{LANGUAGE}", LANGUAGE[0])
    assert fault.details["zh"] == stored["zh"].replace("{LANGUAGE}", LANGUAGE[1])


def test_every_fault_has_a_stored_text() -> None:
    stored = {_refusal(entry["when"]).details["reason"] for entry in STORED}
    assert set(FAULTS) - stored == {"too_long"}


def test_a_fault_names_file_policy_line_and_column() -> None:
    fault = _refusal("text_fraud_score > 0.8\n  AND sendr_is_contact", "fraud.yaml: fraud.new_sender")
    assert fault.message.startswith("fraud.yaml: fraud.new_sender, line 2, column 7: there is no signal")
    assert fault.details["line"] == 2
    assert fault.details["column"] == 7
    assert fault.details["reason"] == "unknown_name_near"


def test_both_languages_say_the_same_things() -> None:
    for english, chinese in FAULTS.values():
        assert _fields(english) == _fields(chinese)
    assert all(all(words) for words in (*TAKES.values(), *TYPE_WORDS.values()))
    assert {signature.takes for signature in FUNCTIONS.values()} == set(TAKES)


def _fields(text: str) -> set[str]:
    return {field for _, field, _, _ in Formatter().parse(text) if field}


def test_names_are_read_in_order_and_keywords_may_be_names() -> None:
    condition = parse("date = 'x' AND sender_age_days < 7 AND \"date\" <> 'y' OR sender_is_contact", TYPES)
    assert condition.names == ("date", "sender_age_days", "sender_is_contact")
    assert duckdb_sql(condition) == (
        """("date" = 'x' AND "sender_age_days" < 7.0e0 AND "date" <> 'y') OR "sender_is_contact\""""
    )


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("sender_age_days!=1", "sender_age_days <> 1"),
        ("sender_age_days == 1", "sender_age_days = 1"),
        ("not sender_age_days in (1, -2.5)", "NOT (sender_age_days IN (1, -2.5))"),
        ("sender_age_days not between 60*24 and 1e4", "NOT (sender_age_days BETWEEN 1440 AND 10000.0)"),
        (
            "sender_age_days BETWEEN 1 AND text_fraud_score * 100",
            "sender_age_days >= 1 AND sender_age_days <= text_fraud_score * 100",
        ),
        ("content_language NOT LIKE 'zh%'", "NOT (content_language LIKE 'zh%')"),
        ("message_text is not null", "message_text IS NOT NULL"),
        ("sender_is_contact IS NOT TRUE", "sender_is_contact IS NOT TRUE"),
        ("(sender_age_days < 7) IS FALSE", "(sender_age_days < 7) IS FALSE"),
        ("-sender_age_days > +3", "0 - sender_age_days > 3"),
        ("content_language = 'it''s; -- /* '", "content_language = 'it''s; -- /* '"),
        ("((sender_is_contact AND sender_is_contact) AND sender_age_days > 1)",
         "sender_is_contact AND sender_is_contact AND sender_age_days > 1"),
        ("sender_is_contact OR sender_is_contact AND sender_age_days = 1",
         "sender_is_contact OR (sender_is_contact AND sender_age_days = 1)"),
        ("CASE WHEN sender_is_contact THEN 0 ELSE text_fraud_score END > .8e0", None),
    ],
)  # fmt: skip
def test_what_is_written_is_what_is_meant(text: str, meaning: str | None) -> None:
    if meaning is None:
        assert _refusal(text).details["reason"] == "dot"
    else:
        assert plain_sql(parse(text, TYPES).tree) == meaning


def test_the_spark_form_is_printed_for_spark() -> None:
    condition = parse(
        r"length(message_text) / sender_age_days > 0.1 AND message_text LIKE '%\_%' "
        r"AND regexp_matches(content_language, '^z\w\''') AND starts_with(date, 'a')", TYPES,
    )  # fmt: skip
    assert spark_sql(condition) == (
        "transform(array(try_divide(CAST(char_length(`message_text`) AS DOUBLE), CAST(`sender_age_days` AS DOUBLE))), "
        "v -> CASE WHEN abs(v) <= 1.7976931348623157E+308D THEN v END)[0] > 0.1D "
        r"AND `message_text` LIKE '%\\\\_%' ESCAPE '\\' "
        r"AND regexp_like(`content_language`, '^z\\w\\\'') AND startswith(`date`, 'a')"
    )


def test_the_spec_example_holds_misses_and_is_unknown() -> None:
    condition = parse("text_fraud_score >= 0.8 AND sender_age_days < 7 AND NOT sender_is_contact", TYPES)
    values = {"text_fraud_score": 0.91, "sender_age_days": 2, "sender_is_contact": False}
    judge = compile_condition(condition)
    assert judge(values) is True
    assert judge(values | {"sender_age_days": 7}) is False
    assert judge(values | {"sender_is_contact": None}) is None
    assert judge(values | {"sender_is_contact": None, "text_fraud_score": 0.2}) is False
    explained = explain(condition, values | {"sender_is_contact": None})
    assert explained.truth is None
    assert [(part.text, part.truth) for part in explained.parts] == [
        ("text_fraud_score >= 0.8", True), ("sender_age_days < 7", True), ("NOT sender_is_contact", None),
    ]  # fmt: skip
    assert explained.parts[2].parts[0].values == {"sender_is_contact": None}


def test_a_proven_signal_is_not_asked_again_and_cheap_tests_come_first() -> None:
    condition = parse(
        "regexp_matches(message_text, 'a+') AND sender_age_days > 1 AND sender_age_days <> 3 AND sender_is_contact",
        TYPES,
    )
    source = truth_source(condition.tree, str, {})
    assert source == (
        "sender_is_contact and sender_age_days is not None and sender_age_days > 1 and sender_age_days != 3 "
        "and message_text is not None and _c0(message_text.encode('utf-8', 'replace')) is not None"
    )


HOSTILE = [
    "1); DROP TABLE x; --", "__import__('os')", "sender_age_days > (SELECT 1)", "(" * 2000,
    "(" * 1999 + "1" + ")" * 1999,
    "NOT " * 900 + "sender_is_contact", "- " * 1900 + "sender_age_days > 1", "CASE WHEN " * 390 + "sender_is_contact",
    "sender_age_days" + "+sender_age_days" * 200 + ">1", "sender_is_contact" + "=sender_is_contact" * 200,
    "NOT sender_is_contact = " * 160 + "sender_is_contact", "sender_is_contact" + " IS TRUE" * 400,
    "abs(" * 900 + "sender_age_days" + ")" * 900 + " > 1", "sender_age_days IN (" * 180, "'" * 3999, '"' * 3999,
    "f(" * 1900,
    "sender_is_contact AND " * 10_000 + "sender_is_contact", "a" * 4_000, "\x00", "\ud800", "{{ 1 }}", "`x` > 1",
    "regexp_matches(message_text, '" + "(" * 1500 + "')", "regexp_matches(message_text, '(a{1000}){1000}')",
    "regexp_matches(message_text, '" + "[^x]{999}" * 300 + "')", "message_text LIKE '" + "%a" * 2500 + "'",
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: text[:30].encode("ascii", "backslashreplace").decode())
def test_hostile_text_is_refused_in_plain_words(text: str) -> None:
    fault = _refusal(text)
    assert len(fault.message) < 500


def test_a_condition_too_long_says_so() -> None:
    fault = _refusal("sender_is_contact" + " " * MAX_CHARS)
    assert fault.message == (
        "column 1: the condition has 4,017 characters; the limit is 4,000. Put long lists of words or ids into a list"
    )


@pytest.mark.parametrize(
    "text",
    [
        "(" * MAX_DEPTH + "sender_is_contact" + ")" * MAX_DEPTH,
        "NOT " * MAX_DEPTH + "sender_is_contact",
        "NOT (" * (MAX_DEPTH // 2) + "sender_is_contact" + ")" * (MAX_DEPTH // 2),
        "abs(" * MAX_DEPTH + "sender_age_days" + ")" * MAX_DEPTH + " > 1",
        "sender_age_days" + " * sender_age_days" * (MAX_DEPTH - 1) + " > 1",
        "coalesce(" * MAX_DEPTH + "sender_age_days" + ", sender_age_days / 3)" * MAX_DEPTH + " > 1",
        "CASE WHEN sender_is_contact THEN " * (MAX_DEPTH - 1) + "1" + " ELSE 2 END" * (MAX_DEPTH - 1) + " = 1",
        "sender_is_contact" + " AND sender_is_contact" * 180,
        "sender_age_days" + " > 1 OR sender_age_days" * 160 + " > 1",
    ],
    ids=lambda text: text[:30],
)
def test_the_largest_conditions_work_in_every_engine(text: str) -> None:
    condition = parse(text, TYPES)
    values = {"sender_is_contact": True, "sender_age_days": 1.5}
    assert compile_condition(condition)(values) is evaluate(condition, values)
    assert duckdb_sql(condition)
    assert len(duckdb_sql(condition)) < 4 * MAX_CHARS
    assert len(truth_source(condition.tree, str, {})) < 8 * MAX_CHARS


def test_a_backtracking_pattern_is_linear() -> None:
    judge = compile_condition(parse("regexp_matches(message_text, '^(a+)+$') OR message_text LIKE '%a%a%a%a%b'", TYPES))
    assert judge({"message_text": "a" * 20_000 + "!"}) is False


def test_text_that_is_not_unicode_breaks_nothing() -> None:
    judge = compile_condition(parse("regexp_matches(message_text, 'a.b')", TYPES))
    assert judge({"message_text": "a\ud800b"}) is True


WORDS = st.sampled_from([
    "sender_age_days", "sender_is_contact", "content_language", "text_reading", "sender", "1", "0.5", "'x'", "'%'",
    "NULL",
    "TRUE", "AND", "OR", "NOT", "IS", "IN", "BETWEEN", "LIKE", "(", ")", ",", "=", "<>", "<", ">=", "+", "-", "*", "/",
    "CASE", "WHEN", "THEN", "ELSE", "END", "length", "abs", "coalesce", "contains", "least", "regexp_matches", "SELECT",
    ".", ";", "--", "/*", "::", "||", "'", '"', "date", "interval", "DISTINCT", "\n", "，",
])  # fmt: skip


@settings(max_examples=1500)
@given(st.lists(WORDS, max_size=14).map(" ".join) | st.text(max_size=30))
def test_any_text_is_a_condition_or_a_clear_refusal(text: str) -> None:
    try:
        condition = parse(text, TYPES)
    except InvalidPolicy as fault:
        column: Any = fault.details["column"]
        event(str(fault.details["reason"]))
        condition = None
    if condition is None:
        assert 1 <= column <= len(text) + 1
        return
    assert parse(plain_sql(condition.tree), TYPES).tree == condition.tree
    assert compile_condition(condition)({}) is evaluate(condition, {})
    assert falsity_source(condition.tree, str, {})
