"""A member's account and how safe it stands: the check-up, devices, sessions, what happened at the door, reminders."""

from collections import Counter
from collections.abc import Iterable
from typing import Annotated, Literal, NamedTuple

from fastapi import APIRouter, Path
from starlette.responses import Response

from anlan import clock
from anlan.center.security_view import HISTORY_DAYS, SecurityView, fold_days, look_at
from anlan.domain.sign_in_messages import country_name, title_of
from anlan.domain.sign_ins import DAY_S, SESSION_PATH, STALE_DAYS, Answer, session_in
from anlan.domain.user_agents import stored_client
from anlan.errors import AnlanError
from anlan.store.sign_ins import SignIn
from anlan.web.languages import mark
from anlan.web.pages.gate import OwnVisit, stay_alone
from anlan.web.pages.proving import is_proven, refusal, start_proof
from anlan.web.pages.shell import Card, MemberVisit

router = APIRouter()

PATH = "/me/security"

LEVELS = {"calm": mark("Well protected"), "fair": mark("Could be safer"), "low": mark("Weakly protected")}
STATES = {
    "entered": mark("Signed in"), "challenged": mark("Asked for more"),
    "stopped": mark("Stopped, though the password was right"),
}

Only = Literal["all", "entered", "failed"]
ONLY: dict[Only, str] = {"all": mark("Everything"), "entered": mark("Signed in"), "failed": mark("Wrong or stopped")}

DeviceId = Annotated[str, Path(pattern=r"^device_[0-9a-f]{24}$")]
SessionId = Annotated[str, Path(pattern=r"^session_[0-9a-f]{24}$")]
ReminderId = Annotated[str, Path(pattern=r"^reminder_[0-9a-f]{22}$")]


class Share(NamedTuple):
    """How many sign-ins came from one country; `width` in percent of the most."""

    title: str
    sign_ins: int
    width: float


@router.get(PATH)
def show_security(visit: OwnVisit, done: str = "") -> Response:
    return _draw(visit, done)


@router.get(SESSION_PATH + "{session}")
def show_security_here(visit: OwnVisit, session: str) -> Response:
    """The same page; who came by a link of the platform for this session sees which one is theirs."""
    return _draw(visit)


def _draw(visit: MemberVisit, done: str = "", *, problem: str = "", answer: int = 200) -> Response:
    now = clock.now()
    view = _look(visit, now)
    return visit.page(
        "pages/security.html", answer=answer, problem=problem, is_proven=is_proven(visit), view=view, done=done,
        levels=LEVELS, client=stored_client, country=country_name,
        title_of=title_of, stale_before=now - STALE_DAYS * DAY_S,
        here=visit.platform_session or "",
        failed=sum(failure.count for failure in view.failures if failure.hour > now - DAY_S),
        history_days=HISTORY_DAYS,
    )


def _look(visit: MemberVisit, now: float) -> SecurityView:
    database = visit.rooms.database
    with database.read() as connection:
        return look_at(connection, database.vault, visit.account, now)


def _session_here(visit: MemberVisit) -> str | None:
    """The session on the platform that the member uses now, as events name it; what let them in has said which."""
    known = (one.session for one in _look(visit, clock.now()).sessions if one.id == visit.platform_session)
    return next(known, session_in(visit.came_for))


@router.get(f"{PATH}/history")
def show_history(visit: OwnVisit, only: Only = "all") -> Response:
    view = _look(visit, clock.now())
    came = [one for one in view.sign_ins if only == "all" or (one.state == "entered") == (only == "entered")]
    failures = view.failures if only != "entered" else ()
    return visit.page(
        "pages/security_history.html", days=fold_days(came, failures, visit.language.midnight), only=only, choices=ONLY,
        states=STATES, client=stored_client, country=country_name, shares=_shares(visit, view.sign_ins),
    )


def _shares(visit: MemberVisit, sign_ins: Iterable[SignIn]) -> list[Share]:
    counts = Counter(one.country for one in sign_ins if one.state == "entered").most_common(8)
    most = counts[0][1] if counts else 1
    return [Share(visit.language.pick(country_name(code)), count, 100 * count / most) for code, count in counts]


@router.post(PATH + "/devices/{device_id}/remove")
def remove_device(visit: OwnVisit, device_id: DeviceId) -> Response:
    """Take a device away; not without a proof, or a thief would make strangers of the owner's own."""
    if not is_proven(visit):
        try:
            return start_proof(visit, PATH)
        except AnlanError as error:
            return _draw(visit, problem=refusal(visit, error), answer=error.status)
    visit.rooms.sessions.remove_device(visit.account, device_id, clock.now())
    return visit.go(PATH, done="device")


@router.post(PATH + "/sessions/{session_id}/end")
def end_session(visit: OwnVisit, session_id: SessionId) -> Response:
    visit.rooms.sessions.end(visit.account, session_id, clock.now())
    return visit.go(PATH, done="session")


@router.post(f"{PATH}/sessions/end-others")
def end_other_sessions(visit: OwnVisit) -> Response:
    visit.rooms.sessions.end_others(visit.account, _session_here(visit), clock.now())
    return stay_alone(visit.go(PATH, done="sessions"), visit)


@router.post(PATH + "/reminders/{reminder_id}/{answer}")
def answer_reminder(visit: OwnVisit, reminder_id: ReminderId, answer: Answer) -> Response:
    visit.rooms.reminders.answer_own(visit.account, reminder_id, answer, clock.now())
    return stay_alone(visit.go("/me/safety"), visit) if answer == "not_own" else visit.go(PATH, done="answer")


def make_card(visit: MemberVisit) -> Card:
    """How safe the account stands, for the member's first page."""
    view, say = _look(visit, clock.now()), visit.language.say
    waiting = len(view.unanswered)
    says = say("Tell us whether it was you: {n}", n=waiting) if waiting else say(LEVELS[view.check_up.level])
    is_leaked = any(item.code == "password" and item.got == 0 for item in view.check_up.items)
    is_pressing = waiting > 0 or view.containment is not None or is_leaked  # advice alone is no alarm
    return Card(PATH, say("Account security"), "lock", says, waiting, is_pressing)
