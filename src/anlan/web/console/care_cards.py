"""Care cards as staff see them: every card in both languages and three ages, and what came of each, never of whom."""

from typing import Annotated, NamedTuple

from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from anlan import clock
from anlan.center.card_file import load_cards
from anlan.domain.care_cards import BANDS, DAY_S, SMALLEST_COUNT, Band, CareCard, told_count
from anlan.errors import NotFound
from anlan.store.care_cards import readers_by_theme
from anlan.web.card_drawings import OFFER_TITLES, PICTURE_POLICY, draw_card, draw_picture
from anlan.web.console.gate import allowed
from anlan.web.console.shell import Visit
from anlan.web.languages import CODES, language, mark

router = APIRouter()

DAYS = 30
ANSWERS: dict[str, str] = {
    "opened": mark("Looked at"), "helpful": mark("Helped"), "not_for_me": mark("Not about them"),
    "dismissed": mark("Put aside"),
    **{str(offer): title for offer, title in OFFER_TITLES.items()},
}
BAND_TITLES: dict[Band, str] = {
    "under_12": mark("Under 12"), "12_to_15": mark("12 to 15"), "16_to_17": mark("16 and 17"),
}


class Effect(NamedTuple):
    """What came of one card: different readers, None where the number is too small to be told."""

    card: CareCard
    shown: int | None
    held: int | None
    answers: dict[str, int | None]


@router.get("/alerts/cards")
def show_cards(visit: Annotated[Visit, allowed("see_alerts")]) -> Response:
    """What came of each card in the last `DAYS` days."""
    with visit.rooms.database.read() as connection:
        counted = readers_by_theme(connection, clock.now() - DAYS * DAY_S)
    effects = [_effect(card, dict(counted.get(theme, {}))) for theme, card in load_cards().items()]
    return visit.page(
        "console/care_cards.html", effects=effects, answers=ANSWERS, draw=draw_picture, days=DAYS,
        smallest=SMALLEST_COUNT,
    )


@router.get("/alerts/cards/sheet")
def show_sheet(visit: Annotated[Visit, allowed("see_alerts")]) -> Response:
    """Every card as readers see it, on one sheet."""
    return visit.page("console/care_sheet.html", cards=load_cards(), bands=BAND_TITLES, codes=CODES)


@router.get("/alerts/cards/{theme}.svg")
def draw_one(
    visit: Annotated[Visit, allowed("see_alerts")], theme: Annotated[str, Path(pattern=r"^[a-z_]{1,64}$")],
    lang: Annotated[str, Query(pattern="^(zh|en)$")] = "zh", band: Band = BANDS[1],
) -> Response:
    """One card as a picture."""
    card = load_cards().get(theme)
    if card is None:
        raise NotFound(f"no care card {theme!r}")
    drawn = draw_card(card, band, language(lang, visit.rooms.zone))
    return Response(drawn, media_type="image/svg+xml", headers={"Content-Security-Policy": PICTURE_POLICY})


def _effect(card: CareCard, counted: dict[str, int]) -> Effect:
    shown = counted.get("shown", 0)
    answers = {name: told_count(counted.get(name, 0), of=shown) for name in ANSWERS}
    return Effect(card, told_count(shown), told_count(counted.get("held", 0)), answers)
