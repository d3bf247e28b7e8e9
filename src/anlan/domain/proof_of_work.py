"""How much work a visitor must have done: SHA-256 of a fresh salt and a number begins with so many zero bits."""

import secrets
from hashlib import sha256

LEAST_BITS, MOST_BITS = 15, 21
"""From a tenth of a second on a slow phone to half a minute; more would shut people out, not machines."""

MAX_NUMBER_CHARS = 16


def new_salt() -> str:
    """96 random bits; a salt is good for one challenge, so work done for another is worth nothing."""
    return secrets.token_hex(12)


def bits_for(recent: int, *, is_under_attack: bool = False) -> int:
    """Zero bits to ask for.

    Args:
        recent: challenges that the same network has asked for in the last hour; each doubling costs one bit more.
        is_under_attack: whether an attack on many accounts goes on now.
    """
    wanted = LEAST_BITS + max(0, recent).bit_length() + (2 if is_under_attack else 0)
    return min(MOST_BITS, wanted)


def is_done(salt: str, bits: int, number: str) -> bool:
    """Whether `number`, in decimal digits, is the answer for `salt`."""
    if not (number.isascii() and number.isdigit() and len(number) <= MAX_NUMBER_CHARS):
        return False
    digest = sha256(f"{salt}:{number}".encode()).digest()
    return int.from_bytes(digest) >> (256 - bits) == 0
