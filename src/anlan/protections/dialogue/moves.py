"""Decides which moves of fraud one message makes, and which words show them; it does not know who says it to whom."""

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from importlib import resources
from typing import Literal, NamedTuple

import msgspec

from anlan.engine.cues import Cue, CueBook
from anlan.engine.yaml_text import load_yaml
from anlan.errors import InvalidSettings

Stage = Literal["trust", "bait", "ask", "pressure"]

SHOWN_AT = 1.0


class Move(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One move as `moves.yaml` declares it; see there."""

    name: str
    title: dict[str, str]
    stage: Stage
    evidence: float
    cues: dict[float, list[str]]
    unless: list[str] = []
    hits: list[str]
    near_misses: list[str]


class Shown(NamedTuple):
    """A move and the words that show it; (start, end) are places in the folded text."""

    move: Move
    words: tuple[str, ...]
    spans: tuple[tuple[int, int], ...]


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    warnings: list[str]
    moves: list[Move]


class Looked(NamedTuple):
    """What one message does; who warns of a fraud speaks as those do who commit it."""

    shown: tuple[Shown, ...]
    warns: bool


class MoveBook:
    """Every move, ready to be looked for; the time does not depend on the number of cues that do not occur."""

    def __init__(self, moves: Sequence[Move], warnings: Iterable[str]) -> None:
        self.moves = tuple(moves)
        self._cues = CueBook([*(Cue(text, _WARNING) for text in warnings), *_cues_of(self.moves)])

    def find(self, text: str, *, has_handle: bool = False, has_address: bool = False) -> tuple[Shown, ...]:
        """The moves in folded text, in order of declaration; none in a warning. Linear in its length."""
        looked = self.look(text, has_handle=has_handle, has_address=has_address)
        return () if looked.warns else looked.shown

    def look(self, text: str, *, has_handle: bool = False, has_address: bool = False) -> Looked:
        """As `find`, but a warning is said to be one, with the moves that it speaks of."""
        found = self._cues.find(text, has_handle=has_handle, has_address=has_address)
        if not found:
            return _NOTHING
        warns = found.pop(_WARNING, None) is not None
        shown = [
            Shown(self.moves[owner], tuple([text[start:end] for start, end in one.spans]), one.spans)
            for owner, one in found.items() if one.weight >= SHOWN_AT
        ]
        return Looked(tuple(shown), warns)


_WARNING = -1
_NOTHING = Looked((), warns=False)


def _cues_of(moves: Sequence[Move]) -> Iterator[Cue]:
    for place, move in enumerate(moves):
        for weight, texts in move.cues.items():
            yield from (Cue(text, place, weight) for text in texts)
        yield from (Cue(text, place, cancels=True) for text in move.unless)


def read_moves(text: str, where: str) -> MoveBook:
    """The moves declared in YAML.

    Raises:
        InvalidSettings: naming `where` and what cannot be used.
    """
    try:
        declared = msgspec.convert(load_yaml(text, where), _File)
    except (ValueError, msgspec.ValidationError) as error:
        raise InvalidSettings(f"{where}: {error}") from error
    return MoveBook(declared.moves, declared.warnings)


@cache
def built_in_moves() -> MoveBook:
    """The moves that ship with Anlan (`moves.yaml`)."""
    return read_moves(resources.files(__package__).joinpath("moves.yaml").read_text("utf-8"), "moves.yaml")
