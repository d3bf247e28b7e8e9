"""What care cards are: words for minors on one theme, in three age bands, with what a card offers and never does.

A card is help, never a punishment. Cards are data with an owner and a version (`center/cards/*.yaml`).
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Literal, get_args

import msgspec

from anlan.domain.scenarios import Words

Band = Literal["under_12", "12_to_15", "16_to_17"]
BANDS: tuple[Band, ...] = get_args(Band)
"""Age bands of minors, as `domain.event_data.AgeBand` names them."""
_YEAR_S = 365.25 * 86_400.0
MINOR_FOR_S: dict[Band, float] = {"under_12": 18 * _YEAR_S, "12_to_15": 6 * _YEAR_S, "16_to_17": 2 * _YEAR_S}
"""So long after it was told, the youngest of a band may still be a minor; after that nobody of it is."""

Offer = Literal["talk", "hotline", "trusted_adult", "block", "report"]
OFFERS: tuple[Offer, ...] = get_args(Offer)

Never = Literal["blame", "alarm", "tell_parents"]
NEVERS: tuple[Never, ...] = get_args(Never)
"""What no card does: blame the child, frighten them, or tell their parents where nobody's life is in danger."""

CardAnswer = Literal[
    "opened", "helpful", "not_for_me", "dismissed", "talk", "hotline", "trusted_adult", "block", "report"
]
CARD_ANSWERS: tuple[CardAnswer, ...] = get_args(CardAnswer)
"""What a reader may do with a card; each counts once. The last five are its offers."""

CardState = Literal["shown", "held"]
CARD_STATES: tuple[CardState, ...] = get_args(CardState)

SMALLEST_COUNT = 10
"""Fewer readers than this are told to nobody: a small number about minors points at one of them."""

DAY_S = 86_400.0
MAX_A_DAY = 2
THEME_EVERY_S = 7 * DAY_S
FRESH_S = 600.0
"""A card comes in the moment or not at all."""


class CareCard(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One theme.

    Attributes:
        theme: one word, as policies name it.
        version: raised with every change of what readers see; stored with every card.
        owner: the team that answers for it.
        when: what happened that calls for it, in one phrase, for staff.
        says: the words by age band, in at most three short sentences.
        offers: what the reader can do with one tap, most helpful first.
        hotlines: ids of the operator's hotlines that help here.
        never: what this card must not do; every card names all of `NEVERS`.
        drawing: what its picture shows, for those who do not see it.
        needs_person: a person is asked to be there too, whoever said it and whatever their age.
    """

    theme: str
    version: int
    owner: str
    title: Words
    when: Words
    says: dict[Band, Words]
    offers: tuple[Offer, ...]
    hotlines: tuple[str, ...]
    never: tuple[Never, ...]
    drawing: Words
    needs_person: bool = False


class CardBook(Mapping[str, CareCard]):
    """Every card by theme, in order of file name."""

    def __init__(self, cards: Iterable[CareCard]) -> None:
        self._by_theme = {card.theme: card for card in cards}

    def __getitem__(self, theme: str) -> CareCard:
        return self._by_theme[theme]

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_theme)

    def __len__(self) -> int:
        return len(self._by_theme)


def band_of(fact: object) -> Band | None:
    """The band that a fact `age_band` says; None for adults and for whoever's age the platform did not tell."""
    return next((band for band in BANDS if band == fact), None)


class Earlier(msgspec.Struct, frozen=True):
    """A card that the same reader was shown before; `is_waiting`: the person asked for then has not been there yet."""

    theme: str
    shown_at: float
    is_waiting: bool = False


def may_show(card: CareCard, earlier: Iterable[Earlier], now: float) -> bool:
    """Whether one more card is help and not a nuisance.

    A card with a person behind it waits for no day and no week, but never follows itself before the person was there.
    """
    shown = list(earlier)
    if card.needs_person:
        return not any(one.theme == card.theme and one.is_waiting for one in shown)
    today = sum(now - one.shown_at < DAY_S for one in shown)
    was_lately = any(one.theme == card.theme and now - one.shown_at < THEME_EVERY_S for one in shown)
    return today < MAX_A_DAY and not was_lately


def told_count(count: int, of: int | None = None) -> int | None:
    """`count` where it can be told; None where it, or what is left of `of`, is too small."""
    rest = 0 if of is None else of - count
    return None if 0 < count < SMALLEST_COUNT or 0 < rest < SMALLEST_COUNT else count
