"""The way back to a lost account: one question at a time, kept as one goes, and how far the claim has come.

The address carries the token, so nobody needs a session; looking at a page changes nothing.
"""

from collections.abc import Callable
from functools import partial
from typing import Annotated, Any, NamedTuple

from fastapi import APIRouter, File, Form, Path, Request, UploadFile
from starlette.responses import Response

from anlan import clock
from anlan.center.recovery import Claimed
from anlan.domain.claims import (
    ASKED,
    CHANNELS,
    KIND_TITLES,
    MAX_CODE_TRIES,
    SETTLEMENT_TITLES,
    STATE_TITLES,
    ClaimWay,
)
from anlan.domain.recovery import EvidenceKind
from anlan.errors import AnlanError, NotFound
from anlan.store import recovery
from anlan.store.recovery import Claim
from anlan.web.languages import Language, mark
from anlan.web.pages.gate import AnyVisit
from anlan.web.pages.shell import MemberVisit
from anlan.web.pages.uploads import read_files

router = APIRouter()

Token = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{43}$")]
Line = Annotated[str, Form(max_length=200)]
Words = Annotated[str, Form(max_length=2_000)]
ENOUGH_ANSWERS = 4
"""From so many answers on a claim can be sent without the rest."""


class Question(NamedTuple):
    """How a question is put.

    Attributes:
        field: `line`, `lines`, `month`, `payment`, `phone`, `mail`.
    """

    asks: str
    hint: str
    field: str


QUESTIONS: dict[EvidenceKind, Question] = {
    "password": Question(
        mark("Which passwords did you use for this account before?"),
        mark("Up to three, one a line. They are compared at once and never kept."), "lines",
    ),
    "registered": Question(
        mark("When did you open the account?"), mark("Year and month, as well as you remember."), "month"
    ),
    "city": Question(mark("In which city did you open it?"), "", "line"),
    "nickname": Question(mark("What was your first nickname there?"), "", "line"),
    "inviter": Question(
        mark("Who invited you?"), mark("The account of that person. Leave it empty if nobody did."), "line"
    ),
    "contacts": Question(
        mark("Whom did you talk to most?"), mark("Up to five accounts, one a line. Only those you are sure of."),
        "lines",
    ),
    "groups": Question(
        mark("Which groups did you make?"), mark("Their names or numbers, one a line. Leave it empty if none."), "lines"
    ),
    "payment": Question(
        mark("Do you remember a payment?"), mark("About how much, and in which month."), "payment"
    ),
    "phone": Question(
        mark("Is there an old phone number that still reaches you?"),
        mark("If it was bound to the account, a code goes there."), "phone",
    ),
    "mail": Question(
        mark("Is there an old mail address that still reaches you?"),
        mark("If it was bound to the account, a code goes there."), "mail",
    ),
    "friends": Question(
        mark("Who can vouch for you?"),
        mark("Accounts of old friends, one a line. We ask some of them, and tell you nothing of who."), "lines",
    ),
}

NEXT: dict[str, str] = {
    "review": mark("People look at what you gave. This takes about two working days."),
    "cooling": mark("It looks like yours. We tell every channel of the account and wait, so that nobody else can take "
                    "it in your name. Then the platform lets you choose a new password."),
    "granted": mark("The account is yours again. The platform lets you choose a new password now, and all old sessions "
                    "are ended. For a week large payments and changes wait, to keep you safe."),
    "refused": mark("What we have is not enough to give the account to you. That does not mean that we do not believe "
                    "you: with more evidence you can ask again."),
    "stopped": mark("The owner of the account has stopped this claim."),
    "withdrawn": mark("You have taken this claim back. Nothing was changed."),
    "expired": mark("Nobody went on with this claim for two weeks, so it ended. You can begin again."),
}

MORE: tuple[str, ...] = (
    mark("Come from a device on which you used the account before, and from home."),
    mark("Find an old phone or mail address that was bound to it, and receive a code there."),
    mark("Ask old friends who know your voice to be ready to vouch for you."),
    mark("Look for receipts of payments and the date of your first message."),
)


@router.get("/public/recover")
def begin(visit: AnyVisit) -> Response:
    return _draw_begin(visit)


@router.post("/public/recover")
def open_claim(
    visit: AnyVisit, account: Line = "", contact: Line = "", way: Annotated[ClaimWay, Form()] = "owner",
    statement: Words = "",
) -> Response:
    """Begin a claim and go to its own address."""
    claimed = Claimed(
        account=f"account:{account.strip()}", contact=contact, way=way, statement=statement,
        language=visit.language.code, ip=_address(visit.request),
        agent=visit.request.headers.get("user-agent", "")[:512] or None,
    )
    try:
        _, token = visit.rooms.recoveries.open(claimed, "public", clock.now())
    except AnlanError as error:
        filled = {"account": account, "contact": contact, "way": way, "statement": statement}
        return _draw_begin(visit, visit.tell(error), error.status, filled)
    return visit.go(f"/public/recover/{token}")


def _draw_begin(
    visit: MemberVisit, problem: str = "", answer: int = 200, filled: dict[str, str] | None = None
) -> Response:
    return visit.page("pages/recover.html", answer=answer, problem=problem, filled=filled or {})


def _address(request: Request) -> str | None:
    return request.client.host if request.client else None


@router.get("/public/recover/{token}")
def show_claim(visit: AnyVisit, token: Token) -> Response:
    return _draw(visit, token)


def _draw(visit: MemberVisit, token: str, problem: str = "", answer: int = 200) -> Response:
    claim = visit.rooms.recoveries.find(token)
    if claim.state != "open":
        return visit.page(
            "pages/recover_state.html", answer=answer, claim=claim, token=token, next=NEXT[claim.state], more=MORE,
            title=visit.language.pick(STATE_TITLES[claim.state]), steps=steps_of(claim, visit.language),
            settlement=visit.language.pick(SETTLEMENT_TITLES[claim.settlement]) if claim.settlement else "",
        )
    return visit.page("pages/recover_step.html", answer=answer, problem=problem, **_step(visit, claim, token))


def _step(visit: MemberVisit, claim: Claim, token: str) -> dict[str, Any]:
    """Where an open claim stands: a code that is awaited, the next question, or the end of them."""
    now = clock.now()
    with visit.rooms.database.read() as connection:
        answered = {one.kind for one in recovery.evidence_of(connection, claim.id)}
        proven = {one.kind for one in recovery.evidence_of(connection, claim.id) if one.outcome == "right"}
        codes = recovery.waiting_codes(connection, claim.id, now, MAX_CODE_TRIES) - proven
    skipped = visit.request.query_params.get("skip", "")
    code = next((kind for kind in CHANNELS if kind in codes and kind != skipped), None)
    asked = () if claim.way == "relative" else ASKED
    kind = next((kind for kind in asked if kind not in answered), None)
    done = sum(one in answered for one in asked)
    identity = visit.rooms.identity_url
    return {
        "claim": claim, "token": token, "code": code, "kind": kind, "question": QUESTIONS[kind] if kind else None,
        "done": done, "all": len(asked), "can_send": done >= ENOUGH_ANSWERS or kind is None,
        "kind_titles": KIND_TITLES, "identity": f"{identity}?claim={claim.id}" if identity else "",
    }


def steps_of(claim: Claim, language: Language) -> list[tuple[str, float | None, bool]]:
    """(title, when, whether it is here) of the way of a claim, in order."""
    say = language.say
    made = [(say("Claim opened"), claim.opened_at, False), (say("Evidence sent"), claim.submitted_at, False)]
    if claim.case_id is not None:
        made.append((say("People look at it"), claim.submitted_at, claim.state == "review"))
    if claim.state in ("cooling", "granted"):
        made.append((say("The owner can stop it"), None, claim.state == "cooling"))
        made.append((say("Given back"), claim.ended_at, claim.state == "granted"))
    elif claim.ended_at is not None:
        made.append((language.pick(STATE_TITLES[claim.state]), claim.ended_at, True))
    return [step for step in made if step[1] is not None or claim.state in ("cooling", "granted")]


@router.post("/public/recover/{token}/answer")
def take_answer(
    visit: AnyVisit, token: Token, kind: Annotated[EvidenceKind, Form()], said: Words = "", amount: Line = "",
    month: Line = "", skip: Line = "",
) -> Response:
    """Keep one answer; `skip` says that they do not know."""
    words = f"{amount}\n{month}" if kind == "payment" and (amount or month) else said or month
    return _done(visit, token, lambda: visit.rooms.recoveries.answer(token, kind, "" if skip else words, clock.now()))


@router.post("/public/recover/{token}/code")
def take_code(
    visit: AnyVisit, token: Token, kind: Annotated[EvidenceKind, Form()], code: Line = ""
) -> Response:
    try:
        is_right = visit.rooms.recoveries.give_code(token, kind, code, clock.now())
    except NotFound:
        raise
    except AnlanError as error:
        return _draw(visit, token, visit.tell(error), error.status)
    if not is_right:
        return _draw(visit, token, visit.language.say("This code is not right. Look at the newest message."), 422)
    return visit.go(f"/public/recover/{token}")


@router.post("/public/recover/{token}/send")
def send(visit: AnyVisit, token: Token) -> Response:
    return _done(visit, token, lambda: visit.rooms.recoveries.submit(token, clock.now()))


@router.post("/public/recover/{token}/withdraw")
def withdraw(visit: AnyVisit, token: Token) -> Response:
    return _done(visit, token, lambda: visit.rooms.recoveries.withdraw(token, clock.now()))


@router.post("/public/recover/{token}/files")
def hand_in(
    visit: AnyVisit, token: Token,
    files: Annotated[list[UploadFile], File()] = [],  # noqa: B006 - FastAPI reads the default, nobody changes it
) -> Response:
    """A relative's documents; people look at them."""
    return _done(visit, token, lambda: visit.rooms.recoveries.hand_in(token, read_files(files), clock.now()))


def _done(visit: MemberVisit, token: str, act: Callable[[], object]) -> Response:
    """Back to the claim; what is not possible stands on it."""
    return visit.try_to(act, f"/public/recover/{token}", partial(_draw, visit, token))
