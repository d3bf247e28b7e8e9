"""Draws care cards: the picture for a page, and a whole card as one SVG that a platform can show in a chat.

The pictures are fragments in `templates/cards/`, all of one family of shapes; they hold no words.
"""

import unicodedata
from collections.abc import Iterator

from markupsafe import Markup

from anlan.domain.care_cards import Band, CareCard, Offer
from anlan.web.languages import Language, mark
from anlan.web.visits import open_frame

OFFER_TITLES: dict[Offer, str] = {
    "talk": mark("Talk about it"),
    "hotline": mark("Call somebody"),
    "trusted_adult": mark("Ask a grown-up I trust"),
    "block": mark("How to block"),
    "report": mark("Report it"),
}
PICTURE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
"""Content-Security-Policy of a card that is answered by itself: its only style is its own, for light and dark."""
LINE_EMS = 21.8
"""How wide a line of a card may be, in widths of a Chinese character."""
_LATIN_EM = 0.51
_LONG_TITLE_EMS = 14.2
_FRAME = open_frame()
_CLOSING = "，。！？、；：”’）》"


def draw_picture(theme: str) -> Markup:
    """What stands inside an `<svg viewBox="0 0 320 200">` for this theme."""
    return Markup(_FRAME.get_template(f"cards/{theme}.svg").render())  # noqa: S704 - our own files


def draw_card(card: CareCard, band: Band, language: Language) -> str:
    """The whole card, 640 wide and as high as its words need; light or dark as the reader's device is."""
    says = language.pick(card.says[band])
    lines = list(wrap(says))
    title = language.pick(card.title)
    return _FRAME.get_template("cards/card.svg").render(
        lang=language, theme=card.theme, title=title, title_px=36 if _ems(title) <= _LONG_TITLE_EMS else 30,
        drawing=language.pick(card.drawing), says=says, lines=lines, height=508 + 40 * len(lines) + 76,
        foot=" · ".join(language.say(OFFER_TITLES[offer]) for offer in card.offers[:3]),
    )


def wrap(text: str, line_ems: float = LINE_EMS) -> Iterator[str]:
    """`text` in lines that fit; Chinese breaks anywhere but before closing marks, English between words."""
    line, width = "", 0.0
    for piece in _pieces(text):
        if line and width + _ems(piece.rstrip()) > line_ems and piece[0] not in _CLOSING:
            yield line.rstrip()
            line, width = "", 0.0
        line += piece
        width += _ems(piece)
    yield line.rstrip()


def _pieces(text: str) -> Iterator[str]:
    """Single wide characters, and words with the space after them."""
    word = ""
    for char in text:
        if _is_wide(char):
            if word:
                yield word
            word = ""
            yield char
        else:
            word += char
            if char == " ":
                yield word
                word = ""
    if word:
        yield word


def _ems(text: str) -> float:
    return sum(1.0 if _is_wide(char) else _LATIN_EM for char in text)


def _is_wide(char: str) -> bool:
    return unicodedata.east_asian_width(char) in "WFA"
