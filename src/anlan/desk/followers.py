"""Who hears of what was decided at the desk, inside the transaction that decides it: all of it happens or none.

`app.py` lists the followers; the parts of the desk do not know each other.
"""

from collections.abc import Callable

import msgspec
from sqlalchemy import Connection

from anlan.store.cases import Case


class CaseClosed(msgspec.Struct, frozen=True, kw_only=True):
    """A case got its outcome.

    Attributes:
        case: as it stands now, closed.
        answer: the outcome, one of `domain.cases.ANSWERS`.
        category, severity: of the harm; empty where nothing was violated.
        reason: what the person wrote whose judgement decided.
        by: `staff:<name>` of that person.
        judgement_id: of that judgement.
        at: wall-clock seconds.
    """

    case: Case
    answer: str
    category: str
    severity: str
    reason: str
    by: str
    judgement_id: str
    at: float


class SanctionMoved(msgspec.Struct, frozen=True, kw_only=True):
    """A sanction was ordered, began, or was taken back.

    Attributes:
        move: `ordered` (now or for later), `in_force`, `lifted` (by people), `ended` (ran out), or `refused` by
            the platform.
        by: `staff:<name>`, `policy:<id>`, `key:<id>` or `system`.
        reason: why it was lifted; empty otherwise.
    """

    sanction_id: str
    target: str
    kind: str
    is_permanent: bool
    move: str
    by: str
    at: float
    reason: str = ""


CaseFollower = Callable[[Connection, CaseClosed], None]
SanctionFollower = Callable[[Connection, SanctionMoved], None]
