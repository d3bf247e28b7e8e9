"""How safe an account stands, for platforms that draw their own page, and sessions that they have ended."""

from typing import Annotated

import msgspec
from fastapi import APIRouter
from msgspec import Meta
from starlette.responses import Response

from anlan import clock
from anlan.center.security_view import SecurityView, look_at
from anlan.domain.sign_in_messages import title_of
from anlan.domain.sign_ins import Answer, Cause, DeviceState, SessionState, SignInState
from anlan.domain.user_agents import stored_client
from anlan.web.api.calls import CallerDep, answer, body_of
from anlan.web.api.documented import documented
from anlan.web.api.funds import AccountPath

router = APIRouter(tags=["accounts"])

Words = dict[str, str]
_NAME = r"^[^\x00-\x1f\x7f]+$"


class StepShown(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was looked at.

    Attributes:
        code: stable name.
        points, got: what it is worth and what was reached; null when unknown, and then it does not count.
        title, says: by language (`zh`, `en`).
        step: what the member does about it; null for nothing.
    """

    code: str
    points: int
    got: int | None
    title: Words
    says: Words
    step: Words | None


class DeviceShown(msgspec.Struct, frozen=True, kw_only=True):
    """A device that the account knows; `device` is Anlan's name for it. Times are seconds since the epoch."""

    device: str
    title: Words
    country: str | None
    first_seen_at: float
    seen_at: float
    state: DeviceState


class AccountSession(msgspec.Struct, frozen=True, kw_only=True):
    """A session on the platform, by the platform's own name. Times are seconds since the epoch."""

    session: str
    device: str | None
    title: Words
    country: str | None
    started_at: float
    seen_at: float
    state: SessionState


class SignInShown(msgspec.Struct, frozen=True, kw_only=True):
    """A sign-in with the right proof; `ip` is null without the scope `personal:read`. Times are event time."""

    at: float
    state: SignInState
    verdict: str
    country: str | None
    title: Words
    device: str | None
    ip: str | None


class ReminderShown(msgspec.Struct, frozen=True, kw_only=True):
    """What the owner was told, and what they answered; `answer` is null while they have not."""

    at: float
    cause: Cause
    title: Words
    answer: Answer | None


class AccountSecurity(msgspec.Struct, frozen=True, kw_only=True):
    """How safe an account stands; lists are newest first.

    Attributes:
        score: 0 to 100, the share of the points that are known.
        failed_tries: with a wrong proof, within 30 days.
        is_contained: somebody else may be inside, and what could do harm is paused.
    """

    account: str
    score: int
    items: tuple[StepShown, ...]
    devices: tuple[DeviceShown, ...]
    sessions: tuple[AccountSession, ...]
    sign_ins: tuple[SignInShown, ...]
    reminders: tuple[ReminderShown, ...]
    factors: tuple[str, ...]
    failed_tries: int
    is_contained: bool


class SessionsEnded(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Sessions of an account that the platform has ended, by the names that events use."""

    account: Annotated[str, Meta(min_length=1, max_length=256, pattern=_NAME)]
    sessions: Annotated[
        tuple[Annotated[str, Meta(min_length=1, max_length=128)], ...], Meta(min_length=1, max_length=200)
    ]


class SessionsConfirmed(msgspec.Struct, frozen=True, kw_only=True):
    """How many of them Anlan knew and had not heard the end of."""

    ended: int


@router.get("/v1/accounts/{account}/security", **documented("decisions:read", AccountSecurity))
def get_security(caller: CallerDep, account: AccountPath) -> Response:
    """How safe an account stands: check-up, devices, sessions, sign-ins, reminders. Each look is in the audit log."""
    name, database = f"account:{account}", caller.house.database
    with database.read() as connection:
        view = look_at(connection, database.vault, name, clock.now())
    caller.note("account.security", name, personal=caller.reads_personal)
    return answer(_shown(name, view, reads_personal=caller.reads_personal))


@router.post("/v1/sessions:ended", **documented("accounts:write", SessionsConfirmed, takes=SessionsEnded))
def confirm_sessions_ended(
    caller: CallerDep, ended: Annotated[SessionsEnded, body_of(SessionsEnded)]
) -> Response:
    """Say that sessions have ended, as `session.end` asked. Saying so again changes nothing."""
    sessions = caller.house.sessions
    count = sessions.confirm_ended(f"account:{ended.account}", ended.sessions, caller.actor, clock.now())
    return answer(SessionsConfirmed(ended=count))


def _shown(account: str, view: SecurityView, *, reads_personal: bool) -> AccountSecurity:
    return AccountSecurity(
        account=account, score=view.check_up.score,
        items=tuple(
            StepShown(code=one.code, points=one.points, got=one.got, title=one.title, says=one.says, step=one.step)
            for one in view.check_up.items
        ),
        devices=tuple(
            DeviceShown(
                device=one.id, title=stored_client(one.client).title, country=one.country,
                first_seen_at=one.first_seen_at, seen_at=one.seen_at, state=one.state,
            )
            for one in view.devices
        ),
        sessions=tuple(
            AccountSession(
                session=one.session, device=one.device_id, title=stored_client(one.client).title, country=one.country,
                started_at=one.started_at, seen_at=one.seen_at, state=one.state,
            )
            for one in view.sessions
        ),
        sign_ins=tuple(
            SignInShown(
                at=one.at, state=one.state, verdict=one.verdict, country=one.country,
                title=stored_client(one.client).title, device=one.device_id,
                ip=one.particulars.ip if reads_personal else None,
            )
            for one in view.sign_ins
        ),
        reminders=tuple(
            ReminderShown(at=one.at, cause=one.cause, title=title_of(one.cause, one.detail), answer=one.answer)
            for one in view.reminders
        ),
        factors=tuple(one.kind for one in view.factors), failed_tries=sum(one.count for one in view.failures),
        is_contained=view.containment is not None,
    )
