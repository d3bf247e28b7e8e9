"""The text model: both heads, when the encoder is asked, and that damaged files are refused."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from anlan.errors import Unavailable
from anlan.models import sentence_encoder
from anlan.models.sentence_encoder import SentenceEncoder
from anlan.models.text_heads import assemble, ngram_buckets
from anlan.models.text_model import Alone, MeaningHead, TextModel, TextParts, load, save, softmax


class CountingEncoder(SentenceEncoder):
    """The real encoder, which counts the texts it was asked about."""

    asked = 0

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.asked += len(texts)
        return super().encode(texts)


@pytest.fixture(scope="module")
def encoder() -> CountingEncoder:
    return CountingEncoder.load()


@pytest.fixture
def parts(encoder: CountingEncoder) -> TextParts:
    buckets = np.setdiff1d(ngram_buckets("刷单"), ngram_buckets(""))
    weights = np.zeros((len(buckets), 2))
    weights[:, 1] = 8.0
    into = encoder.encode(["easy money, pay first"]).T
    out = np.array([[0.0, 6.0]], np.float32)
    meaning = MeaningHead(into, np.zeros(1, np.float32), out, np.zeros(2, np.float32))
    heads = assemble("v1", ("normal", "fraud"), buckets, weights, np.array([1.0, 0.0]))
    return TextParts(heads, meaning, Alone(1.0, np.zeros(2, np.float32), 0.7))


def test_ngrams_that_are_sure_spare_the_encoder(parts: TextParts, encoder: CountingEncoder) -> None:
    model, before = TextModel(parts, encoder), encoder.asked
    assert model.probabilities("天气")[0] > 0.7
    assert encoder.asked == before
    assert model.probabilities("刷单")[1] > 0.9
    assert model.probabilities("刷单")[1] > 0.9
    assert encoder.asked == before + 1


def test_meaning_carries_over_to_another_language(parts: TextParts, encoder: CountingEncoder) -> None:
    always = parts._replace(alone=parts.alone._replace(sure_normal=1.0))
    model = TextModel(always, encoder)
    assert model.probabilities("轻松赚钱，先付款")[1] > model.probabilities("这只猫很可爱")[1] + 0.2


def test_many_at_once_are_scored_as_one_by_one(parts: TextParts, encoder: CountingEncoder) -> None:
    model = TextModel(parts, encoder)
    texts = ["刷单", "天气", "", "刷单", "pay first"]
    together = model.probabilities_of(texts)
    assert np.allclose(together, [model.probabilities(text) for text in texts], atol=1e-3)
    assert all(sum(each) == pytest.approx(1) for each in together)


def test_what_was_looked_at_ahead_is_not_looked_at_again(parts: TextParts, encoder: CountingEncoder) -> None:
    model = TextModel(parts, encoder, max_remembered=2)
    model.look_ahead(["刷单", "先付款", "刷单"])
    before = encoder.asked
    assert model.probabilities("刷单")[1] > 0.9
    assert encoder.asked == before
    model.probabilities("pay first")  # the oldest makes room
    before = encoder.asked
    model.probabilities("先付款")
    assert encoder.asked == before
    model.probabilities("刷单")
    assert encoder.asked == before + 1


def test_save_and_load_keep_the_scores(parts: TextParts, encoder: CountingEncoder, tmp_path: Path) -> None:
    save(parts, tmp_path / "model.npz")
    again = TextModel(load(tmp_path / "model.npz"), encoder)
    assert (again.version, again.categories) == ("v1", ("normal", "fraud"))
    assert again.probabilities("刷单") == pytest.approx(TextModel(parts, encoder).probabilities("刷单"), abs=0.02)


def test_changed_artefact_is_refused(parts: TextParts, tmp_path: Path) -> None:
    path = tmp_path / "model.npz"
    save(parts, path)
    path.write_bytes(path.read_bytes() + b"x")
    with pytest.raises(Unavailable, match="SHA-256"):
        load(path)


def test_missing_artefact_is_refused(parts: TextParts, tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="anlan train text"):
        load(tmp_path / "model.npz")
    save(parts, tmp_path / "model.npz")
    (tmp_path / "model.json").unlink()
    with pytest.raises(Unavailable):
        load(tmp_path / "model.npz")


def test_other_encoder_weights_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sentence_encoder.SHA256, "sp.model", "0" * 64)
    with pytest.raises(Unavailable, match=r"sp\.model .* SHA-256"):
        SentenceEncoder.load()
    monkeypatch.setitem(sentence_encoder.SHA256, "gone.npz", "0" * 64)
    monkeypatch.delitem(sentence_encoder.SHA256, "sp.model")
    with pytest.raises(Unavailable, match=r"gone\.npz .* cannot be read"):
        SentenceEncoder.load()


@pytest.mark.parametrize("text", ["刷单日结", "天气", "刷", "", "pay first 刷单 " * 300])
def test_parts_of_a_score_add_up_to_it(parts: TextParts, encoder: CountingEncoder, text: str) -> None:
    model = TextModel(parts, encoder)
    base, by_character, by_meaning = model.breakdown(text)
    assert by_character.shape == (len(text), 2)
    total = base + by_character.sum(axis=0) + (0 if by_meaning is None else by_meaning)
    assert np.allclose(softmax(total.astype(np.float32)), model.probabilities(text), atol=1e-5)
    assert (by_meaning is None) is (text in ("天气", ""))


def test_the_characters_that_were_taught_carry_the_weight(parts: TextParts, encoder: CountingEncoder) -> None:
    added = TextModel(parts, encoder).breakdown("今天我们去刷单好吗").by_character[:, 1]
    assert added[5:7].sum() > 0.9 * added.sum() > 0
    assert np.allclose(added[[0, 1, 2, 8]], 0)
