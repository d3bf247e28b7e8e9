"""Decides which signs of which fraud one message shows, as signals; what a dialogue adds up to the window knows."""

from collections.abc import Iterable
from typing import NamedTuple, Protocol

import msgspec

from anlan.domain.signals import Signal
from anlan.engine.signals import part_of, reading
from anlan.protections.fraud.signs import Numbers, SignBook
from anlan.protections.text_readings import ReadText

SURE = 0.5
"""A message alone is named a fraud from this probability on."""


class MoveName(Protocol):
    """What is asked of a move."""

    @property
    def name(self) -> str: ...


class ShownMove(Protocol):
    """What is asked of a move that was shown."""

    @property
    def move(self) -> MoveName: ...


class SeenMoves(Protocol):
    """What is asked of the reading that the dialogue protection gives."""

    @property
    def shown(self) -> tuple[ShownMove, ...]: ...
    @property
    def warns(self) -> bool: ...


class SignsSeen(NamedTuple):
    """What one message shows.

    Attributes:
        numbers: of the signs whose words stand in it; moves are counted elsewhere.
        names: the same for people and for the journal: `coupon.hurry coupon.fee_first`, empty for none.
        scenario: what the message alone most probably is, moves included; None below `SURE`.
    """

    numbers: Numbers = frozenset()
    names: str = ""
    scenario: str | None = None


NO_SIGNS = SignsSeen()


def see_signs(text: ReadText, moves: SeenMoves, book: SignBook) -> SignsSeen:
    """The signs in a text that was read; none in a warning."""
    if moves.warns:
        return NO_SIGNS
    contacts = text.contacts
    found = book.find(text.folded.tight, has_handle=bool(contacts.handles), has_address=bool(contacts.domains))
    if not found and not moves.shown:
        return NO_SIGNS
    likely = book.likeliest(found, [one.move.name for one in moves.shown])
    return SignsSeen(frozenset(found), book.written(found), likely.scenario if likely.score >= SURE else None)


@reading
def text_signs_seen(text_reading: ReadText, text_moves_seen: SeenMoves) -> SignsSeen:
    """One look at the text that the signals below share; bound to the scenarios in force."""
    raise AssertionError("bind the signals to a book of signs")


text_scenario = part_of(
    "text_signs_seen", "scenario", "text_scenario", "text",
    {"zh": "单条消息最像的骗局", "en": "Fraud that this message is most like"},
    examples=(
        ({"text_signs_seen": SignsSeen(frozenset([1]), "coupon.hurry", "coupon")}, "coupon"),
        ({"text_signs_seen": NO_SIGNS}, None),
    ),
)

text_scenario_signs = part_of(
    "text_signs_seen", "names", "text_scenario_signs", "text",
    {"zh": "消息中出现的骗局迹象", "en": "Signs of frauds in the message"},
    examples=(
        ({"text_signs_seen": SignsSeen(frozenset([1, 2]), "coupon.hurry coupon.fee_first")},
         "coupon.hurry coupon.fee_first"),
        ({"text_signs_seen": NO_SIGNS}, ""),
    ),
)

SIGNALS: tuple[Signal, ...] = (text_signs_seen, text_scenario, text_scenario_signs)


def bound(signals: Iterable[Signal], book: SignBook) -> list[Signal]:
    """`signals` with this family looking for the signs of `book`."""

    def look(text_reading: ReadText, text_moves_seen: SeenMoves) -> SignsSeen:
        return see_signs(text_reading, text_moves_seen, book)

    own = {
        text_signs_seen.name: msgspec.structs.replace(text_signs_seen, compute=look),
        text_scenario.name: msgspec.structs.replace(text_scenario, choices=book.names),
    }
    return [own.get(made.name, made) for made in signals]
