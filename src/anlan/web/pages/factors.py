"""What a member proves themselves by: adding it, removing it, and the devices that are trusted."""

from collections.abc import Callable
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Form
from markupsafe import Markup
from starlette.responses import JSONResponse, Response

from anlan import clock
from anlan.domain.factors import KIND_TITLES, RECOVERY_CODES
from anlan.domain.user_agents import client_of
from anlan.errors import AnlanError, InvalidRequest, NotFound
from anlan.store import factors, trusted_devices
from anlan.web.pages.gate import OwnVisit
from anlan.web.pages.proving import is_proven, refusal, session_of, start_proof
from anlan.web.pages.shell import MemberVisit
from anlan.web.qr_codes import qr_svg

router = APIRouter()

Line = Annotated[str, Form(max_length=200)]
Long = Annotated[str, Form(max_length=16_384)]
ICONS = {"totp": "phone", "passkey": "key", "recovery_codes": "list"}


@router.get("/me/factors")
def show_factors(visit: OwnVisit) -> Response:
    return _draw(visit)


def _draw(visit: MemberVisit, *, problem: str = "", answer: int = 200) -> Response:
    now, vault = clock.now(), visit.rooms.database.vault
    with visit.rooms.database.read() as connection:
        own = factors.factors_of(connection, visit.account)
        titles = {name: one.title for name, one in factors.secrets_of(connection, vault, visit.account).items()}
        devices = trusted_devices.trusted_of(connection, vault, visit.account, now)
        channels = factors.hints_of(connection, vault, visit.account)
        can_prove = visit.rooms.challenges.level_of(connection, visit.account) != "human"
    return visit.page(
        "pages/factors.html", answer=answer, problem=problem, factors=own, titles=titles, devices=devices,
        channels=channels, kind_titles=KIND_TITLES, icons=ICONS, total_codes=RECOVERY_CODES,
        client=client_of, has_totp=any(one.kind == "totp" for one in own),
        has_codes=any(one.kind == "recovery_codes" for one in own),
        has_passkeys=visit.rooms.factors.passkeys.is_possible,
        is_proven=is_proven(visit), can_prove=can_prove,
    )


@router.post("/me/factors/prove")
def prove(visit: OwnVisit) -> Response:
    """Ask for what a change needs: something that the owner set up, else a code to a channel of theirs."""
    try:
        return start_proof(visit, "/me/factors")
    except AnlanError as error:
        return _draw(visit, problem=refusal(visit, error), answer=error.status)


@router.post("/me/factors/totp")
def begin_totp(visit: OwnVisit, title: Line = "") -> Response:
    begun: list[str] = []
    refused = _refused(
        visit, lambda: begun.append(visit.rooms.factors.begin_totp(visit.account, session_of(visit), title))
    )
    return refused or visit.go(f"/me/factors/totp/{begun[0]}")


@router.get("/me/factors/totp/{enrolment_id}")
def show_totp(visit: OwnVisit, enrolment_id: str) -> Response:
    return _draw_totp(visit, enrolment_id)


def _draw_totp(visit: MemberVisit, enrolment_id: str, *, problem: str = "", answer: int = 200) -> Response:
    begun = visit.rooms.factors.read_totp(visit.account, enrolment_id)
    grouped = " ".join(begun.secret[start : start + 4] for start in range(0, len(begun.secret), 4))
    qr = Markup(qr_svg(begun.uri))  # noqa: S704 - drawn by segno
    return visit.page(
        "pages/factor_totp.html", answer=answer, begun=begun, qr=qr, secret=grouped, problem=problem
    )


@router.post("/me/factors/totp/{enrolment_id}")
def finish_totp(visit: OwnVisit, enrolment_id: str, code: Line = "") -> Response:
    try:
        visit.rooms.factors.finish_totp(visit.account, session_of(visit), enrolment_id, code)
    except InvalidRequest as error:
        return _draw_totp(visit, enrolment_id, problem=visit.tell(error), answer=error.status)
    return visit.go("/me/factors")


@router.post("/me/factors/passkeys/options")
def begin_passkey(visit: OwnVisit, title: Line = "") -> Response:
    """What the page's script gives to the browser."""
    try:
        name, options = visit.rooms.factors.begin_passkey(visit.account, session_of(visit), title)
    except AnlanError as error:
        return JSONResponse({"problem": visit.tell(error)}, error.status)
    return JSONResponse({"enrolment": name, "options": options})


@router.post("/me/factors/passkeys")
def finish_passkey(visit: OwnVisit, enrolment: Line = "", answer: Long = "") -> Response:
    made = read_answer(answer)
    finish = visit.rooms.factors.finish_passkey
    return _refused(visit, lambda: finish(visit.account, session_of(visit), enrolment, made)) or visit.go("/me/factors")


@router.post("/me/factors/recovery-codes")
def make_recovery_codes(visit: OwnVisit) -> Response:
    """Shown once: a reload asks the browser to send the form again, which makes others."""
    codes: list[str] = []
    refused = _refused(
        visit, lambda: codes.extend(visit.rooms.factors.make_recovery_codes(visit.account, session_of(visit)))
    )
    return refused or visit.page("pages/recovery_codes.html", codes=codes)


@router.post("/me/factors/devices/{digest}/distrust")
def distrust(visit: OwnVisit, digest: str) -> Response:
    if len(digest) != 64 or not set(digest) <= set("0123456789abcdef"):
        raise NotFound("there is no such device", zh="没有这台设备", en="There is no such device.")
    visit.rooms.factors.distrust(visit.account, digest)
    return visit.go("/me/factors")


@router.post("/me/factors/{factor_id}/remove")
def remove(visit: OwnVisit, factor_id: str) -> Response:
    act = visit.rooms.factors.remove
    return _refused(visit, lambda: act(visit.account, session_of(visit), factor_id)) or visit.go("/me/factors")


def _refused(visit: MemberVisit, act: Callable[[], object]) -> Response | None:
    """What is not possible stands on the page; None when it was done."""
    try:
        act()
    except NotFound:
        raise
    except AnlanError as error:
        return _draw(visit, problem=visit.tell(error), answer=error.status)
    return None


def read_answer(text: str) -> dict[str, Any]:
    """A browser's answer, as the page's script sends it; empty where it is no JSON object."""
    try:
        return msgspec.json.decode(text, type=dict[str, Any])
    except msgspec.MsgspecError:
        return {}
