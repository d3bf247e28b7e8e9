"""How hard a password is to guess: zxcvbn's count of guesses, with the words, numbers and shapes of Chinese passwords.

Nothing here keeps or logs a password.
"""

import math
import re
from collections.abc import Iterable, Sequence
from typing import Literal

import msgspec
import zxcvbn_rs_py

from anlan.domain.password_advice import SUGGESTIONS, WARNINGS
from anlan.domain.password_words import GIVEN, HABITS, SURNAMES

MAX_PASSWORD_CHARS = 256
LOOKED_AT_CHARS = 40
"""What comes after is not looked at: it makes a password no easier to guess, and looking at it takes ever longer."""
MAX_INPUTS = 8

Words = dict[str, str]
Breached = Literal["true", "false", "unknown"]

_DICTIONARY = tuple(dict.fromkeys((*HABITS, *SURNAMES, *GIVEN)))

GUESSES_A_SECOND = 10_000.0
"""Of one attacker who has a stolen table of slow digests; guessing at the door is slower."""
SCORE_FROM = (1e3, 1e6, 1e8, 1e10)
"""Guesses from which a password scores 1, 2, 3, 4: zxcvbn's own steps."""


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """Digits that mean something, so that they are guessed far sooner than as many random ones.

    Attributes:
        guesses: as many as somebody needs who knows which shape to try.
    """

    pattern: re.Pattern[str]
    guesses: float
    words: Words


SHAPES = (
    Shape(
        pattern=re.compile(r"(?<!\d)1[3-9]\d{9}(?!\d)"), guesses=5e5,
        words={
            "zh": "手机号认识您的人都知道，也会被批量尝试。",
            "en": "Everybody who knows you knows your phone number.",
        },
    ),
    Shape(
        pattern=re.compile(r"(?<!\d)[1-9]\d{5}(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dXx](?!\d)"),
        guesses=1e7,
        words={
            "zh": "身份证号在很多地方都登记过，不要用作密码。", "en": "Your identity number is on file in many places.",
        },
    ),
    Shape(
        pattern=re.compile(r"(?<!\d)(?:(?:19|20)\d{2}|\d{2})(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?!\d)"),
        guesses=2e4,
        words={"zh": "生日和纪念日是最先被尝试的数字。", "en": "Birthdays and anniversaries are tried first."},
    ),
)
"""A phone number: some hundred prefixes of one's region and four digits, half of which are tried on average."""

_HABIT = {
    "zh": "它含有很多人密码里都有的拼音或谐音数字。", "en": "It has pinyin or number words that many passwords have.",
}
_OWN = {
    "zh": "它含有您的昵称、手机号等个人信息。",
    "en": "It has something of your own in it, such as your name or number.",
}
_LENGTHEN = {
    "zh": "把它加长，或换成几个不相干的词。", "en": "Make it longer, or take a few words that are unrelated.",
}

_SPANS: tuple[tuple[float, float, str, str, str], ...] = (
    (1.0, 1.0, "不到 1 秒", "less than a second", ""),
    (60.0, 1.0, "{n} 秒", "{n} second", "{n} seconds"),
    (3_600.0, 60.0, "{n} 分钟", "{n} minute", "{n} minutes"),
    (86_400.0, 3_600.0, "{n} 小时", "{n} hour", "{n} hours"),
    (30 * 86_400.0, 86_400.0, "{n} 天", "{n} day", "{n} days"),
    (365 * 86_400.0, 30 * 86_400.0, "{n} 个月", "{n} month", "{n} months"),
    (100 * 365 * 86_400.0, 365 * 86_400.0, "{n} 年", "{n} year", "{n} years"),
)


class PasswordStrength(msgspec.Struct, frozen=True, kw_only=True):
    """What a password is worth.

    Attributes:
        score: 0 (guessed at once) to 4 (very hard to guess).
        guesses_log10: decimal logarithm of how many guesses it takes.
        crack_time: how long one attacker needs who has stolen its slow digest, by language.
        warning: what makes it weak, by language; empty for nothing in particular.
        suggestions: what would make it better, by language.
    """

    score: int
    guesses_log10: float
    crack_time: Words
    warning: Words
    suggestions: tuple[Words, ...]


def measure(password: str, inputs: Sequence[str] = ()) -> PasswordStrength:
    """How hard `password` is to guess for somebody who knows `inputs` of its owner (name, phone, ...)."""
    own = _own_words(inputs)
    result = zxcvbn_rs_py.zxcvbn(password[:LOOKED_AT_CHARS], [*own, *_DICTIONARY])
    guesses_log10 = max(0.0, min(result.guesses_log10, *_by_shape(password, own))) if password else 0.0
    score = sum(guesses_log10 >= math.log10(step) for step in SCORE_FROM)
    warning = _warning(password, own, result.feedback)
    suggestions = [SUGGESTIONS[repr(one).rpartition(".")[2]] for one in (result.feedback or _NO_FEEDBACK).suggestions]
    if score < 3 and not suggestions:
        suggestions = [_LENGTHEN]
    return PasswordStrength(
        score=score, guesses_log10=round(guesses_log10, 2), crack_time=crack_time(guesses_log10),
        warning=warning if score < 4 else {}, suggestions=tuple(suggestions) if score < 4 else (),
    )


class _Silent:
    """What zxcvbn has to say of a password that it finds good: nothing."""

    warning = None
    suggestions: tuple[object, ...] = ()


_NO_FEEDBACK = _Silent()


def crack_time(guesses_log10: float) -> Words:
    """How long that many guesses take at `GUESSES_A_SECOND`, in words."""
    seconds = 10 ** (guesses_log10 - math.log10(GUESSES_A_SECOND))
    for limit, unit, zh, one, many in _SPANS:
        if seconds < limit:
            n = round(seconds / unit)
            return {"zh": zh.format(n=n), "en": (many if n != 1 and many else one).format(n=n)}
    return {"zh": "一百年以上", "en": "more than a century"}


def _own_words(inputs: Iterable[str]) -> list[str]:
    """What an attacker makes of what they know: the whole, its parts, and the last digits of a number."""
    found: list[str] = []
    for given in list(inputs)[:MAX_INPUTS]:
        text = given.strip().lower()[:64]
        digits = re.sub(r"\D", "", text)
        found += [text, *re.split(r"[\s@._\-]+", text), digits, digits[-11:], digits[-8:], digits[-6:]]
    return [word for word in dict.fromkeys(found) if len(word) >= 3]


def _by_shape(password: str, own: Sequence[str]) -> list[float]:
    """Logarithms of guesses for whoever tries each shape with what is around it."""
    found = [math.inf]
    for shape in SHAPES:
        match = shape.pattern.search(password)
        if match:
            rest = password[: match.start()] + password[match.end():]
            around = zxcvbn_rs_py.zxcvbn(rest[:LOOKED_AT_CHARS], [*own, *_DICTIONARY]).guesses_log10 if rest else 0.0
            found.append(math.log10(shape.guesses) + max(0.0, around) + (math.log10(2) if rest else 0.0))
    return found


def _warning(password: str, own: Sequence[str], feedback: zxcvbn_rs_py.Feedback | None) -> Words:
    lowered = password.lower()
    if any(word in lowered for word in own):
        return _OWN
    shape = next((one for one in SHAPES if one.pattern.search(password)), None)
    if shape is not None:
        return shape.words
    if any(word in lowered for word in HABITS if len(word) >= 4):
        return _HABIT
    warning = feedback.warning if feedback else None
    return WARNINGS[repr(warning).rpartition(".")[2]] if warning is not None else {}
