"""May this session do that now? Platforms ask before every sensitive act of a member."""

from typing import Annotated

import msgspec
from fastapi import APIRouter
from msgspec import Meta
from starlette.responses import Response

from anlan import clock
from anlan.center.challenges import Started
from anlan.center.trust import Access, Asked, words_for
from anlan.domain.trust import AccessVerdict, Level
from anlan.web.api.calls import CallerDep, answer, body_of
from anlan.web.api.documented import documented

router = APIRouter(tags=["accounts"])

_Name = Annotated[str, Meta(min_length=1, max_length=128, pattern=r"^[^\x00-\x1f\x7f]+$")]


class AccessAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a session is about to do.

    Attributes:
        act: such as `payment`, `change_binding` or `transfer_group`; the access rules name them, and one that they do
            not name is asked for what `other` needs.
        amount_minor: of money, in minor units (fen, cents).
        challenge: the one that an earlier answer asked for, once it is passed; it is good for this act once.
    """

    account: _Name
    session: _Name
    act: Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
    device: _Name | None = None
    ip: Annotated[str, Meta(min_length=1, max_length=45)] | None = None
    amount_minor: Annotated[int, Meta(ge=0, le=2**53)] = 0
    challenge: Annotated[str, Meta(pattern=r"^chal_[0-9a-f]{24}$")] | None = None


class ReasonTold(msgspec.Struct, frozen=True, kw_only=True):
    """Why more is asked for, in words that a member may read."""

    reason: str
    zh: str
    en: str


class ChallengeTold(msgspec.Struct, frozen=True, kw_only=True):
    """The proof that is asked for.

    Attributes:
        challenge: send it with the next question, once it is passed.
        url: where the member gives it.
        methods: by which they can.
        expires_at: seconds since the epoch.
    """

    challenge: str
    url: str
    methods: tuple[str, ...]
    expires_at: float


class AccessAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the act may go on.

    Attributes:
        verdict: `allow`; `step_up`: only after a proof; `deny`: not from this session, or not while the account is
            contained.
        level: what the session is worth now.
        needed: what the act needs.
        challenge: null unless it is a step up and the account has something to prove itself by; without one, ask by
            your own means and send `verification.completed`, or refuse.
    """

    verdict: AccessVerdict
    level: Level
    needed: Level
    reasons: tuple[ReasonTold, ...]
    challenge: ChallengeTold | None = None


@router.post("/v1/access:check", **documented("accounts:write", AccessAnswer, takes=AccessAsked, problems=(429,)))
def check_access(caller: CallerDep, asked: Annotated[AccessAsked, body_of(AccessAsked)]) -> Response:
    """Judge a session for one act. Asking changes nothing unless a proof is asked for or spent."""
    question = Asked(**{name: getattr(asked, name) for name in asked.__struct_fields__})
    found = caller.house.access_checks.check(question, caller.actor, clock.now())
    caller.house.metrics.access_checks.labels(found.rule, found.verdict).inc()
    return answer(_told(found))


def _told(found: Access) -> AccessAnswer:
    words = zip(found.reasons, words_for(found.reasons), strict=True)
    started = found.started
    return AccessAnswer(
        verdict=found.verdict, level=found.level, needed=found.needed,
        reasons=tuple(ReasonTold(reason=reason, zh=said["zh"], en=said["en"]) for reason, said in words),
        challenge=_proof(started) if started else None,
    )


def _proof(started: Started) -> ChallengeTold:
    return ChallengeTold(
        challenge=started.id, url=started.url, methods=started.methods, expires_at=started.expires_at,
    )
