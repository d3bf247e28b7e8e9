"""Decides how a message sounds: each Chinese character and each pinyin word as one sign for its syllable, toneless.

Sounds that writers mix up share a sign: zh z, ch c, sh s, n l, and endings in n and ng. Which word was meant it does
not know.
"""

import re
from functools import cache, lru_cache
from importlib import resources

from anlan.protections.content.forms import Edit, Form

FIRST_SIGN = 0xE100
"""Signs are private characters from here on, in alphabetical order of the merged syllables."""

MIN_SYLLABLES_ALONE = 2
"""A text without Chinese characters is pinyin only if all of it can be, and it has this many syllables."""

_PICTURES = {"❤": "xin", "♥": "xin", "♡": "xin", "💗": "xin", "💕": "xin", "🧡": "xin", "💓": "xin", "💖": "xin",
             "💰": "qian", "🐎": "ma", "🐴": "ma", "🐔": "ji", "🐶": "gou", "🐕": "gou", "🐖": "zhu", "🐷": "zhu",
             "🌿": "cao", "🌱": "cao", "🔥": "huo", "🈷": "yue", "🍐": "li", "🌹": "hua", "💊": "yao", "🐟": "yu",
             "🔫": "qiang", "💩": "shi", "👄": "kou", "🐢": "gui", "🍵": "cha"}
_LATIN = re.compile("[a-z]")
_HAN = re.compile("[\u3400-\u9fff]")
_PINYIN_WORD = re.compile(r"[a-z]+(?:'[a-z]+)*")
_SIGNS = "\ue100-\ue2ff"
_FILLER = re.compile(r"[ .*_^|·•=#~/\-]")
_BETWEEN_SIGNS = re.compile(rf"(?<=[{_SIGNS}])[ .*_^|·•=#~/\-]{{1,4}}(?=[{_SIGNS}])")
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
    """The signs of a lower-case Latin word if it is pinyin through and through, with the fewest syllables.

    A lone vowel is no pinyin: it is a letter.
    """
    parts = [_part_signs(part) for part in word.split("'")]
    return None if len(word) == 1 or None in parts else "".join(part or "" for part in parts)


def _part_signs(word: str) -> str | None:
    spelt, signs = spell_syllables(word), _signs()
    return "".join(signs[syllable] for syllable in spelt) if spelt else None


@lru_cache(maxsize=8192)
def spell_syllables(word: str) -> tuple[str, ...]:
    """The syllables of a lower-case Latin word, as few as possible; empty if it is no pinyin."""
    known = _signs()
    best: list[tuple[str, ...] | None] = [(), *[None] * min(len(word), _LONGEST_WORD)]
    for end in range(1, len(best)):
        for start in range(max(0, end - _LONGEST_SYLLABLE), end):
            before, now = best[start], best[end]
            if before is not None and word[start:end] in known and (now is None or len(before) + 1 < len(now)):
                best[end] = (*before, word[start:end])
    return (best[-1] or ()) if len(word) <= _LONGEST_WORD else ()


def sound_view(tight: str) -> str:
    """Folded text with a sign for each syllable, and nothing between two signs but what ends a clause.

    What is neither Chinese nor pinyin stays. A few microseconds for a short Chinese message.
    """
    view = tight.translate(sign_table())
    if _LATIN.search(view) and is_pinyin(tight):
        view = _PINYIN_WORD.sub(lambda match: pinyin_signs(match[0]) or match[0], view)
    return _BETWEEN_SIGNS.sub("", view) if _FILLER.search(view) else view


def sound_form(tight: str) -> Form:
    """`sound_view` with its map; each sign of a pinyin word stands for the whole word."""
    form = Form.of(tight)._replace(text=tight.translate(sign_table()))
    if is_pinyin(tight):
        words = [Edit(*match.span(), pinyin_signs(match[0]) or match[0]) for match in _PINYIN_WORD.finditer(form.text)]
        form = form.edited(words)
    return form.edited(Edit(*match.span(), "") for match in _BETWEEN_SIGNS.finditer(form.text))


def is_pinyin(tight: str) -> bool:
    """Whether Latin words may be pinyin: beside Chinese, or where all of them can be and not all are English."""
    if _HAN.search(tight):
        return True
    signs_read, is_english = 0, True
    for match in _PINYIN_WORD.finditer(tight):
        signs = pinyin_signs(match[0])
        if signs is None:
            return False
        signs_read += len(signs)
        is_english = is_english and bool(_ENGLISH.match(match[0]))
    return not is_english and signs_read >= MIN_SYLLABLES_ALONE
