"""Decides what was folded in a message, and which written characters each folded one stands for.

It is the slow, full twin of `folding.fold`, for people who want to see: pages, explanations, evidence.
"""

from dataclasses import dataclass
from typing import Literal, NamedTuple

from anlan.protections.content.folding import (
    FOLDS,
    LOOKALIKE_WORD,
    MARKS,
    TIGHTENINGS,
    TRADITIONAL,
    fold_mixed_word,
    to_simplified,
)
from anlan.protections.content.forms import Edit, Form
from anlan.protections.content.restoring import built_in_restorer, deep_edits

FormName = Literal["plain", "tight", "deep"]
Level = Literal["always", "suspicion"]

LEVELS: dict[str, Level] = {
    "width": "always", "invisible": "always", "bidi": "always", "mark": "always", "enclosed": "always",
    "compatibility": "always", "look_alike": "always", "emoji": "always", "traditional": "always",
    "repeated": "always", "wedged": "always", "spaced": "always",
    "split": "suspicion", "homophone": "suspicion", "pinyin": "suspicion", "initials": "suspicion",
    "shape": "suspicion", "symbol": "suspicion", "digit_word": "suspicion",
}
"""Every kind of fold: `always` changes nothing for a reader, `suspicion` is a guess at what was meant."""


class Fold(NamedTuple):
    """One thing that was undone.

    Attributes:
        kind: a key of `LEVELS`.
        start, end: half-open range in the text as written.
        written: what stands there; read: what it was read as, empty where it was dropped.
        score: how sure the reading is, in (0, 1]; 1 for the level `always`.
    """

    kind: str
    start: int
    end: int
    written: str
    read: str
    score: float = 1.0

    @property
    def level(self) -> Level:
        """`always` or `suspicion`."""
        return LEVELS[self.kind]


@dataclass(frozen=True)
class Traced:
    """A message, its forms (`plain` and `tight` as `folding.fold` gives them) and what was folded, by place."""

    text: str
    forms: dict[FormName, Form]
    folds: tuple[Fold, ...]

    @property
    def plain(self) -> str:
        """As `Folded.plain`."""
        return self.forms["plain"].text

    @property
    def tight(self) -> str:
        """As `Folded.tight`."""
        return self.forms["tight"].text

    @property
    def deep(self) -> str:
        """`tight` with guessed readings put in: split characters joined, sound-alikes and codes as the term meant."""
        return self.forms["deep"].text

    def span(self, form: FormName, start: int, end: int) -> tuple[int, int]:
        """The range of the text as written that `start` to `end` of `form` stands for; both half-open.

        What was dropped within the range belongs to it, what was dropped at its borders does not.
        """
        return self.forms[form].span(start, end)


def trace(text: str) -> Traced:
    """All forms of `text` with their maps; tens of microseconds for a short message."""
    folds: list[Fold] = []
    plain = _plain(text, folds)
    tight = _tight(text, plain, folds)
    restorations = built_in_restorer().restore(tight.text)
    deep = tight.edited(deep_edits(restorations))
    for one in restorations:
        start, end = tight.span(one.start, one.end)
        folds.append(Fold(one.kind, start, end, text[start:end], one.read, one.score))
    forms: dict[FormName, Form] = {"plain": plain, "tight": tight, "deep": deep}
    return Traced(text, forms, tuple(sorted(folds, key=lambda fold: (fold.start, fold.end))))


def _plain(text: str, folds: list[Fold]) -> Form:
    form = _lowered(text)
    for index, character in enumerate(form.text):
        if character in FOLDS:
            start, end = form.starts[index], form.ends[index]
            _note(folds, Fold(_kind(text[start]), start, end, text[start:end], FOLDS[character]))
    folded = form.edited(
        Edit(index, index + 1, FOLDS[character]) for index, character in enumerate(form.text) if character in FOLDS
    )
    simplified = _replaced(folded, to_simplified(folded.text) if TRADITIONAL.search(folded.text) else folded.text)
    _note_changes(text, folded, simplified, "traditional", folds)
    latin = _replaced(simplified, LOOKALIKE_WORD.sub(fold_mixed_word, simplified.text))
    _note_changes(text, simplified, latin, "look_alike", folds)
    return latin


def _lowered(text: str) -> Form:
    """Lower case; some characters become two."""
    places = [index for index, character in enumerate(text) for _ in character.lower()]
    return Form(text.lower(), places, [place + 1 for place in places])


def _kind(written: str) -> str:
    code = ord(written)
    if code in range(0x202A, 0x202F) or code in range(0x2066, 0x206A) or code in (0x200E, 0x200F, 0x061C):
        return "bidi"
    if MARKS.match(written):
        return "mark"
    if not FOLDS.get(written.lower(), written):
        return "invisible"
    if code in range(0xFF00, 0xFFF0) or code == 0x3000:
        return "width"
    if code in range(0x2460, 0x2500) or code in range(0x2776, 0x2794) or code in range(0x3200, 0x3300):
        return "enclosed"
    if code in range(0x1F100, 0x1F23C):
        return "enclosed"
    if code in range(0x1F000, 0x20000) or written == "➕":
        return "emoji"
    return "look_alike" if code in range(0x1D400, 0x1D800) else "compatibility"


def _replaced(form: Form, text: str) -> Form:
    """`form` with `text` in the place of its own; where lengths differ each character stands for the whole."""
    if len(text) == len(form.text):
        return form._replace(text=text)
    return Form(text, [form.starts[0]] * len(text), [form.ends[-1]] * len(text))


def _note_changes(text: str, before: Form, after: Form, kind: str, folds: list[Fold]) -> None:
    if len(before.text) != len(after.text):
        _note(folds, Fold(kind, before.starts[0], before.ends[-1], text, after.text))
        return
    for index, (old, new) in enumerate(zip(before.text, after.text, strict=True)):
        if old != new:
            start, end = before.starts[index], before.ends[index]
            _note(folds, Fold(kind, start, end, text[start:end], new))


def _note(folds: list[Fold], fold: Fold) -> None:
    """Add `fold`, as a part of the one before where it goes on with the same."""
    last = folds[-1] if folds else None
    if last and last.kind == fold.kind and last.end == fold.start:
        folds[-1] = last._replace(end=fold.end, written=last.written + fold.written, read=last.read + fold.read)
    else:
        folds.append(fold)


def _tight(text: str, form: Form, folds: list[Fold]) -> Form:
    for tightening in TIGHTENINGS:
        if not tightening.gate.search(form.text):
            continue
        dropped: list[Edit] = []
        for match in tightening.pattern.finditer(form.text):
            staying = tightening.staying(match[0])
            start, end = form.span(*match.span())
            _note(folds, Fold(tightening.kind, start, end, text[start:end], "".join(match[0][i] for i in staying)))
            gone = sorted({*range(len(match[0]))} - {*staying})
            dropped += (Edit(match.start() + at, match.start() + at + 1, "") for at in gone)
        form = form.edited(dropped)
    return form
