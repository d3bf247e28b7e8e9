"""Decides how likely a text is of each category, from its n-grams and, where those are unsure, from its meaning.

The n-grams know the words they were taught; the meaning carries over to other words, sets and languages. Where the
n-grams alone are sure that a text is harmless, its meaning is not asked for: that is what keeps ordinary talk cheap.
"""

import hashlib
import io
import json
import math
from collections.abc import Callable, Sequence
from copy import copy
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from anlan.errors import Unavailable
from anlan.models.sentence_encoder import SentenceEncoder
from anlan.models.text_heads import TextHeads, assemble

ENCODED_TOGETHER = 64

Further = Callable[[str], tuple[str, ...]]
"""What else is to be read of a text, as lines for the n-grams; the encoder sees the text alone."""


def nothing_further(text: str) -> tuple[str, ...]:
    """For models that were taught words alone."""
    return ()



class MeaningHead(NamedTuple):
    """Log-odds from a sentence vector, by one hidden layer of rectified units.

    Attributes:
        into: shape (512, hidden); `into_bias` has shape (hidden,).
        weights: shape (hidden, categories); `bias` has shape (categories,).
    """

    into: NDArray[np.float32]
    into_bias: NDArray[np.float32]
    weights: NDArray[np.float32]
    bias: NDArray[np.float32]

    def logits(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """Shape (texts, categories)."""
        total: NDArray[np.float32] = np.maximum(vectors @ self.into + self.into_bias, 0) @ self.weights + self.bias
        return total


class Alone(NamedTuple):
    """How the n-grams are read without the meaning: calibrated on their own.

    Attributes:
        scale: what their logits are multiplied with.
        bias: shape (categories,), added after that.
        sure_normal: probability of the first category from which the meaning is not asked for, in (0, 1].
    """

    scale: float
    bias: NDArray[np.float32]
    sure_normal: float


class Breakdown(NamedTuple):
    """Where the log-odds of one text come from; all three parts add up to them, up to a constant.

    Attributes:
        base: shape (categories,), what stands before any character is read, and what belongs to none of them.
        by_character: shape (len(text), categories), what the n-grams add; a line of the same length as the text, such
            as its sounds, adds to the characters in the same places.
        by_meaning: shape (categories,), what the meaning adds; None where it was not asked for.
    """

    base: NDArray[np.float64]
    by_character: NDArray[np.float64]
    by_meaning: NDArray[np.float64] | None


class TextParts(NamedTuple):
    """What is trained and saved; the logits of both heads add up to calibrated log-odds."""

    heads: TextHeads
    meaning: MeaningHead
    alone: Alone


class TextModel:
    """Trained parts and the encoder they need, ready to score.

    Attributes:
        version: what a decision names; changes with every training.
        categories: in order of the probabilities; the first is the harmless one.
    """

    def __init__(
        self, parts: TextParts, encoder: SentenceEncoder, further: Further = nothing_further,
        max_remembered: int = 20_000,
    ) -> None:
        self.version, self.categories = parts.heads.version, parts.heads.categories
        self._parts, self._encoder, self._further = parts, encoder, further
        self._remembered: dict[str, tuple[float, ...]] = {}
        self._max_remembered = max_remembered

    def unpack(self) -> None:
        """Be ready for the first text: see `SentenceEncoder.unpack`."""
        self._encoder.unpack()

    @property
    def parts(self) -> TextParts:
        """What was trained."""
        return self._parts

    def with_parts(self, parts: TextParts) -> "TextModel":
        """A model with other weights that reads texts as this one does, by the same encoder."""
        other = copy(self)
        other.version, other.categories = parts.heads.version, parts.heads.categories
        other._parts, other._remembered = parts, {}
        return other

    def probabilities(self, text: str) -> tuple[float, ...]:
        """One per category, in order; they sum to 1."""
        known = self._remembered.get(text)
        return known or self._remember(text, self._score(text))

    def look_ahead(self, texts: Sequence[str]) -> None:
        """Score texts together that will be asked for soon: for one of many the meaning costs a quarter."""
        new = [text for text in dict.fromkeys(texts) if text not in self._remembered]
        for text, scores in zip(new, self.probabilities_of(new), strict=True):
            self._remember(text, scores)

    def breakdown(self, text: str) -> Breakdown:
        """The score of `text` taken apart."""
        heads, _, alone = self._parts
        logits, sure = self._first_look(text)
        scale, raised = (alone.scale, alone.bias) if sure else (1.0, np.zeros_like(alone.bias))
        lines = [text, *(line for line in self._further(text) if len(line) == len(text))]
        by_character = np.sum([heads.shares(line) for line in lines], axis=0) * scale
        base = logits * np.float64(scale) + raised - by_character.sum(axis=0)
        return Breakdown(base, by_character, None if sure else self.meanings([text])[0])

    def meanings(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Shape (texts, categories): what the meaning of each text adds to its log-odds."""
        return self._parts.meaning.logits(self._encoder.encode(texts)).astype(np.float64)

    def vectors(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Shape (texts, 512): where each text stands among all meanings, each row of length 1."""
        return self._encoder.encode(texts)

    def probabilities_of(self, texts: Sequence[str]) -> list[tuple[float, ...]]:
        """As `probabilities` for each of `texts`, in order, encoding 64 at a time."""
        found: dict[str, tuple[float, ...]] = {}
        unsure: dict[str, NDArray[np.float32]] = {}
        for text in dict.fromkeys(texts):
            logits, sure = self._first_look(text)
            if sure:
                found[text] = sure
            else:
                unsure[text] = logits
        waiting = list(unsure)
        for start in range(0, len(waiting), ENCODED_TOGETHER):
            batch = waiting[start : start + ENCODED_TOGETHER]
            for text, more in zip(batch, self._parts.meaning.logits(self._encoder.encode(batch)), strict=True):
                found[text] = softmax(unsure[text] + more)
        return [found[text] for text in texts]

    def _remember(self, text: str, scores: tuple[float, ...]) -> tuple[float, ...]:
        if len(self._remembered) >= self._max_remembered:
            self._remembered.pop(next(iter(self._remembered)), None)  # the oldest
        self._remembered[text] = scores
        return scores

    def _first_look(self, text: str) -> tuple[NDArray[np.float32], tuple[float, ...] | None]:
        """Logits of the n-grams, and the probabilities if these are enough."""
        scale, bias, sure_normal = self._parts.alone
        logits = self._parts.heads.logits((text, *self._further(text)))
        alone = softmax(logits * np.float32(scale) + bias)
        return logits, alone if alone[0] >= sure_normal else None

    def _score(self, text: str) -> tuple[float, ...]:
        logits, sure = self._first_look(text)
        return sure or softmax(logits + self._parts.meaning.logits(self._encoder.encode([text]))[0])


def softmax(logits: NDArray[np.float32]) -> tuple[float, ...]:
    """Probabilities of one text from its logits."""
    values = logits.tolist()
    highest = max(values)
    odds = [math.exp(value - highest) for value in values]
    total = sum(odds)
    return tuple(each / total for each in odds)


def save(parts: TextParts, path: Path) -> str:
    """Write `parts` to `path` (.npz) with its card data beside it (.json); returns the SHA-256 of the artefact."""
    heads, meaning, alone = parts
    buckets = np.flatnonzero(heads.row_of_bucket).astype(np.uint32)
    weights = heads.weights[heads.row_of_bucket[buckets]]
    scale = np.maximum(np.abs(weights).max(axis=0), 1e-9) / 127
    packed = io.BytesIO()
    np.savez_compressed(
        packed, buckets=buckets, weights=np.rint(weights / scale).astype(np.int8), scale=scale, bias=heads.bias,
        **{f"meaning_{name}": value.astype(np.float16) for name, value in meaning._asdict().items()},
        alone=np.array([alone.scale, alone.sure_normal]), alone_bias=alone.bias,
    )
    path.write_bytes(packed.getvalue())
    digest = hashlib.sha256(packed.getvalue()).hexdigest()
    facts = {"version": heads.version, "categories": heads.categories, "sha256": digest}
    path.with_suffix(".json").write_text(json.dumps(facts, indent=1) + "\n", "utf-8")
    return digest


def load(path: Path) -> TextParts:
    """Read parts written by `save`.

    Raises:
        Unavailable: the artefact or its .json is missing, or its SHA-256 is not the one written there.
    """
    try:
        packed, facts = path.read_bytes(), json.loads(path.with_suffix(".json").read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise Unavailable(f"text model at {path} cannot be read ({error}); run `anlan train text`") from error
    digest = hashlib.sha256(packed).hexdigest()
    if digest != facts.get("sha256"):
        raise Unavailable(
            f"{path.name} has SHA-256 {digest}, its card says {facts.get('sha256')}; restore the file or train again"
        )
    with np.load(io.BytesIO(packed), allow_pickle=False) as arrays:
        heads = assemble(
            facts["version"], tuple(facts["categories"]), arrays["buckets"],
            arrays["weights"] * arrays["scale"], arrays["bias"],
        )
        meaning = MeaningHead(*(arrays[f"meaning_{name}"].astype(np.float32) for name in MeaningHead._fields))
        scale, sure_normal = arrays["alone"].tolist()
        return TextParts(heads, meaning, Alone(scale, arrays["alone_bias"].astype(np.float32), sure_normal))
