"""A minor's care cards: the words of their age, what they can do with one tap, and what they make of it."""

from typing import Annotated, NamedTuple

from fastapi import APIRouter, Form, Path
from starlette.responses import Response

from anlan import clock
from anlan.domain.care_cards import OFFERS, Band, CardAnswer, CareCard, Offer
from anlan.domain.errands import ErrandKind, ErrandState
from anlan.store.care_cards import Card as KeptCard
from anlan.store.circle_warnings import other_in
from anlan.store.errands import errand_about
from anlan.web.card_drawings import OFFER_TITLES, draw_picture
from anlan.web.languages import mark
from anlan.web.pages import errands
from anlan.web.pages.gate import OwnVisit
from anlan.web.pages.shell import Card, MemberVisit

router = APIRouter()

PATH = "/me/cards"
NEW_S = 7 * 86_400.0
"""So long a card counts as new on the first page."""

ICONS: dict[Offer, str] = {
    "talk": "question", "hotline": "call", "trusted_adult": "people", "block": "block", "report": "flag",
}
ELSEWHERE: dict[Offer, str] = {"talk": "/me/assistant", "report": "/me/report"}
"""Offers that lead to a page; the others open on the card."""
FEEDBACK: dict[CardAnswer, str] = {
    "helpful": mark("This helped"), "not_for_me": mark("Not about me"), "dismissed": mark("Not now"),
}
SAID: dict[CardAnswer, str] = {
    "helpful": mark("Glad to hear it. The card stays here if you want to look again."),
    "not_for_me": mark("All right, thank you for telling us. Nothing follows from it."),
    "dismissed": mark("All right. The card stays here in case you want it later."),
}

BLOCK_TOLD: dict[tuple[ErrandKind, ErrandState], str] = {
    ("block", "asked"): mark("The app has been asked to block them for you. They are not told."),
    ("block", "done"): mark("They are blocked for you. They are not told."),
    ("block", "refused"): mark("The app could not block them. Here is how you can do it yourself."),
}

CardId = Annotated[str, Path(pattern=r"^care_[0-9a-f]{24}$")]


class Shown(NamedTuple):
    """A card as the list has it."""

    kept: KeptCard
    card: CareCard


@router.get(PATH)
def show_cards(visit: OwnVisit) -> Response:
    """What this member was shown, newest first."""
    return visit.page("pages/care_cards.html", cards=_known(visit), draw=draw_picture)


@router.get(PATH + "/{card_id}")
def show_card(visit: OwnVisit, card_id: CardId, show: str = "") -> Response:
    """One card; that it was opened is noted."""
    kept, answers, band = visit.rooms.care_cards.open(visit.account, card_id, clock.now())
    card = visit.rooms.care_cards.card_of(kept)
    with visit.rooms.database.read() as connection:
        other = other_in(connection, kept.event_seq, visit.account)
        block = errand_about(connection, visit.account, "block", other) if other else None
    return visit.page(
        "pages/care_card.html", one=kept, card=card, says=_says(card, band), answers=answers, draw=draw_picture,
        lines=visit.rooms.hotlines.pick(card.hotlines) if card else [], offer_titles=OFFER_TITLES, icons=ICONS,
        other=other, block=block, asked=BLOCK_TOLD, opened=_opened(card, show, has_asked=block is not None),
        feedback=FEEDBACK, said=[SAID[each] for each in answers if each in SAID][-1:],
    )


@router.post(PATH + "/{card_id}/answer")
def take_answer(visit: OwnVisit, card_id: CardId, answer: Annotated[CardAnswer, Form()]) -> Response:
    """Note what the reader chose and lead them there."""
    visit.rooms.care_cards.answer(visit.account, card_id, answer, clock.now())
    if answer in ELSEWHERE:
        return visit.go(ELSEWHERE[answer])
    return visit.go(f"{PATH}/{card_id}", show=answer if answer in OFFERS else "")


@router.post(PATH + "/{card_id}/block")
def ask_to_block(visit: OwnVisit, card_id: CardId) -> Response:
    """Have whom the card came of blocked."""
    kept, _, _ = visit.rooms.care_cards.open(visit.account, card_id, clock.now())
    with visit.rooms.database.read() as connection:
        other = other_in(connection, kept.event_seq, visit.account)
    return errands.ask(visit, "block", other, f"{PATH}/{card_id}")


def _says(card: CareCard | None, band: Band) -> dict[str, str] | None:
    return card.says[band] if card else None


def _opened(card: CareCard | None, show: str, *, has_asked: bool) -> list[str]:
    """The offers that stand open: what was asked for, now or before, and whom to call where a person is needed."""
    if card is None:
        return []
    open_too = {"hotline": card.needs_person, "block": has_asked}
    return [offer for offer in card.offers if offer == show or open_too.get(offer, False)]


def _known(visit: MemberVisit) -> list[Shown]:
    cards = visit.rooms.care_cards
    return [Shown(kept, card) for kept in cards.list_shown(visit.account) if (card := cards.card_of(kept))]


def make_card(visit: MemberVisit) -> Card | None:
    """The cards of whoever was shown one, for their first page; nothing for all others."""
    shown = _known(visit)
    if not shown:
        return None
    say, since = visit.language.say, clock.now() - NEW_S
    new_count = sum(one.kept.made_at > since for one in shown)
    return Card(PATH, say(mark("Cards for you")), "lamp", say(mark("Words that may help, and who is there for you.")),
                new_count)
