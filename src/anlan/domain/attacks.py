"""Attacks on many accounts at once: what shape one has, from how many tries came from where on how many accounts."""

from typing import Literal, NamedTuple, get_args

AttackShape = Literal["brute_force", "stuffing", "spraying"]
ATTACK_SHAPES: tuple[AttackShape, ...] = get_args(AttackShape)
AttackState = Literal["standing", "over"]
ATTACK_STATES: tuple[AttackState, ...] = get_args(AttackState)

FEW_ACCOUNTS = 5
TRIES_OF_A_LIST = 1.6
"""A leaked list has one or two passwords for an account; a spray tries the same few on everybody."""

ATTACK_LEVEL = 2
RAISED_LEVEL = 1
"""Of the signal `login_attack_level`: under attack, and raised."""
SUSPICIOUS_RISK = 0.1
"""During an attack a stranger's success of this risk belongs to it, as every stranger's failure does."""


class AttackSize(NamedTuple):
    """How large an attack is.

    Attributes:
        stopped: attempts that were not simply let in, whatever their proof.
        opened: accounts whose right proof was let in.
    """

    attempts: int = 0
    failures: int = 0
    stopped: int = 0
    accounts: int = 0
    opened: int = 0
    networks: int = 0
    countries: int = 0


def shape_of(size: AttackSize) -> AttackShape:
    """Few accounts are forced; many are tried with a list that has a password for each, or with a few passwords."""
    if size.accounts <= FEW_ACCOUNTS:
        return "brute_force"
    return "stuffing" if size.attempts / size.accounts <= TRIES_OF_A_LIST else "spraying"
