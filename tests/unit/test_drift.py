"""When the scores of a model have drifted: not by chance, but when what people write has changed."""

import random
from collections.abc import Callable

import pytest

from anlan.desk.drift import ALARM, EDGES, MIN_EVENTS, DriftReport, Histogram, drifts, notices, psi, shadow_histograms
from anlan.domain.text_scores import Compared

DAY_S = 86_400.0


def histogram(draw: Callable[[random.Random], float], events: int, seed: int, source: str = "im") -> Histogram:
    chance = random.Random(seed)
    counts = [0] * (len(EDGES) + 1)
    for _ in range(events):
        score = draw(chance)
        counts[sum(score >= edge for edge in EDGES)] += 1
    return Histogram("message.sent", source, "fraud", tuple(counts))


def ordinary(chance: random.Random) -> float:
    return chance.betavariate(0.15, 4)


def busier(chance: random.Random) -> float:
    """A fifth more fraud than usual, as from one day to the next."""
    return chance.betavariate(0.18, 4)


def evaded(chance: random.Random) -> float:
    """A third of all messages is a wave that the model half sees."""
    return chance.uniform(0.2, 0.6) if chance.random() < 0.33 else ordinary(chance)


def test_psi_is_that_of_the_book() -> None:
    then, now = [4_000, 6_000], [6_000, 4_000]
    assert psi(then, now) == pytest.approx(2 * 0.2 * 0.405465, rel=1e-3)
    assert psi(then, then) == 0.0
    assert psi([1_000, 0], [0, 1_000]) < float("inf")


@pytest.mark.parametrize("seed", range(12))
def test_ordinary_days_raise_no_alarm(seed: int) -> None:
    week = histogram(ordinary, 7 * MIN_EVENTS, 100)
    for draw in (ordinary, busier):
        (found,) = drifts([week], [histogram(draw, MIN_EVENTS, seed)])
        assert found.psi is not None
        assert found.psi < 0.1
        assert not found.is_alarming


def test_a_wave_raises_one_notice_a_day_and_source() -> None:
    week, day = histogram(ordinary, 7 * MIN_EVENTS, 100), histogram(evaded, MIN_EVENTS, 1)
    quiet = [histogram(ordinary, 7 * MIN_EVENTS, 2, "forum"), histogram(ordinary, MIN_EVENTS, 3, "forum")]
    found = drifts([week, quiet[0]], [quiet[1], day])
    assert [one.now.source for one in found] == ["im", "forum"]
    assert found[0].psi is not None
    assert found[0].psi > ALARM
    report = DriftReport("m1", 0.0, 7 * DAY_S, found)
    (told,) = notices(report, 10 * DAY_S)
    assert (told.kind, told.subject, told.details["model"]) == ("score_drift", "message.sent im", "m1")
    assert told.details["fraud"] == round(found[0].psi, 2)
    assert notices(report, 10 * DAY_S + 3_600)[0].id == told.id
    assert notices(report, 11 * DAY_S)[0].id != told.id


def test_too_few_events_say_nothing() -> None:
    (found,) = drifts([histogram(ordinary, 5_000, 1)], [histogram(evaded, MIN_EVENTS - 1, 1)])
    assert found.psi is None
    assert not found.is_alarming
    assert drifts([histogram(ordinary, 5_000, 1)], [histogram(evaded, 5_000, 1, "new source")]) == ()


def test_scores_in_shadow_become_histograms() -> None:
    pair = Compared("k", 1.0, "message.sent", "im", (1.0,) * 6, (0.1, 0.0, 0.001, 0.95, 0.1, 0.2))
    found = {one.category: one.counts for one in shadow_histograms([pair, pair])}
    assert {category: counts.index(2) for category, counts in found.items()} == {
        "abuse": 0, "porn": 1, "gambling": 9, "fraud": 5, "illicit_ad": 5,
    }
