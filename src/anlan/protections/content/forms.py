"""Decides nothing: a reading of a text that remembers which written characters each of its own stands for."""

from collections.abc import Iterable
from typing import NamedTuple


class Edit(NamedTuple):
    """Put `read` in the place of `start` to `end`."""

    start: int
    end: int
    read: str


class Form(NamedTuple):
    """Character i of `text` stands for `starts[i]` to `ends[i]` (half-open) of the text as written."""

    text: str
    starts: list[int]
    ends: list[int]

    @classmethod
    def of(cls, text: str) -> "Form":
        """The text as written."""
        return cls(text, list(range(len(text))), list(range(1, len(text) + 1)))

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The written range that `start` to `end` stands for, with what was dropped inside it, not at its borders."""
        if start >= end or start >= len(self.text):
            at = self.starts[start] if start < len(self.starts) else self.ends[-1] if self.ends else 0
            return at, at
        return self.starts[start], max(self.ends[start:end])

    def edited(self, edits: Iterable[Edit]) -> "Form":
        """With `edits` done, which are in order and apart; each new character stands for all that was replaced.

        A reading of the same length stands character for character.
        """
        pieces: list[str] = []
        starts: list[int] = []
        ends: list[int] = []
        after = 0
        for edit in [*edits, Edit(len(self.text), len(self.text), "")]:
            pieces += (self.text[after : edit.start], edit.read)
            starts += self.starts[after : edit.start]
            ends += self.ends[after : edit.start]
            if len(edit.read) == edit.end - edit.start:
                starts += self.starts[edit.start : edit.end]
                ends += self.ends[edit.start : edit.end]
            elif edit.read:
                start, end = self.span(edit.start, edit.end)
                starts += [start] * len(edit.read)
                ends += [end] * len(edit.read)
            after = edit.end
        return Form("".join(pieces), starts, ends)
