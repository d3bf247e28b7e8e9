"""What the text model reads beside the words: meant words, sounds, cues."""

import numpy as np
import pytest

from anlan.models.sentence_encoder import SentenceEncoder
from anlan.models.text_heads import assemble, ngram_buckets
from anlan.models.text_model import Alone, MeaningHead, TextModel, TextParts
from anlan.protections.content.deciphering import decipher
from anlan.protections.content.lexicon import TERM_CATEGORIES
from anlan.protections.content.model_lines import FIRST_SHAPE_CUE, FIRST_TERM_CUE, further_lines


def test_sure_guesses_are_put_right_and_the_rest_stays() -> None:
    assert "微信" in decipher("加薇信abc12345").words
    assert decipher("今天晚上一起去吃火锅吗").words == "今天晚上一起去吃火锅吗"
    assert decipher("call 13800138000").words == "call \ue001"


def test_words_that_sound_alike_share_a_line() -> None:
    assert further_lines("去诗场买菜")[0] == further_lines("去市场买菜")[0]
    assert further_lines("hello there") == ("", "")


@pytest.mark.parametrize(
    ("words", "shapes"),
    [("看 \ue002", {1}), ("\ue001找我", {0}), ("0000元", {2}), ("🔥🔥🔥买", {3}), ("你好，在吗？", set())],
)
def test_cues_say_what_the_words_hold(words: str, shapes: set[int]) -> None:
    cues = set(further_lines(words)[1])
    assert {ord(cue) - FIRST_SHAPE_CUE for cue in cues if ord(cue) >= FIRST_SHAPE_CUE} >= shapes
    assert bool(cues) is bool(shapes)


def test_a_term_gives_a_cue_of_its_category() -> None:
    (cue,) = further_lines("百家乐")[1]
    assert (ord(cue) - FIRST_TERM_CUE) // 4 == TERM_CATEGORIES.index("gambling")


def test_a_line_as_long_as_the_text_counts_for_the_same_characters() -> None:
    buckets = np.setdiff1d(ngram_buckets("ab"), ngram_buckets(""))
    heads = assemble("v", ("normal", "fraud"), buckets, np.full((len(buckets), 2), [0.0, 4.0]), np.array([1.0, 0.0]))
    meaning = MeaningHead(np.zeros((512, 1), np.float32), np.zeros(1, np.float32), np.zeros((1, 2), np.float32),
                          np.zeros(2, np.float32))
    parts = TextParts(heads, meaning, Alone(1.0, np.zeros(2, np.float32), 1.0))
    model = TextModel(parts, SentenceEncoder.load(), lambda text: ("ab" if len(text) == 2 else "", "b"))
    found = model.breakdown("刷单")
    assert found.by_character[:, 1].min() > 0
    assert found.base[1] > 0
    whole = found.base + found.by_character.sum(axis=0)
    odds = np.exp(whole) / np.exp(whole).sum()
    assert odds == pytest.approx(model.probabilities("刷单"), abs=1e-5)
