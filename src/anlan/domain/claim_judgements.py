"""How many people decide a claim, and what their answers come to; none of them sees the others' before their own."""

from collections.abc import Sequence
from typing import Literal, get_args

from anlan.domain.agreement import SENIOR, Step, next_step
from anlan.domain.claims import SETTLEMENT_TITLES, SETTLEMENTS, ClaimWay, Settlement

ClaimAnswer = Literal["grant", "hand_over", "memorial", "close", "refuse"]
"""`grant` gives the account back to its owner, the next three are what relatives are granted."""
CLAIM_ANSWERS: tuple[ClaimAnswer, ...] = get_args(ClaimAnswer)
REFUSE: ClaimAnswer = "refuse"

ARBITERS_ROLE = "senior"
"""Who decides where two differ."""

RISKY_FORGED_SHARE = 0.003
"""From this chance of a forgery on nobody decides alone."""

ANSWER_TITLES: dict[ClaimAnswer, dict[str, str]] = {
    "grant": {"zh": "批准归还", "en": "Give it back"},
    "hand_over": SETTLEMENT_TITLES["hand_over"],
    "memorial": SETTLEMENT_TITLES["memorial"],
    "close": SETTLEMENT_TITLES["close"],
    "refuse": {"zh": "驳回", "en": "Turn it down"},
}


def answers_for(way: ClaimWay) -> tuple[ClaimAnswer, ...]:
    """What people may answer to a claim."""
    return (*SETTLEMENTS, REFUSE) if way == "relative" else ("grant", REFUSE)


def needs_two(way: ClaimWay, forged_share: float | None, *, is_high_value: bool, is_doubted: bool) -> bool:
    """Whether too much hangs on a claim for one person.

    Args:
        forged_share: chance of a forgery after the evidence; None where nothing was weighed.
    """
    is_risky = forged_share is not None and forged_share >= RISKY_FORGED_SHARE
    return way == "relative" or is_high_value or is_doubted or is_risky


def next_judgement(answers: Sequence[ClaimAnswer], *, needs_second: bool) -> Step:
    """What follows the answers so far, in order: two that are alike decide, and a senior where they differ."""
    return next_step(len(answers), answers, needs_second=needs_second)


def may_end_with(answer: ClaimAnswer, before: Sequence[ClaimAnswer]) -> bool:
    """Whether the senior may answer so: what is granted is always granted by two people alike."""
    return len(before) < SENIOR - 1 or answer == REFUSE or answer in before


def settlement_of(answer: ClaimAnswer) -> Settlement | None:
    """What a relative is granted by this answer; None for owners and for a refusal."""
    return next((one for one in SETTLEMENTS if one == answer), None)
