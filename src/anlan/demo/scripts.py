"""What people in the demo say: templates and dialogues from utterances.yaml and scams.yaml, and advertisers' tricks."""

import re
from functools import cache
from importlib.resources import files
from random import Random
from typing import Any, NamedTuple

import yaml

_SLOT = re.compile(r"\{(\w+)\}")
_CIRCLED = str.maketrans("0123456789", "⓪①②③④⑤⑥⑦⑧⑨")
_WIDE = str.maketrans({chr(code): chr(code + 0xFEE0) for code in range(0x21, 0x7F)})
_LOOKALIKE = str.maketrans({"微": "溦", "加": "伽", "钱": "q", "群": "峮", "贷": "代", "赚": "賺", "注": "註"})

Template = tuple[str, ...]
"""Literal text at even places, slot names at odd ones."""


class Turn(NamedTuple):
    """One turn of a dialogue: who speaks, what for, and the ways to put it."""

    by: str
    step: str
    ways: tuple[Template, ...]


class Phrasebook:
    """Everything that can be said, by dotted name (`topics.food.open`).

    Attributes:
        lines: ways to say one thing.
        dialogues: turns in order.
        themes: the topics of each kind of group.
    """

    def __init__(self, document: dict[str, Any]) -> None:
        self._document = dict(document)
        document = dict(document)
        self._slots: dict[str, tuple[str, ...]] = {name: tuple(words) for name, words in document.pop("slots").items()}
        self.themes: dict[str, tuple[str, ...]] = {name: tuple(t) for name, t in document.pop("themes").items()}
        self.lines: dict[str, tuple[Template, ...]] = {}
        self.dialogues: dict[str, tuple[Turn, ...]] = {}
        self._read(document, "")

    def _read(self, node: Any, name: str) -> None:
        if isinstance(node, dict):
            for key, child in node.items():
                self._read(child, f"{name}.{key}" if name else key)
        elif isinstance(node[0], dict):
            self.dialogues[name] = tuple(
                Turn(turn["by"], turn.get("step", ""), _compile(turn["say"])) for turn in node
            )
        else:
            self.lines[name] = _compile(node)

    def names(self, prefix: str) -> tuple[str, ...]:
        """The names of all lines under `prefix`, in file order."""
        return tuple(name for name in self.lines if name.startswith(f"{prefix}."))

    def replaced(self, document: dict[str, Any]) -> "Phrasebook":
        """The same with the parts of `document` in place of those of the same name."""
        return Phrasebook({**self._document, **document})

    def dialogues_of(self, prefix: str) -> tuple[str, ...]:
        """The names of all dialogues under `prefix`, in file order."""
        return tuple(name for name in self.dialogues if name.startswith(f"{prefix}."))

    def say(self, rng: Random, name: str, **given: str) -> str:
        """One way to say `name`; `given` fills the slots that the file leaves to the story."""
        return self.phrase(rng, self.lines[name], **given)

    def phrase(self, rng: Random, ways: tuple[Template, ...], **given: str) -> str:
        """One of `ways` with its slots filled."""
        template = ways[int(rng.random() * len(ways))]
        if len(template) == 1:
            return template[0]
        filled = list(template)
        for place in range(1, len(template), 2):
            slot = template[place]
            words = self._slots.get(slot)
            filled[place] = given[slot] if words is None else words[int(rng.random() * len(words))]
        return "".join(filled)


def _compile(ways: list[str]) -> tuple[Template, ...]:
    return tuple(tuple(_SLOT.split(way)) for way in ways)


@cache
def phrasebook() -> Phrasebook:
    """The phrasebook that ships with the package."""
    folder = files("anlan.demo")
    texts = [folder.joinpath(name).read_text(encoding="utf-8") for name in ("utterances.yaml", "scams.yaml")]
    return Phrasebook({name: said for text in texts for name, said in yaml.safe_load(text).items()})


def disguise(rng: Random, text: str) -> str:
    """`text` as an advertiser writes it to slip past filters; about half the time unchanged."""
    trick = int(rng.random() * 10)
    if trick == 0:
        return text.translate(_CIRCLED)
    if trick == 1:
        return text.translate(_WIDE)
    if trick == 2:
        return text.translate(_LOOKALIKE)
    if trick == 3:
        return " ".join(text)
    if trick == 4:
        return "".join(letter + rng.choice(("", "", "", ".", "丶", "*")) for letter in text)
    return text
