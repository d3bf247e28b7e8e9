"""Coming in and going out: name and password, a second factor, a first password of one's own."""

import base64
import secrets
from binascii import Error as NotBase64
from typing import Annotated

from fastapi import APIRouter, Form
from markupsafe import Markup
from starlette.responses import Response

from anlan import clock
from anlan.domain.factors import accepted_step, new_totp_secret, totp_uri
from anlan.errors import InvalidRequest, InvalidSettings
from anlan.store import audit, staff
from anlan.web.console import people
from anlan.web.console.gate import (
    DOORSTEP_COOKIE,
    OUT_OF_DATE,
    SESSION_COOKIE,
    AnyVisit,
    ElsewhereFirst,
    address_of,
    begin_session,
    next_step,
    safe_next,
)
from anlan.web.console.people import Person
from anlan.web.console.shell import Visit
from anlan.web.languages import CODES
from anlan.web.qr_codes import qr_svg
from anlan.web.visits import LANGUAGE_COOKIE, THEME_COOKIE, remember

router = APIRouter()

Text = Annotated[str, Form(max_length=1_000)]


@router.get("/sign-in")
def show_sign_in(visit: AnyVisit, next: str = "/") -> Response:  # noqa: A002 - the query's own word
    if visit.person:
        return visit.go(next_step(visit) or safe_next(next))
    return _draw_sign_in(visit, next)


def _draw_sign_in(visit: Visit, next_path: str, name: str = "", problem: str = "", status: int = 200) -> Response:
    """The first form; it carries a token of its own, so that nobody can be signed in to another's account."""
    token = visit.request.cookies.get(DOORSTEP_COOKIE) or secrets.token_urlsafe(32)
    page = visit.with_csrf(people.csrf_token(token)).page(
        "console/sign_in.html", answer=status, next=safe_next(next_path), name=name, problem=problem
    )
    page.set_cookie(DOORSTEP_COOKIE, token, httponly=True, samesite="lax", secure=visit.is_secure)
    return page


@router.post("/sign-in")
def sign_in(visit: AnyVisit, name: Text, password: Text, next: Text = "/") -> Response:  # noqa: A002
    address = address_of(visit.request)
    if wait_s := visit.rooms.pace.begin(name, address, clock.now()):
        return _draw_sign_in(visit, next, name, _too_many(visit, wait_s), 429)
    with visit.rooms.database.read() as connection:
        found = staff.find_by_name(connection, name.strip())
    is_right = people.is_password(password, found.password_hash if found else None)
    if not is_right or found is None or not found.is_active:
        with visit.rooms.database.write() as connection:
            audit.note(connection, "system", "sign_in.refused", f"staff:{name.strip()[:64]}", {"address": address})
        problem = visit.language.say("That name and password do not fit together.")
        return _draw_sign_in(visit, next, name, problem, 401)
    visit.rooms.pace.succeed(name, address)
    return begin_session(visit, found.id, f"staff:{found.name}", safe_next(next), has_passed=False)


def _too_many(visit: Visit, wait_s: float) -> str:
    length = visit.language.length(max(1, round(wait_s)))
    return visit.language.say("Too many tries. Wait {time}, then try again.", time=length)


def _at_step(visit: Visit, step: str) -> Person:
    """The person, if this is the step of sign-in that they are at.

    Raises:
        ElsewhereFirst: they are at another.
    """
    if visit.person is None or next_step(visit) != step:
        raise ElsewhereFirst(next_step(visit) or "/")
    return visit.person


@router.get("/sign-in/code")
def show_code(visit: AnyVisit) -> Response:
    _at_step(visit, "/sign-in/code")
    return visit.page("console/sign_in_code.html", problem="")


@router.post("/sign-in/code")
def give_code(visit: AnyVisit, code: Text) -> Response:
    person = _at_step(visit, "/sign-in/code")
    # By account alone: whoever has the password may come from many addresses.
    wait_s = visit.rooms.pace.begin(f"code:{person.id}", "", clock.now())
    if wait_s:
        return visit.page("console/sign_in_code.html", problem=_too_many(visit, wait_s), answer=429)
    if not _spend_code(visit, person, code):
        problem = visit.language.say("That code is not right, or was used already. Wait for the next one.")
        return visit.page("console/sign_in_code.html", problem=problem, answer=401)
    visit.rooms.pace.succeed(f"code:{person.id}", "")
    return begin_session(visit, person.id, person.actor, "/", has_passed=True)


def _spend_code(visit: Visit, person: Person, code: str) -> bool:
    database = visit.rooms.database
    with database.write() as connection:
        secret = staff.totp_secret(connection, database.vault, person.id)
        step = accepted_step(secret, code, clock.now()) if secret else None
        if step is not None and staff.use_totp_step(connection, person.id, step):
            return True
        audit.note(connection, person.actor, "sign_in.wrong_code", person.actor, {})
    return False


@router.get("/sign-in/password")
def show_first_password(visit: AnyVisit) -> Response:
    _at_step(visit, "/sign-in/password")
    return visit.page("console/new_password.html", problem="")


@router.post("/sign-in/password")
def choose_first_password(visit: AnyVisit, password: Text, again: Text) -> Response:
    person = _at_step(visit, "/sign-in/password")
    if problem := password_problem(visit, person, password, again):
        return visit.page("console/new_password.html", problem=problem, answer=422)
    replace_password(visit, person, password)
    return begin_session(visit, person.id, person.actor, "/", has_passed=person.has_passed)


def password_problem(visit: Visit, person: Person, password: str, again: str) -> str:
    """What is wrong with a new password; empty when nothing is."""
    say = visit.language.say
    if password != again:
        return say("The two are not the same.")
    if people.is_too_weak(password, person.name):
        return say("Too easy to guess: 12 characters or more, not one letter repeated, and without your name.")
    with visit.rooms.database.read() as connection:
        member = staff.find_by_name(connection, person.name)
    is_old = member is not None and people.is_password(password, member.password_hash)
    return say("That is the password you had. Choose another.") if is_old else ""


def replace_password(visit: Visit, person: Person, password: str) -> None:
    """Store a new password; every session of the account ends with it."""
    with visit.rooms.database.write() as connection:
        staff.set_password(connection, person.id, people.hash_password(password))
        staff.end_sessions_of(connection, person.id)
        audit.note(connection, person.actor, "account.password", person.actor, {})


@router.get("/sign-in/enrol")
def show_enrolment(visit: AnyVisit) -> Response:
    return _draw_enrolment(visit, _may_enrol(visit), new_totp_secret())


def _may_enrol(visit: Visit) -> Person:
    """The person, when nothing but enrolment is missing, or when they choose it freely."""
    person = visit.person
    if person is None or next_step(visit) not in (None, "/sign-in/enrol") or person.has_second_factor:
        raise ElsewhereFirst(next_step(visit) or "/account")
    return person


def _draw_enrolment(visit: Visit, person: Person, secret: str, problem: str = "", status: int = 200) -> Response:
    """The secret rides sealed in the form, so that nothing is stored before its first code was right."""
    sealed = visit.rooms.database.vault.seal(secret.encode(), f"enrol:{person.id}".encode())
    return visit.page(
        "console/enrol.html",
        answer=status,
        problem=problem,
        qr=Markup(qr_svg(totp_uri(secret, person.name))),  # noqa: S704 - drawn by segno
        secret_groups=" ".join(secret[start : start + 4] for start in range(0, len(secret), 4)),
        sealed=base64.urlsafe_b64encode(sealed).decode(),
        is_optional=not visit.rooms.require_second_factor,
    )


@router.post("/sign-in/enrol")
def enrol(visit: AnyVisit, code: Text, sealed: Text) -> Response:
    person, vault = _may_enrol(visit), visit.rooms.database.vault
    try:
        secret = vault.open(base64.urlsafe_b64decode(sealed), f"enrol:{person.id}".encode()).decode()
    except (NotBase64, InvalidSettings) as error:
        raise InvalidRequest(OUT_OF_DATE) from error
    step = accepted_step(secret, code, clock.now())
    if step is None:
        problem = visit.language.say("That code is not right. Check that the phone's clock is, and try the next one.")
        return _draw_enrolment(visit, person, secret, problem, 422)
    with visit.rooms.database.write() as connection:
        staff.enrol_totp(connection, vault, person.id, secret, step)
        audit.note(connection, person.actor, "account.second_factor", person.actor, {})
    return begin_session(visit, person.id, person.actor, "/", has_passed=True)


@router.post("/sign-out")
def sign_out(visit: AnyVisit) -> Response:
    with visit.rooms.database.write() as connection:
        staff.end_session(connection, people.digest(visit.request.cookies.get(SESSION_COOKIE, "")))
        if visit.person:
            audit.note(connection, visit.person.actor, "sign_out", visit.person.actor, {})
    response = visit.go("/sign-in")
    response.delete_cookie(SESSION_COOKIE, path=visit.at("") or "/")
    return response


@router.post("/looks")
def choose_looks(visit: AnyVisit, back: Text = "/", language: Text = "", theme: Text = "") -> Response:
    """Language and theme of this device; the language of the account follows for whoever is signed in."""
    response = visit.go(safe_next(back))
    if language in CODES:
        remember(response, LANGUAGE_COOKIE, language, visit)
        if visit.person:
            with visit.rooms.database.write() as connection:
                staff.set_language(connection, visit.person.id, language)
    if theme in ("light", "dark", "auto"):
        remember(response, THEME_COOKIE, theme, visit)
    return response
