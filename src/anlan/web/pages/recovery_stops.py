"""For those whom a claim touches: the owner's stop button, and friends who are asked to vouch."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Form, Path
from starlette.responses import Response

from anlan import clock
from anlan.domain.vouching import VouchAnswer
from anlan.errors import Conflict, NotFound
from anlan.store import recovery
from anlan.store.challenges import passed_since
from anlan.store.recovery import Claim
from anlan.store.recovery_facts import SETTLED_S
from anlan.web.languages import mark
from anlan.web.pages.gate import AnyVisit, OwnVisit
from anlan.web.pages.shell import Card, MemberVisit

router = APIRouter()

Token = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{43}$")]
ClaimId = Annotated[str, Path(pattern=r"^recovery_[0-9a-f]{22}$")]
PURPOSE = "stop_recovery"
NO_CLAIM = mark("There is no such claim any more. If somebody asks again, you get a new notice.")
NO_FACTOR = mark("This account has no second step that is old enough. It stays stopped until people have looked.")


@router.get("/public/recover/stop/{token}")
def ask_owner(visit: AnyVisit, token: Token) -> Response:
    """What is asked for, and the button; looking changes nothing, because mail scanners look too."""
    claim = _stoppable(visit, token)
    is_proven = _is_proven(visit, claim)
    return visit.page("pages/recover_stop.html", claim=claim, token=token, problem="", is_proven=is_proven)


@router.post("/public/recover/stop/{token}")
def stop(visit: AnyVisit, token: Token) -> Response:
    """Stop it: for good after a proof, else until people have looked."""
    claim, now = _stoppable(visit, token), clock.now()
    if _is_proven(visit, claim):
        stopped = visit.rooms.recovery_desk.stop_proven(claim.id, claim.account, now)
    else:
        stopped = visit.rooms.recovery_desk.stop_by_link(token, now)
    return visit.page("pages/recover_stopped.html", claim=stopped, token=token)


@router.post("/public/recover/stop/{token}/prove")
def prove(visit: AnyVisit, token: Token) -> Response:
    """Go and prove by a factor that was there before the claim that the account is theirs."""
    claim = _stoppable(visit, token)
    try:
        with visit.rooms.database.write() as connection:
            started = visit.rooms.challenges.start(
                connection, claim.account, PURPOSE, clock.now(), level="factor",
                factors_before=claim.opened_at - SETTLED_S, leads_to=f"/public/recover/stop/{token}",
            )
    except Conflict:
        problem = visit.language.say(NO_FACTOR)
        return visit.page(
            "pages/recover_stop.html", answer=409, claim=claim, token=token, problem=problem, is_proven=False
        )
    return visit.go(started.path)


def _stoppable(visit: MemberVisit, token: str) -> Claim:
    with visit.rooms.database.read() as connection:
        claim = recovery.claim_by_stop(connection, token)
    if claim is None:
        raise NotFound(NO_CLAIM)
    return claim


def _is_proven(visit: MemberVisit, claim: Claim) -> bool:
    with visit.rooms.database.read() as connection:
        return passed_since(connection, claim.account, PURPOSE, claim.opened_at)


@router.get("/me/recovery")
def show_own(visit: OwnVisit) -> Response:
    """Claims for the member's own account, and friends who ask them to vouch."""
    with visit.rooms.database.read() as connection:
        claims = recovery.claims_for(connection, visit.account, ("review", "cooling", "granted", "stopped"))
        asked = [
            (one, claim) for one in recovery.vouches_by(connection, visit.account)
            if (claim := recovery.find_claim(connection, one.claim_id)) and claim.state == "open"
        ]
    return visit.page("pages/recovery_own.html", claims=claims, asked=asked)


@router.post("/me/recovery/{claim_id}/stop")
def stop_own(visit: OwnVisit, claim_id: ClaimId) -> Response:
    """Being in alone does not prove the owner: a thief may be in too. People look before anything is handed over."""
    visit.rooms.recovery_desk.stop_by_owner(claim_id, visit.account, None, visit.account, clock.now())
    return visit.go("/me/recovery")


@router.get("/me/vouch/{claim_id}")
def ask_friend(visit: OwnVisit, claim_id: ClaimId) -> Response:
    return _draw_vouch(visit, claim_id)


def _draw_vouch(visit: MemberVisit, claim_id: str, problem: str = "", answer: int = 200) -> Response:
    with visit.rooms.database.read() as connection:
        claim = recovery.find_claim(connection, claim_id)
        mine = next((one for one in recovery.vouches_of(connection, claim_id) if one.friend == visit.account), None)
    if claim is None or mine is None:
        raise NotFound(NO_CLAIM)
    return visit.page(
        "pages/vouch.html", answer=answer, claim=claim, mine=mine, problem=problem,
        about=claim.account.removeprefix("account:"),
    )


@router.post("/me/vouch/{claim_id}")
def vouch(visit: OwnVisit, claim_id: ClaimId, answer: Annotated[VouchAnswer, Form()]) -> Response:
    return visit.try_to(
        lambda: visit.rooms.recovery_desk.vouch(claim_id, visit.account, answer, clock.now()),
        f"/me/vouch/{claim_id}", partial(_draw_vouch, visit, claim_id),
    )


def make_card(visit: MemberVisit) -> Card | None:
    """Whether somebody claims the member's account, or a friend waits for their word."""
    with visit.rooms.database.read() as connection:
        claims = recovery.claims_for(connection, visit.account, ("review", "cooling"))
        asked = [
            one for one in recovery.vouches_by(connection, visit.account)
            if one.answer is None and (claim := recovery.find_claim(connection, one.claim_id)) and claim.state == "open"
        ]
    if not claims and not asked:
        return None
    says = mark("A friend lost an account and asks you to vouch.")
    if claims:
        says = mark("Somebody asks to be given your account. Stop it if it is not you.")
    say = visit.language.say
    return Card("/me/recovery", say("Recovery"), "key", say(says), len(claims) + len(asked), is_pressing=True)
