"""Who may come in and what each may do; one's own account."""

import re
from typing import Annotated

from fastapi import APIRouter, Depends, Form
from starlette.responses import Response

from anlan import clock
from anlan.errors import Conflict, NotFound
from anlan.store import audit, staff
from anlan.store.claim_judgements import stuck_claims
from anlan.store.staff import Member
from anlan.web.console import people
from anlan.web.console.access import ROLES
from anlan.web.console.gate import allowed, begin_session, signed_in
from anlan.web.console.shell import Visit
from anlan.web.console.sign_in import password_problem, replace_password
from anlan.web.languages import CODES, mark

router = APIRouter()

Text = Annotated[str, Form(max_length=1_000)]
SignedIn = Annotated[Visit, Depends(signed_in)]
_NAME = re.compile(r"[\w.\-]{2,64}")


@router.get("/staff")
def show_staff(visit: Annotated[Visit, allowed("manage_staff")]) -> Response:
    return _draw(visit)


def _draw(visit: Visit, *, problem: str = "", new_name: str = "", new_password: str = "") -> Response:
    with visit.rooms.database.read() as connection:
        members = staff.list_members(connection)
        stuck = stuck_claims(connection)
    return visit.page(
        "console/staff.html", answer=422 if problem else 200, problem=problem, new_name=new_name,
        new_password=new_password, people=sorted(members, key=lambda one: (not one.is_active, one.name)),
        stuck_count=len(stuck),
    )


@router.post("/staff")
def add_person(
    visit: Annotated[Visit, allowed("manage_staff")], name: Text, roles: Annotated[tuple[str, ...], Form()] = ()
) -> Response:
    """Shows the one-time password once, in the answer itself."""
    wanted, password = name.strip(), people.new_one_time_password()
    if not _NAME.fullmatch(wanted):
        return _draw(visit, problem=visit.language.say("A name has 2 to 64 letters, digits, dots or dashes."))
    try:
        with visit.rooms.database.write() as connection:
            given = [role for role in ROLES if role in roles]
            staff.add_member(
                connection, wanted, people.hash_password(password), given, visit.language.code, clock.now()
            )
            audit.note(connection, visit.actor, "staff.add", f"staff:{wanted}", {"roles": given})
    except Conflict:
        return _draw(visit, problem=visit.language.say("Somebody has that name already."))
    return _draw(visit, new_name=wanted, new_password=password)


@router.post("/staff/{member_id}")
def change_person(
    visit: Annotated[Visit, allowed("manage_staff")],
    member_id: str,
    act: Text,
    roles: Annotated[tuple[str, ...], Form()] = (),
) -> Response:
    member = _member(visit, member_id)
    if act == "reset":
        return _reset(visit, member)
    if act == "roles":
        return _give_roles(visit, member, [role for role in ROLES if role in roles])
    if act in ("leave", "return") and member.name != visit.name:
        with visit.rooms.database.write() as connection:
            staff.set_active(connection, member.id, is_active=act == "return")
            audit.note(connection, visit.actor, f"staff.{act}", f"staff:{member.name}", {})
    return visit.go("/staff")


def _member(visit: Visit, member_id: str) -> Member:
    with visit.rooms.database.read() as connection:
        found = next((one for one in staff.list_members(connection) if one.id == member_id), None)
    if found is None:
        raise NotFound(mark("There is nobody by this id."))
    return found


def _give_roles(visit: Visit, member: Member, roles: list[str]) -> Response:
    if member.name == visit.name and "admin" not in roles:
        problem = visit.language.say("You cannot take your own administrator role; somebody else must.")
        return _draw(visit, problem=problem)
    with visit.rooms.database.write() as connection:
        staff.set_roles(connection, member.id, roles)
        details = {"before": list(member.roles), "after": roles}
        audit.note(connection, visit.actor, "staff.roles", f"staff:{member.name}", details)
    return visit.go("/staff")


def _reset(visit: Visit, member: Member) -> Response:
    """A new one-time password and no second factor: for somebody who lost either."""
    password = people.new_one_time_password()
    with visit.rooms.database.write() as connection:
        staff.set_password(connection, member.id, people.hash_password(password), must_change=True)
        staff.forget_totp(connection, member.id)
        staff.end_sessions_of(connection, member.id)
        audit.note(connection, visit.actor, "staff.reset", f"staff:{member.name}", {})
    return _draw(visit, new_name=member.name, new_password=password)


@router.get("/account")
def show_account(visit: SignedIn, done: str = "") -> Response:
    return _draw_account(visit, done=visit.language.say("Saved.") if done else "")


def _draw_account(visit: Visit, *, done: str = "", problem: str = "") -> Response:
    return visit.page("console/account.html", answer=422 if problem else 200, done=done, problem=problem)


@router.post("/account/password")
def change_password(visit: SignedIn, current: Text, password: Text, again: Text) -> Response:
    person, pace_key = visit.me, f"password:{visit.me.id}"
    if visit.rooms.pace.begin(pace_key, "", clock.now()):
        return _draw_account(visit, problem=visit.language.say("Too many tries. Wait a little, then try again."))
    member = _member(visit, person.id)
    if not people.is_password(current, member.password_hash):
        return _draw_account(visit, problem=visit.language.say("The current password is not right."))
    visit.rooms.pace.succeed(pace_key, "")
    if problem := password_problem(visit, person, password, again):
        return _draw_account(visit, problem=problem)
    replace_password(visit, person, password)
    return begin_session(visit, person.id, person.actor, "/account", has_passed=person.has_passed)


@router.post("/account/language")
def choose_language(visit: SignedIn, language: Text) -> Response:
    if language in CODES:
        with visit.rooms.database.write() as connection:
            staff.set_language(connection, visit.me.id, language)
    return visit.go("/account", done=1)
