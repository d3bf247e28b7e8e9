"""What the words of a message call for in the way of care; nothing here knows or guesses anybody's age."""

from typing import NamedTuple

from anlan.domain.signals import Signal
from anlan.engine.signals import signal
from anlan.protections.minors.cues import built_in_themes
from anlan.protections.text_readings import ReadText

BOOK = built_in_themes()


class _Folded(NamedTuple):
    tight: str


class _Read(NamedTuple):
    """A reading for examples."""

    folded: _Folded


@signal(
    title={"zh": "文字涉及的关怀主题", "en": "What the words call for in the way of care"},
    choices=tuple(one.theme for one in BOOK.themes),
    examples=(
        ({"text_reading": _Read(_Folded("没人喜欢你,滚出我们班"))}, "bullying"),
        ({"text_reading": _Read(_Folded("are you home alone"))}, "private_information"),
        ({"text_reading": _Read(_Folded("今天累死了,笑死我了"))}, None),
    ),
)
def text_care_theme(text_reading: ReadText) -> str | None:
    return BOOK.find(text_reading.folded.tight)


SIGNALS: tuple[Signal, ...] = (text_care_theme,)
