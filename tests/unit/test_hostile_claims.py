"""What a clock tells a claimant who only guesses: nothing."""

import pytest

from anlan.domain import recovery_answers
from anlan.domain.recovery_answers import Known, PasswordDigest, judge


def test_a_right_password_takes_as_long_as_a_wrong_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Comparing is slow on purpose, so a comparison that is saved can be heard by whoever has a clock."""
    met: list[str] = []

    def is_made_of(digest: str, word: str) -> bool:
        met.append(word)
        return digest == word

    monkeypatch.setattr(recovery_answers, "is_made_of", is_made_of)
    known = Known(passwords=(PasswordDigest(digest="right"), PasswordDigest(digest="older")))
    assert judge("password", "right\nb\nc", known) == "right"
    assert met == ["right", "b", "c"] * 2
