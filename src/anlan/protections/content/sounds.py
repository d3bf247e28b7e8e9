"""Decides how a message sounds: each Chinese character and each pinyin word as one sign for its syllable, toneless.

Sounds that writers mix up share a sign: zh z, ch c, sh s, n l, and endings in n and ng. Which word was meant it does
not know.
"""

import re
from functools import cache, lru_cache
from importlib import resources

FIRST_SIGN = 0xE100
"""Signs are private characters from here on, in alphabetical order of the merged syllables."""

MIN_SYLLABLES_ALONE = 2
"""A text without Chinese characters is pinyin only if all of it can be, and it has this many syllables."""

_PICTURES = {"❤": "xin", "♥": "xin", "♡": "xin", "💗": "xin", "💕": "xin", "🧡": "xin", "💓": "xin", "💖": "xin",
             "💰": "qian", "🐎": "ma", "🐴": "ma", "🐔": "ji", "🐶": "gou", "🐕": "gou", "🐖": "zhu", "🐷": "zhu",
             "🌿": "cao", "🌱": "cao", "🔥": "huo", "🈷": "yue", "🍐": "li", "🌹": "hua", "💊": "yao", "🐟": "yu",
             "🔫": "qiang", "💩": "shi", "👄": "kou", "🐢": "gui", "🍵": "cha"}
_LATIN = re.compile("[a-z]")
PINYIN_WORD = re.compile(r"[a-z]+(?:'[a-z]+)*")
_SIGNS = "\ue100-\ue2ff"
_FILLER = re.compile(r"[ .*_^|·•=#~/\-]")
BETWEEN_SIGNS = re.compile(rf"(?<=[{_SIGNS}])[ .*_^|·•=#~/\-]{{1,4}}(?=[{_SIGNS}])")
_MERGED_START = re.compile("^(zh|ch|sh|n(?=.))")
_STARTS = {"zh": "z", "ch": "c", "sh": "s", "n": "l"}
_LONGEST_WORD, _LONGEST_SYLLABLE = 40, 6
_ENGLISH = re.compile(
    "(a|he|she|me|we|can|you|long|f[ae]n|m[ae]n|women|hang|bang|hen|pen|[tdp]en|sing|song|[brtwp]an|[dlpt]ie|sue|due|bin"
    "|gang|ping|[wsr]ang|chi|jean|here|more|tone)$"
)
"""English words that are pinyin too; a text of nothing else is English."""


def merge(syllable: str) -> str:
    """`syllable` without what writers mix up: `zhang` and `zan` are both `zan`, `ni` and `li` both `li`."""
    merged = _MERGED_START.sub(lambda match: _STARTS[match[0]], syllable.replace("ü", "v"))
    return merged[:-1] if merged.endswith("ng") else merged


@cache
def syllables() -> dict[str, str]:
    """Chinese character or picture to its usual syllable, without tone, as in `lü` written `lv`."""
    lines = resources.files(__package__).joinpath("tables", "syllables.txt").read_text("utf-8").splitlines()
    spelt = (line.split(" ") for line in lines)
    return {character: syllable for syllable, characters in spelt for character in characters} | _PICTURES


@cache
def _signs() -> dict[str, str]:
    """Syllable to its sign."""
    every = {syllable: merge(syllable) for syllable in {*syllables().values(), "lue", "nue"}}
    order = sorted(set(every.values()))
    return {syllable: chr(FIRST_SIGN + order.index(merged)) for syllable, merged in every.items()}


@cache
def sign_table() -> dict[int, str]:
    """For `str.translate`: Chinese characters and pictures to the signs of their syllables."""
    signs = _signs()
    return {ord(character): signs[syllable] for character, syllable in syllables().items()}


@lru_cache(maxsize=8192)
def pinyin_signs(word: str) -> str | None:
    """The signs of a lower-case Latin word if it is pinyin through and through; with the fewest syllables."""
    if len(word) > _LONGEST_WORD:
        return None
    signs = _signs()
    best: list[str | None] = ["", *[None] * len(word)]
    for end in range(1, len(word) + 1):
        for start in range(max(0, end - _LONGEST_SYLLABLE), end):
            before, sign = best[start], signs.get(word[start:end])
            if before is not None and sign and (best[end] is None or len(before) + 1 < len(best[end] or "")):
                best[end] = before + sign
    return best[-1]


def sound_view(tight: str) -> str:
    """Folded text with a sign for each syllable, and nothing between two signs but what ends a clause.

    What is neither Chinese nor pinyin stays. A few microseconds for a short Chinese message.
    """
    view = tight.translate(sign_table())
    if _LATIN.search(view):
        view = _read_pinyin(view, has_chinese=view != tight)
    return BETWEEN_SIGNS.sub("", view) if _FILLER.search(view) else view


def _read_pinyin(view: str, *, has_chinese: bool) -> str:
    if has_chinese:
        return PINYIN_WORD.sub(lambda match: word_signs(match[0], has_chinese=True) or match[0], view)
    signs_read, is_english = 0, True
    for match in PINYIN_WORD.finditer(view):
        signs = word_signs(match[0], has_chinese=False)
        if signs is None:
            return view
        signs_read += len(signs)
        is_english = is_english and bool(_ENGLISH.match(match[0]))
    if is_english or signs_read < MIN_SYLLABLES_ALONE:
        return view
    return PINYIN_WORD.sub(lambda match: word_signs(match[0], has_chinese=False) or match[0], view)


def word_signs(word: str, *, has_chinese: bool) -> str | None:
    """Signs of a Latin word; None if it is no pinyin, or beside Chinese characters a lone vowel."""
    if has_chinese and len(word) == 1:
        return None
    parts = [pinyin_signs(part) for part in word.split("'")]
    return None if None in parts else "".join(part or "" for part in parts)
