"""A member's circle: who looks out for whom, what both agreed to, warnings, and every way out, the quiet ones too."""

from collections.abc import Iterable
from functools import partial
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Form, Path, Query
from starlette.responses import RedirectResponse, Response

from anlan import clock
from anlan.center.transfer_orders import HELP_PAGE
from anlan.domain.circle_messages import CAN_DO, title_of
from anlan.domain.circles import (
    DAY_S,
    HARM_ADVICE,
    HARM_WORDS,
    INVITATION_DAYS,
    MAX_NAME_CHARS,
    SAFE_COOL_OFF_DAYS,
    SHOWN_DAYS,
    Consent,
    GuardianAnswer,
    Role,
    agreed,
    default_harms,
    in_order,
)
from anlan.domain.scenarios import HARMS, Harm
from anlan.errors import AnlanError, NotFound
from anlan.store import circle_invitations, circle_warnings, circles, members
from anlan.store.circle_invitations import Invitation
from anlan.store.circle_warnings import Warned
from anlan.store.circles import Bond
from anlan.store.transfers import waiting_transfers
from anlan.web.languages import mark
from anlan.web.pages.gate import MEMBER_COOKIE, AnyVisit, OwnVisit
from anlan.web.pages.shell import Card, MemberVisit
from anlan.web.visits import set_cookie

router = APIRouter()

PATH = "/me/circles"
ROLE_WORDS: dict[Role, tuple[str, str]] = {
    "guardian": (mark("They look out for me"), mark("They are told when I am at risk")),
    "ward": (mark("I look out for them"), mark("I am told when they are at risk")),
    "both": (mark("We look out for each other"), mark("Each is told when the other is at risk")),
}
FRESH_S = 3 * DAY_S
"""So long a warning that nobody has answered waits on the first page."""

InvitationId = Annotated[str, Path(pattern=r"^invite_[0-9a-f]{22}$")]
BondId = Annotated[str, Path(pattern=r"^bond_[0-9a-f]{22}$")]
WarningId = Annotated[str, Path(pattern=r"^warned_[0-9a-f]{32}$")]
Account = Annotated[str, Form(max_length=128, pattern=r"^[^\x00-\x1f\x7f]*$")]


def read_consent(
    harms: Annotated[list[Harm], Form(default_factory=list)], *, may_pause: Annotated[bool, Form()] = False
) -> Consent:
    """What a form agrees to."""
    return Consent(harms=in_order(harms), may_pause=may_pause)


Agreed = Annotated[Consent, Depends(read_consent)]


@router.get(PATH)
def show_circle(visit: OwnVisit, done: str = "") -> Response:
    """Who looks out for whom, what waits for an answer, and what was told of whom lately."""
    now, vault, account = clock.now(), visit.rooms.database.vault, visit.account
    with visit.rooms.database.read() as connection:
        bonds = circles.bonds_of(connection, vault, account)
        asked = circle_invitations.invitations_of(connection, vault, account, now)
        ended = circles.ended_lately(connection, vault, account, now)
        warned = circle_warnings.warnings_for(connection, vault, account, now)
        told = circle_warnings.warnings_about(connection, vault, account, now)
        blocked = circles.blocked_by(connection, account)
    return visit.page(
        "pages/circles.html", bonds=bonds, received=[one for one in asked if one.invitee == account],
        sent=[one for one in asked if one.inviter == account], ended=ended, warned=warned, told=_by_alert(told),
        blocked=blocked,
        names={bond.other(account): bond.called(account) for bond in bonds}, done=done, harm_words=HARM_WORDS,
        title_of=title_of, shown_days=SHOWN_DAYS,
    )


def _by_alert(warnings: Iterable[Warned]) -> list[list[Warned]]:
    """The warnings of each alert together, the latest alert first, and the same people in the same order."""
    found: dict[str, list[Warned]] = {}
    for one in sorted(warnings, key=lambda one: (-one.made_at, one.guardian)):
        found.setdefault(one.alert_id, []).append(one)
    return list(found.values())


@router.get(PATH + "/invite")
def ask_whom(visit: OwnVisit, role: Role = "guardian") -> Response:
    """The form, with an example of what the others would see."""
    return _draw_invite(visit, role)


@router.post(PATH + "/invite")
def invite(
    visit: OwnVisit, offer: Agreed, account: Account = "", role: Annotated[Role, Form()] = "guardian"
) -> Response:
    other = f"account:{account.strip()}"
    try:
        visit.rooms.circles.invite(visit.account, other, role, offer, visit.account, clock.now())
    except AnlanError as error:
        return _draw_invite(visit, role, offer, account, visit.tell(error), error.status)
    return visit.go(PATH, done="invited")


def _draw_invite(
    visit: MemberVisit, role: Role, offer: Consent | None = None, account: str = "", problem: str = "",
    answer: int = 200,
) -> Response:
    return visit.page(
        "pages/circle_invite.html", answer=answer, role=role, roles=ROLE_WORDS, account_asked=account, problem=problem,
        offer=offer or Consent(harms=default_harms()), invitation_days=INVITATION_DAYS, **_words(HARMS),
    )


@router.get(PATH + "/invitations/{invitation_id}")
def show_invitation(visit: OwnVisit, invitation_id: InvitationId) -> Response:
    """What it means to say yes, with an example, before anybody says it."""
    return _draw_invitation(visit, invitation_id)


@router.post(PATH + "/invitations/{invitation_id}/accept")
def accept(visit: OwnVisit, invitation_id: InvitationId, consent: Agreed) -> Response:
    return visit.try_to(
        lambda: visit.rooms.circles.accept(invitation_id, visit.account, consent, visit.account, clock.now()),
        f"{PATH}?done=accepted", partial(_draw_invitation, visit, invitation_id),
    )


@router.post(PATH + "/invitations/{invitation_id}/decline")
def decline(
    visit: OwnVisit, invitation_id: InvitationId, *, is_blocked: Annotated[bool, Form()] = False
) -> Response:
    """Say no, to this invitation or to all that this account will ever send."""
    found = _invitation(visit, invitation_id)
    if is_blocked:
        visit.rooms.circles.block(visit.account, found.inviter, visit.account, clock.now())
    else:
        visit.rooms.circles.decline(invitation_id, visit.account, visit.account, clock.now())
    return visit.go(PATH, done="declined")


@router.post(PATH + "/invitations/{invitation_id}/withdraw")
def withdraw(visit: OwnVisit, invitation_id: InvitationId) -> Response:
    visit.rooms.circles.withdraw(invitation_id, visit.account, visit.account, clock.now())
    return visit.go(PATH, done="withdrawn")


def _draw_invitation(visit: MemberVisit, invitation_id: str, problem: str = "", answer: int = 200) -> Response:
    found = _invitation(visit, invitation_id)
    proposed = agreed(found.offer.harms, default_harms()) or found.offer.harms
    return visit.page(
        "pages/circle_invitation.html", answer=answer, one=found, other=found.inviter.removeprefix("account:"),
        problem=problem, proposed=proposed, is_open=found.state == "open", **_words(found.offer.harms),
    )


def _invitation(visit: MemberVisit, invitation_id: str) -> Invitation:
    with visit.rooms.database.read() as connection:
        vault = visit.rooms.database.vault
        found = circle_invitations.find_invitation(connection, vault, invitation_id, visit.account)
    if found is None:
        raise NotFound("there is no such invitation", zh="没有这份邀请", en="There is no such invitation.")
    return found


@router.get(PATH + "/bonds/{bond_id}")
def show_bond(visit: OwnVisit, bond_id: BondId, done: str = "") -> Response:
    """What two agreed to, and how to change or end it."""
    return _draw_bond(visit, bond_id, done=done)


@router.post(PATH + "/bonds/{bond_id}/consent")
def change_consent(visit: OwnVisit, bond_id: BondId, consent: Agreed) -> Response:
    return visit.try_to(
        lambda: visit.rooms.circles.change(bond_id, visit.account, consent, visit.account),
        f"{PATH}/bonds/{bond_id}?done=saved",
        lambda problem, answer: _draw_bond(visit, bond_id, problem=problem, answer=answer),
    )


@router.post(PATH + "/bonds/{bond_id}/name")
def name_other(
    visit: OwnVisit, bond_id: BondId, name: Annotated[str, Form(max_length=MAX_NAME_CHARS)] = ""
) -> Response:
    visit.rooms.circles.name(bond_id, visit.account, name, visit.account)
    return visit.go(f"{PATH}/bonds/{bond_id}", done="saved")


@router.post(PATH + "/bonds/{bond_id}/leave")
def leave(visit: OwnVisit, bond_id: BondId) -> Response:
    visit.rooms.circles.leave(bond_id, visit.account, visit.account, clock.now())
    return visit.go(PATH, done="left")


def _draw_bond(visit: MemberVisit, bond_id: str, *, done: str = "", problem: str = "", answer: int = 200) -> Response:
    found = _bond(visit, bond_id)
    is_ward = visit.account == found.ward
    return visit.page(
        "pages/circle_bond.html", answer=answer, one=found, other=found.other(visit.account).removeprefix("account:"),
        called=found.called(visit.account), is_ward=is_ward, mine=found.ward_harms if is_ward else found.guardian_harms,
        done=done, problem=problem, max_name=MAX_NAME_CHARS, **_words(HARMS),
    )


def _bond(visit: MemberVisit, bond_id: str) -> Bond:
    with visit.rooms.database.read() as connection:
        found = circles.find_bond(connection, visit.rooms.database.vault, bond_id, visit.account)
    if found is None:
        raise NotFound("there is no such bond", zh="没有这段守护关系，或已结束。", en="There is no such bond any more.")
    return found


@router.get(PATH + "/warnings/{warning_id}")
def show_warning(visit: OwnVisit, warning_id: WarningId) -> Response:
    """Who may be at risk of what, and what helps."""
    found = visit.rooms.circle_warnings.read(warning_id, visit.account, clock.now())
    with visit.rooms.database.read() as connection:
        may_pause = visit.rooms.circles.may_pause(connection, found.ward, visit.account)
        waiting = waiting_transfers(connection, found.ward) if may_pause else []
        bonds = circles.bonds_of(connection, visit.rooms.database.vault, visit.account)
    bond = next((bond for bond in bonds if bond.id == found.bond_id), None)
    return visit.page(
        "pages/circle_warning.html", one=found, ward=found.ward.removeprefix("account:"), waiting=waiting,
        bond=bond, called=bond.ward_called if bond else "", can_do=CAN_DO,
        advice=HARM_ADVICE[found.risk.harm], words=HARM_WORDS[found.risk.harm],
        lines=visit.rooms.hotlines.pick(("fraud", "police")), help_page=HELP_PAGE,
    )


@router.post(PATH + "/warnings/{warning_id}/answer")
def answer_warning(visit: OwnVisit, warning_id: WarningId, answer: Annotated[GuardianAnswer, Form()]) -> Response:
    visit.rooms.circle_warnings.answer(warning_id, visit.account, answer, visit.account, clock.now())
    return visit.go(f"{PATH}/warnings/{warning_id}")


@router.get(PATH + "/safety")
def show_safety(visit: OwnVisit) -> Response:
    """The same for everybody: whoever looks over a shoulder learns nothing."""
    return _draw_safety(visit, is_pressed=False)


@router.post(PATH + "/safety")
def enter_safe_mode(visit: OwnVisit, act: Annotated[Literal["on", "look"], Form()]) -> Response:
    """Turn it on, or only see whether it is; shown once and not kept in any address."""
    if act == "on":
        visit.rooms.circles.enter_safe_mode(visit.account, visit.account, clock.now())
    return _draw_safety(visit, is_pressed=True)


@router.post(PATH + "/safety/end")
def end_safe_mode(visit: OwnVisit) -> Response:
    visit.rooms.circles.leave_safe_mode(visit.account, visit.account, clock.now())
    return _draw_safety(visit, is_pressed=True)


def _draw_safety(visit: MemberVisit, *, is_pressed: bool) -> Response:
    with visit.rooms.database.read() as connection:
        mode = circles.safe_mode_of(connection, visit.account, clock.now()) if is_pressed else None
    return visit.page(
        "pages/circle_safety.html", is_pressed=is_pressed, mode=mode, cool_off_days=SAFE_COOL_OFF_DAYS,
        lines=visit.rooms.hotlines.pick(("police", "crisis")),
    )


@router.post(PATH + "/unblock")
def unblock(visit: OwnVisit, account: Account) -> Response:
    visit.rooms.circles.unblock(visit.account, f"account:{account}", visit.account)
    return visit.go(PATH, done="unblocked")


@router.get(PATH + "/exit")
def exit_fast(visit: AnyVisit, ends: Annotated[str, Query(pattern=r"^([0-9a-f]{64})?$")] = "") -> Response:
    """Out of everything and away to a page that says nothing; going back asks for a new link.

    Args:
        ends: the session of a frame that the whole window leaves; its cookie is not sent to us here.
    """
    token = visit.request.cookies.get(MEMBER_COOKIE, "")
    with visit.rooms.database.write() as connection:
        members.end_session(connection, token)
        if ends:
            members.end_named_session(connection, ends)
    response = RedirectResponse(visit.rooms.neutral_url, status_code=303, headers={"Cache-Control": "no-store"})
    set_cookie(response, visit, MEMBER_COOKIE, "", 0, visit.at("") or "/")
    return response


def _words(harms: tuple[Harm, ...]) -> dict[str, object]:
    """What the fields of a consent and the example of a warning are drawn from."""
    return {"harms": harms, "harm_words": HARM_WORDS, "advice": HARM_ADVICE, "title_of": title_of, "can_do": CAN_DO}


def make_card(visit: MemberVisit) -> Card:
    """Whether somebody is at risk or asks, for a member's first page."""
    now, vault, account = clock.now(), visit.rooms.database.vault, visit.account
    with visit.rooms.database.read() as connection:
        asked = [one for one in circle_invitations.invitations_of(connection, vault, account, now)
                 if one.invitee == account]
        fresh = [one for one in circle_warnings.warnings_for(connection, vault, account, now)
                 if one.made_at > now - FRESH_S and one.called_at is None and one.vouched_at is None]
        guardians, wards = circles.count_bonds(connection, account)
    say, open_count = visit.language.say, len(asked) + len(fresh)
    says = say(mark("People you trust can be told when you are at risk, and you when they are."))
    if fresh:
        says = say(mark("{name} may be at risk. A call from you helps."), name=fresh[0].ward.removeprefix("account:"))
    elif asked:
        says = say(mark("Somebody asks you into their circle."))
    elif guardians or wards:
        says = say(mark("{guardians} look out for you, you look out for {wards}."), guardians=guardians, wards=wards)
    return Card(PATH, say(mark("Family circle")), "people", says, open_count, is_pressing=open_count > 0)
