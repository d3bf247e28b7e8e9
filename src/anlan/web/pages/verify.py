"""The page of one challenge: whoever was sent there chooses a way and proves that the account is theirs.

The address carries the token, so nobody needs a session; looking at the page changes nothing.
"""

from typing import Annotated, NamedTuple

from fastapi import APIRouter, Form
from starlette.responses import JSONResponse, Response

from anlan import clock
from anlan.domain.challenges import OTHER_PURPOSE, PURPOSES, RESEND_S, TRUSTED_S, WAIT_S
from anlan.domain.factors import CHANNELS, CODE_METHODS, METHOD_TITLES, METHODS, Channel, Method
from anlan.errors import AnlanError, InvalidRequest, NotFound
from anlan.store.challenges import Challenge
from anlan.web.languages import mark
from anlan.web.pages.gate import AnyVisit
from anlan.web.pages.shell import MemberVisit

router = APIRouter()

Word = Annotated[str, Form(max_length=32)]
Long = Annotated[str, Form(max_length=16_384)]

_CHANNEL_OF: dict[Method, Channel] = {method: channel for channel, method in CODE_METHODS.items()}

HOW: dict[Method, str] = {
    "passkey": mark("Your device asks for your face, finger or PIN. Nothing has to be typed."),
    "totp": mark("Enter the six digits that your authenticator app shows now."),
    "recovery_code": mark("Enter one of the codes that you wrote down. Each works once."),
    "email_code": mark("We have a code sent to your mail address."),
    "sms_code": mark("We have a code sent to your phone."),
    "proof_of_work": mark("Your device computes for a moment, which machines cannot afford many times."),
    "captcha": mark("Solve the puzzle in the app."),
}


class Way(NamedTuple):
    """The way that is open on the page.

    Attributes:
        channel: where a code goes; empty for other ways.
        hint: the masked address.
        sent_at: when the latest code was sent; None for not yet.
        wait_s: until other work is taken, or another code can be asked for.
    """

    method: Method
    channel: str = ""
    hint: str = ""
    sent_at: float | None = None
    wait_s: float = 0.0


@router.get("/public/verify/{token}")
def show_challenge(visit: AnyVisit, token: str, method: str = "") -> Response:
    return _draw(visit, token, method)


def _draw(
    visit: MemberVisit, token: str, method: str = "", *, problem: str = "", answer: int = 200
) -> Response:
    rooms, now = visit.rooms, clock.now()
    challenge = rooms.challenges.find(token)
    chosen = method if method in challenge.methods else challenge.methods[0]
    return visit.page(
        "pages/verify.html", answer=answer, challenge=challenge, token=token, problem=problem,
        way=_way(visit, challenge, chosen, now), is_open=challenge.is_open(now), how=HOW,
        titles=METHOD_TITLES, purpose=PURPOSES.get(challenge.purpose, OTHER_PURPOSE),
        leads_to=rooms.challenges.behind(challenge).leads_to, trust_days=round(TRUSTED_S / 86_400),
    )


def _way(visit: MemberVisit, challenge: Challenge, method: Method, now: float) -> Way:
    if method == "proof_of_work":
        return Way(method, wait_s=max(0.0, challenge.made_at + WAIT_S - now))
    if method not in _CHANNEL_OF:
        return Way(method)
    channel, rooms = _CHANNEL_OF[method], visit.rooms
    sent_at = rooms.challenges.sent(challenge).get(channel)
    wait_s = 0.0 if sent_at is None else max(0.0, sent_at + RESEND_S - now)
    return Way(method, channel, rooms.challenges.hints(challenge).get(channel, ""), sent_at, wait_s)


@router.post("/public/verify/{token}")
def answer_challenge(
    visit: AnyVisit, token: str, method: Word = "", answer: Long = "", trust: Word = ""
) -> Response:
    """Look at an answer; a right one leads back to the page, which says so."""
    challenge = visit.rooms.challenges.find(token)
    try:
        if method not in METHODS:
            raise InvalidRequest("there is no such way")
        answered = visit.rooms.challenges.answer(challenge, method, answer, is_to_trust=trust == "yes")
    except NotFound:
        raise
    except AnlanError as error:
        return _draw(visit, token, method, problem=visit.tell(error), answer=error.status)
    if answered.is_passed:
        return visit.go(f"/public/verify/{token}")
    words = visit.language.say(mark("That was not right. Tries left: {n}"), n=answered.tries_left)
    return _draw(visit, token, method, problem=words, answer=422)


@router.post("/public/verify/{token}/code")
def send_code(visit: AnyVisit, token: str, channel: Word = "") -> Response:
    """Have a code sent."""
    challenge = visit.rooms.challenges.find(token)
    if channel not in CHANNELS:
        raise NotFound("there is no such channel", zh="没有这个渠道", en="There is no such channel.")
    method = CODE_METHODS[channel]
    try:
        visit.rooms.challenges.send_code(challenge, channel, visit.language.code)
    except AnlanError as error:
        return _draw(visit, token, method, problem=visit.tell(error), answer=error.status)
    return visit.go(f"/public/verify/{token}", method=method)


@router.post("/public/verify/{token}/passkey")
def ask_passkey(visit: AnyVisit, token: str) -> Response:
    """What the page's script gives to the browser."""
    challenge = visit.rooms.challenges.find(token)
    try:
        return JSONResponse({"options": visit.rooms.challenges.ask_passkey(challenge)})
    except AnlanError as error:
        return JSONResponse({"problem": visit.tell(error)}, error.status)
