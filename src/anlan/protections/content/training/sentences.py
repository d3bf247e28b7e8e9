"""Decides what our own training sentences say: templates filled at random, always the same for one seed."""

import random
import re
from importlib import resources
from typing import Any

import yaml

from anlan.protections.content.training.corpora import Row

_SLOT = re.compile(r"\{(\w+)\}")
_LATIN = "abcdefghijklmnopqrstuvwxyz"
_ENDINGS = ("com", "top", "vip", "cc", "net", "xyz", "cn", "club", "app")


class Writer:
    """Fills templates; `terms` adds lexicon terms by category as the slot `lexicon_<category>`."""

    def __init__(self, seed: int, terms: dict[str, list[str]]) -> None:
        text = resources.files(__package__).joinpath("templates.yaml").read_text("utf-8")
        grammar: dict[str, Any] = yaml.safe_load(text)
        self._random = random.Random(seed)  # noqa: S311 - repeatable, not secret
        self._slots: dict[str, list[str]] = grammar["slots"]
        self._slots |= {f"lexicon_{category}": words for category, words in terms.items()}
        self.classes: dict[str, list[str]] = grammar["classes"]

    def write(self, category: str, count: int) -> list[Row]:
        """`count` different sentences of `category`, or as many as come up in five times as many tries."""
        made: dict[str, None] = {}
        for _ in range(count * 5):
            made.setdefault(self._fill(self._random.choice(self.classes[category])))
            if len(made) == count:
                break
        return [Row(text, category, "templates", "train") for text in made]

    def _fill(self, template: str) -> str:
        while _SLOT.search(template):
            template = _SLOT.sub(lambda match: self._value(match[1]), template)
        return template

    def _value(self, slot: str) -> str:
        chance = self._random
        if slot in self._slots:
            return chance.choice(self._slots[slot])
        if slot == "handle":
            return "".join(chance.choices(_LATIN, k=chance.randint(2, 6))) + str(chance.randint(10, 99999))
        if slot == "url":
            host = "".join(chance.choices(_LATIN + "0123456789", k=chance.randint(3, 8)))
            return chance.choice(["", "https://", "www."]) + f"{host}.{chance.choice(_ENDINGS)}"
        if slot == "phone":
            return f"1{chance.randint(3, 9)}{chance.randint(0, 999999999):09}"
        if slot == "money":
            return chance.choice(["1000", "5000", "3万", "五万", "20万", "50万", "1-30万", "两千", "8888"])
        digits = int(slot.removeprefix("n") or 2)
        return str(chance.randint(1 if digits == 2 else 10 ** (digits - 1), 10**digits - 1))
