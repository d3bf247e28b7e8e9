"""Whom members may call for help: each line with what it is for, where it answers and when."""

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from anlan.domain.scenarios import Words
from anlan.errors import InvalidSettings

NEEDED = ("fraud", "police", "bank", "minors", "crisis")
"""Lines that scenarios, cards and the assistant name; an operator's file has each of them."""
_LANGUAGES = {"zh", "en"}


class Hotline(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One line.

    Attributes:
        id: one word, as scenarios and cards name it.
        number: what to dial; empty where everybody has another number, and `find` says where it stands.
        purpose: what it helps with, in one sentence.
        region: where it answers: a country code, or `*` for everywhere.
        hours: when somebody answers.
        find: where the number stands; none for a line with a number.
    """

    id: str
    name: Words
    purpose: Words
    region: str
    hours: Words
    number: str = ""
    find: Words | None = None

    def says_number(self, language: str) -> str:
        """What to dial, or where that stands, for a reader of `zh` or `en`."""
        return self.number or (self.find or {}).get(language, "")


class Hotlines(Mapping[str, Hotline]):
    """Every line by id, in order of declaration."""

    def __init__(self, lines: Iterable[Hotline]) -> None:
        self._by_id = {line.id: line for line in lines}

    def __getitem__(self, hotline_id: str) -> Hotline:
        return self._by_id[hotline_id]

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_id)

    def __len__(self) -> int:
        return len(self._by_id)

    def pick(self, ids: Iterable[str]) -> list[Hotline]:
        """The lines of these ids in their order, each once; an id that no line has is left out."""
        return [self._by_id[each] for each in dict.fromkeys(ids) if each in self._by_id]


def read_hotlines(found: object) -> Hotlines:
    """The lines from what a YAML file holds.

    Raises:
        InvalidSettings: a line is not of its form, lacks a language or its number, stands there twice, or a line of
            `NEEDED` is missing.
    """
    try:
        lines = msgspec.convert(found, list[Hotline])
    except msgspec.ValidationError as error:
        raise InvalidSettings(f"hotlines: {error}") from error
    for line in lines:
        _check(line)
    ids = [line.id for line in lines]
    if len(set(ids)) < len(ids):
        raise InvalidSettings("hotlines: name every line once")
    if missing := [each for each in NEEDED if each not in ids]:
        raise InvalidSettings(f"hotlines: there is no line called {', '.join(missing)}; others count on it")
    return Hotlines(lines)


def _check(line: Hotline) -> None:
    for words in (line.name, line.purpose, line.hours, *([line.find] if line.find else [])):
        if set(words) != _LANGUAGES or not all(text.strip() for text in words.values()):
            raise InvalidSettings(f"hotlines: {line.id}: members read it in zh and in en, but there is {words!r:.80}")
    if bool(line.number) == bool(line.find):
        raise InvalidSettings(f"hotlines: {line.id}: give either the number or where to find it")
