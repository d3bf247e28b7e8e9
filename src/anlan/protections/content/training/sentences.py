"""Decides what our own training sentences say: phrases filled at random, always the same for one seed."""

import random
import re
from importlib import resources
from typing import Any

import yaml

from anlan.domain.text_scores import TEXT_CATEGORIES
from anlan.protections.content.training.corpora import Row

_SLOT = re.compile(r"\{(\w+)\}")
_CHOICE = re.compile(r"\(([^()]*)\)")
_STOP = re.compile("[，。！？、,]+")
_LATIN = "abcdefghijklmnopqrstuvwxyz"
_ENDINGS = ("com", "top", "vip", "cc", "net", "xyz", "cn", "club", "app")
_MONEY = ("1000", "5000", "3万", "五万", "20万", "50万", "1-30万", "两千", "8888", "3k", "2w", "5-10w")
_JOINED_SHARE, _RESTOPPED_SHARE, _CUT_SHARE = 0.12, 0.3, 0.25
_STOPS = ("", " ", "  ", "！", "~", "。", "、", "/", "\n", "…", "🔥", "❤", "，")


class Writer:
    """Fills `phrases/<category>.yaml`; `terms` adds lexicon terms by category as the slot `lexicon_<category>`.

    `(a|b|)` picks one, `{slot}` is filled from the file, from `shared.yaml`, or made up (`{handle}`, `{url}`, `{n3}`).
    """

    def __init__(self, seed: int, terms: dict[str, list[str]]) -> None:
        shared = _phrases("shared")["slots"] | {f"lexicon_{category}": words for category, words in terms.items()}
        files = {category: _phrases(category) for category in TEXT_CATEGORIES}
        self._random = random.Random(seed)  # noqa: S311 - repeatable, not secret
        self._slots: dict[str, dict[str, list[str]]] = {name: shared | each["slots"] for name, each in files.items()}
        self.phrases: dict[str, list[str]] = {name: each["sentences"] for name, each in files.items()}

    def write(self, category: str, count: int) -> list[Row]:
        """`count` different sentences of `category`, or as many as come up in five times as many tries."""
        made: dict[str, None] = {}
        for _ in range(count * 5):
            made.setdefault(self._sentence(category))
            if len(made) == count:
                break
        return [Row(text, category, "phrases", "train") for text in made]

    def _sentence(self, category: str) -> str:
        text = self._fill(category)
        if self._random.random() < _JOINED_SHARE:
            text += self._random.choice(_STOPS) + self._fill(category)
        if self._random.random() < _CUT_SHARE:
            parts = [part for part in _STOP.split(text) if part.strip()]
            self._random.shuffle(parts)
            text = self._random.choice(_STOPS).join(parts[: max(1, len(parts) - self._random.randint(0, 1))])
        if self._random.random() < _RESTOPPED_SHARE:
            text = _STOP.sub(self._random.choice(_STOPS), text)
        return text

    def _fill(self, category: str) -> str:
        text = self._random.choice(self.phrases[category])
        while True:
            while _CHOICE.search(text):
                text = _CHOICE.sub(lambda match: self._random.choice(match[1].split("|")), text)
            if not _SLOT.search(text):
                return text.strip()
            text = _SLOT.sub(lambda match: self._value(category, match[1]), text)

    def _value(self, category: str, slot: str) -> str:
        chance = self._random
        if options := self._slots[category].get(slot):
            return str(chance.choice(options))
        if slot == "handle":
            return "".join(chance.choices(_LATIN, k=chance.randint(2, 6))) + str(chance.randint(10, 99999))
        if slot == "url":
            host = "".join(chance.choices(_LATIN + "0123456789", k=chance.randint(3, 8)))
            return chance.choice(["", "https://", "www."]) + f"{host}.{chance.choice(_ENDINGS)}"
        if slot == "phone":
            return f"1{chance.randint(3, 9)}{chance.randint(0, 999999999):09}"
        if slot == "money":
            return chance.choice(_MONEY)
        digits = int(slot.removeprefix("n") or 1)
        return str(chance.randint(10 ** (digits - 1), 10**digits - 1))


def _phrases(name: str) -> dict[str, Any]:
    text = resources.files(__package__).joinpath("phrases", f"{name}.yaml").read_text("utf-8")
    loaded: dict[str, Any] = yaml.safe_load(text)
    return loaded
