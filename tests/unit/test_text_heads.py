"""The n-gram heads: what they score."""

import numpy as np

from anlan.models.text_heads import assemble, ngram_buckets


def test_logits_rise_with_known_ngrams() -> None:
    buckets = np.setdiff1d(ngram_buckets("刷单"), ngram_buckets(""))
    weights = np.zeros((len(buckets), 2))
    weights[:, 1] = 3.0
    heads = assemble("v1", ("normal", "fraud"), buckets, weights, np.array([1.0, 0.0]))
    assert heads.logits(["刷单"])[1] > 3
    assert heads.logits(["天气"]).tolist() == heads.logits([""]).tolist() == [1.0, 0.0]


def test_ngrams_of_short_and_odd_texts() -> None:
    assert len(ngram_buckets("")) == 3
    assert len(ngram_buckets("ab")) == 4 + 3 + 2 + 1
    assert len(ngram_buckets("\ud800")) == 6


def test_every_line_is_read_by_itself() -> None:
    buckets = np.setdiff1d(ngram_buckets("刷单"), ngram_buckets(""))
    heads = assemble("v1", ("normal", "fraud"), buckets, np.full((len(buckets), 2), [0.0, 3.0]), np.zeros(2))
    alone = heads.logits(["刷单"])[1]
    assert heads.logits(["今天", "刷单"])[1] == alone
    assert heads.logits(["刷单", "", "刷单"])[1] == 2 * alone
    assert heads.logits(["刷", "单"])[1] < alone
