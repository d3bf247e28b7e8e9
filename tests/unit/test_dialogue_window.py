"""The dialogue window: event time, late messages, bounded memory, no text, and the same after a restart."""

import random
from collections.abc import Iterable
from typing import Any, NamedTuple

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anlan.domain.events import Catalogue, Event
from anlan.protections.dialogue.moves import built_in_moves, read_moves
from anlan.protections.dialogue.readings import Met, Reading
from anlan.protections.dialogue.signals import BOOK, MovesSeen
from anlan.protections.dialogue.window import LATENESS_S, MAX_MESSAGES, OVER_S, TOP, Dialogues, Evidence
from anlan.protections.fraud.signs import built_in_signs

NOON = 1_795_262_400.0
DAY_S = 86_400.0
CATALOGUE = Catalogue(max_future_s=365 * DAY_S)
SIGN_BOOK = built_in_signs(tuple(move.name for move in BOOK.moves))
BIT = {move.name: 1 << place for place, move in enumerate(BOOK.moves)}


def message(at: float, sender: str = "eve", recipient: str | None = "bob", group: str | None = None) -> Event:
    data = {"sender": sender, "recipient": recipient, "group": group, "text": "a secret text"}
    return decoded("message.sent", at, {name: value for name, value in data.items() if value is not None})


def payment(at: float, payer: str = "bob") -> Event:
    return decoded("payment.initiated", at, {"payer": payer, "payee": "w1", "amount_minor": 50_000})


def decoded(type_name: str, at: float, data: dict[str, Any]) -> Event:
    body = {"specversion": "1.0", "id": "e", "source": "im", "type": type_name, "data": data}
    return CATALOGUE.decode(msgspec.json.encode(body), at)


def seen(*moves: str) -> MovesSeen:
    return MovesSeen((), sum(BIT[move] for move in moves), len(moves), moves[0] if moves else None)


def recorded(moves: Iterable[str], score: float | None) -> dict[str, Any]:
    """The signals of a decision on a message with these moves."""
    made = set(moves)
    signals: dict[str, Any] = {f"move_{name}": name in made for name in BIT} | {"text_moves": len(made)}
    return signals if score is None else signals | {"text_fraud_score": score}


def test_moves_add_up_over_a_dialogue_and_stages_follow() -> None:
    window = Dialogues(1000)
    steps = [(), ("sudden_friend_pull",), ("too_good_offer",), ("transfer_requested",), ("urgency",)]
    readings = [window.count(message(NOON + n), seen(*moves), 0.1) for n, moves in enumerate(steps)]
    assert [reading.stage for reading in readings] == [0, 1, 2, 3, 4]
    assert [reading.moves for reading in readings] == [0, 1, 2, 3, 4]
    scores = [reading.fraud_score or 0.0 for reading in readings]
    assert scores == sorted(scores)
    assert scores[0] < 0.05
    assert scores[-1] > 0.6


def test_another_recipient_is_another_dialogue() -> None:
    window = Dialogues(1000)
    window.count(message(NOON), seen("transfer_requested", "urgency"), 0.9)
    assert window.count(message(NOON + 1, recipient="ann"), seen(), 0.0).stage == 0
    assert window.count(message(NOON + 1, "bob", "eve"), seen(), 0.0).stage == 0
    assert window.count(message(NOON + 1), seen(), 0.0).stage == 4


def test_what_happened_more_than_seven_days_ago_is_over() -> None:
    window = Dialogues(1000)
    window.count(message(NOON), seen("transfer_requested"), None)
    assert window.count(message(NOON + OVER_S - 1), seen("urgency"), None).moves == 2
    assert window.count(message(NOON + OVER_S), seen(), None).moves == 1


def test_a_late_message_is_read_as_of_its_own_time_and_seen_by_later_ones() -> None:
    window = Dialogues(1000)
    window.count(message(NOON), seen("urgency"), None)
    assert window.count(message(NOON - 3600), seen("code_requested"), None).moves == 1
    assert window.count(message(NOON + 1), seen(), None).moves == 2


def test_unknown_scores_are_not_low_ones() -> None:
    window = Dialogues(1000)
    assert window.count(message(NOON), seen(), None).sender_top is None
    assert window.count(message(NOON + 1), seen("urgency"), None).sender_top is None
    assert window.count(message(NOON + 2), seen(), 0.0).sender_top == 0.0
    assert window.count(message(NOON + 3), seen(), 0.9).sender_top == pytest.approx(0.9 / TOP)


def test_in_a_group_only_the_sender_is_remembered() -> None:
    window = Dialogues(1000)
    reading = window.count(message(NOON, recipient=None, group="g1"), seen("transfer_requested"), 0.9)
    assert (reading.moves, reading.stage, reading.fraud_score) == (None, None, None)
    assert reading.sender_top == pytest.approx(0.9 / TOP)
    assert reading.sender_asked == 0


def test_asking_one_after_the_other_is_counted_by_recipient() -> None:
    window = Dialogues(1000)
    names = ["ann", "bob", "ann", "cat"]
    asks = [window.count(message(NOON, recipient=name), seen("transfer_requested"), 0.5) for name in names]
    assert [reading.sender_asked for reading in asks] == [1, 2, 2, 3]


def test_the_payer_is_told_of_the_worst_dialogue_of_the_last_days() -> None:
    window = Dialogues(1000)
    assert window.worst(payment(NOON), "bob").fraud_score == 0.0
    last = window.count(message(NOON), seen("transfer_requested", "secrecy_asked"), 0.9)
    window.count(message(NOON + 60, "ann"), seen("urgency"), 0.2)
    worst = window.worst(payment(NOON + 120), "bob")
    assert (worst.fraud_score, worst.stage) == (last.fraud_score, 4)
    assert window.worst(payment(NOON - 1), "bob").fraud_score == 0.0
    assert window.worst(payment(NOON + OVER_S + 61), "bob") == Met(NOON + OVER_S + 61, 0.0, 0)
    assert window.worst(payment(NOON + 120), "ann").fraud_score == 0.0


def test_quiet_messages_leave_no_trace() -> None:
    window = Dialogues(1000)
    for number in range(500):
        window.count(message(NOON + number, f"a{number}"), seen(), 0.1)
    assert len(window) == 0


def test_no_text_is_kept() -> None:
    window = Dialogues(1000)
    window.count(message(NOON), seen("transfer_requested"), 0.9)
    assert b"secret" not in window.snapshot()


def test_memory_is_bounded_in_keys_and_in_messages_of_one_key() -> None:
    window = Dialogues(100)
    for number in range(5_000):
        window.count(message(NOON + number, f"a{number}", f"b{number}"), seen("urgency"), 0.5)
    assert len(window) <= 3 * 101
    hot = Dialogues(100)
    for number in range(5_000):
        hot.count(message(NOON + number), seen("urgency"), 0.5)
    assert len(hot.snapshot()) < 3 * MAX_MESSAGES * 40


Spoken = tuple[int, str, str, list[str], float | None]
spoken = st.tuples(
    st.integers(0, 20 * 24), st.sampled_from("abc"), st.sampled_from("xyz"),
    st.lists(st.sampled_from(sorted(BIT)), max_size=2, unique=True), st.sampled_from([None, 0.0, 0.1, 0.4, 0.9]),
)


def reference(said: list[Spoken], index: int) -> Reading:
    """What the window must answer to message `index`, from all messages before it; no limits, no states."""
    evidence = Evidence(BOOK)
    hour, sender, recipient, _, _ = said[index]

    def top(messages: list[Spoken]) -> float | None:
        scores = sorted((0.0 if s[4] < 0.2 else s[4] for s in messages if s[4] is not None), reverse=True)
        return sum(scores[:TOP]) / TOP if scores else None

    def is_remembered(place: int, one: Spoken) -> bool:
        return place == index or bool(one[3]) or (one[4] or 0.0) >= 0.2

    window = [
        one for place, one in enumerate(said[: index + 1])
        if one[1] == sender and hour - 7 * 24 < one[0] <= hour and is_remembered(place, one)
    ]
    pair = [one for one in window if one[2] == recipient]
    mask = 0
    for one in pair:
        mask |= seen(*one[3]).mask
    asks = [bool(seen(*one[3]).mask & evidence.asking) for one in window]
    asked = {one[2] for one, is_ask in zip(window, asks, strict=True) if is_ask}
    asks_here = sum(bool(seen(*one[3]).mask & evidence.asking) for one in pair)
    score = evidence.fraud_score(mask, asks_here, top(pair) or 0.0)
    return Reading(mask.bit_count(), evidence.stage(mask), score, top(window), len(asked))


@settings(max_examples=60)
@given(st.lists(spoken, min_size=1, max_size=25).map(lambda said: sorted(said, key=lambda one: one[0])))
def test_it_answers_like_a_window_over_everything(said: list[Spoken]) -> None:
    window = Dialogues(1000)
    for index, (hour, sender, recipient, moves, score) in enumerate(said):
        found = window.count(message(NOON + hour * 3600, sender, recipient), seen(*moves), score)
        expected = reference(said, index)
        assert found[:2] == expected[:2]
        assert found.fraud_score == pytest.approx(expected.fraud_score)
        assert found.sender_top == (None if expected.sender_top is None else pytest.approx(expected.sender_top))
        assert found.sender_asked == expected.sender_asked


@settings(max_examples=30)
@given(st.lists(spoken, max_size=25), st.integers(0, 25))
def test_a_restart_changes_nothing_wherever_it_falls(said: list[Spoken], cut: int) -> None:
    whole, first, second = Dialogues(1000), Dialogues(1000), Dialogues(1000)
    for index, (hour, sender, recipient, moves, score) in enumerate(said):
        event = message(NOON + hour * 3600, sender, recipient)
        whole.count(event, seen(*moves), score)
        if index < cut:
            first.count(event, seen(*moves), score)
    assert second.restore(first.snapshot())
    for hour, sender, recipient, moves, score in said[cut:]:
        second.observe(message(NOON + hour * 3600, sender, recipient), recorded(moves, score))
    assert second.snapshot() == whole.snapshot()
    assert second.count(message(NOON), seen(), None) == whole.count(message(NOON), seen(), None)


def test_events_from_before_moves_were_recorded_are_not_counted() -> None:
    window = Dialogues(1000)
    window.observe(message(NOON), {"text_fraud_score": 0.9})
    window.observe(payment(NOON), recorded(["urgency"], 0.9))
    assert len(window) == 0


@pytest.mark.parametrize("blob", [b"", b"nonsense", msgspec.msgpack.encode(("other", [])), msgspec.msgpack.encode(3)])
def test_a_strange_snapshot_changes_nothing(blob: bytes) -> None:
    window = Dialogues(1000)
    window.count(message(NOON), seen("urgency"), 0.9)
    before = window.snapshot()
    assert not window.restore(blob)
    assert window.snapshot() == before


def test_a_snapshot_of_other_moves_is_refused() -> None:
    entry = {
        "name": "other", "title": {"zh": "x", "en": "x"}, "stage": "ask", "evidence": 1.0, "cues": {1.0: ["x"]},
        "hits": ["x"], "near_misses": ["y"],
    }
    other = read_moves(str({"warnings": [], "moves": [entry]}), "other.yaml")
    assert not Dialogues(1000, other).restore(Dialogues(1000).snapshot())
    assert Dialogues(1000, built_in_moves()).restore(Dialogues(1000).snapshot())


def test_clearing_forgets_everything() -> None:
    window = Dialogues(1000)
    window.count(message(NOON), seen("urgency"), 0.9)
    window.clear()
    assert len(window) == 0
    assert window.count(message(NOON + 1), seen(), 0.0).moves == 0


def test_a_key_is_forgotten_a_while_after_its_window() -> None:
    window, chance = Dialogues(1000), random.Random(1)
    window.count(message(NOON, "old"), seen("urgency"), 0.9)
    for number in range(60):
        at = NOON + (OVER_S + LATENESS_S) * (1 + number // 20) + chance.random()
        window.count(message(at, f"new{number}"), seen("urgency"), 0.9)
    assert window.count(message(NOON, "old"), seen(), 0.0).moves == 0


class Signs(NamedTuple):
    """The signs of one message, as the fraud protection sees them."""

    numbers: frozenset[int]


def knowing_frauds() -> Dialogues:
    window = Dialogues(1000)
    window.weigh_with(SIGN_BOOK)
    return window


def signs(*names: str) -> Signs:
    return Signs(SIGN_BOOK.numbers(" ".join(names)))


def test_signs_of_several_messages_name_the_fraud_together() -> None:
    window = knowing_frauds()
    first = window.count(message(NOON), seen(), 0.0, signs("task_rebate.easy_pay"))
    again = window.count(message(NOON + 1), seen(), 0.0, signs("task_rebate.easy_pay"))
    last = window.count(message(NOON + 2), seen("fee_in_advance"), 0.0)
    assert first.scenario_score == again.scenario_score, "a sign counts once"
    assert first.scenario is None
    assert last.scenario == "task_rebate"


def test_a_new_account_is_trusted_less_than_an_old_friend() -> None:
    given = (message(NOON), seen(), 0.8, signs("task_rebate.easy_pay"))
    scores = [
        knowing_frauds().count(*given, age, tie).scenario_score or 0.0
        for age, tie in ((1.0, None), (400.0, None), (None, 10.0), (400.0, 90.0))
    ]
    assert scores == sorted(scores, reverse=True)
    assert len(set(scores)) == 4


def test_without_knowledge_of_frauds_none_is_named() -> None:
    asked = seen("transfer_requested", "urgency")
    reading = Dialogues(1000).count(message(NOON), asked, 0.9, signs("police.safe_account"))
    assert (reading.scenario, reading.scenario_score) == (None, 0.0)


def test_where_an_event_names_the_other_side_only_their_dialogue_counts() -> None:
    window = knowing_frauds()
    shown = signs("police.safe_account", "police.case_against_you")
    window.count(message(NOON), seen("transfer_requested"), 0.9, shown)
    opened = {"account": "bob", "url": "https://a.example.net"}
    by_eve = decoded("link.opened", NOON + 1, opened | {"sender": "eve"})
    by_ann = decoded("link.opened", NOON + 1, opened | {"sender": "ann"})
    by_nobody = decoded("link.opened", NOON + 1, opened)
    assert window.worst(by_eve, "bob").scenario == "police"
    assert window.worst(by_ann, "bob").scenario is None
    assert window.worst(by_nobody, "bob") == window.worst(by_eve, "bob")


def test_signs_survive_a_snapshot_and_a_replay_alike() -> None:
    live, replayed, restored = knowing_frauds(), knowing_frauds(), knowing_frauds()
    live.count(message(NOON), seen("urgency"), 0.3, signs("coupon.too_good", "coupon.fee_first"), 3.0)
    names = SIGN_BOOK.written(signs("coupon.too_good", "coupon.fee_first").numbers)
    replayed.observe(message(NOON), recorded(["urgency"], 0.3) | {"text_scenario_signs": names, "sender_age_days": 3.0})
    assert live.snapshot() == replayed.snapshot()
    assert restored.restore(live.snapshot())
    assert restored.worst(payment(NOON + 1), "bob") == live.worst(payment(NOON + 1), "bob")
    assert not Dialogues(1000).restore(live.snapshot()), "numbers of signs mean nothing without them"
