"""From a message in the grey band to a second decision: the model tightens, takes back, or is unknown."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from pydantic import SecretStr
from scripted_chat import ScriptedChat, judged_clean, judged_fraud
from spine import NOON, envelope

from anlan.domain.decisions import Judged
from anlan.domain.signals import Signal
from anlan.engine.policies import make_set, read_policies
from anlan.errors import InvalidSettings
from anlan.protections.content import llm as content_llm
from anlan.settings import Settings
from anlan.workshop import Workshop, build_workshop, starter_set

TEXT = "在家兼职，先垫付后返本"
POLICIES = """
- id: test.tighten
  on: message.sent
  when: text_length BETWEEN 5 AND 50 AND llm_fraud_score > 0.8
  because: "{llm_clause_says}"
  reason: {zh: 疑似诈骗, en: This looks like a fraud}
  category: fraud
  severity: high
  then: [{hold: {}}]
  quota: 100/h
  state: live
  owner: test
  examples:
    - {given: {text_length: 20, llm_fraud_score: 0.9}, hits: true}
    - {given: {text_length: 20, llm_fraud_score: 0.1}, hits: false}
- id: test.take_back
  on: message.sent
  when: text_length BETWEEN 51 AND 90 AND coalesce(llm_fraud_score, 1.0) > 0.3
  because: "length {text_length}"
  reason: {zh: 疑似诈骗, en: This looks like a fraud}
  category: fraud
  severity: low
  then: [{warn: {}}]
  state: live
  owner: test
  examples:
    - {given: {text_length: 60, llm_fraud_score: null}, hits: true}
    - {given: {text_length: 60, llm_fraud_score: 0.1}, hits: false}
- id: test.look_if_unknown
  on: message.sent
  when: text_length > 90 AND llm_harm_score > 0.8
  because: "length {text_length}"
  reason: {zh: 疑似诈骗, en: This looks like a fraud}
  category: fraud
  severity: low
  then: [{case: {queue: fraud}}]
  on_unknown: review
  state: live
  owner: test
  examples:
    - {given: {text_length: 99, llm_harm_score: 0.9}, hits: true}
    - {given: {text_length: 99, llm_harm_score: 0.1}, hits: false}
""".replace("{llm_clause_says}", "fraud {llm_fraud_score:.2f}")


class Nobody:
    """A past in which nobody wrote anything."""

    async def near_copy_senders(self, text: str, since: float, until: float) -> int:
        return 0

    async def flagged_senders(self, group: str, since: float, until: float) -> int:
        return 0


class Desk:
    """A workshop with the policies above, over one endpoint or none."""

    def __init__(self, **settings: Any) -> None:
        self.workshop: Workshop = build_workshop(Settings(**settings))
        policies = [(policy, "test.yaml") for policy in read_policies(POLICIES, "test.yaml")]
        self.workshop.engine.swap(make_set(policies, self.workshop.registry))
        self.sent = 0

    def judge(self, text: str) -> Judged:
        """The first pass."""
        self.sent += 1
        body = envelope("message.sent", f"e{self.sent}", {"sender": "ann", "recipient": "bob", "text": text})
        return self.workshop.engine.judge(self.workshop.catalogue.decode(body, NOON), NOON)

    async def again(self, first: Judged) -> Judged:
        """The second pass."""
        return await self.workshop.engine.judge_again(first.event, first.decision, NOON, Nobody())


@asynccontextmanager
async def desk(*script: tuple[Any, ...], **settings: Any) -> AsyncIterator[tuple[Desk, ScriptedChat]]:
    with ScriptedChat(*script) as chat:
        made = Desk(llm_url=chat.url, llm_model="toy", **settings)
        assert made.workshop.llm
        try:
            yield made, chat
        finally:
            await made.workshop.llm.close()


async def test_a_message_in_the_grey_band_is_held_once_the_model_has_seen_it() -> None:
    async with desk((200, judged_fraud("先垫付后返本"))) as (made, chat):
        first = made.judge(TEXT)
        assert (first.decision.verdict, first.decision.pending) == ("allow", ("test.tighten",))
        assert "llm" not in first.decision.models
        second = (await made.again(first)).decision
        assert (second.verdict, second.pass_number) == ("hold", 2)
        assert second.findings[0].because["zh"] == "fraud 0.95"
        assert second.models["llm"] == f"toy grey_band@1+clauses@{content_llm.rulebook().version}"
        said = {name: value for name, value in second.signals.items() if name.startswith("llm_")}
        assert len(said) == 10, "one answer fills the whole family"
        assert (said["llm_category"], said["llm_clause"]) == ("fraud", "fraud.1")
        assert TEXT[said["llm_quote_start"]:said["llm_quote_end"]] == "先垫付后返本"
        assert len(chat.requests) == 1


async def test_outside_the_band_nobody_is_asked() -> None:
    async with desk((200, judged_fraud("x"))) as (made, chat):
        first = made.judge("你好")
        assert not first.decision.pending
        assert not chat.requests


async def test_a_second_opinion_takes_a_warning_back() -> None:
    long = TEXT * 5
    async with desk((200, judged_clean()), (200, judged_fraud("先垫付后返本"))) as (made, _):
        first = made.judge(long)
        assert (first.decision.verdict, first.decision.pending) == ("warn", ("test.take_back",))
        assert (await made.again(first)).decision.verdict == "allow"
        other = made.judge(long + "。")
        assert (await made.again(other)).decision.verdict == "warn"


@pytest.mark.parametrize("answer", [(500, b""), (200, judged_fraud("这句话不在原文里"))])
async def test_without_an_answer_that_counts_the_family_is_unknown_and_says_why(answer: tuple[int, bytes]) -> None:
    async with desk(answer) as (made, _):
        second = await made.again(made.judge(TEXT))
        assert second.decision.verdict == "allow"
        assert not [name for name in second.decision.signals if name.startswith("llm_")]
        assert second.decision.failed == {"llm_reading": "NoAnswer" if answer[0] == 500 else "VoidAnswer"}
        review = await made.again(made.judge(TEXT * 10))
        assert [finding.is_unknown for finding in review.decision.findings] == [True]


async def test_a_spent_budget_is_told_to_staff_once() -> None:
    async with desk((200, judged_clean()), llm_budget_calls_per_h=0) as (made, chat):
        judged = [await made.again(made.judge(f"{TEXT}{number}")) for number in range(3)]
        notices = [notice for one in judged for notice in one.notices]
        assert [(notice.subject, notice.details) for notice in notices] == [
            ("llm_reading", {"reason": "BudgetSpent"})
        ]
        assert not chat.requests


def test_without_an_endpoint_nothing_waits_and_nothing_is_clean() -> None:
    made = Desk()
    tighten, take_back, review = (made.judge(TEXT * times).decision for times in (1, 5, 10))
    assert {tighten.pending, take_back.pending, review.pending} == {()}
    assert (tighten.verdict, take_back.verdict) == ("allow", "warn")
    assert [finding.is_unknown for finding in review.findings] == [True]
    assert not [name for name in tighten.signals if name.startswith("llm_")]
    assert not tighten.failed
    assert made.workshop.engine.models["llm"] == "unavailable"


async def test_what_waited_for_an_endpoint_that_is_gone_is_decided_without_it() -> None:
    async with desk((200, judged_clean())) as (made, chat):
        first = made.judge(TEXT)
        assert first.decision.pending
        second = await Desk().again(first)
        assert (second.decision.verdict, second.decision.failed) == ("allow", {})
        assert not chat.requests


async def test_the_starter_policy_asks_only_where_the_heads_are_unsure() -> None:
    async with desk((200, judged_fraud("先垫付后返本"))) as (made, chat):
        engine = made.workshop.engine
        engine.swap(starter_set(made.workshop.registry))
        assert not made.judge("今天天气不错，一起吃饭吗").decision.shadow_pending
        first = made.judge("兼职在家可做，时间自由，感兴趣的私聊了解一下详情")
        score = first.decision.signals["text_fraud_score"]
        assert ("content.fraud_second_opinion" in first.decision.shadow_pending) == (0.5 <= score <= 0.8)
        assert not chat.requests


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"llm_url": "http://127.0.0.1:1/v1"}, "ANLAN_LLM_MODEL"),
        ({"llm_url": "file:///etc/passwd", "llm_model": "toy"}, "ANLAN_LLM_URL"),
        ({"llm_url": "http://127.0.0.1:1/v1", "llm_model": "toy", "llm_preset": "gpt"}, "ANLAN_LLM_PRESET"),
        ({"llm_url": "http://127.0.0.1:1/v1", "llm_model": "toy", "llm_prompt": "poem"}, "no prompt is called"),
    ],
)
def test_settings_that_cannot_be_used_stop_the_start(settings: dict[str, Any], says: str) -> None:
    with pytest.raises(InvalidSettings, match=says):
        build_workshop(Settings(**settings))


def test_a_plug_in_that_takes_a_name_of_the_family_is_still_refused() -> None:
    other = Signal(name="llm_fraud_score", compute=len, type="number", reads=("content_text",))
    kept = content_llm.bound([*content_llm.SIGNALS, other], None)
    assert [made.name for made in kept].count("llm_fraud_score") == 2


def test_the_key_is_not_shown() -> None:
    assert "sk-secret" not in repr(Settings(llm_api_key=SecretStr("sk-secret")))
