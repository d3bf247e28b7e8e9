"""Sanctions as the platform carries them out: what is ordered, its answers, who runs a group, statements of reasons."""

from typing import Annotated, Literal

import msgspec
from fastapi import APIRouter, Path, Query
from msgspec import Meta
from starlette.responses import Response

from anlan import clock
from anlan.desk.closures import MAX_RUNNERS
from anlan.domain.sanctions import SANCTION_KINDS, SanctionState
from anlan.domain.statements import Statement
from anlan.errors import InvalidRoster
from anlan.store import audit
from anlan.store.member_notices import list_statements
from anlan.store.platform_states import Difference, InForce
from anlan.store.rosters import Runner, read_roster, register_roster
from anlan.store.sanction_orders import orders_of
from anlan.store.sanctions import Sanction, sanctions_of
from anlan.web.api.calls import Caller, CallerDep, HouseDep, answer, body_of
from anlan.web.api.documented import Limit, documented

MAX_TARGETS = 200
_TEXT = r"^[^\x00-\x1f\x7f]+$"

router = APIRouter(tags=["sanctions"])

SanctionId = Annotated[str, Path(pattern=r"^sanc_[0-9a-f]{24}$")]
GroupPath = Annotated[str, Path(pattern=r"^[^\x00-\x1f\x7f]{1,256}$", description="The group's id.")]
TargetName = Annotated[str, Meta(pattern=r"^(account|group|event):[^\x00-\x1f\x7f]{1,256}$")]
Seconds = Annotated[float, Meta(ge=0, le=32_503_680_000)]
Revision = Annotated[int, Meta(ge=1, le=2**31 - 1)]


class RosterPerson(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Somebody who runs the group; `account` is the account's id."""

    account: Annotated[str, Meta(max_length=256, pattern=_TEXT)]
    role: Literal["owner", "admin"]


class RosterTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Who runs a group; it replaces what was told before. Ordinary members are counted, never named.

    Attributes:
        member_count: everybody in the group, owner and administrators included.
    """

    people: Annotated[tuple[RosterPerson, ...], Meta(max_length=MAX_RUNNERS)]
    member_count: Annotated[int, Meta(ge=0, le=2**53)]


class RosterShown(msgspec.Struct, frozen=True, kw_only=True):
    """Who runs a group, as it now stands."""

    group: str
    people: tuple[RosterPerson, ...]
    member_count: int | None


class SanctionShown(msgspec.Struct, frozen=True, kw_only=True):
    """One sanction; times in seconds since the epoch.

    Attributes:
        revision: of the latest order about it; 0 while it is for later.
        ends_at: null for without end, or for what happens and is over.
    """

    id: str
    target: str
    kind: str
    feature: str
    state: SanctionState
    revision: int
    starts_at: float
    ends_at: float | None
    is_permanent: bool
    rule: str
    category: str


class SanctionList(msgspec.Struct, kw_only=True):
    """Sanctions on one target, newest first."""

    items: tuple[SanctionShown, ...]


class Done(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The platform did as the order with this revision said."""

    revision: Revision


class Refused(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The platform does not do as the order with this revision said; staff read `detail`."""

    revision: Revision
    detail: Annotated[str, Meta(max_length=500, pattern=_TEXT)]


class InForceTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One sanction that the platform has in force.

    Attributes:
        kind, feature: as in the order.
        ends_at: seconds since the epoch; null for without end.
    """

    kind: Literal[SANCTION_KINDS]  # type: ignore[valid-type]  # the ladder's own words
    feature: Annotated[str, Meta(max_length=64)] = ""
    ends_at: Seconds | None = None


class TargetTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Everything that the platform has in force on one target; an empty list for nothing."""

    target: TargetName
    in_force: Annotated[tuple[InForceTold, ...], Meta(max_length=50)]


class PlatformTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is in force, target by target; targets that are not named stay as they were told."""

    targets: Annotated[tuple[TargetTold, ...], Meta(min_length=1, max_length=MAX_TARGETS)]


class TargetDiffers(msgspec.Struct, frozen=True, kw_only=True):
    """Where one target differs from what was ordered; what could be was ordered again."""

    target: str
    differences: tuple[Difference, ...]


class PlatformCompared(msgspec.Struct, kw_only=True):
    """Targets that differ."""

    differing: tuple[TargetDiffers, ...]


class StatementPage(msgspec.Struct, kw_only=True):
    """Statements of reasons in order of making; `next_after` continues, null on the last page."""

    items: tuple[Statement, ...]
    next_after: int | None


@router.put(
    "/v1/groups/{group}/roster",
    **documented("sanctions:write", RosterShown, takes=RosterTold, problems=(422,)),
)
def put_roster(caller: CallerDep, group: GroupPath, told: Annotated[RosterTold, body_of(RosterTold)]) -> Response:
    """Tell who runs a group and how many are in it."""
    people = tuple(Runner(f"account:{one.account}", one.role) for one in told.people)
    if len({one.account for one in people}) < len(people) or sum(one.role == "owner" for one in people) > 1:
        raise InvalidRoster("name everybody once, and one owner at most")
    if told.member_count < len(people):
        raise InvalidRoster("member_count counts those who run the group too")
    with caller.house.database.write() as connection:
        register_roster(connection, f"group:{group}", people, told.member_count, caller.actor, clock.now())
        said = {"people": len(people), "member_count": told.member_count}
        audit.note(connection, caller.actor, "roster.put", f"group:{group}", said)
        roster = read_roster(connection, f"group:{group}")
    shown = tuple(
        RosterPerson(account=one.account.removeprefix("account:"), role="owner" if one.role == "owner" else "admin")
        for one in roster.people
    )
    return answer(RosterShown(group=group, people=shown, member_count=roster.member_count))


@router.get("/v1/sanctions", **documented("sanctions:write", SanctionList))
def list_sanctions(
    house: HouseDep,
    target: Annotated[str, Query(pattern=r"^(account|group|event):[^\x00-\x1f\x7f]{1,256}$")],
) -> Response:
    """Every sanction on an account, a group or an event, with where it stands."""
    with house.database.read() as connection:
        found = sanctions_of(connection, target)
        shown = tuple(_shown(one, len(orders_of(connection, one.id))) for one in found)
    return answer(SanctionList(items=shown))


@router.post(
    "/v1/sanctions/{sanction}:confirm",
    **documented("sanctions:write", SanctionShown, takes=Done, problems=(404,)),
)
def confirm_sanction(caller: CallerDep, sanction: SanctionId, done: Annotated[Done, body_of(Done)]) -> Response:
    """Say that an order was carried out. One that a later order supersedes is noted and changes nothing."""
    with caller.house.database.write() as connection:
        found = caller.house.platform_answers.confirm(
            connection, sanction, done.revision, caller.actor, clock.now()
        )
        return answer(_shown(found, len(orders_of(connection, sanction))))


@router.post(
    "/v1/sanctions/{sanction}:refuse",
    **documented("sanctions:write", SanctionShown, takes=Refused, problems=(404,)),
)
def refuse_sanction(
    caller: CallerDep, sanction: SanctionId, refused: Annotated[Refused, body_of(Refused)]
) -> Response:
    """Say that an order is not carried out, and why; staff hear of it."""
    with caller.house.database.write() as connection:
        found = caller.house.platform_answers.refuse(
            connection, sanction, refused.revision, refused.detail, caller.actor, clock.now()
        )
        return answer(_shown(found, len(orders_of(connection, sanction))))


@router.put("/v1/platform-state", **documented("sanctions:write", PlatformCompared, takes=PlatformTold))
def put_platform_state(caller: CallerDep, told: Annotated[PlatformTold, body_of(PlatformTold)]) -> Response:
    """Tell what is in force. What differs from what was ordered is shown to staff and ordered again."""
    return answer(PlatformCompared(differing=tuple(_compare(caller, told))))


def _compare(caller: Caller, told: PlatformTold) -> list[TargetDiffers]:
    """In one transaction, so that nothing is told by half."""
    found = []
    with caller.house.database.write() as connection:
        for one in told.targets:
            theirs = [InForce(kind=given.kind, feature=given.feature, ends_at=given.ends_at) for given in one.in_force]
            state = caller.house.platform_answers.take_state(
                connection, one.target, theirs, caller.actor, clock.now()
            )
            if state.differences:
                found.append(TargetDiffers(target=one.target, differences=state.differences))
        audit.note(connection, caller.actor, "platform_state.put", "platform", {"targets": len(told.targets)})
    return found


@router.get("/v1/statements", **documented("sanctions:write", StatementPage))
def show_statements(
    house: HouseDep, limit: Limit = 100,
    after: Annotated[int, Query(ge=0, le=2**53, description="Continue after this, as the last page said.")] = 0,
) -> Response:
    """Statements of reasons with the fields of the DSA transparency database; they name nobody."""
    with house.database.read() as connection:
        found = list_statements(connection, after, limit + 1)
    page = tuple(found[:limit])
    return answer(StatementPage(items=page, next_after=page[-1].seq if len(found) > limit else None))


def _shown(sanction: Sanction, revision: int) -> SanctionShown:
    return SanctionShown(
        id=sanction.id, target=sanction.target, kind=sanction.kind, feature=sanction.feature, state=sanction.state,
        revision=revision, starts_at=sanction.starts_at, ends_at=sanction.ends_at,
        is_permanent=sanction.is_permanent, rule=sanction.rule, category=sanction.category,
    )
