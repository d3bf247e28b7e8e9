"""A decision becomes the messages that a platform must get: the first pass whole, the second only what it changes."""

from typing import Any

import msgspec
import pytest

from anlan.domain.actions import KINDS, Action
from anlan.domain.decisions import Decision, Finding, Judged
from anlan.domain.events import Catalogue, Event
from anlan.domain.facts import StaffNotice
from anlan.domain.messages import Message, outgoing, outgoing_notice

REASON = {"zh": "含有诈骗信息", "en": "It looks like fraud"}
MUTE = Action(kind="mute", target="account:a1", policy="fraud.x", parameters={"hours": 2})
LONGER_MUTE = Action(kind="mute", target="account:a1", policy="fraud.x", parameters={"hours": 24})
DELETE = Action(kind="delete_message", target="event:e1", policy="fraud.x")
CASE = Action(kind="case", target="event:e1", policy="fraud.x", parameters={"queue": "fraud"})
NO_TRADE = Action(kind="restrict", target="account:a1", policy="fraud.x", parameters={"feature": "trade", "hours": 1})
NO_CHAT = Action(kind="restrict", target="account:a1", policy="fraud.x", parameters={"feature": "chat", "hours": 1})


def event() -> Event:
    return Catalogue().decode(
        msgspec.json.encode({
            "specversion": "1.0", "id": "e1", "source": "im", "type": "message.sent", "time": "2026-11-21T08:00:00Z",
            "data": {"sender": "a1", "message_id": "m1", "ip": "203.0.113.9", "text": "private words"},
        }),
        2e9,
    )


def decision(pass_number: int, verdict: str, *actions: Action) -> Decision:
    finding = Finding(
        policy="fraud.x", version=3, verdict=verdict, severity="high", category="fraud",
        because={"zh": "得分 0.97", "en": "score 0.97"}, values={"text_fraud_score": 0.97}, reason=REASON,
    )
    return Decision(
        id=f"{'ab' * 16}.{pass_number}", pass_number=pass_number, verdict=verdict, findings=(finding,), shadow=(),
        actions=actions, pending=(), signals={}, failed={}, policy_set="", models={}, took_us=1.0,
    )


def sent(judged: Judged) -> list[tuple[str, dict[str, Any]]]:
    return [(message.kind, msgspec.json.decode(message.body)["data"]) for message in outgoing(judged)]


def test_a_first_pass_sends_every_action_but_cases() -> None:
    messages = outgoing(Judged(event(), decision(1, "block", DELETE, CASE, MUTE), 1000.0))
    assert [message.kind for message in messages] == ["action.delete_message", "action.mute"]
    body = msgspec.json.decode(messages[1].body)
    assert (body["type"], body["timestamp"]) == ("action.mute", "1970-01-01T00:16:40Z")
    assert body["data"]["target"] == "account:a1"
    assert body["data"]["parameters"] == {"hours": 2}
    assert body["data"]["reason"] == REASON
    assert body["data"]["title"] == KINDS["mute"].title
    assert body["data"]["event"]["time"] == "2026-11-21T08:00:00Z"


def test_a_body_names_entities_but_holds_no_words_and_no_personal_field() -> None:
    (message,) = outgoing(Judged(event(), decision(1, "block", MUTE), 1000.0))
    assert msgspec.json.decode(message.body)["data"]["event"]["entities"] == {"sender": "a1", "message_id": "m1"}
    for secret in (b"private words", b"203.0.113.9", b"0.97"):
        assert secret not in message.body


def test_the_same_cause_gives_the_same_ids_and_different_causes_never_do() -> None:
    first = Judged(event(), decision(1, "block", DELETE, MUTE), 1000.0)
    second = Judged(event(), decision(2, "allow"), 1000.0, earlier=first.decision)
    assert outgoing(first) == outgoing(first)
    ids = [message.id for judged in (first, second) for message in outgoing(judged)]
    assert len(set(ids)) == len(ids) == 5
    assert max(len(id) for id in ids) <= 80


def test_a_second_pass_that_agrees_sends_nothing() -> None:
    earlier = decision(1, "block", DELETE, MUTE)
    assert sent(Judged(event(), decision(2, "block", DELETE, MUTE), 1000.0, earlier)) == []


def test_a_second_pass_takes_back_what_it_withdraws() -> None:
    earlier = decision(1, "hold", DELETE, NO_CHAT, NO_TRADE)
    messages = sent(Judged(event(), decision(2, "allow", NO_CHAT), 1000.0, earlier))
    assert [kind for kind, _ in messages] == ["action.restore_message", "action.unrestrict", "decision.revised"]
    restore, unrestrict, revised = (data for _, data in messages)
    assert (restore["takes_back"], restore["target"]) == ("delete_message", "event:e1")
    assert (unrestrict["takes_back"], unrestrict["parameters"]) == ("restrict", {"feature": "trade"})
    assert unrestrict["reason"].keys() == {"zh", "en"}
    assert (revised["earlier_verdict"], revised["verdict"]) == ("hold", "allow")


def test_a_second_pass_that_tightens_sends_the_stricter_order_and_no_reversal() -> None:
    messages = sent(Judged(event(), decision(2, "block", LONGER_MUTE), 1000.0, decision(1, "hold", MUTE)))
    assert [kind for kind, _ in messages] == ["action.mute", "decision.revised"]
    assert messages[0][1]["parameters"] == {"hours": 24}


KEPT = {"case", "wait", "alert", "care_card", "cool_down"}


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in KEPT])
def test_every_action_has_a_body_that_reads_back_as_documented(kind: str) -> None:
    action = Action(kind=kind, target="staff", policy="no.such_finding")
    (message,) = outgoing(Judged(event(), decision(1, "warn", action), 1000.0))
    read = msgspec.json.decode(message.body)
    assert read["type"] == f"action.{kind}" == message.kind
    assert read["data"].keys() >= {"decision", "event", "kind", "target", "parameters", "policy", "title", "reason"}
    assert set(read) == {field.name for field in msgspec.structs.fields(Message)}


@pytest.mark.parametrize("kind", sorted(KEPT))
def test_what_is_told_at_once_or_taken_up_by_the_center_sends_no_order(kind: str) -> None:
    action = Action(kind=kind, target="staff", policy="no.such_finding", parameters={"queue": "fraud"})
    assert outgoing(Judged(event(), decision(1, "warn", action), 1000.0)) == ()


def test_a_notice_of_an_unknown_kind_still_has_a_title_in_both_languages() -> None:
    for kind in ("dead_letter", "something_new"):
        notice = StaffNotice(id=f"{kind}.1", at=5.0, kind=kind, subject="endpoint:e", details={"n": 1})
        message = outgoing_notice(notice)
        data = msgspec.json.decode(message.body)["data"]
        assert message.kind == f"staff.{kind}"
        assert data["title"].keys() == {"zh", "en"}
        assert data["details"] == {"n": 1}


def test_long_notice_ids_that_differ_only_at_their_end_stay_apart() -> None:
    notices = [StaffNotice(id=f"{'p' * 200}.{n}", at=5.0, kind="fuse_quota", subject="p") for n in range(2)]
    ids = {outgoing_notice(notice).id for notice in notices}
    assert len(ids) == 2
    assert all(len(id) == 80 for id in ids)


def test_a_wait_is_told_in_the_answer_only() -> None:
    action = Action(kind="wait", target="event:k", policy="p", parameters={"seconds": 30})
    assert not outgoing(Judged(event(), decision(1, "challenge", action), 1000.0))
