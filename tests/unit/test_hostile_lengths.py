"""Texts that somebody wrote to keep us busy take time by their length, not by its square, which was seconds of it."""

import time
from collections.abc import Callable

import pytest

from anlan.center.assistant.reading import built_in_cues, evidence_of
from anlan.center.assistant.talks import MAX_WORDS_CHARS
from anlan.domain.event_data import MAX_TEXT_CHARS
from anlan.protections.content.amounts import find_amounts
from anlan.protections.fraud.named_payees import MAX_CHARS, accounts_in

MOST_GROWTH = 9.0
"""How much longer four times the length may take: about 4 if time goes by length, about 16 if by its square."""


def seconds_of(read: Callable[[str], object], text: str) -> float:
    """Of a processor, the best of three looks."""
    took = []
    for _ in range(3):
        began = time.process_time()
        read(text)
        took.append(time.process_time() - began)
    return min(took)


def growth(read: Callable[[str], object], sign: str, end: str, length: int) -> float:
    """How much longer a text takes than its quarter."""
    whole, quarter = ((sign * size)[: size - len(end)] + end for size in (length, length // 4))
    return seconds_of(read, whole) / seconds_of(read, quarter)


@pytest.mark.parametrize("sign", ["\n", "\n ", "“", "ﷺ", "> ", "我:"], ids=ascii)
@pytest.mark.parametrize("end", ["", "x!"])
def test_a_telling_of_nothing_but_signs_is_read_in_the_time_of_others(sign: str, end: str) -> None:
    cues = built_in_cues()
    assert growth(lambda told: (cues.hear(told), evidence_of([told])), sign, end, MAX_WORDS_CHARS) < MOST_GROWTH


def test_a_text_of_nothing_but_sums_is_read_in_the_time_of_others() -> None:
    assert growth(lambda text: list(find_amounts(text)), "¥1", "", MAX_TEXT_CHARS) < MOST_GROWTH
    assert len(list(find_amounts("¥1" * 100))) == 100


def test_a_text_that_could_begin_an_address_anywhere_is_read_in_the_time_of_others() -> None:
    assert growth(accounts_in, "a", "1", MAX_CHARS) < MOST_GROWTH
    assert len(accounts_in("钱打到pay.me@example.com")) == 1


def test_what_is_quoted_before_an_open_quote_stays_quoted() -> None:
    parts = evidence_of(["他说“先交手续费才能领奖”，还有“"]).parts
    assert ("them", "先交手续费才能领奖") in parts
