"""What the platform is sent when a minor is to be shown a care card."""

import msgspec

from anlan.domain.care_cards import Band, CareCard, Offer
from anlan.domain.messages import OutgoingMessage, seal_message
from anlan.domain.scenarios import Words


class CareCardToShow(msgspec.Struct, frozen=True, kw_only=True):
    """`data` of `care_card.shown`: show this to the member, and to nobody else: no parent, no teacher, no group.

    Attributes:
        card: its id.
        account: `account:<id>` of the reader.
        version: of the card.
        title: by language (`zh`, `en`).
        says: the words by age band and language; show those of the band that you know, no message tells it.
        offers: what the reader can do, most helpful first.
        picture: the whole card as SVG; add `?lang=` and `&band=`.
        link: the reader's page of this card; make it a link of theirs by `POST /v1/members:link`.
    """

    card: str
    account: str
    theme: str
    version: int
    title: Words
    says: dict[Band, Words]
    offers: tuple[Offer, ...]
    picture: str
    link: str


def care_card_message(card_id: str, account: str, card: CareCard, address: str, now: float) -> OutgoingMessage:
    """The card with its words for every band: which band the reader is in stays where it is sealed."""
    data = CareCardToShow(
        card=card_id, account=account, theme=card.theme, version=card.version, title=card.title, says=card.says,
        offers=card.offers, picture=f"{address}/v1/care-cards/{card.theme}.svg", link=f"{address}/me/cards/{card_id}",
    )
    return seal_message(f"msg_{card_id}", "care_card.shown", now, data)
