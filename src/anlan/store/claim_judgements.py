"""What people answered to claims, each by themselves; the database takes one answer of a person and of a stage."""

import msgspec
from sqlalchemy import Connection, insert, select

from anlan.domain.agreement import SENIOR
from anlan.domain.claim_judgements import ARBITERS_ROLE, ClaimAnswer
from anlan.store.payouts import is_tied
from anlan.store.recovery import Claim, find_claim
from anlan.store.staff import list_members
from anlan.store.tables import recovery_claims, recovery_judgements


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


def stuck_claims(connection: Connection) -> list[Claim]:
    """Claims over which two people differ and between whom nobody is left to decide, oldest first."""
    said = recovery_judgements.c
    differ = select(said.case_id).where(
        said.case_id == recovery_claims.c.case_id, said.review == recovery_claims.c.reviews, said.stage == SENIOR - 1
    )
    waiting = select(recovery_claims.c.id).where(recovery_claims.c.state == "review", differ.exists())
    ids = connection.execute(waiting.order_by(recovery_claims.c.submitted_at)).scalars().all()
    torn = [claim for one in ids if (claim := find_claim(connection, one))]
    return [claim for claim in torn if not arbiters_of(connection, claim)]


def arbiters_of(connection: Connection, claim: Claim) -> list[str]:
    """Who of the staff may decide where two differ, by name: seniors who have not answered and are not near to it."""
    said = {one.by for one in judgements_of(connection, claim)}
    seniors = [one.name for one in list_members(connection) if one.is_active and ARBITERS_ROLE in one.roles]
    names = [(name, f"staff:{name}") for name in seniors]
    return [name for name, by in names if by not in said and not is_tied(connection, by, claim.account)]


def add_judgement(connection: Connection, judgement: ClaimJudgement) -> None:
    """Write down an answer; the database refuses a second one of the same stage or person."""
    connection.execute(insert(recovery_judgements), msgspec.structs.asdict(judgement))
