"""Reads the care cards that ship with Anlan, and refuses one that lacks words for a band or a language."""

from collections.abc import Iterable
from functools import cache
from pathlib import Path

import msgspec
import yaml

from anlan.domain.care_cards import BANDS, NEVERS, CardBook, CareCard
from anlan.domain.scenarios import Words
from anlan.errors import InvalidSettings

CARDS_FOLDER = Path(__file__).with_name("cards")
_LANGUAGES = {"zh", "en"}


def read_card(text: str, where: str) -> CareCard:
    """One card in YAML.

    Raises:
        InvalidSettings: naming `where` and what is missing or cannot be used.
    """
    try:
        card = msgspec.convert(yaml.safe_load(text), CareCard)
    except (yaml.YAMLError, msgspec.ValidationError) as error:
        raise InvalidSettings(f"{where}: {error}") from error
    if missing := [band for band in BANDS if band not in card.says]:
        raise InvalidSettings(f"{where}: says has no words for {', '.join(missing)}")
    for words in _read_by_members(card):
        if set(words) != _LANGUAGES or not all(text.strip() for text in words.values()):
            raise InvalidSettings(f"{where}: members read it in zh and in en, but there is only {words!r:.80}")
    if set(card.never) != set(NEVERS):
        raise InvalidSettings(f"{where}: never names each of {', '.join(NEVERS)}")
    if not card.offers:
        raise InvalidSettings(f"{where}: a card offers something")
    return card


def _read_by_members(card: CareCard) -> Iterable[Words]:
    return (card.title, card.when, card.drawing, *card.says.values())


@cache
def load_cards() -> CardBook:
    """Every card that ships.

    Raises:
        InvalidSettings: see `read_card`.
    """
    return CardBook(read_card(path.read_text("utf-8"), path.name) for path in sorted(CARDS_FOLDER.glob("*.yaml")))
