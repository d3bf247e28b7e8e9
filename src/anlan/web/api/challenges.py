"""Challenges as the platform starts and follows them; apps without a browser can answer here, others send people on."""

from typing import Annotated, Literal

import msgspec
from fastapi import APIRouter, Path
from msgspec import Meta
from starlette.responses import Response

from anlan import clock
from anlan.center.challenges import Visitor
from anlan.domain.challenges import WAIT_S
from anlan.domain.factors import STRENGTHS, Channel, Level, Method
from anlan.store import audit, factors
from anlan.store.challenges import Challenge
from anlan.web.api.calls import CallerDep, answer, body_of
from anlan.web.api.documented import documented

router = APIRouter(tags=["accounts"])

ChallengeId = Annotated[str, Path(pattern=r"^chal_[0-9a-f]{24}$")]
AccountId = Annotated[str, Meta(min_length=1, max_length=256, pattern=r"^[^\x00-\x1f\x7f]+$")]
Purpose = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[a-z][a-z0-9_.]*$")]
Token = Annotated[str, Meta(min_length=1, max_length=128, pattern=r"^[^\x00-\x1f\x7f]+$")]
Hint = Annotated[str, Meta(max_length=64, pattern=r"^[^\x00-\x1f\x7f]*$")]


class Channels(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where the platform can send a code to: each with the masked address that the page may show; null for nowhere."""

    email: Hint | None = None
    sms: Hint | None = None


class ChallengeWanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Who is to prove what.

    Attributes:
        account: the account's id, as events name it.
        purpose: the act that it is for; a passed challenge is good for no other. `sign_in`, `change_password`,
            `change_binding`, `payment`, `transfer_group` are put into words on the page.
        level: what the proof must be worth at least: `human` (work or a captcha, where the account has nothing
            better), `channel` (a code), `factor` (an authenticator, a recovery code), `strong` (a passkey).
        session, device, ip, user_agent: of the visitor, as events have them. `device` is the token that the platform
            gave the device. Without `device` and `ip` all visitors of an account share one allowance of tries.
        channels: where the platform can send a code to (`{"email": "a***@example.org"}`); null leaves what was told
            before.
        accepts_trusted_device: a device on which the account passed a challenge in the last 30 days is proof enough.
    """

    account: AccountId
    purpose: Purpose
    level: Level = "human"
    session: Token | None = None
    device: Token | None = None
    ip: Annotated[str, Meta(max_length=45)] = ""
    user_agent: Annotated[str, Meta(max_length=512)] = ""
    channels: Channels | None = None
    accepts_trusted_device: bool = False


class ChallengeMade(msgspec.Struct, frozen=True, kw_only=True):
    """A challenge.

    Attributes:
        url: send the visitor there, and nobody else.
        methods: how it can be passed, best first.
        expires_at: seconds since the epoch.
        state: `open`, or `passed` where a trusted device was enough.
    """

    id: str
    url: str
    methods: tuple[Method, ...]
    expires_at: float
    state: str


class Work(msgspec.Struct, frozen=True, kw_only=True):
    """What has to be computed; not taken before `takes_at` (seconds since the epoch)."""

    salt: str
    bits: int
    takes_at: float


class ChallengeShown(msgspec.Struct, frozen=True, kw_only=True):
    """How a challenge stands.

    Attributes:
        state: `open`, `passed` (do the act, and say so by `:use`), `used`, `failed`, or `expired`.
        method, level: by which it was passed, and what that is worth; null before.
        work: what `proof_of_work` asks for: a number in decimal digits such that the SHA-256 of "salt:number" begins
            with `bits` zero bits; null where it is not offered.
    """

    id: str
    account: str
    purpose: str
    state: Literal["open", "passed", "used", "failed", "expired"]
    methods: tuple[Method, ...]
    tries_left: int
    expires_at: float
    method: Method | None
    level: Level | None
    work: Work | None


class ChallengeAnswer(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An answer that an app collected itself.

    Attributes:
        answer: the code, the number, the captcha's response, or a browser's answer for a passkey as JSON.
        is_to_trust: whether the visitor said that the device is theirs and to be trusted.
    """

    method: Method
    answer: Annotated[str, Meta(min_length=1, max_length=16_384)]
    is_to_trust: bool = False


class ChallengeAnswered(msgspec.Struct, frozen=True, kw_only=True):
    """What became of an answer."""

    is_passed: bool
    tries_left: int


class CodeAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where a code is to go; it comes back to the platform as a `factor.code` message, to be sent."""

    channel: Channel
    language: Literal["zh", "en"] = "zh"


class ChallengeUse(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """For which act a passed challenge is spent.

    Attributes:
        session: in which the act is done; send it where you sent one when you asked, so that a proof of the owner's
            is not taken for somebody else's session. Null where it does not matter.
    """

    account: AccountId
    purpose: Purpose
    session: Token | None = None


@router.post(
    "/v1/challenges",
    **documented("accounts:write", ChallengeMade, status=201, takes=ChallengeWanted, problems=(409,)),
)
def start_challenge(caller: CallerDep, wanted: Annotated[ChallengeWanted, body_of(ChallengeWanted)]) -> Response:
    """Ask somebody to prove that an account is theirs: 409 where it has nothing that is worth `level`."""
    house, now, account = caller.house, clock.now(), f"account:{wanted.account}"
    visitor = Visitor(session=wanted.session, device=wanted.device, ip=wanted.ip, agent=wanted.user_agent)
    with house.database.write() as connection:
        if wanted.channels is not None:
            factors.tell_channels(connection, house.database.vault, account, _hints(wanted.channels), now)
        started = house.challenges.start(
            connection, account, wanted.purpose, now, level=wanted.level, visitor=visitor, by=caller.actor,
            accepts_trusted_device=wanted.accepts_trusted_device,
        )
        audit.note(
            connection, caller.actor, "challenge.start", account, {"challenge": started.id, "purpose": wanted.purpose}
        )
    made = ChallengeMade(
        id=started.id, url=started.url, methods=started.methods, expires_at=started.expires_at, state=started.state
    )
    return answer(made, 201)


@router.get(
    "/v1/challenges/{challenge_id:noun}", **documented("accounts:write", ChallengeShown, problems=(404,))
)
def show_challenge(caller: CallerDep, challenge_id: ChallengeId) -> Response:
    """How it stands; the platform also hears `challenge.passed` and `challenge.failed`."""
    return answer(_shown(caller.house.challenges.read(challenge_id)))


@router.post(
    "/v1/challenges/{challenge_id}:answer",
    **documented("accounts:write", ChallengeAnswered, takes=ChallengeAnswer, problems=(404, 409, 422)),
)
def answer_challenge(
    caller: CallerDep, challenge_id: ChallengeId, given: Annotated[ChallengeAnswer, body_of(ChallengeAnswer)]
) -> Response:
    """Hand in an answer that an app collected itself; a wrong one is answered with the tries that are left."""
    kept = caller.house.challenges
    done = kept.answer(kept.read(challenge_id), given.method, given.answer, is_to_trust=given.is_to_trust)
    return answer(ChallengeAnswered(is_passed=done.is_passed, tries_left=done.tries_left))


@router.post(
    "/v1/challenges/{challenge_id}:code",
    **documented("accounts:write", ChallengeShown, takes=CodeAsked, problems=(404, 409, 422)),
)
def send_code(
    caller: CallerDep, challenge_id: ChallengeId, asked: Annotated[CodeAsked, body_of(CodeAsked)]
) -> Response:
    """Have a code sent for an app that shows no page."""
    kept = caller.house.challenges
    kept.send_code(kept.read(challenge_id), asked.channel, asked.language)
    return answer(_shown(kept.read(challenge_id)))


@router.post(
    "/v1/challenges/{challenge_id}:use",
    **documented("accounts:write", ChallengeShown, takes=ChallengeUse, problems=(404,)),
)
def use_challenge(
    caller: CallerDep, challenge_id: ChallengeId, use: Annotated[ChallengeUse, body_of(ChallengeUse)]
) -> Response:
    """Spend a passed challenge on its act, once; 403 when it is not good for that, or not any more."""
    house, now = caller.house, clock.now()
    house.challenges.read(challenge_id)
    with house.database.write() as connection:
        house.challenges.use(connection, challenge_id, f"account:{use.account}", use.purpose, now, use.session)
    return answer(_shown(house.challenges.read(challenge_id)))


def _hints(told: Channels) -> dict[Channel, str]:
    hints: dict[Channel, str | None] = {"email": told.email, "sms": told.sms}
    return {channel: hint for channel, hint in hints.items() if hint is not None}


def _shown(one: Challenge) -> ChallengeShown:
    now = clock.now()
    has_passed = one.state in ("passed", "used")
    work = Work(salt=one.work_salt, bits=one.work_bits, takes_at=one.made_at + WAIT_S)
    return ChallengeShown(
        id=one.id, account=one.account.removeprefix("account:"), purpose=one.purpose,
        state="expired" if one.state == "open" and not one.is_open(now) else one.state, methods=one.methods,
        tries_left=one.tries_left, expires_at=one.expires_at, method=one.method if has_passed else None,
        level=STRENGTHS[one.method] if has_passed and one.method else None,
        work=work if "proof_of_work" in one.methods else None,
    )
