"""Contained accounts as the platform sees them: it gives the alarm, carries out the steps, and says what it did."""

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Path
from msgspec import Meta
from starlette.responses import Response

from anlan import clock
from anlan.domain.containment import ContainmentState, Ground, StepAct, StepAnswer
from anlan.errors import InvalidAlarm
from anlan.store import audit
from anlan.store.containments import Containment, Step, steps_of
from anlan.web.api.calls import Caller, CallerDep, answer, body_of
from anlan.web.api.documented import documented

MAX_STEPS = 1_000
FUTURE_S = 60.0
_TEXT = r"^[^\x00-\x1f\x7f]+$"

router = APIRouter(tags=["accounts"])

ContainmentId = Annotated[str, Path(pattern=r"^cont_[0-9a-f]{24}$")]
AccountPath = Annotated[str, Path(pattern=r"^[^\x00-\x1f\x7f]{1,128}$", description="The account's id.")]
Name = Annotated[str, Meta(min_length=1, max_length=128, pattern=_TEXT)]
Revision = Annotated[int, Meta(ge=1, le=2**31 - 1)]
StepIds = Annotated[
    tuple[Annotated[str, Meta(pattern=r"^step_[0-9a-f]{24}$")], ...], Meta(min_length=1, max_length=MAX_STEPS)
]


class ContainmentWanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Somebody else is in this account.

    Attributes:
        since: the first thing that was not the owner's doing, seconds since the epoch.
        device, session: the thief's; without either every device that was new since then counts as theirs.
    """

    since: Annotated[float, Meta(ge=0, le=32_503_680_000)]
    device: Name | None = None
    session: Name | None = None


class StepsDone(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """These steps of the order with this revision were done."""

    revision: Revision
    steps: StepIds


class StepsRefused(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """These steps of the order with this revision are not done; staff read `detail`."""

    revision: Revision
    steps: StepIds
    detail: Annotated[str, Meta(max_length=500, pattern=_TEXT)]


class ContainmentEnded(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The owner is back, or there was no thief and everything is to be put back."""

    reason: Annotated[str, Meta(min_length=1, max_length=2_000)]
    is_false_alarm: bool = False


class StepShown(msgspec.Struct, frozen=True, kw_only=True):
    """One step as it now stands.

    Attributes:
        details: what it is about, former phones and mail addresses included; empty once its time is over.
        act, answer: what was last asked for, and what you said to it.
        revision: of the order that first asked for it.
    """

    id: str
    kind: str
    act: StepAct
    answer: StepAnswer
    revision: int
    details: dict[str, Any]


class ContainmentShown(msgspec.Struct, frozen=True, kw_only=True):
    """One containment; times in seconds since the epoch.

    Attributes:
        revision: of the latest order.
        since: from when on the thief may have been inside.
        ends_at: when the limits end by themselves.
    """

    containment: str
    account: str
    state: ContainmentState
    ground: Ground
    revision: int
    since: float
    opened_at: float
    ends_at: float
    steps: tuple[StepShown, ...]


@router.post(
    "/v1/accounts/{account}:contain",
    **documented("accounts:write", ContainmentShown, takes=ContainmentWanted, problems=(409, 422)),
)
def contain_account(
    caller: CallerDep, account: AccountPath, wanted: Annotated[ContainmentWanted, body_of(ContainmentWanted)]
) -> Response:
    """Contain an account, or add to what contains it already; orders follow as `containment.order`."""
    now, containments = clock.now(), caller.house.containments
    if wanted.since > now + FUTURE_S:
        raise InvalidAlarm("since lies in the future; give the seconds since the epoch of what happened")
    with caller.house.database.write() as connection:
        containment_id = containments.open(
            connection, f"account:{account}", "platform", now, by=caller.actor, since=wanted.since,
            device=wanted.device, session=wanted.session,
        )
    return _show(caller, containment_id)


@router.get("/v1/containments/{containment:noun}", **documented("accounts:write", ContainmentShown, problems=(404,)))
def read_containment(caller: CallerDep, containment: ContainmentId) -> Response:
    """A containment with every step; its phones and mail addresses are here only, and the look is in the audit log."""
    return _show(caller, containment)


@router.post(
    "/v1/containments/{containment}:confirm",
    **documented("accounts:write", ContainmentShown, takes=StepsDone, problems=(404,)),
)
def confirm_steps(
    caller: CallerDep, containment: ContainmentId, done: Annotated[StepsDone, body_of(StepsDone)]
) -> Response:
    """Say that steps were done. A step that a later order asks for otherwise is left as it is."""
    with caller.house.database.write() as connection:
        caller.house.containment_answers.confirm(
            connection, containment, done.revision, done.steps, caller.actor, clock.now()
        )
    return _show(caller, containment)


@router.post(
    "/v1/containments/{containment}:refuse",
    **documented("accounts:write", ContainmentShown, takes=StepsRefused, problems=(404,)),
)
def refuse_steps(
    caller: CallerDep, containment: ContainmentId, refused: Annotated[StepsRefused, body_of(StepsRefused)]
) -> Response:
    """Say that steps are not done, and why; staff hear of it."""
    with caller.house.database.write() as connection:
        caller.house.containment_answers.refuse(
            connection, containment, refused.revision, refused.steps, refused.detail, caller.actor, clock.now()
        )
    return _show(caller, containment)


@router.post(
    "/v1/containments/{containment}:lift",
    **documented("accounts:write", ContainmentShown, takes=ContainmentEnded, problems=(404, 409)),
)
def lift_containment(
    caller: CallerDep, containment: ContainmentId, ended: Annotated[ContainmentEnded, body_of(ContainmentEnded)]
) -> Response:
    """End a containment; of a false alarm everything is put back."""
    with caller.house.database.write() as connection:
        caller.house.containments.lift(
            connection, containment, caller.actor, ended.reason, clock.now(), is_false_alarm=ended.is_false_alarm
        )
    return _show(caller, containment)


def _show(caller: Caller, containment_id: str) -> Response:
    database = caller.house.database
    with database.write() as connection:
        found = caller.house.containments.get(connection, containment_id)
        audit.note(connection, caller.actor, "containment.read", containment_id, {"account": found.account})
        steps = steps_of(connection, database.vault, containment_id)
    return answer(_shown(found, steps))


def _shown(found: Containment, steps: list[Step]) -> ContainmentShown:
    return ContainmentShown(
        containment=found.id, account=found.account.removeprefix("account:"), state=found.state, ground=found.ground,
        revision=found.revision, since=found.since, opened_at=found.opened_at, ends_at=found.ends_at,
        steps=tuple(
            StepShown(
                id=step.id, kind=step.kind, act=step.act, answer=step.answer, revision=step.revision,
                details=step.details,
            )
            for step in steps
        ),
    )
