"""When an answer counts, and what voids it."""

import json
from typing import Any

import pytest

from anlan.errors import InvalidSettings
from anlan.models.llm.answers import HARMS, answer_schema, read_judgement, read_object
from anlan.models.llm.failures import VoidAnswer
from anlan.models.llm.prompts import read_prompt, read_rulebook
from anlan.models.llm.text import show
from anlan.protections.content.llm import prompts, rulebook

TEXT = "在家兼职，先垫付后返本，加我薇❤ kk8899"
FRAUD = {"quote": "先垫付后返本", "clause": "fraud.1", "category": "fraud", "verdict": "violates", "confidence": 0.9}
CLEAN = {"quote": "", "clause": "none", "category": "normal", "verdict": "clean", "confidence": 0.8}


def judge(text: str = TEXT, **fields: Any) -> Any:
    return read_judgement({**FRAUD, **fields}, rulebook(), show(text))


def test_a_harm_with_its_evidence_counts() -> None:
    answer = judge()
    assert (answer.category, answer.clause, answer.quote, answer.harm) == ("fraud", "fraud.1", "先垫付后返本", 0.9)
    assert answer.scores["fraud"] == 0.9
    assert sum(answer.scores.values()) == pytest.approx(1.0)


def test_harmless_needs_no_evidence() -> None:
    answer = judge(**CLEAN)
    assert (answer.category, answer.clause, answer.quote) == ("normal", None, None)
    assert answer.harm == pytest.approx(0.2)
    assert set(answer.scores) == set(HARMS)
    assert sum(answer.scores.values()) == pytest.approx(0.2)


@pytest.mark.parametrize("fields", [{"verdict": "unsure"}, {"confidence": 0.49}, {**CLEAN, "confidence": 0.2}])
def test_what_the_model_does_not_believe_itself_says_nothing(fields: dict[str, Any]) -> None:
    assert judge(**fields) is None


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"quote": "转账到安全账户"}, "void_quote"),
        ({"quote": ""}, "void_quote"),
        ({"quote": None}, "void_quote"),
        ({"quote": "，"}, "void_quote"),
        ({"clause": "fraud.99"}, "void_clause"),
        ({"clause": "none"}, "void_clause"),
        ({"clause": ["fraud.1"]}, "void_clause"),
        ({"clause": "abuse.1"}, "void_clause"),
        ({"category": "normal"}, "void_clause"),
        ({"verdict": "guilty"}, "void_form"),
        ({"confidence": 1.5}, "void_form"),
        ({"confidence": "high"}, "void_form"),
        ({"confidence": True}, "void_form"),
        ({"confidence": float("nan")}, "void_form"),
    ],
)
def test_what_is_not_shown_is_void(fields: dict[str, Any], reason: str) -> None:
    with pytest.raises(VoidAnswer) as caught:
        judge(**fields)
    assert caught.value.reason == reason


def test_a_quote_may_differ_in_blanks_case_and_what_nobody_sees() -> None:
    assert judge("please Send\nMONEY\u200b first", quote="send money first") is not None


def test_a_quote_may_come_from_either_end_of_a_long_text() -> None:
    text = "开头" + "x" * 9_000 + "先垫付后返本"
    assert judge(text) is not None


@pytest.mark.parametrize(
    "written",
    [
        json.dumps(FRAUD), f"```json\n{json.dumps(FRAUD)}\n```",
        f"<think>{{maybe}} {json.dumps(CLEAN)}</think>{json.dumps(FRAUD)}",
        f"Here you are: {json.dumps(FRAUD)} Good luck {{",
    ],
)
def test_the_one_object_is_found_in_what_a_model_wrote(written: str) -> None:
    assert read_object(written) == FRAUD


@pytest.mark.parametrize("written", ["", "no json", "[1]", f"{json.dumps(CLEAN)} or {json.dumps(FRAUD)}", "{" * 50_000])
def test_none_or_several_objects_are_void(written: str) -> None:
    with pytest.raises(VoidAnswer) as caught:
        read_object(written)
    assert caught.value.reason == "void_form"


def test_the_schema_names_every_clause() -> None:
    fields = answer_schema(rulebook())["properties"]
    assert set(fields["clause"]["enum"]) == {*rulebook().by_id(), "none"}
    assert next(iter(fields)) == "quote"


def test_every_example_in_a_prompt_would_count() -> None:
    examples = [example for prompt in prompts().values() for example in prompt.examples]
    assert examples
    for example in examples:
        assert read_judgement(example.answer, rulebook(), show(example.text)) is not None


def test_prompts_and_clauses_that_cannot_be_used_are_refused() -> None:
    clause = "{id: fraud.1, category: fraud, zh: 甲, en: a}"
    with pytest.raises(InvalidSettings, match="id of its own"):
        read_rulebook(f"version: 1\nclauses: [{clause}, {clause}]", "book.yaml")
    with pytest.raises(InvalidSettings, match="id of its own"):
        read_rulebook("version: 1\nclauses: [{id: x, category: war, zh: 甲, en: a}]", "book.yaml")
    with pytest.raises(InvalidSettings, match="mark"):
        read_prompt("{id: a, version: 1, language: en, system: '{clauses}', before: x, after: y}", "prompt.yaml")
    with pytest.raises(InvalidSettings, match=r"prompt\.yaml"):
        read_prompt("id: [", "prompt.yaml")
