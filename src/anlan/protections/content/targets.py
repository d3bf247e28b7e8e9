"""Decides which terms are looked for behind other spellings, and which spellings surely stand for them."""

from functools import cache
from importlib import resources
from itertools import combinations, product
from typing import Any, NamedTuple

import yaml

from anlan.protections.content.folding import fold

CODE_SCORE, WEAK_CODE_SCORE = 0.9, 0.3
_SHAPE_SCORES = {2: 0.5, 3: 0.7}
_LONG_SHAPE_SCORE = 0.85
_TWO_CHANGES_FROM = 4


class Target(NamedTuple):
    """A term that is looked for behind other spellings."""

    text: str
    category: str


class Spelling(NamedTuple):
    """A written form that stands for `target`; `kind` and `score` as of `restoring.Restoration`."""

    written: str
    target: Target
    kind: str
    score: float


@cache
def _file() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(resources.files(__package__).joinpath("targets.yaml").read_text("utf-8"))
    return loaded


@cache
def built_in_targets() -> tuple[Target, ...]:
    """Every term of `targets.yaml`, once."""
    every = {word: category for category, words in _file()["terms"].items() for word in words.split()}
    return tuple(Target(word, category) for word, category in every.items())


def built_in_spellings() -> list[Spelling]:
    """Codes first, then what looks like a term with a character or two replaced."""
    return [*_codes(), *look_alikes()]


def _codes() -> list[Spelling]:
    categories = dict(built_in_targets())
    return [
        Spelling(fold(code).tight, Target(term, categories[term]), _code_kind(code), score)
        for section, score in (("codes", CODE_SCORE), ("weak_codes", WEAK_CODE_SCORE))
        for term, words in _file()[section].items() for code in words.split()
    ]


def _code_kind(code: str) -> str:
    return "initials" if any(map(str.isascii, code)) else "homophone"


def look_alikes() -> list[Spelling]:
    """Targets with a character, in long ones two, replaced by what looks like it."""
    return [spelling for target in built_in_targets() for spelling in _look_alikes(target)]


@cache
def _shapes() -> dict[str, str]:
    lines = resources.files(__package__).joinpath("tables", "shapes.txt").read_text("utf-8").splitlines()
    return dict(line.split(" ", 1) for line in lines)


def _look_alikes(target: Target) -> list[Spelling]:
    term, terms = target.text, dict(built_in_targets())
    score = _SHAPE_SCORES.get(len(term), _LONG_SHAPE_SCORE)
    changes = [1] if len(term) < _TWO_CHANGES_FROM else [1, 2]
    made = []
    for places in (places for count in changes for places in combinations(range(len(term)), count)):
        for characters in product(*(_shapes().get(term[place], "") for place in places)):
            written = list(term)
            for place, character in zip(places, characters, strict=True):
                written[place] = character
            made.append("".join(written))
    return [Spelling(written, target, "shape", score) for written in made if written not in terms]


@cache
def ordinary_spellings() -> frozenset[str]:
    """What sounds or looks like a target and is used by ordinary writing: `tables/ordinary.txt` and our own list."""
    text = resources.files(__package__).joinpath("tables", "ordinary.txt").read_text("utf-8")
    return frozenset(text.split()) | frozenset(_file()["ordinary"].split())
