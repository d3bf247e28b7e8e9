"""The figures of the text model's page, from the counts that training keeps."""

from math import isnan

import numpy as np
import pytest

from anlan.domain.model_cards import Curves
from anlan.protections.content.training.curves import curves
from anlan.web.console.text_model import measure
from anlan.web.console.volumes import STEPS, Volume, volume_of


@pytest.fixture
def measured() -> Curves:
    probabilities = np.array([[0.9, 0.1], [0.4, 0.6], [0.2, 0.8], [0.3, 0.7]])
    return curves("v1", ("normal", "fraud"), probabilities, np.array([0, 0, 1, 1]), [*"aabb"])


def test_sets_are_joined_text_by_text(measured: Curves) -> None:
    both = measure(measured, "fraud", ["a", "b"])
    assert (both.texts, both.positives) == (4, 2)
    at = {round(one.threshold, 2): one for one in both.outcomes}
    assert at[0.5][1:] == pytest.approx((2, 1, 2 / 3, 1.0, 0.5))
    assert at[0.75][1:] == pytest.approx((1, 0, 1.0, 0.5, 0.0))
    assert isnan(at[0.9].precision)
    assert sum(one.texts for one in both.bins) == 4


def test_lines_have_no_gaps_where_nothing_is_found(measured: Curves) -> None:
    both = measure(measured, "fraud", ["a", "b"])
    assert len(both.precisions) == len(both.recalls) == 99
    assert both.precisions[-1] == 1.0
    only_harmless = measure(measured, "fraud", ["a"])
    assert set(only_harmless.recalls) == {0.0}


def test_volume_counts_what_reaches_a_threshold() -> None:
    steps = [0] * (STEPS + 1)
    steps[0], steps[500], steps[STEPS] = 7, 2, 1
    volume: Volume = volume_of(steps)
    assert (volume.messages, volume.at(0.0), volume.at(0.5), volume.at(0.501), volume.at(1.0)) == (10, 10, 3, 1, 1)
