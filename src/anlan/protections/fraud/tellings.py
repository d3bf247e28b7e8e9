"""Decides what a member's own words tell of: which fraud, an honest deal, or another matter altogether.

Two trained heads read them: character n-grams, which are enough by themselves, and what the words mean where there is
an encoder.
"""

import math
import re
import unicodedata
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from anlan.errors import Unavailable
from anlan.models import text_model
from anlan.models.text_model import TextParts, softmax

MODEL_PATH = Path(text_model.__file__).parent / "artefacts" / "tellings.npz"
HONEST, OFF_TOPIC = "honest", "off_topic"
"""What is told of beside frauds."""
MAX_CHARS = 3_000
"""Of everything told, the last; what was asked for in the end says most."""
PIECE_CHARS = 160
"""What the encoder reads at once."""
PIECES = 4
"""So many are looked at for their meaning: the first, and the last."""

Vectors = NDArray[np.float32]
Encode = Callable[[Sequence[str]], Vectors]

_STOP = re.compile(r"[。！？!?\n]|\.(?= )|[，,;；](?= ?)")


class Told(NamedTuple):
    """What words tell of, as probabilities that sum to 1.

    Attributes:
        frauds: by scenario.
    """

    frauds: dict[str, float]
    honest: float
    off_topic: float

    def log_odds(self, scenario: str) -> float:
        """Of this fraud against no fraud at all; the least for one that was never taught."""
        return math.log(max(self.frauds.get(scenario, 0.0), _LEAST) / max(self.honest + self.off_topic, _LEAST))


_LEAST = 1e-6


class TellingModel:
    """Trained heads, ready to read.

    Attributes:
        version: changes with every training.
        scenarios: those that it was taught.
    """

    def __init__(self, parts: TextParts) -> None:
        self._parts = parts
        self.version = parts.heads.version
        self.scenarios = frozenset(parts.heads.categories) - {HONEST, OFF_TOPIC}

    def read(self, told: Sequence[str], encode: Encode | None) -> Told:
        """What is told in these turns, oldest first."""
        heads, meaning, alone = self._parts
        logits = heads.logits(lines_of(told))
        if encode is None:
            logits = logits * np.float32(alone.scale) + alone.bias
        else:
            logits = logits + meaning.logits(meaning_of(told, encode)[None])[0]
        shares = dict(zip(heads.categories, softmax(logits), strict=True))
        honest, off_topic = shares.pop(HONEST), shares.pop(OFF_TOPIC)
        return Told(shares, honest, off_topic)


def lines_of(told: Sequence[str]) -> tuple[str, str]:
    """The words as n-grams see them: everything in one line, and the last turn once more.

    An honest deal and a fraud begin alike; what was told last tells them apart.
    """
    return _line(told), _line(told[-1:])


def _line(told: Sequence[str]) -> str:
    """One width, lower case."""
    return unicodedata.normalize("NFKC", " ".join(told)[-MAX_CHARS:]).lower().replace("\u2019", "'")[-MAX_CHARS:]


def meaning_of(told: Sequence[str], encode: Encode) -> Vectors:
    """Shape (1024,): what all of it means, then the last turn, each the mean of its pieces and of length 1."""
    parts = pieces_of(told), pieces_of(told[-1:])
    pieces = list(dict.fromkeys((*parts[0], *parts[1])))
    vectors = dict(zip(pieces, encode(pieces), strict=True))
    return np.concatenate([_mean([vectors[piece] for piece in part]) for part in parts])


def _mean(vectors: Sequence[Vectors]) -> Vectors:
    mean: Vectors = np.mean(vectors, axis=0)
    return mean / max(float(np.linalg.norm(mean)), _LEAST)


def pieces_of(told: Sequence[str]) -> list[str]:
    """What is looked at for its meaning: whole turns, long ones cut at a stop; at least one piece."""
    pieces = [piece for turn in told for piece in _cut(turn[-MAX_CHARS:].strip())] or [" "]
    return pieces if len(pieces) <= PIECES else [pieces[0], *pieces[1 - PIECES :]]


def _cut(text: str) -> list[str]:
    pieces = []
    while len(text) > PIECE_CHARS:
        stops = [stop.end() for stop in _STOP.finditer(text, PIECE_CHARS // 3, PIECE_CHARS)]
        end = stops[-1] if stops else PIECE_CHARS
        pieces.append(text[:end])
        text = text[end:].lstrip()
    return [*pieces, text] if text else pieces


@cache
def shipped_tellings() -> TellingModel | None:
    """The model that comes with the package; None where it cannot be loaded, and then the signs alone speak."""
    try:
        return TellingModel(text_model.load(MODEL_PATH))
    except Unavailable:
        return None
