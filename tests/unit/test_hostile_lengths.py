"""Texts that somebody wrote to keep us busy take no longer than others of their length; each of these took seconds."""

import time
from collections.abc import Callable

import pytest

from anlan.center.assistant.reading import built_in_cues, evidence_of
from anlan.center.assistant.talks import MAX_WORDS_CHARS
from anlan.domain.event_data import MAX_TEXT_CHARS
from anlan.protections.content.amounts import find_amounts

MOST_S = 0.5
"""Of a processor; a busy machine may be several times slower than the one on which these take a tenth of it."""


def seconds_of(act: Callable[[], object]) -> float:
    began = time.process_time()
    act()
    return time.process_time() - began


@pytest.mark.parametrize("sign", ["\n", "\n\n", "\n ", "“", "“「", "ﷺ", "> ", "我:"], ids=ascii)
@pytest.mark.parametrize("end", ["", "x!"])
def test_a_telling_of_nothing_but_signs_is_read_at_once(sign: str, end: str) -> None:
    cues, told = built_in_cues(), (sign * MAX_WORDS_CHARS)[: MAX_WORDS_CHARS - 2] + end
    assert seconds_of(lambda: (cues.hear(told), evidence_of([told]))) < MOST_S


def test_a_text_of_nothing_but_sums_is_read_at_once() -> None:
    text = "¥1" * (MAX_TEXT_CHARS // 2)
    assert seconds_of(lambda: list(find_amounts(text))) < MOST_S
    assert len(list(find_amounts(text))) == MAX_TEXT_CHARS // 2


def test_what_is_quoted_before_an_open_quote_stays_quoted() -> None:
    parts = evidence_of(["他说“先交手续费才能领奖”，还有“"]).parts
    assert ("them", "先交手续费才能领奖") in parts
