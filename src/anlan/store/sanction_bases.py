"""What a case gives a sanction to stand on: its outcome, what a machine found in it and who judged it a violation."""

import msgspec
from sqlalchemy import Connection, select

from anlan.store.cases import Case, find_case
from anlan.store.tables import case_findings, case_judgements


class Found(msgspec.Struct, frozen=True):
    """What a machine found: the policy that held for an event in one pass."""

    event_seq: int
    pass_number: int
    policy: str


class Confirmation(msgspec.Struct, frozen=True):
    """One person's judgement that there was a violation; `by` is `staff:<name>`."""

    id: str
    answer: str
    by: str
    category: str
    severity: str
    reason: str


class Basis(msgspec.Struct, frozen=True, kw_only=True):
    """What a case gives.

    Attributes:
        finding: the first that a machine made; None if none did.
        judgements: those that said `violation`, by stage; each of another person.
    """

    case: Case
    finding: Found | None
    judgements: tuple[Confirmation, ...]

    @property
    def is_violation(self) -> bool:
        """Whether the case is closed and its outcome says so."""
        return self.case.state == "closed" and self.case.outcome == "violation"


def read_basis(connection: Connection, case_id: str) -> Basis | None:
    """The basis that a case gives; None if there is no such case."""
    case = find_case(connection, case_id)
    if case is None:
        return None
    found = connection.execute(
        select(case_findings.c.event_seq, case_findings.c.pass_number, case_findings.c.policy)
        .where(case_findings.c.case_id == case_id)
        .order_by(case_findings.c.event_seq, case_findings.c.pass_number)
        .limit(1)
    ).one_or_none()
    columns = (case_judgements.c[name] for name in Confirmation.__struct_fields__)
    said = connection.execute(
        select(*columns)
        .where(case_judgements.c.case_id == case_id, case_judgements.c.answer == "violation")
        .order_by(case_judgements.c.stage)
    ).all()
    return Basis(
        case=case, finding=Found(*found) if found else None, judgements=tuple(Confirmation(*row) for row in said)
    )
