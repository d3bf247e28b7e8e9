"""Decides how a training text is disguised: sound-alikes, look-alikes, split characters, pinyin, symbols between."""

import csv
import gzip
import random
from pathlib import Path

from pypinyin import lazy_pinyin

_SYMBOLS = ".*_-·~ /|"
_CJK = range(0x3400, 0xA000)


class Disguise:
    """Disguises single characters by the tables of char_variants_zh.

    Args:
        data: folder that holds `char_variants_zh/variants.csv.gz`.
    """

    def __init__(self, data: Path, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 - repeatable, not secret
        self._variants: dict[str, dict[str, list[str]]] = {"sound": {}, "shape": {}, "split": {}}
        with gzip.open(data / "char_variants_zh/variants.csv.gz", "rt", encoding="utf-8", newline="") as lines:
            for row in csv.DictReader(lines):
                if row["kind"] in self._variants:
                    options = [row["variants"].replace(" ", "")] if row["kind"] == "split" else list(row["variants"])
                    self._variants[row["kind"]].setdefault(row["char"], []).extend(options)

    def disguise(self, text: str, share: float) -> str:
        """`text` with `share` of its Chinese characters disguised in one way, chosen at random."""
        kind = self._random.choice(("sound", "sound", "shape", "split", "pinyin", "symbol"))
        return "".join(
            self._one(character, kind) if ord(character) in _CJK and self._random.random() < share else character
            for character in text
        )

    def _one(self, character: str, kind: str) -> str:
        if kind == "pinyin":
            return str(lazy_pinyin(character)[0])
        if kind == "symbol":
            return character + self._random.choice(_SYMBOLS)
        options = self._variants[kind].get(character)
        return self._random.choice(options) if options else character
