"""Circles for platforms that show them in their own app: they act for members, and answer for what they say."""

from typing import Annotated

import msgspec
from fastapi import APIRouter, Path
from msgspec import Meta
from starlette.responses import Response

from anlan import clock
from anlan.domain.circles import Consent, GuardianAnswer, Role, WarningState
from anlan.domain.scenarios import Harm, Strength
from anlan.store import circle_invitations, circle_warnings, circles
from anlan.store.circle_invitations import Invitation
from anlan.store.circle_warnings import Warned
from anlan.store.circles import Bond
from anlan.web.api.calls import Caller, CallerDep, answer, body_of
from anlan.web.api.documented import documented
from anlan.web.api.funds import AccountPath

router = APIRouter(tags=["circles"])

Name = Annotated[str, Meta(min_length=1, max_length=128, pattern=r"^[^\x00-\x1f\x7f]+$")]
Harms = Annotated[tuple[Harm, ...], Meta(min_length=1, max_length=16)]
InvitationId = Annotated[str, Path(pattern=r"^invite_[0-9a-f]{22}$")]
BondId = Annotated[str, Path(pattern=r"^bond_[0-9a-f]{22}$")]
WarningId = Annotated[str, Path(pattern=r"^warned_[0-9a-f]{32}$")]


class CircleInvitationWanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A member asks somebody into their circle.

    Attributes:
        account: who asks; `other` is who is asked.
        role: what the other is asked to be: who is warned (`guardian`), who is warned of (`ward`), or `both`.
        harms: what whoever asks agrees to.
        may_pause: they let the other pause a payment of theirs.
        is_vouched: the platform answers for the tie between the two, who need not be friends then.
    """

    account: Name
    other: Name
    role: Role
    harms: Harms
    may_pause: bool = False
    is_vouched: bool = False


class CircleConsent(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What `account` agrees to: to an invitation, or from now on in a bond."""

    account: Name
    harms: Harms
    may_pause: bool = False


class CircleMember(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Who acts."""

    account: Name


class CircleBlock(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`account` takes nothing from `other` any more."""

    account: Name
    other: Name


class CircleSafety(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Whether safe mode shall be on: nobody is warned of `account`, and nobody can tell."""

    account: Name
    is_on: bool


class CircleAnswer(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a guardian did: `called` the ward, or `vouched` for whom they want to pay."""

    account: Name
    answer: GuardianAnswer


class CircleInvitationMade(msgspec.Struct, frozen=True, kw_only=True):
    """The invitation that is open then; an earlier one where there was one."""

    invitation: str


class CircleInvitationShown(msgspec.Struct, frozen=True, kw_only=True):
    """An invitation that `account` may answer (`is_own` false), or has sent. Times are seconds since the epoch."""

    invitation: str
    other: str
    is_own: bool
    role: Role
    harms: tuple[Harm, ...]
    may_pause: bool
    expires_at: float


class CircleBondShown(msgspec.Struct, frozen=True, kw_only=True):
    """A bond as one of its sides may see it.

    Attributes:
        harms: to a ward those to which both have agreed; to a guardian their own, for what a ward takes back is not
            theirs to see. `own_harms`: to which this side has agreed.
        may_pause: the guardian may pause a payment of the ward.
    """

    bond: str
    ward: str
    guardian: str
    harms: tuple[Harm, ...]
    own_harms: tuple[Harm, ...]
    may_pause: bool
    began_at: float


class CircleWarningShown(msgspec.Struct, frozen=True, kw_only=True):
    """A warning of the last 30 days; `at` is event time. `held` ones were not sent, for there were too many."""

    warning: str
    ward: str
    guardian: str
    harm: Harm
    strength: Strength
    state: WarningState
    at: float
    called_at: float | None
    vouched_at: float | None


class CircleShown(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a member may see of their circle.

    Attributes:
        warnings: of which the member was told; `told` is what others were told of the member.
    """

    bonds: tuple[CircleBondShown, ...]
    invitations: tuple[CircleInvitationShown, ...]
    warnings: tuple[CircleWarningShown, ...]
    told: tuple[CircleWarningShown, ...]


@router.get("/v1/accounts/{account}/circle", **documented("circles:write", CircleShown))
def show_circle(caller: CallerDep, account: AccountPath) -> Response:
    """What a member may see of their circle, for the platform to show to them and nobody else."""
    caller.note("circle.read", f"account:{account}")
    return answer(_shown(caller, f"account:{account}"))


@router.post(
    "/v1/circles:invite",
    **documented(
        "circles:write", CircleInvitationMade, status=201, takes=CircleInvitationWanted, problems=(422,)
    ),
)
def invite(
    caller: CallerDep, wanted: Annotated[CircleInvitationWanted, body_of(CircleInvitationWanted)]
) -> Response:
    """Ask somebody. Whether they are blocked, declined or may not be in a circle is nothing that the asker learns."""
    name = caller.house.company.circles.invite(
        _account(wanted.account), _account(wanted.other), wanted.role,
        Consent(harms=wanted.harms, may_pause=wanted.may_pause), caller.actor, clock.now(),
        is_vouched=wanted.is_vouched,
    )
    return answer(CircleInvitationMade(invitation=name), 201)


@router.post(
    "/v1/circles/invitations/{invitation:noun}:accept",
    **documented("circles:write", CircleShown, takes=CircleConsent, problems=(404, 409, 422)),
)
def accept(
    caller: CallerDep, invitation: InvitationId, consent: Annotated[CircleConsent, body_of(CircleConsent)]
) -> Response:
    """Take up an invitation. Ask the member themselves, with the example of a warning before their eyes."""
    account, agreed = _account(consent.account), Consent(harms=consent.harms, may_pause=consent.may_pause)
    caller.house.company.circles.accept(invitation, account, agreed, caller.actor, clock.now())
    return answer(_shown(caller, account))


@router.post(
    "/v1/circles/invitations/{invitation:noun}:decline",
    **documented("circles:write", CircleShown, takes=CircleMember, problems=(404, 409)),
)
def decline(
    caller: CallerDep, invitation: InvitationId, who: Annotated[CircleMember, body_of(CircleMember)]
) -> Response:
    """Turn an invitation down; who sent it is not told, and must not be told by you."""
    caller.house.company.circles.decline(invitation, _account(who.account), caller.actor, clock.now())
    return answer(_shown(caller, _account(who.account)))


@router.post(
    "/v1/circles/invitations/{invitation:noun}:withdraw",
    **documented("circles:write", CircleShown, takes=CircleMember, problems=(409,)),
)
def withdraw(
    caller: CallerDep, invitation: InvitationId, who: Annotated[CircleMember, body_of(CircleMember)]
) -> Response:
    """Take an invitation back."""
    caller.house.company.circles.withdraw(invitation, _account(who.account), caller.actor, clock.now())
    return answer(_shown(caller, _account(who.account)))


@router.post(
    "/v1/circles/bonds/{bond:noun}:change",
    **documented("circles:write", CircleShown, takes=CircleConsent, problems=(404,)),
)
def change(caller: CallerDep, bond: BondId, consent: Annotated[CircleConsent, body_of(CircleConsent)]) -> Response:
    """Agree to something else from now on."""
    account, agreed = _account(consent.account), Consent(harms=consent.harms, may_pause=consent.may_pause)
    caller.house.company.circles.change(bond, account, agreed, caller.actor)
    return answer(_shown(caller, account))


@router.post(
    "/v1/circles/bonds/{bond:noun}:leave",
    **documented("circles:write", CircleShown, takes=CircleMember, problems=(404,)),
)
def leave(caller: CallerDep, bond: BondId, who: Annotated[CircleMember, body_of(CircleMember)]) -> Response:
    """End a bond. When a ward leaves, the guardian must not learn of it from you: they are told days later."""
    caller.house.company.circles.leave(bond, _account(who.account), caller.actor, clock.now())
    return answer(_shown(caller, _account(who.account)))


@router.post(
    "/v1/circles/warnings/{warning:noun}:answer",
    **documented("circles:write", CircleWarningShown, takes=CircleAnswer, problems=(404,)),
)
def answer_warning(
    caller: CallerDep, warning: WarningId, said: Annotated[CircleAnswer, body_of(CircleAnswer)]
) -> Response:
    """Say what a guardian did; the ward is told."""
    account = _account(said.account)
    found = caller.house.company.circle_warnings.answer(warning, account, said.answer, caller.actor, clock.now())
    return answer(_warning(found))


@router.post("/v1/circles:block", **documented("circles:write", CircleShown, takes=CircleBlock, problems=(422,)))
def block(caller: CallerDep, wanted: Annotated[CircleBlock, body_of(CircleBlock)]) -> Response:
    """Let a member take nothing from somebody any more; all between the two ends, and the other is not told."""
    caller.house.company.circles.block(_account(wanted.account), _account(wanted.other), caller.actor, clock.now())
    return answer(_shown(caller, _account(wanted.account)))


@router.post("/v1/circles:safe-mode", **documented("circles:write", None, status=204, takes=CircleSafety))
def set_safe_mode(caller: CallerDep, wanted: Annotated[CircleSafety, body_of(CircleSafety)]) -> Response:
    """Turn safe mode on or off for a member; show its state to nobody, on no device."""
    account, now = _account(wanted.account), clock.now()
    if wanted.is_on:
        caller.house.company.circles.enter_safe_mode(account, caller.actor, now)
    else:
        caller.house.company.circles.leave_safe_mode(account, caller.actor, now)
    return Response(status_code=204)


def _account(name: str) -> str:
    return f"account:{name}"


def _shown(caller: Caller, account: str) -> CircleShown:
    database, now = caller.house.database, clock.now()
    with database.read() as connection:
        vault = database.vault
        return CircleShown(
            bonds=tuple(_bond(one, account) for one in circles.bonds_of(connection, vault, account)),
            invitations=tuple(
                _invitation(one, account)
                for one in circle_invitations.invitations_of(connection, vault, account, now)
            ),
            warnings=tuple(_warning(one) for one in circle_warnings.warnings_for(connection, vault, account, now)),
            told=tuple(_warning(one) for one in circle_warnings.warnings_about(connection, vault, account, now)),
        )


def _bond(one: Bond, account: str) -> CircleBondShown:
    return CircleBondShown(
        bond=one.id, ward=one.ward.removeprefix("account:"), guardian=one.guardian.removeprefix("account:"),
        harms=one.shown_harms(account), own_harms=one.ward_harms if account == one.ward else one.guardian_harms,
        may_pause=one.may_pause, began_at=one.began_at,
    )


def _invitation(one: Invitation, account: str) -> CircleInvitationShown:
    is_own = one.inviter == account
    return CircleInvitationShown(
        invitation=one.id, other=(one.invitee if is_own else one.inviter).removeprefix("account:"), is_own=is_own,
        role=one.role, harms=one.offer.harms, may_pause=one.offer.may_pause, expires_at=one.expires_at,
    )


def _warning(one: Warned) -> CircleWarningShown:
    return CircleWarningShown(
        warning=one.id, ward=one.ward.removeprefix("account:"), guardian=one.guardian.removeprefix("account:"),
        harm=one.risk.harm, strength=one.risk.strength, state=one.state, at=one.at, called_at=one.called_at,
        vouched_at=one.vouched_at,
    )
