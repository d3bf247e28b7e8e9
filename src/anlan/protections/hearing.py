"""Decides what is heard in one text that somebody shows: folded, its moves, and where each stands as it was written."""

from dataclasses import dataclass
from functools import cached_property

from anlan.protections.content.extraction import extract
from anlan.protections.content.folding import fold
from anlan.protections.content.tracing import Traced, trace
from anlan.protections.dialogue.moves import MoveBook
from anlan.protections.dialogue.signals import BOOK

Place = tuple[int, int]


@dataclass(frozen=True)
class Heard:
    """One text as it was understood.

    Attributes:
        tight: folded.
        moves: name of each move with the places in `tight` that show it.
        warns: whether it speaks of a fraud to warn of it.
        has_handle, has_address: whether it leads elsewhere.
    """

    text: str
    tight: str
    moves: tuple[tuple[str, tuple[Place, ...]], ...]
    warns: bool
    has_handle: bool
    has_address: bool

    def written(self, start: int, end: int) -> Place:
        """Where [start, end) of `tight` stands in the text as it was written."""
        return self._traced.span("tight", start, end)

    @cached_property
    def _traced(self) -> Traced:
        return trace(self.text)


def hear(text: str, book: MoveBook = BOOK) -> Heard:
    """One text; some tens of microseconds for a short one, as many again when places in it are asked for."""
    tight = fold(text).tight
    contacts = extract(tight)
    has_handle, has_address = bool(contacts.handles), bool(contacts.domains)
    shown, warns = book.look(tight, has_handle=has_handle, has_address=has_address)
    return Heard(text, tight, tuple((one.move.name, one.spans) for one in shown), warns, has_handle, has_address)
