"""How far reporters are believed, against values worked out by hand, and what looks agreed upon."""

from math import exp, log, sqrt

import msgspec
import pytest

from anlan.domain.brigades import agreed_upon
from anlan.domain.cases import HEAD_START_S
from anlan.domain.credibility import (
    HALF_LIFE_S,
    MOST_LIFT_S,
    NO_RECORD,
    Record,
    credibility,
    lift_s,
    pooled,
    weight,
)
from anlan.domain.report_messages import standing
from anlan.domain.report_reasons import BY_CODE, REASONS, reason_of


@pytest.mark.parametrize(
    ("right", "wrong", "believed"),
    [
        # Beta(1, 1): 1/2 - sqrt(1/12)
        (0, 0, 0.5 - sqrt(1 / 12)),
        # Beta(2, 1): 2/3 - sqrt(2 / (9 * 4))
        (1, 0, 2 / 3 - sqrt(2 / 36)),
        # Beta(4, 1): 4/5 - sqrt(4 / (25 * 6))
        (3, 0, 0.8 - sqrt(4 / 150)),
        # Beta(9, 3): 9/12 - sqrt(27 / (144 * 13))
        (8, 2, 0.75 - sqrt(27 / 1872)),
        # Beta(1, 4) lies below zero less nothing: 1/5 - sqrt(4/150) = 0.0367
        (0, 3, 0.2 - sqrt(4 / 150)),
    ],
)
def test_belief_is_the_posterior_mean_less_a_standard_deviation(right: float, wrong: float, believed: float) -> None:
    assert credibility(Record(right, wrong, 0.0)) == pytest.approx(believed)


def test_nobody_weighs_before_they_were_right_a_few_times() -> None:
    assert [round(weight(Record(right, 0.0, 0.0)), 3) for right in (0, 1, 2, 3, 10)] == [0.0, 0.0, 0.113, 0.273, 0.680]
    assert weight(Record(10.0, 10.0, 0.0)) == 0.0


def test_a_record_halves_in_half_a_year_and_not_when_a_clock_runs_back() -> None:
    old = Record(8.0, 4.0, 1000.0)
    assert old.decayed(1000.0 + HALF_LIFE_S) == Record(4.0, 2.0, 1000.0 + HALF_LIFE_S)
    assert old.decayed(0.0) == old
    assert old.with_answer(is_right=False, now=1000.0 + HALF_LIFE_S, counts=3.0) == Record(
        4.0, 5.0, 1000.0 + HALF_LIFE_S
    )


def test_being_right_elsewhere_counts_a_quarter() -> None:
    assert pooled(NO_RECORD, [Record(8.0, 0.0, 5.0), Record(0.0, 4.0, 5.0)], 5.0) == Record(2.0, 1.0, 5.0)


def test_lift_grows_ever_less_and_stays_below_the_next_priority() -> None:
    assert lift_s(0.0) == 0.0
    assert lift_s(log(2)) == pytest.approx(MOST_LIFT_S / 2)
    assert lift_s(2.0) - lift_s(1.0) == pytest.approx((lift_s(1.0) - lift_s(0.0)) * exp(-1))
    gaps = [HEAD_START_S[number] - HEAD_START_S[number + 1] for number in range(1, 5)]
    assert max(lift_s(1e9), MOST_LIFT_S) <= min(gaps)


class Sent(msgspec.Struct, frozen=True):
    id: str
    reporter: str
    weight: float = 0.0
    device: str | None = None
    words_digest: str = ""
    is_young: bool = False


def crowd(count: int, **shared: object) -> list[Sent]:
    return [Sent(id=f"r{n}", reporter=f"p{n}", **shared) for n in range(count)]  # type: ignore[arg-type]


def test_only_everything_together_looks_agreed_upon() -> None:
    assert len(agreed_upon(crowd(5, device="d"))) == 5
    assert len(agreed_upon(crowd(5, is_young=True))) == 5
    assert len(agreed_upon(crowd(5, words_digest="w"))) == 5
    assert agreed_upon(crowd(4, device="d")) == []
    assert agreed_upon(crowd(20)) == []
    believed = [*crowd(5, device="d"), *(Sent(f"w{n}", f"w{n}", weight=0.3) for n in range(3))]
    assert agreed_upon(believed) == []
    assert agreed_upon([Sent(f"r{n}", "one", device="d", is_young=True) for n in range(9)]) == []


def test_ties_are_counted_by_person_and_only_tied_reports_are_named() -> None:
    tied, untied = crowd(4, device="d"), [Sent("x1", "x1", device="e"), Sent("x2", "x1", device="e")]
    assert agreed_upon([*tied, *untied]) == ["r0", "r1", "r2", "r3"]


def test_every_reason_speaks_both_languages_and_names_what_others_call_it() -> None:
    for reason in REASONS:
        for texts in (reason.title, reason.helps):
            assert set(texts) == {"zh", "en"}
            assert all(texts.values())
        assert reason.dsa.startswith("STATEMENT_CATEGORY_")
        assert reason.mastodon in ("spam", "legal", "violation", "other")
        assert reason.xmpp in ("spam", "abuse")
    assert len(BY_CODE) == len(REASONS)
    words = [word for reason in REASONS for word in (reason.code, *reason.also)]
    assert len(words) == len(set(words))
    assert min(REASONS, key=lambda one: one.priority).queue == "care"


@pytest.mark.parametrize(
    ("word", "code"),
    [("fraud", "fraud"), ("Account-Stolen", "account_theft"), ("hate speech", "hate"), ("???", "other"), ("", "other")],
)
def test_words_of_platforms_find_their_reason(word: str, code: str) -> None:
    assert reason_of(word).code == code


def test_thanks_grow_with_reports_that_were_right() -> None:
    assert [standing(*pair) for pair in ((0, 5), (1, 0), (9, 0), (10, 2), (10, 3))] == [
        "new", "helpful", "helpful", "trusted", "helpful",
    ]
