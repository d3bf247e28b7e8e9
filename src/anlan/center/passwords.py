"""Helping members to good passwords: how hard one is to guess, and whether others know it already. Nothing is kept."""

import random
import threading
from collections.abc import Sequence
from pathlib import Path

import msgspec

from anlan.domain.passwords import Breached, PasswordStrength, Words, measure
from anlan.errors import NotFound
from anlan.store.breached_passwords import PREFIX_DIGITS, BreachedPasswords, open_set

PADDED_TO = 800
"""Lines of an answer to a prefix, so that its length does not tell which prefix was asked."""
_SUFFIX_DIGITS = 40 - PREFIX_DIGITS

_KNOWN = {
    "zh": "这个密码出现在已泄露的密码中，盗号者会先试它。",
    "en": "This password is among leaked ones; thieves try it first.",
}


class PasswordChecked(msgspec.Struct, frozen=True, kw_only=True):
    """What a password is worth.

    Attributes:
        score: 0 (guessed at once) to 4 (very hard to guess); one that was breached is 0.
        guesses_log10: decimal logarithm of how many guesses it takes.
        crack_time: how long an attacker with a stolen table of slow digests needs, by language.
        warning: what makes it weak, by language; empty for nothing in particular.
        suggestions: what would make it better, by language.
        is_breached: whether it is among leaked passwords; `unknown` while no whole set of them is loaded.
    """

    score: int
    guesses_log10: float
    crack_time: Words
    warning: Words
    suggestions: tuple[Words, ...]
    is_breached: Breached


class Passwords:
    """Judges passwords.

    Args:
        path: where `anlan passwords import` puts the set of leaked ones; a new one is noticed.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._swapping = threading.Lock()
        self._stamp = self._stamp_now()
        self._set = open_set(path)

    def check(self, password: str, inputs: Sequence[str] = ()) -> PasswordChecked:
        """How good `password` is for somebody of whom attackers know `inputs` (nickname, phone, ...)."""
        strength: PasswordStrength = measure(password, inputs)
        known = self._known()
        seen = known.times_seen(password)
        is_breached: Breached = "true" if seen else "false" if known.is_whole else "unknown"
        return PasswordChecked(
            score=0 if seen else strength.score, guesses_log10=strength.guesses_log10, crack_time=strength.crack_time,
            warning=_KNOWN if seen else strength.warning, suggestions=strength.suggestions, is_breached=is_breached,
        )

    def range_of(self, prefix: str) -> str:
        """The set's lines `suffix:count` for the first five digits of a SHA-1 digest, filled up with lines of count 0.

        Raises:
            InvalidRequest: not five hexadecimal digits.
            NotFound: no set was imported: nothing here would be worth asking.
        """
        known = self._known()
        if not known.is_whole:
            raise NotFound("no set of leaked passwords is loaded; bring one in with 'anlan passwords import'")
        found = known.suffixes(prefix)
        padding = (random.SystemRandom().getrandbits(4 * _SUFFIX_DIGITS) for _ in range(PADDED_TO - len(found)))
        lines = [*found, *((f"{number:0{_SUFFIX_DIGITS}X}", 0) for number in padding)]
        return "\r\n".join(f"{suffix}:{count}" for suffix, count in sorted(lines))

    def _known(self) -> BreachedPasswords:
        stamp = self._stamp_now()
        if stamp != self._stamp:
            with self._swapping:
                # The old one closes when whoever reads it now has done.
                self._set, self._stamp = open_set(self._path), stamp
        return self._set

    def _stamp_now(self) -> tuple[int, int]:
        try:
            found = self._path.stat()
        except FileNotFoundError:
            return 0, 0
        return found.st_mtime_ns, found.st_size
