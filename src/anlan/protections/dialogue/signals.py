"""Decides which moves of fraud a single message makes, as signals; what a dialogue adds up to stands in `window.py`."""

from functools import partial
from typing import NamedTuple

from anlan.domain.signals import Signal
from anlan.engine.signals import part_of, reading
from anlan.protections.dialogue.moves import Move, MoveBook, Shown, built_in_moves
from anlan.protections.text_readings import ReadText


class MovesSeen(NamedTuple):
    """The moves of one message.

    Attributes:
        mask: bit i stands for the i-th move of the book.
        number: of different moves.
        strongest: the one with the most evidence, the first among equals; None without any.
        warns: whether the message speaks of a fraud to warn of it; none of its moves counts then.
    """

    shown: tuple[Shown, ...] = ()
    mask: int = 0
    number: int = 0
    strongest: str | None = None
    warns: bool = False


NOTHING = MovesSeen()
_A_WARNING = MovesSeen(warns=True)
BOOK = built_in_moves()
_PLACES = {move.name: place for place, move in enumerate(BOOK.moves)}


def see_moves(text: ReadText, book: MoveBook = BOOK) -> MovesSeen:
    """The moves in a text that was read."""
    contacts = text.contacts
    shown, warns = book.look(text.folded.tight, has_handle=bool(contacts.handles), has_address=bool(contacts.domains))
    if warns or not shown:
        return _A_WARNING if warns else NOTHING
    strongest = max(shown, key=lambda one: one.move.evidence).move.name
    return MovesSeen(shown, sum(1 << _PLACES[one.move.name] for one in shown), len(shown), strongest)


@reading
def text_moves_seen(text_reading: ReadText) -> MovesSeen:
    """One look at the text that all signals below share."""
    return see_moves(text_reading)


def _makes(bit: int, seen: MovesSeen) -> bool:
    return seen.mask & bit != 0


def _says(*names: str) -> MovesSeen:
    """Moves for examples."""
    moves = [BOOK.moves[_PLACES[name]] for name in names]
    return MovesSeen(
        tuple(Shown(move, (), ()) for move in moves), sum(1 << _PLACES[name] for name in names), len(names),
        max(moves, key=lambda move: move.evidence).name if moves else None,
    )


def _signal_of(move: Move) -> Signal:
    title = {"zh": f"话术：{move.title['zh']}", "en": f"Move: {move.title['en'][0].lower()}{move.title['en'][1:]}"}
    return Signal(
        name=f"move_{move.name}", compute=partial(_makes, 1 << _PLACES[move.name]), type="bool",
        reads=("text_moves_seen",), title=title,
        examples=(({"text_moves_seen": _says(move.name)}, True), ({"text_moves_seen": NOTHING}, False)),
    )


text_moves = part_of(
    "text_moves_seen", "number", "text_moves", "number",
    {"zh": "诈骗话术种数", "en": "Different moves of fraud in the text"}, low=0.0,
    examples=(({"text_moves_seen": _says("urgency", "secrecy_asked")}, 2), ({"text_moves_seen": NOTHING}, 0)),
)

text_move_strongest = part_of(
    "text_moves_seen", "strongest", "text_move_strongest", "text",
    {"zh": "最强的诈骗话术", "en": "Strongest move of fraud in the text"}, choices=tuple(_PLACES),
    examples=(
        ({"text_moves_seen": _says("urgency", "secrecy_asked")}, "secrecy_asked"), ({"text_moves_seen": NOTHING}, None),
    ),
)

SIGNALS: tuple[Signal, ...] = (
    text_moves_seen,
    *map(_signal_of, BOOK.moves),
    text_moves,
    text_move_strongest,
)
