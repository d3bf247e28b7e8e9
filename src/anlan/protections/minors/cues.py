"""Decides which theme of care the words of one message call for; it does not know who reads them, or their age."""

from collections.abc import Sequence
from functools import cache
from importlib import resources

import msgspec

from anlan.engine.cues import Cue, CueBook
from anlan.engine.yaml_text import load_yaml
from anlan.errors import InvalidSettings


class Theme(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The words of one theme as `cues.yaml` declares them; see there."""

    theme: str
    title: dict[str, str]
    cues: list[str]
    unless: list[str]
    hits: list[str]
    near_misses: list[str]


class ThemeBook:
    """Every theme that words can show, the most urgent first."""

    def __init__(self, themes: Sequence[Theme]) -> None:
        self.themes = tuple(themes)
        self._book = CueBook(
            Cue(text, place, cancels=cancels)
            for place, one in enumerate(themes)
            for cancels, texts in ((False, one.cues), (True, one.unless))
            for text in texts
        )

    def find(self, text: str) -> str | None:
        """The most urgent theme that folded text shows; None for none."""
        shown = self._book.find(text)
        return self.themes[min(shown)].theme if shown else None


def read_themes(text: str, where: str) -> ThemeBook:
    """The themes declared in YAML.

    Raises:
        InvalidSettings: naming `where` and what cannot be used.
    """
    try:
        return ThemeBook(msgspec.convert(load_yaml(text, where), list[Theme]))
    except (ValueError, msgspec.ValidationError) as error:
        raise InvalidSettings(f"{where}: {error}") from error


@cache
def built_in_themes() -> ThemeBook:
    """The themes that ship with Anlan (`cues.yaml`)."""
    return read_themes(resources.files(__package__).joinpath("cues.yaml").read_text("utf-8"), "cues.yaml")
