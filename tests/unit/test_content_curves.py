"""What is kept of a measurement: counts at every threshold and how true the scores are, set by set."""

from pathlib import Path

import numpy as np
import pytest

from anlan.domain.model_cards import Curves
from anlan.domain.text_scores import TEXT_CATEGORIES
from anlan.protections.content.model_card import CURVES_NAME, read_curves, text_model_card
from anlan.protections.content.training.curves import THRESHOLDS, curves, write_curves


@pytest.fixture
def measured() -> Curves:
    probabilities = np.array([[0.9, 0.1, 0.0], [0.1, 0.5, 0.4], [0.0, 0.2, 0.8], [0.3, 0.7, 0.0], [1.0, 0.0, 0.0]])
    return curves("v1", ("normal", "abuse", "fraud"), probabilities, np.array([0, 1, 2, 0, 0]), [*"aaaab"])


def test_counts_at_a_threshold_are_those_of_the_definition(measured: Curves) -> None:
    first, second = measured.sets
    assert [(each.name, each.texts) for each in measured.sets] == [("a", 4), ("b", 1)]
    abuse, fraud, harm = first.scores
    half = THRESHOLDS.index(0.5)
    assert (abuse.positives, abuse.hits[half], abuse.alarms[half]) == (1, 1, 1)
    assert (abuse.hits[half + 1], abuse.alarms[half + 1]) == (0, 1)
    assert (fraud.positives, fraud.hits[half], fraud.alarms[half]) == (1, 1, 0)
    assert (harm.category, harm.positives, harm.hits[half], harm.alarms[half]) == ("harm", 2, 2, 1)
    assert second.scores[2].positives == 0
    assert all(list(score.hits) == sorted(score.hits, reverse=True) for score in first.scores)


def test_every_text_is_in_one_bin(measured: Curves) -> None:
    harm = measured.sets[0].scores[2]
    assert sum(each.texts for each in harm.bins) == 4
    assert sum(each.positives for each in harm.bins) == harm.positives
    assert (harm.bins[9].texts, harm.bins[9].positives) == (2, 2)
    assert harm.bins[9].mean == pytest.approx(0.95)


def test_curves_of_another_model_are_not_shown(measured: Curves, tmp_path: Path) -> None:
    path = tmp_path / CURVES_NAME
    assert read_curves(path, "v1") is None
    write_curves(measured, path)
    assert read_curves(path, "v1") == measured
    assert read_curves(path, "v2") is None
    path.write_text("{", "utf-8")
    assert read_curves(path, "v1") is None


def test_shipped_papers_are_those_of_the_shipped_model(tmp_path: Path) -> None:
    card = text_model_card()
    assert card.curves
    assert card.curves.model == card.version
    assert {score.category for each in card.curves.sets for score in each.scores} == {*TEXT_CATEGORIES[1:], "harm"}
    assert card.sha256 in card.texts["en"]
    assert text_model_card(tmp_path / "none.npz").curves is None
