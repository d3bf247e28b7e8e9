"""Decides how a text is disguised, to train against it and to measure what is still seen: eight kinds of evasion."""

import csv
import gzip
import random
from collections import defaultdict
from pathlib import Path

from opencc import OpenCC
from pypinyin import lazy_pinyin

KINDS = ("split", "sound", "shape", "pinyin", "symbol", "spaced", "traditional", "digit_word")
_CHOSEN_IN_TRAINING = ("sound", "sound", "shape", "split", "pinyin", "symbol")
_TABLES = {"split": "split", "sound": "sound", "shape": "shape"}
_SYMBOLS = ".*_-·~ /|"
_CJK = range(0x3400, 0xA000)
_DIGITS = ("零一二三四五六七八九", "〇壹贰叁肆伍陆柒捌玖", "⓪①②③④⑤⑥⑦⑧⑨", "０１２３４５６７８９")
_to_traditional = OpenCC("s2t").convert


class Disguise:
    """Disguises single characters by the tables of char_variants_zh; the same seed always disguises alike.

    Args:
        data: folder that holds `char_variants_zh/variants.csv.gz`.
    """

    def __init__(self, data: Path, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 - repeatable, not secret
        self._variants: dict[str, dict[str, list[str]]] = {kind: defaultdict(list) for kind in _TABLES}
        with gzip.open(data / "char_variants_zh/variants.csv.gz", "rt", encoding="utf-8", newline="") as lines:
            for row in csv.DictReader(lines):
                if row["kind"] in self._variants:
                    options = [row["variants"].replace(" ", "")] if row["kind"] == "split" else list(row["variants"])
                    self._variants[row["kind"]][row["char"]].extend(options)

    def disguise(self, text: str, share: float, kind: str | None = None) -> str:
        """`text` with `share` of its characters disguised in one way.

        Args:
            share: of the Chinese characters, or of the digits for `digit_word`; in [0, 1].
            kind: one of `KINDS`; None picks one as training does.
        """
        chosen = kind or self._random.choice(_CHOSEN_IN_TRAINING)
        return "".join(
            self._one(character, chosen) if _is_open_to(chosen, character) and self._random.random() < share
            else character
            for character in text
        )

    def _one(self, character: str, kind: str) -> str:
        if kind == "pinyin":
            return str(lazy_pinyin(character)[0])
        if kind == "symbol":
            return character + self._random.choice(_SYMBOLS)
        if kind == "spaced":
            return f" {character} "
        if kind == "traditional":
            return str(_to_traditional(character))
        if kind == "digit_word":
            return self._random.choice(_DIGITS)[int(character)]
        options = self._variants[kind].get(character)
        return self._random.choice(options) if options else character


def _is_open_to(kind: str, character: str) -> bool:
    return character in "0123456789" if kind == "digit_word" else ord(character) in _CJK
