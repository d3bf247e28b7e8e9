"""What a clock tells a claimant who only guesses: nothing."""

import pytest

from anlan.domain import recovery_answers
from anlan.domain.recovery_answers import MAX_KNOWN_PASSWORDS, Known, PasswordDigest, judge


@pytest.fixture
def met(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """Comparing is slow on purpose, so a comparison that is saved can be heard by whoever has a clock."""
    work: list[tuple[str, str]] = []

    def is_made_of(digest: str, word: str) -> bool:
        work.append((digest, word))
        return digest == word

    monkeypatch.setattr(recovery_answers, "is_made_of", is_made_of)
    return work


def test_a_right_password_takes_as_long_as_a_wrong_one(met: list[tuple[str, str]]) -> None:
    known = Known(passwords=(PasswordDigest(digest="right"), PasswordDigest(digest="older")))
    assert judge("password", "right\nb\nc", known) == "right"
    assert [word for _, word in met] == ["right", "b", "c"] * 2


@pytest.mark.parametrize("told", range(MAX_KNOWN_PASSWORDS + 1))
def test_it_takes_as_long_however_many_passwords_the_platform_told(met: list[tuple[str, str]], told: int) -> None:
    passwords = tuple(PasswordDigest(digest=f"kept{number}") for number in range(told))
    outcome = judge("password", "a\ndecoy\nc\nfourth", Known(passwords=passwords, decoy="decoy"))
    assert outcome == ("wrong" if told else "moot"), "a decoy is met in vain"
    assert len(met) == MAX_KNOWN_PASSWORDS * 3
    met.clear()
    assert judge("password", " ", Known(passwords=passwords, decoy="decoy")) == ("unknown" if told else "moot")
    assert met == []
