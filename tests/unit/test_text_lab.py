"""Trying a text: what the policies in force would decide, again and again the same, with nothing counted."""

import signal

import pytest

from anlan import text_lab
from anlan.domain.event_data import MAX_TEXT_CHARS
from anlan.engine.policies import PolicySet, make_set, read_policies
from anlan.errors import Unavailable
from anlan.settings import Settings
from anlan.text_lab import SENDERS, TextLab
from anlan.workshop import Workshop, build_workshop

POLICIES = """
- id: test.repeats
  on: message.sent
  when: sender_messages_1h >= 2
  because: {zh: 重复, en: repeats}
  reason: {zh: 重复, en: repeats}
  then: [block: {}]
  category: spam
  severity: low
  state: live
  quota: 500/h
  examples:
    - {given: {sender_messages_1h: 3}, hits: true}
    - {given: {sender_messages_1h: 1}, hits: false}
- id: test.stranger
  on: message.sent
  when: text_length > 3 AND NOT coalesce(sender_is_contact, FALSE)
  because: {zh: 陌生人, en: stranger}
  reason: {zh: 陌生人, en: stranger}
  then: [warn: {}]
  category: spam
  severity: low
  state: shadow
  quota: 500/h
  examples:
    - {given: {text_length: 5, sender_is_contact: false}, hits: true}
    - {given: {text_length: 5, sender_is_contact: true}, hits: false}
- id: test.new
  on: message.sent
  when: sender_age_days < 7
  because: {zh: 新, en: new}
  reason: {zh: 新, en: new}
  then: [hold: {}]
  category: spam
  severity: low
  state: live
  quota: 1/h
  examples:
    - {given: {sender_age_days: 1}, hits: true}
    - {given: {sender_age_days: 9}, hits: false}
"""


@pytest.fixture(scope="module")
def workshop() -> Workshop:
    return build_workshop(Settings(_env_file=None))


@pytest.fixture(scope="module")
def policies(workshop: Workshop) -> PolicySet:
    return make_set([(policy, "test") for policy in read_policies(POLICIES, "test")], workshop.registry)


@pytest.fixture(scope="module")
def lab(workshop: Workshop) -> TextLab:
    return TextLab(Settings(_env_file=None), workshop.lexicon, workshop.models)


def test_each_try_is_the_first_whoever_sends(lab: TextLab, policies: PolicySet, workshop: Workshop) -> None:
    timer = signal.getsignal(signal.SIGALRM)
    for _ in range(4):
        tried = lab.judge("早上好呀", policies, workshop.engine.lists)
        assert [one.sender for one in tried] == list(SENDERS)
        assert [one.decision.verdict for one in tried] == ["allow", "allow", "hold"]
        assert [[found.policy for found in one.decision.shadow] for one in tried] == [
            [], ["test.stranger"], ["test.stranger"]
        ]
        assert tried[2].decision.findings[0].fuse is None, "no fuse is spent"
    assert signal.getsignal(signal.SIGALRM) == timer, "the timer stays with the engine that judges events"
    assert all(not len(counter) for counter in workshop.counters.by_name.values())


def test_another_policy_set_is_taken_at_once(lab: TextLab, policies: PolicySet, workshop: Workshop) -> None:
    assert lab.judge("早上好呀", policies, workshop.engine.lists)[2].decision.verdict == "hold"
    none = make_set([], workshop.registry)
    assert lab.judge("早上好呀", none, workshop.engine.lists)[2].decision.verdict == "allow"


def test_what_no_message_can_hold_is_not_judged(lab: TextLab, policies: PolicySet, workshop: Workshop) -> None:
    assert lab.judge("x" * (MAX_TEXT_CHARS + 1), policies, workshop.engine.lists) == ()


def test_moves_stand_where_they_were_written(lab: TextLab) -> None:
    text = "您好，我是快递客服，您的包裹丢 失 了，给您双倍理赔，请不要告诉别人"
    moves = lab.explain(text, with_nearest=False).moves
    assert moves
    assert all(0 <= start < end <= len(text) for move in moves for start, end in move.places)
    assert any("包裹" in text[start:end] or "快递" in text[start:end] for move in moves for start, end in move.places)


def test_too_many_at_once_are_asked_to_come_back(lab: TextLab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_lab, "WAIT_S", 0.01)
    with lab._one_slot(), lab._one_slot(), pytest.raises(Unavailable, match="at once"):
        lab.explain("你好")
    assert lab.explain("你好", with_nearest=False).text == "你好"
