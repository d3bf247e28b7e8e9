"""Work for people: kinds of cases, what may be answered, and where a case stands in its queue."""

from typing import Literal, get_args

CaseKind = Literal["review", "report", "appeal", "complaint", "funds", "recovery", "assistance"]
CASE_KINDS: tuple[CaseKind, ...] = get_args(CaseKind)

CaseState = Literal["open", "closed", "merged"]
CASE_STATES: tuple[CaseState, ...] = get_args(CaseState)

Answer = Literal["violation", "no_violation", "unclear", "uphold", "reduce", "reverse", "grant", "refuse"]
"""The first three of reviews, reports, complaints; the next three of appeals; the last two of funds and recoveries, and
of assistance: a member asked for a person, who helped or had nothing to do."""
ANSWERS: tuple[Answer, ...] = get_args(Answer)

ANSWERS_BY_KIND: dict[CaseKind, tuple[Answer, ...]] = {
    "review": ("violation", "no_violation", "unclear"),
    "report": ("violation", "no_violation", "unclear"),
    "complaint": ("violation", "no_violation", "unclear"),
    "appeal": ("uphold", "reduce", "reverse"),
    "funds": ("grant", "refuse"),
    "recovery": ("grant", "refuse"),
    "assistance": ("grant", "refuse"),
}

SEVERITIES = ("low", "medium", "high", "critical")

URGENT_PRIORITY, LEAST_PRIORITY = 1, 5
HEAD_START_S = {1: 7 * 86_400.0, 2: 2 * 86_400.0, 3: 12 * 3_600.0, 4: 0.0, 5: -86_400.0}
"""How much longer than it has waited a case of this priority counts as waiting."""
REACH_START_S = 3_600.0
"""For each doubling of how many people the matter reaches."""


def rank(opened_at: float, priority: int, reach: int = 1, lift_s: float = 0.0) -> float:
    """Where a case stands in its queue: as if it had been opened earlier by what harm and reach weigh; smallest first.

    Nothing has to be computed again as cases age: all of them age alike.

    Args:
        reach: how many people the matter reaches, 1 or more.
        lift_s: a further head start, such as for reliable reporters.
    """
    return opened_at - HEAD_START_S[priority] - REACH_START_S * (max(reach, 1).bit_length() - 1) - lift_s
