"""Which stages of which kinds of cases a reader's roles let them judge."""

from anlan.desk.review import Reviewer
from anlan.domain.cases import CaseKind
from anlan.web.console.access import Act
from anlan.web.console.shell import Visit

NEEDED: dict[tuple[CaseKind, int], Act] = {
    **{(kind, stage): "judge_cases" for kind in ("review", "report", "complaint", "appeal") for stage in (1, 2)},
    **{(kind, 3): "judge_as_senior" for kind in ("review", "report", "complaint", "appeal")},
    ("funds", 1): "check_funds",
    ("funds", 2): "approve_funds",
    ("funds", 3): "approve_funds",
    **{("recovery", stage): "judge_recoveries" for stage in (1, 2, 3)},
    **{("assistance", stage): "assist_members" for stage in (1, 2, 3)},
}
"""(kind, stage) to the act that it takes."""


DECIDED_ELSEWHERE: frozenset[CaseKind] = frozenset({"funds", "recovery", "assistance"})
"""Kinds that stand in the queues and are decided on a page of their own."""


def reviewer(visit: Visit) -> Reviewer:
    """The reader as the desk knows them."""
    may = (pair for pair, act in NEEDED.items() if visit.can(act) and pair[0] not in DECIDED_ELSEWHERE)
    return Reviewer(actor=visit.actor, may=frozenset(may))
