"""Whether a word is what a platform's salted digest was made of; digests that cost too much to check are refused."""

import hmac
import re
from base64 import b64encode
from hashlib import pbkdf2_hmac, sha256

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from argon2.exceptions import VerificationError as ArgonFailure

from anlan.errors import InvalidClaim

MAX_DIGEST_CHARS = 512
MAX_ROUNDS = 1_500_000
MAX_MEMORY_KIB = 256 * 1024
MAX_PASSES = 10

_SALTED = re.compile(r"sha256\$([^$]{8,128})\$([0-9a-f]{64})")
_PBKDF2 = re.compile(r"pbkdf2_sha256\$(\d{1,7})\$([^$]{8,128})\$([A-Za-z0-9+/]{43}=)")
_ARGON2 = re.compile(r"\$argon2(?:id|i|d)\$v=19\$m=(\d{1,7}),t=(\d{1,2}),p=(\d{1,2})\$[A-Za-z0-9+/]+\$[A-Za-z0-9+/]+")
_hasher = PasswordHasher()


def check_digest(digest: str) -> str:
    """The digest itself.

    Raises:
        InvalidClaim: of no form that is known, without a salt, or too dear to check.
    """
    pbkdf2, argon2 = _PBKDF2.fullmatch(digest), _ARGON2.fullmatch(digest)
    is_cheap = (pbkdf2 is not None and int(pbkdf2[1]) <= MAX_ROUNDS) or (
        argon2 is not None and int(argon2[1]) <= MAX_MEMORY_KIB and int(argon2[2]) <= MAX_PASSES
    )
    if len(digest) > MAX_DIGEST_CHARS or not (is_cheap or _SALTED.fullmatch(digest)):
        raise InvalidClaim(
            "a digest is $argon2id$v=19$..., pbkdf2_sha256$<rounds>$<salt>$<base64>, or sha256$<salt>$<hex of "
            f"salt and word>; at most {MAX_ROUNDS} rounds and {MAX_MEMORY_KIB} KiB"
        )
    return digest


def is_made_of(digest: str, word: str) -> bool:
    """Whether `word` gives this digest; False for digests of no known form."""
    if salted := _SALTED.fullmatch(digest):
        return hmac.compare_digest(sha256((salted[1] + word).encode()).hexdigest(), salted[2])
    if found := _PBKDF2.fullmatch(digest):
        made = pbkdf2_hmac("sha256", word.encode(), found[2].encode(), int(found[1]))
        return hmac.compare_digest(b64encode(made).decode(), found[3])
    try:
        return _hasher.verify(digest, word)
    except (VerifyMismatchError, InvalidHashError, ArgonFailure):
        return False


def salted_digest(salt: str, word: str) -> str:
    """The simplest form, for words that are not secrets of their own: numbers and addresses."""
    return f"sha256${salt}${sha256((salt + word).encode()).hexdigest()}"
