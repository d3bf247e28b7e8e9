"""What was said in a consultation, as it is kept, shown, streamed and told to a platform."""

from collections.abc import AsyncIterator, Sequence
from itertools import accumulate
from operator import and_
from typing import Literal, Protocol

import msgspec

from anlan.domain.consultations import Fact, Known, Offer, Speaking, Sureness
from anlan.domain.scenarios import Scenario

PartKind = Literal["text", "points", "steps", "lines"]


class Item(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line of a list.

    Attributes:
        quote: the member's own words that it is about.
        dial: a number that can be called as it stands.
        note: when and where somebody answers.
    """

    text: str
    quote: str = ""
    dial: str = ""
    note: str = ""


class Part(msgspec.Struct, frozen=True, omit_defaults=True):
    """One paragraph or list of an answer, in the reader's language.

    Attributes:
        name: which of the assistant's words it is, as `domain.consultations` names them.
        source: the scenario that it rests upon, as `<id>@<version>`; empty for general advice.
    """

    kind: PartKind
    name: str
    text: str
    items: tuple[Item, ...] = ()
    source: str = ""


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """What one side said.

    Attributes:
        ordinal: from 1.
        at: wall-clock seconds.
        parts: of a member's turn one text, with secrets covered.
        offers: what may be done with one press, while this is the last turn.
    """

    ordinal: int
    by: Speaking
    at: float
    parts: tuple[Part, ...]
    offers: tuple[Offer, ...] = ()

    @property
    def words(self) -> str:
        """All of it as plain text."""
        lines = [line for part in self.parts for line in (part.text, *(f"- {_line(item)}" for item in part.items))]
        return "\n".join(lines)


def head_of(parts: Sequence[Part]) -> tuple[Part, ...]:
    """The texts that an answer begins with, up to its first list or question; all that may be worded anew."""
    is_head = (part.kind == "text" and not part.name.startswith("ask_") for part in parts)
    return tuple(part for part, is_ours in zip(parts, accumulate(is_head, and_), strict=True) if is_ours)


def _line(item: Item) -> str:
    return " ".join(piece for piece in (item.text, item.quote and f"“{item.quote}”", item.note) if piece)


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """What a person is told who goes on from here; none of the member's words.

    Attributes:
        scenario: what it seems to be, or what the alert warned of; empty for nothing that we know.
        signs: of that scenario, by id.
        facts: as in `domain.consultations.Known`; likewise `paid`.
        is_urgent: the member sounded desperate.
    """

    scenario: str
    sureness: Sureness
    signs: tuple[str, ...]
    facts: dict[Fact, tuple[str, ...]]
    paid: bool | None
    is_code_given: bool
    is_urgent: bool


class Grounds(msgspec.Struct, frozen=True, kw_only=True):
    """All that an answer may rest upon; whoever words it anew adds no fact that is not here.

    Attributes:
        turns: what was said so far, secrets covered, the member's last words at the end.
        draft: the answer as templates say it. Texts may be worded anew; points, steps and lines stay.
        scenario: what it seems to be, or what the alert warned of; None for nothing that we know.
        language: `zh` or `en`.
    """

    known: Known
    turns: tuple[Turn, ...]
    draft: tuple[Part, ...]
    scenario: Scenario | None
    language: str
    is_young: bool


class Wording(Protocol):
    """Says the text at the head of an answer in better words."""

    def word(self, grounds: Grounds) -> AsyncIterator[str]:
        """The text piece by piece as it is made; nothing when the draft should stand."""
        ...
