"""Passwords are judged as people choose them here, and compared with leaked ones without being told to anybody."""

from hashlib import sha1
from pathlib import Path

import pytest
import zxcvbn_rs_py

from anlan.center.passwords import PADDED_TO, Passwords
from anlan.domain.password_advice import SUGGESTIONS, WARNINGS
from anlan.domain.passwords import LOOKED_AT_CHARS, crack_time, measure
from anlan.errors import Damaged, InvalidRequest, NotFound
from anlan.store import breached_passwords
from anlan.store.breached_passwords import BreachedPasswords, open_set, write_set


def hashed(password: str) -> str:
    return sha1(password.encode(), usedforsecurity=False).hexdigest().upper()


@pytest.mark.parametrize(
    ("password", "most"),
    [
        ("", 0), ("123456", 0), ("5201314", 0), ("woaini1314", 1), ("woaini520", 1), ("13812345678", 1),
        ("19900307", 1), ("110101199003074514", 2), ("wang13812345678", 3), ("qwe123", 1), ("zhongguo", 1),
    ],
)
def test_what_many_choose_is_weak(password: str, most: int) -> None:
    found = measure(password)
    assert found.score <= most
    assert found.guesses_log10 >= 0


@pytest.mark.parametrize("password", ["tidal-lantern-77-orchid", "阿芳的小店旁边海棠依旧红透", "vv!Qk9v&Tz2#Lm4"])
def test_what_is_long_and_odd_is_strong_and_needs_no_advice(password: str) -> None:
    found = measure(password)
    assert found.score == 4
    assert not found.suggestions
    assert not found.warning


def test_a_shape_is_weaker_than_as_many_random_digits() -> None:
    assert measure("82749163518").guesses_log10 > measure("13912749163").guesses_log10
    assert measure("847362915203847561").score > measure("320106198811230417").score
    assert "phone number" in measure("13912749163").warning["en"]
    assert "生日" in measure("20011224").warning["zh"]


def test_what_is_known_of_the_owner_makes_it_weak() -> None:
    without, known = measure("haitang8812"), measure("haitang8812", ["Haitang", "+86 138 0000 8812"])
    assert known.guesses_log10 < without.guesses_log10
    assert "nickname" not in without.warning.get("en", "")
    assert "your own" in known.warning["en"]


def test_a_long_password_is_not_looked_at_for_ever() -> None:
    beginning = "kV8$wq!Zr2@mX7#pL5^tB9&nC4*dF6(h"
    assert measure(beginning + "a" * 1_000).guesses_log10 == measure(
        (beginning + "a" * 1_000)[:LOOKED_AT_CHARS]
    ).guesses_log10


def test_all_advice_has_words() -> None:
    kinds = ((zxcvbn_rs_py.Warning, WARNINGS), (zxcvbn_rs_py.Suggestion, SUGGESTIONS))
    for kind, words in kinds:
        assert {name for name in dir(kind) if name[0].isupper()} == set(words)
        assert all(set(texts) == {"zh", "en"} and all(texts.values()) for texts in words.values())


def test_times_are_told_in_words() -> None:
    said = [crack_time(power)["en"] for power in (0, 4.05, 6, 8, 10, 11, 12.5, 20)]
    assert said == [
        "less than a second", "1 second", "2 minutes", "3 hours", "12 days", "4 months", "10 years",
        "more than a century",
    ]


def test_a_set_is_made_of_any_lines_and_asked_by_prefix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(breached_passwords, "RUN_RECORDS", 3)  # several runs to merge
    lines = [f"{hashed(f'pw{n}')}:{n + 1}\r\n".encode() for n in range(20)]
    lines += [hashed("pw3").lower().encode(), b"plain word\n", b"\n", hashed("padding").encode() + b":0\n"]
    path = tmp_path / "new" / "passwords.set"
    assert write_set(lines, path) == 21
    found = BreachedPasswords(path, is_whole=True)
    assert found.times_seen("pw7") == 8
    assert found.times_seen("pw3") == 4  # the greatest count of its lines
    assert found.times_seen("plain word") == 1
    assert found.times_seen("padding") == found.times_seen("never seen") == 0
    digest = hashed("pw7")
    assert (digest[5:], 8) in found.suffixes(digest[:5].lower())
    everything = {hashed(f"pw{n}") for n in range(20)} | {hashed("plain word")}
    asked = {prefix + suffix for prefix in {one[:5] for one in everything} for suffix, _ in found.suffixes(prefix)}
    assert asked == everything
    for wrong in ("12", "zzzzz", "123456", "1234\0"):
        with pytest.raises(InvalidRequest):
            found.suffixes(wrong)
    found.close()


def test_a_set_that_cannot_be_made_leaves_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "passwords.set"
    write_set([b"one\n"], path)
    with pytest.raises(NotFound):
        write_set([b"\n"], path)
    assert BreachedPasswords(path, is_whole=True).times_seen("one") == 1
    assert [one.name for one in tmp_path.iterdir()] == ["passwords.set"]
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(Damaged, match="anlan passwords import"):
        BreachedPasswords(path, is_whole=True)


def test_not_to_be_in_the_starter_says_nothing(tmp_path: Path) -> None:
    passwords = Passwords(tmp_path / "passwords.set")
    assert passwords.check("123456").is_breached == "true"
    assert passwords.check("tidal-lantern-77-orchid").is_breached == "unknown"
    with pytest.raises(NotFound):
        passwords.range_of("00000")
    assert open_set(tmp_path / "passwords.set").count == 10_000


def test_an_imported_set_is_used_at_once(tmp_path: Path) -> None:
    passwords = Passwords(tmp_path / "passwords.set")
    write_set([b"tidal-lantern-77-orchid\n"], tmp_path / "passwords.set")
    known = passwords.check("tidal-lantern-77-orchid")
    assert (known.is_breached, known.score) == ("true", 0)
    assert "leaked" in known.warning["en"]
    assert passwords.check("another-lantern-31-fern").is_breached == "false"


def test_an_answer_to_a_prefix_is_padded(tmp_path: Path) -> None:
    write_set([b"one\n", b"two\n"], tmp_path / "passwords.set")
    passwords, digest = Passwords(tmp_path / "passwords.set"), hashed("one")
    lines = [line.split(":") for line in passwords.range_of(digest[:5]).split("\r\n")]
    assert [digest[5:], "1"] in lines
    assert sum(count != "0" for _, count in lines) == 1
    assert all(len(suffix) == 35 for suffix, _ in lines)
    assert len(lines) == len(passwords.range_of("FFFFF").split("\r\n")) == PADDED_TO
    assert lines == sorted(lines)
