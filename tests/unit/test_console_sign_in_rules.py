"""Passwords, codes, waiting and ways back: the rules behind the sign-in pages."""

import pyotp
import pytest

from anlan.domain.factors import accepted_step
from anlan.web.console import people
from anlan.web.console.gate import safe_next
from anlan.web.console.pace import FREE_FAILURES, MAX_WAIT_S, Pace

NOW = 1_795_262_400.0
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


def test_a_code_belongs_to_its_step_and_its_neighbours() -> None:
    step = int(NOW // 30)
    for offset, expected in ((-2, None), (-1, step - 1), (0, step), (1, step + 1), (2, None)):
        code = pyotp.TOTP(SECRET).generate_otp(step + offset)
        assert accepted_step(SECRET, f" {code[:3]} {code[3:]} ", NOW) == expected
    assert accepted_step(SECRET, "００００００", NOW) is None
    assert accepted_step(SECRET, "", NOW) is None


@pytest.mark.parametrize(
    ("password", "is_weak"),
    [
        ("short", True), ("a" * 40, True), ("abababababab", True), ("the mei of waters", True), ("x" * 300, True),
        ("calm waters run deep", False), ("静水流深安澜无恙海晏河清", False),
    ],
)
def test_weak_passwords(password: str, is_weak: bool) -> None:
    assert people.is_too_weak(password, "mei") is is_weak


def test_passwords_are_checked_against_their_hash_only() -> None:
    hashed = people.hash_password("calm waters run deep")
    assert people.is_password("calm waters run deep", hashed)
    assert not people.is_password("calm waters run dee", hashed)
    assert not people.is_password("anything", None)
    assert not people.is_password("anything", "not a hash")
    assert hashed.startswith("$argon2id$")


def test_one_time_passwords_differ_and_are_long_enough() -> None:
    made = {people.new_one_time_password() for _ in range(50)}
    assert len(made) == 50
    assert not any(people.is_too_weak(password, "mei") for password in made)


def test_guessing_is_slowed_step_by_step_for_the_guesser_alone() -> None:
    pace, now, waits = Pace(), NOW, []
    for _ in range(FREE_FAILURES):
        assert pace.begin("mei", "192.0.2.1", now) == 0.0
    for _ in range(12):
        wait = pace.begin("mei", "192.0.2.1", now)
        waits.append(wait)
        now += wait
        assert pace.begin("mei", "192.0.2.1", now) == 0.0
    assert waits[:4] == pytest.approx([2, 4, 8, 16])
    assert max(waits) == pytest.approx(MAX_WAIT_S)
    assert pace.begin("MEI ", "192.0.2.1", now) > 0
    assert pace.begin("mei", "192.0.2.2", now) == 0.0
    assert pace.begin("lin", "192.0.2.1", now) == 0.0


def test_success_and_time_are_forgiving() -> None:
    pace = Pace()
    for _ in range(FREE_FAILURES):
        pace.begin("mei", "192.0.2.1", NOW)
    assert pace.begin("mei", "192.0.2.1", NOW) > 0
    assert pace.begin("mei", "192.0.2.1", NOW + 7_200) == 0.0
    pace.succeed("mei", "192.0.2.1")
    assert [pace.begin("mei", "192.0.2.1", NOW + 7_200) for _ in range(FREE_FAILURES)] == [0.0] * FREE_FAILURES


def test_attempts_at_once_are_all_counted() -> None:
    pace = Pace()
    welcome = [pace.begin("mei", "192.0.2.1", NOW) == 0.0 for _ in range(100)]
    assert sum(welcome) == FREE_FAILURES


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/policies?state=live", "/policies?state=live"), ("https://evil.example/", "/"), ("//evil.example", "/"),
        ("/\\evil.example", "/"), ("javascript:alert(1)", "/"), ("/ok\r\nSet-Cookie: a=b", "/"), ("", "/"),
    ],
)
def test_the_way_back_never_leaves_us(path: str, expected: str) -> None:
    assert safe_next(path) == expected
