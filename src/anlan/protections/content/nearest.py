"""Decides which known examples mean most nearly what a text means; the examples are our own sentences."""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from anlan.domain.text_evidence import Neighbour
from anlan.domain.text_scores import TEXT_CATEGORIES
from anlan.models.text_model import TextModel
from anlan.protections.content.signals import model_input
from anlan.protections.content.training.sentences import Writer

EXAMPLES_EACH = 80
NEAREST = 6
SEED = 7
_LEFT_OUT = "\ue000"
"""Stands where a phrase takes a term of the lexicon: such sentences say nothing that the term does not."""


class Examples(NamedTuple):
    """Known sentences; `vectors` has shape (examples, 512), rows of length 1."""

    texts: tuple[str, ...]
    categories: tuple[str, ...]
    vectors: NDArray[np.float32]


@lru_cache(maxsize=2)
def examples_for(model: TextModel) -> Examples:
    """The examples as `model` understands them: about a second at the first call."""
    writer = Writer(SEED, {"porn": [_LEFT_OUT], "abuse": [_LEFT_OUT]})
    made = [row for category in TEXT_CATEGORIES for row in writer.write(category, EXAMPLES_EACH)]
    rows = [row for row in made if _LEFT_OUT not in row.text]
    vectors = model.vectors([model_input(row.text) for row in rows])
    return Examples(tuple(row.text for row in rows), tuple(row.label for row in rows), vectors)


def find_nearest(model: TextModel, masked: str) -> tuple[Neighbour, ...]:
    """The examples nearest to a text as the model sees it, nearest first."""
    texts, categories, vectors = examples_for(model)
    likeness = vectors @ model.vectors([masked])[0]
    return tuple(
        Neighbour(texts[index], categories[index], round(min(1.0, float(likeness[index])), 4))
        for index in np.argsort(-likeness, kind="stable")[:NEAREST]
    )
