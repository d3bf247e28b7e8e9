"""Who a member of staff is to the console, and what makes a password or a six-digit code good."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from threading import BoundedSemaphore

import pyotp
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from anlan.errors import Unavailable
from anlan.store.staff import Member
from anlan.web.languages import mark

MIN_PASSWORD_CHARS = 12
MAX_PASSWORD_CHARS = 256
TURN_S = 5.0
_HASHER = PasswordHasher()
_AT_ONCE = BoundedSemaphore(4)
"""Each hash takes 64 MiB; strangers who try names must not take all there is."""


@dataclass(frozen=True, kw_only=True)
class Person:
    """A member of staff with a session that is still good.

    Attributes:
        has_second_factor: an authenticator is enrolled for the account.
        has_passed: this session has answered everything that sign-in asks for.
    """

    id: str
    name: str
    roles: tuple[str, ...]
    language: str
    must_change_password: bool
    has_second_factor: bool
    has_passed: bool

    @property
    def actor(self) -> str:
        """The name that the audit log uses."""
        return f"staff:{self.name}"


def person_of(member: Member, *, has_passed: bool) -> Person:
    """The person behind an account."""
    return Person(
        id=member.id, name=member.name, roles=member.roles, language=member.language,
        must_change_password=member.must_change_password, has_second_factor=member.has_second_factor,
        has_passed=has_passed,
    )


def hash_password(password: str) -> str:
    """Argon2id with the library's current parameters.

    Raises:
        Unavailable: too many at once.
    """
    with _in_turn():
        return _HASHER.hash(password)


@contextmanager
def _in_turn() -> Iterator[None]:
    if not _AT_ONCE.acquire(timeout=TURN_S):
        raise Unavailable(mark("Too many people sign in at once. Try again in a moment."))
    try:
        yield
    finally:
        _AT_ONCE.release()


@cache
def _decoy() -> str:
    """The hash of no password."""
    return _HASHER.hash(secrets.token_urlsafe())


def is_password(password: str, hashed: str | None) -> bool:
    """Whether `password` belongs to `hashed`; takes as long when there is no such account.

    Raises:
        Unavailable: too many at once.
    """
    with _in_turn():
        try:
            return _HASHER.verify(hashed or _decoy(), password[:MAX_PASSWORD_CHARS]) and hashed is not None
        except (VerificationError, InvalidHashError):
            return False


def new_one_time_password() -> str:
    """A password that is read out once and must be changed: 80 random bits in groups of four."""
    text = pyotp.random_base32()[:16].lower()
    return "-".join(text[start : start + 4] for start in range(0, 16, 4))


def is_too_weak(password: str, name: str) -> bool:
    """Whether a new password is shorter than 12 characters, longer than 256, nearly constant, or holds the name."""
    is_length_fine = MIN_PASSWORD_CHARS <= len(password) <= MAX_PASSWORD_CHARS
    return not is_length_fine or len(set(password)) < 5 or (len(name) > 2 and name.lower() in password.lower())


def digest(token: str) -> str:
    """What is stored of a session token, so that a copy of the database signs nobody in."""
    return sha256(token.encode()).hexdigest()


def csrf_token(session_token: str) -> str:
    """Proof that a form was drawn for this session: it follows from the cookie, which other sites cannot read."""
    return sha256(b"csrf:" + session_token.encode()).hexdigest()
