"""Care cards for platforms that show them in their own chats: the words as data, and each card as one picture."""

from typing import Annotated, Literal

import msgspec
from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from anlan.center.card_file import load_cards
from anlan.domain.care_cards import Band, CareCard, Offer
from anlan.domain.scenarios import Words
from anlan.errors import NotFound
from anlan.web.api.calls import HouseDep, answer
from anlan.web.api.documented import documented
from anlan.web.card_drawings import PICTURE_POLICY, draw_card
from anlan.web.languages import language

router = APIRouter(tags=["members"])


class CareCardListed(msgspec.Struct, frozen=True, kw_only=True):
    """One card; `when` says what calls for it, `never` what it must not do."""

    theme: str
    version: int
    owner: str
    title: Words
    when: Words
    says: dict[Band, Words]
    offers: tuple[Offer, ...]
    never: tuple[str, ...]
    needs_person: bool


class CareCardList(msgspec.Struct, frozen=True, kw_only=True):
    """Every care card, by theme."""

    items: tuple[CareCardListed, ...]


def _picture_documented() -> dict[str, object]:
    said = documented("alerts:write", None, problems=(404,), says="The picture.")
    said["responses"][200]["content"] = {"image/svg+xml": {"schema": {"type": "string"}}}
    return said


@router.get("/v1/care-cards", **documented("alerts:write", CareCardList))
def list_care_cards() -> Response:
    """What minors may be shown, by theme, in three age bands."""
    return answer(CareCardList(items=tuple(_listed(card) for card in load_cards().values())))


@router.get("/v1/care-cards/{theme}.svg", **_picture_documented())  # type: ignore[arg-type]  # what `documented` gives
def draw_care_card(
    house: HouseDep, theme: Annotated[str, Path(pattern=r"^[a-z_]{1,64}$")],
    lang: Annotated[Literal["zh", "en"], Query(description="Which language it speaks.")] = "zh",
    band: Annotated[Band, Query(description="Whose words it has; yours to choose, you know the member.")] = "12_to_15",
) -> Response:
    """One card as a picture with its words, light or dark as the reader's device is; keep it as long as its version."""
    card = load_cards().get(theme)
    if card is None:
        raise NotFound(f"no care card {theme!r}; GET /v1/care-cards lists them")
    drawn = draw_card(card, band, language(lang, house.settings.time_zone))
    headers = {"Content-Security-Policy": PICTURE_POLICY, "Cache-Control": "private, max-age=3600"}
    return Response(drawn, media_type="image/svg+xml", headers=headers)


def _listed(card: CareCard) -> CareCardListed:
    return CareCardListed(**{name: getattr(card, name) for name in CareCardListed.__struct_fields__})
