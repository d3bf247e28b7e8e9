"""What people answered to claims, each by themselves; the database takes one answer of a person and of a stage."""

import msgspec
from sqlalchemy import Connection, insert, select

from anlan.domain.claim_judgements import ClaimAnswer
from anlan.store.recovery import Claim
from anlan.store.tables import recovery_judgements


class ClaimJudgement(msgspec.Struct, frozen=True, kw_only=True):
    """One answer; names as in the table."""

    id: str
    case_id: str
    review: int
    stage: int
    by: str
    at: float
    answer: ClaimAnswer
    words: str


_JUDGEMENT = select(*(recovery_judgements.c[name] for name in ClaimJudgement.__struct_fields__))


def judgements_of(connection: Connection, claim: Claim) -> list[ClaimJudgement]:
    """The answers since the claim last came to people, in order of stages."""
    is_of_claim = recovery_judgements.c.case_id == claim.case_id, recovery_judgements.c.review == claim.reviews
    rows = connection.execute(_JUDGEMENT.where(*is_of_claim).order_by(recovery_judgements.c.stage)).mappings()
    return [ClaimJudgement(**row) for row in rows]


def add_judgement(connection: Connection, judgement: ClaimJudgement) -> None:
    """Write down an answer; the database refuses a second one of the same stage or person."""
    connection.execute(insert(recovery_judgements), msgspec.structs.asdict(judgement))
