"""Decides what is heard in one text that somebody shows: folded, its moves, and where each stands as it was written."""

from typing import NamedTuple

from anlan.protections.content.extraction import extract
from anlan.protections.content.tracing import Traced, trace
from anlan.protections.dialogue.moves import MoveBook
from anlan.protections.dialogue.signals import BOOK

Place = tuple[int, int]


class Heard(NamedTuple):
    """One text as it was understood.

    Attributes:
        tight: folded.
        moves: name of each move with the places in `tight` that show it.
        warns: whether it speaks of a fraud to warn of it.
        has_handle, has_address: whether it leads elsewhere.
    """

    tight: str
    moves: tuple[tuple[str, tuple[Place, ...]], ...]
    warns: bool
    has_handle: bool
    has_address: bool
    traced: Traced

    def written(self, start: int, end: int) -> Place:
        """Where [start, end) of `tight` stands in the text as it was written."""
        return self.traced.span("tight", start, end)


def hear(text: str, book: MoveBook = BOOK) -> Heard:
    """One text; a tenth of a millisecond for a short one."""
    traced = trace(text)
    contacts = extract(traced.tight)
    has_handle, has_address = bool(contacts.handles), bool(contacts.domains)
    shown, warns = book.look(traced.tight, has_handle=has_handle, has_address=has_address)
    moves = tuple((one.move.name, one.spans) for one in shown)
    return Heard(traced.tight, moves, warns, has_handle, has_address, traced)
