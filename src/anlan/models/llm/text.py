"""How a hostile text is made fit to be shown to a model, and where a quote of it stands in the text as written.

Nothing here decides what the text means.
"""

import json
import re
import unicodedata
from typing import NamedTuple

MAX_SHOWN_CHARS = 3_000
"""A longer text is shown with its middle left out, so that neither end can hide behind the other."""
_HEAD_SHARE = 2 / 3
MIN_QUOTE_CHARS = 2
"""A single character proves nothing; only a text that is itself one character may be quoted by one."""

_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f"
    "\ufeff\uffa0\U000e0000-\U000e0fff\ud800-\udfff\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]"
)
_BRACKETED = r"\[(?=/?(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_))"
_CONTROL_TOKEN = re.compile(r"<(?=[|/a-zA-Z_\uff5c])|" + _BRACKETED)
_NOT_IN_DATA = re.compile("[<>\u0085\u2028\u2029]|" + _BRACKETED)


class Shown(NamedTuple):
    """A text as a model sees it.

    Attributes:
        head: what nobody can see is gone; at most `MAX_SHOWN_CHARS` with `tail`.
        tail: empty unless something was left out.
        left_out: characters between the two.
    """

    head: str
    tail: str = ""
    left_out: int = 0

    @property
    def is_blank(self) -> bool:
        """There is nothing to judge."""
        return not self.head.strip() and not self.tail.strip()


def show(text: str) -> Shown:
    """Drop what is invisible, cut what is too long."""
    seen = _INVISIBLE.sub("", text)
    if len(seen) <= MAX_SHOWN_CHARS:
        return Shown(seen)
    head = int(MAX_SHOWN_CHARS * _HEAD_SHARE)
    tail = MAX_SHOWN_CHARS - head
    return Shown(seen[:head], seen[-tail:], len(seen) - MAX_SHOWN_CHARS)


def as_data(shown: Shown) -> str:
    """The text as one line of JSON that holds no character a chat template or a mark-up could take for its own.

    Angle brackets are escaped, so that no control token (`<|im_end|>`, `<end_of_turn>`, `</s>`) can be spelt; line
    breaks and quotes are escaped by JSON itself, so that the text can neither begin a line nor end its string.
    """
    data: dict[str, object] = {"text": shown.head}
    if shown.left_out:
        data |= {"left_out_characters": shown.left_out, "text_end": shown.tail}
    return as_line(data)


def as_line(data: object) -> str:
    """Data as JSON in one line, with every character escaped that could begin a control token or a line."""
    line = json.dumps(data, ensure_ascii=False)
    return _NOT_IN_DATA.sub(lambda match: f"\\u{ord(match[0]):04x}", line)


def as_prose(shown: Shown) -> str:
    """The text for a guard model, which reads it as a message: a space breaks whatever could be a control token."""
    text = f"{shown.head}\n[…]\n{shown.tail}" if shown.left_out else shown.head
    return _CONTROL_TOKEN.sub(lambda match: f"{match[0]} ", text)


def fingerprint(shown: Shown) -> str:
    """The same for texts that differ only in case, width and blanks."""
    return "\x00".join((_folded(shown.head)[0], _folded(shown.tail)[0], str(shown.left_out)))


def locate(quote: str, text: str) -> tuple[int, int] | None:
    """Where `quote` stands in `text`: (first character, one past the last), counted in `text` as written.

    Both are folded alike first: invisible characters, case, width and runs of blanks do not count. None when it does
    not occur, or is too short to be evidence.
    """
    folded, places = _folded(text)
    wanted = _folded(quote)[0]
    if not wanted or len(wanted) < min(MIN_QUOTE_CHARS, len(folded)):
        return None
    at = folded.find(wanted)
    return None if at < 0 else (places[at], places[at + len(wanted) - 1] + 1)


def _folded(text: str) -> tuple[str, list[int]]:
    """The folded form, without blanks at its ends, and for each of its characters its place in `text`."""
    kept: list[str] = []
    places: list[int] = []
    for place, character in enumerate(text):
        if _INVISIBLE.match(character):
            continue
        for one in unicodedata.normalize("NFKC", character).casefold():
            if not one.isspace():
                kept.append(one)
                places.append(place)
            elif kept and kept[-1] != " ":
                kept.append(" ")
                places.append(place)
    while kept and kept[-1] == " ":
        kept.pop()
        places.pop()
    return "".join(kept), places
