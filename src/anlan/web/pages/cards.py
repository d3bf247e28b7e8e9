"""The cards of a member's first page: in which group each stands, and in which order."""

from collections.abc import Callable
from typing import NamedTuple

from anlan.web.languages import mark
from anlan.web.pages import (
    alerts,
    appeals,
    assistant,
    care_cards,
    circles,
    funds,
    notices,
    privacy,
    recovery_stops,
    reports,
    safety,
    security,
    transfers,
)
from anlan.web.pages.shell import Card, MemberVisit


class Group(NamedTuple):
    """Cards that are about one thing; `make` draws them in order, None for nothing to say."""

    title: str
    make: tuple[Callable[[MemberVisit], Card | None], ...]


class Shelf(NamedTuple):
    """A group as one member sees it."""

    title: str
    cards: list[Card]


GROUPS: tuple[Group, ...] = (
    Group(mark("Beside me"), (
        transfers.make_card, alerts.make_card, care_cards.make_card, assistant.make_card, circles.make_card,
    )),
    Group(mark("My account"), (recovery_stops.make_card, safety.make_card, security.make_card, privacy.make_card)),
    Group(mark("Decisions and reports"), (notices.make_card, appeals.make_card, funds.make_card, reports.make_card)),
)
"""What presses first is looked for in this order too, so what cannot wait stands first."""


def draw_shelves(visit: MemberVisit) -> list[Shelf]:
    """The groups that have something to say to this member."""
    shelves = [
        Shelf(visit.language.say(group.title), [card for make in group.make if (card := make(visit))])
        for group in GROUPS
    ]
    return [shelf for shelf in shelves if shelf.cards]
