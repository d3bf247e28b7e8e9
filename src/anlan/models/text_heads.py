"""Decides how likely a text is of each category, from its character n-grams alone.

It knows nothing of who wrote it or why; log-odds are a sum over hashed n-grams, a table lookup at run time. A text
comes as lines: its words first, then what else is known of it (how it sounds, which terms it holds), each line read
by itself and weighing as much as any other. The same function turns lines into n-grams in training and at run time.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

MAX_ORDER = 5
BUCKET_BITS = 22
_ORDER_FACTOR = np.uint32(0x01000193)
_SPREAD = np.uint32(0x9E3779B1)
_SHIFT = np.uint32(32 - BUCKET_BITS)


def ngram_buckets(text: str) -> NDArray[np.uint32]:
    """The bucket of every character n-gram of orders 1 to 5 of ` text `, order by order, from left to right.

    Shape (n,), where n is about five times the length of the text; a gram that occurs twice is there twice.
    """
    codes = np.frombuffer(f" {text} ".encode("utf-32-le", "surrogatepass"), np.uint32)
    gram, grams = codes, [codes]
    for order in range(2, min(MAX_ORDER, len(codes)) + 1):
        gram = gram[:-1] * _ORDER_FACTOR + codes[order - 1 :]
        grams.append(gram)
    return (np.concatenate(grams) * _SPREAD) >> _SHIFT


def line_buckets(lines: Sequence[str]) -> list[NDArray[np.uint32]]:
    """The buckets of each line; the first line always counts, of the others those that are not empty."""
    return [ngram_buckets(line) for at, line in enumerate(lines) if line or not at]


class TextHeads(NamedTuple):
    """Trained heads, ready to score.

    Attributes:
        version: what a decision names; changes with every training.
        categories: in order of the columns.
        row_of_bucket: shape (2**22,), as narrow as the rows allow; 0 where the bucket was not selected.
        weights: shape (rows, categories), temperature included; row 0 is zero.
        bias: shape (categories,), temperature included.
    """

    version: str
    categories: tuple[str, ...]
    row_of_bucket: NDArray[np.unsignedinteger]
    weights: NDArray[np.float32]
    bias: NDArray[np.float32]

    def logits(self, lines: Sequence[str]) -> NDArray[np.float32]:
        """Shape (categories,): the log-odds up to a constant."""
        total = self.bias
        for buckets in line_buckets(lines):
            rows = self.row_of_bucket.take(buckets)
            total = total + np.add.reduce(self.weights.take(rows, axis=0), axis=0) * np.float32(len(rows) ** -0.5)
        return total

    def shares(self, text: str) -> NDArray[np.float64]:
        """Shape (len(text), categories): what each character of one line adds; with the bias they sum to `logits`.

        The weight of an n-gram is shared out evenly among its characters; the first and the last one stand for the
        space beside them too. An empty text has no rows, and the weight of its spaces nowhere to go.
        """
        rows = self.row_of_bucket.take(ngram_buckets(text))
        weights = self.weights.take(rows, axis=0).astype(np.float64) * len(rows) ** -0.5
        length = len(text) + 2
        steps = np.zeros((length + 1, weights.shape[1]))
        start = 0
        for order in range(1, min(MAX_ORDER, length) + 1):
            count = length - order + 1
            each = weights[start : start + count] / order
            steps[:count] += each
            steps[order : order + count] -= each
            start += count
        padded = steps.cumsum(axis=0)[:length]
        padded[1] += padded[0]
        padded[-2] += padded[-1]
        return padded[1:-1]


def assemble(
    version: str, categories: tuple[str, ...], buckets: NDArray[np.uint32], weights: NDArray[np.floating],
    bias: NDArray[np.floating],
) -> TextHeads:
    """Heads from the selected buckets and their weights, row by row."""
    row_of_bucket = np.zeros(2**BUCKET_BITS, np.min_scalar_type(len(buckets)))
    row_of_bucket[buckets] = np.arange(1, len(buckets) + 1)
    rows = np.zeros((len(buckets) + 1, len(categories)), np.float32)
    rows[1:] = weights
    return TextHeads(version, categories, row_of_bucket, rows, bias.astype(np.float32))
