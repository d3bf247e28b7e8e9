"""What a stranger asks for over a week adds up, without a word of it being kept, and the same after a restart."""

import random

import msgspec
from judged import event

from anlan.domain.events import Event
from anlan.protections.minors.approaches import ASKS, OVER_S, Approaches

DAY_S = 86_400.0
BEGAN = 1_795_000_000.0


def said(number: int, at: float, sender: str = "sly", recipient: str | None = "kim") -> Event:
    names = {"sender": sender, "text": "words"} | ({"recipient": recipient} if recipient else {"group": "g"})
    return msgspec.structs.replace(event(number, **names), time=at)


def test_asks_of_different_days_add_up_for_one_pair_only() -> None:
    kept = Approaches(100)
    first = kept.count(said(1, BEGAN), None, True)
    assert (first.kinds, first.has_secrecy) == (1, True) if first else False
    second = kept.count(said(2, BEGAN + 2 * DAY_S), "picture_request", False)
    assert second == (2, True)
    assert kept.count(said(3, BEGAN + 2 * DAY_S, recipient="lee"), "picture_request", False) == (1, False)
    assert kept.count(said(4, BEGAN + 2 * DAY_S, sender="tom"), "meeting", False) == (1, False)
    assert kept.count(said(5, BEGAN + OVER_S + DAY_S), "picture_request", False) == (1, False), "the week is over"


def test_a_message_that_asks_nothing_or_a_group_is_not_remembered() -> None:
    kept = Approaches(100)
    assert kept.count(said(1, BEGAN), "bullying", None) is None
    assert kept.count(said(2, BEGAN, recipient=None), "meeting", True) is None
    assert kept.snapshot() == Approaches(100).snapshot()


def test_a_late_message_reads_what_stood_before_it() -> None:
    kept = Approaches(100)
    kept.count(said(1, BEGAN + DAY_S), "meeting", False)
    assert kept.count(said(2, BEGAN), None, True) == (1, True)
    assert kept.count(said(3, BEGAN + DAY_S), "meeting", False) == (2, True)


def test_replayed_and_restored_it_reads_the_same() -> None:
    chance = random.Random(7)
    live, replayed = Approaches(50), Approaches(50)
    for number in range(300):
        happened = said(number, BEGAN + number * 3_000, chance.choice("ab"), chance.choice("cde"))
        theme, secrecy = chance.choice([None, "bullying", *ASKS[1:]]), chance.random() < 0.2
        live.count(happened, theme, secrecy)
        replayed.observe(happened, {"text_care_theme": theme, "move_secrecy_asked": secrecy})
    assert live.snapshot() == replayed.snapshot()
    restored = Approaches(50)
    assert restored.restore(live.snapshot())
    last = said(999, BEGAN + 300 * 3_000, "a", "c")
    assert restored.count(last, "meeting", False) == live.count(last, "meeting", False)
    assert restored.snapshot() == live.snapshot()
    assert not restored.restore(b"nonsense")
    assert not restored.restore(msgspec.msgpack.encode(("another", [])))
