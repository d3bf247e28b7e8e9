"""What members ask the platform to do for them: how it stands, and what the platform says became of it."""

from typing import Annotated

import msgspec
from fastapi import APIRouter, Path
from starlette.responses import Response

from anlan import clock
from anlan.domain.errands import ErrandKind, ErrandState, Outcome
from anlan.store.errands import Errand
from anlan.web.api.calls import Caller, CallerDep, answer, body_of
from anlan.web.api.documented import documented

router = APIRouter(tags=["members"])

ErrandId = Annotated[str, Path(pattern=r"^errand_[0-9a-f]{22}$")]


class ErrandShown(msgspec.Struct, frozen=True, kw_only=True):
    """One errand; times in seconds since the epoch.

    Attributes:
        kind: `block` or `freeze`.
        account: the id of who asks.
        other: `kind:id` of the other side; null for nobody named.
        state: `asked`; `done` or `refused` as you said; `taken_back` by the member.
    """

    errand: str
    kind: ErrandKind
    account: str
    other: str | None
    state: ErrandState
    asked_at: float
    answered_at: float | None
    taken_back_at: float | None


class ErrandAnswered(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What you did about it; the member reads it where they asked."""

    outcome: Outcome


@router.get("/v1/errands/{errand:noun}", **documented("alerts:write", ErrandShown, problems=(404,)))
def read_errand(caller: CallerDep, errand: ErrandId) -> Response:
    """How one stands."""
    return _show(caller, errand)


@router.post(
    "/v1/errands/{errand}:answer",
    **documented("alerts:write", ErrandShown, takes=ErrandAnswered, problems=(404, 409)),
)
def answer_errand(
    caller: CallerDep, errand: ErrandId, said: Annotated[ErrandAnswered, body_of(ErrandAnswered)]
) -> Response:
    """Say what became of it. The same again changes nothing; what the member has taken back is answered by 409."""
    caller.house.company.errands.answer(errand, said.outcome, caller.actor, clock.now())
    return _show(caller, errand)


def _show(caller: Caller, errand_id: str) -> Response:
    with caller.house.database.read() as connection:
        return answer(_shown(caller.house.company.errands.find(connection, errand_id)))


def _shown(one: Errand) -> ErrandShown:
    return ErrandShown(
        errand=one.id, kind=one.kind, account=one.account.removeprefix("account:"), other=one.about or None,
        state=one.state, asked_at=one.asked_at, answered_at=one.answered_at, taken_back_at=one.taken_back_at,
    )
