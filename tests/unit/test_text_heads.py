"""The n-gram heads: what they score, and that a damaged artefact is refused."""

from pathlib import Path

import numpy as np
import pytest

from anlan.errors import Unavailable
from anlan.models.text_heads import TextHeads, assemble, load, ngram_buckets, save


@pytest.fixture
def heads() -> TextHeads:
    buckets = np.setdiff1d(ngram_buckets("刷单"), ngram_buckets(""))
    weights = np.zeros((len(buckets), 2))
    weights[:, 1] = 3.0
    return assemble("v1", ("normal", "fraud"), buckets, weights, np.array([1.0, 0.0]))


def test_scores_rise_with_known_ngrams(heads: TextHeads) -> None:
    assert heads.probabilities("刷单")[1] > 0.9
    assert heads.probabilities("天气")[1] < 0.5
    assert sum(heads.probabilities("")) == pytest.approx(1)


def test_ngrams_of_short_and_odd_texts() -> None:
    assert len(ngram_buckets("")) == 3
    assert len(ngram_buckets("ab")) == 4 + 3 + 2 + 1
    assert len(ngram_buckets("\ud800")) == 6


def test_save_and_load_keep_the_scores(heads: TextHeads, tmp_path: Path) -> None:
    save(heads, tmp_path / "heads.npz")
    again = load(tmp_path / "heads.npz")
    assert (again.version, again.categories) == (heads.version, heads.categories)
    assert again.probabilities("刷单") == pytest.approx(heads.probabilities("刷单"), abs=0.02)


def test_changed_artefact_is_refused(heads: TextHeads, tmp_path: Path) -> None:
    path = tmp_path / "heads.npz"
    save(heads, path)
    path.write_bytes(path.read_bytes() + b"x")
    with pytest.raises(Unavailable, match="SHA-256"):
        load(path)


def test_missing_artefact_is_refused(heads: TextHeads, tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="anlan train text"):
        load(tmp_path / "heads.npz")
    save(heads, tmp_path / "heads.npz")
    (tmp_path / "heads.json").unlink()
    with pytest.raises(Unavailable):
        load(tmp_path / "heads.npz")
