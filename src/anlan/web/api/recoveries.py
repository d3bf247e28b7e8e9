"""Recovery of accounts: what the platform registers, claims from its own pages, its answers, the owner's stop."""

from typing import Annotated, Literal

import msgspec
from fastapi import APIRouter, Path
from msgspec import Meta
from starlette.responses import Response

from anlan import clock
from anlan.center.recovery import Claimed
from anlan.domain.claims import ClaimState, ClaimWay, ValueClass
from anlan.domain.digests import check_digest
from anlan.domain.recovery import EVIDENCE_KINDS, EvidenceKind, EvidenceOutcome
from anlan.domain.recovery_answers import MAX_KNOWN_PASSWORDS, PasswordDigest, Registered
from anlan.errors import NotFound
from anlan.store import audit, recovery, recovery_facts
from anlan.store.recovery import Claim
from anlan.web.api.calls import CallerDep, HouseDep, answer, body_of
from anlan.web.api.documented import documented
from anlan.web.api.funds import AccountPath

router = APIRouter(tags=["recoveries"])

_TEXT = r"^[^\x00-\x1f\x7f]*$"
ClaimPath = Annotated[str, Path(pattern=r"^recovery_[0-9a-f]{22}$")]
Seconds = Annotated[float, Meta(ge=0, le=32_503_680_000)]
Word = Annotated[str, Meta(max_length=128, pattern=_TEXT)]
Digest = Annotated[str, Meta(max_length=512)]
Token = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{43}$")]


class RecoveryFacts(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What an owner of the account will remember; everything that was registered before is replaced.

    Digests are `$argon2id$...`, `pbkdf2_sha256$<rounds>$<salt>$<base64>`, or `sha256$<salt>$<hex of salt and word>`.
    Phone numbers are digits alone, without +86; mail addresses are in lower case. All of it is encrypted at rest.

    Attributes:
        value_class: claims for accounts of `high` value are always decided by two people.
        registered_at: seconds since the epoch.
        inviter, nickname: at registration; empty where there was none, null where it is unknown.
        phones, mails: salted digests of former ones.
        public: kinds of evidence that the platform shows to everybody; they count for nothing.
    """

    value_class: ValueClass = "ordinary"
    registered_at: Seconds | None = None
    city: Word | None = None
    inviter: Word | None = None
    nickname: Word | None = None
    passwords: Annotated[tuple[PasswordDigest, ...], Meta(max_length=MAX_KNOWN_PASSWORDS)] = ()
    phones: Annotated[tuple[Digest, ...], Meta(max_length=10)] = ()
    mails: Annotated[tuple[Digest, ...], Meta(max_length=10)] = ()
    public: Annotated[tuple[EvidenceKind, ...], Meta(max_length=len(EVIDENCE_KINDS))] = ()


class RecoveryFactsKept(msgspec.Struct, frozen=True, kw_only=True):
    """What is registered, without what it says."""

    account: str
    value_class: ValueClass
    kinds: tuple[str, ...]


class ClaimOpening(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Somebody on the platform's own page lost an account.

    Attributes:
        account: as events name it.
        contact: how to reach the claimant.
        ip, device, agent: of the claimant, as the platform's events name them.
    """

    account: Annotated[str, Meta(min_length=1, max_length=256, pattern=r"^[^\x00-\x1f\x7f]+$")]
    contact: Annotated[str, Meta(min_length=1, max_length=200)]
    way: ClaimWay = "owner"
    language: Literal["zh", "en"] | None = None
    ip: Annotated[str, Meta(max_length=45)] | None = None
    device: Annotated[str, Meta(max_length=128)] | None = None
    agent: Annotated[str, Meta(max_length=512)] | None = None
    statement: Annotated[str, Meta(max_length=2_000)] = ""


class ClaimOpened(msgspec.Struct, frozen=True, kw_only=True):
    """A claim; whoever has `token` or `url` is the claimant, so hand them to nobody else."""

    claim: str
    token: str
    url: str


class ClaimShown(msgspec.Struct, frozen=True, kw_only=True):
    """How far a claim has come; never which answers were right.

    Attributes:
        cool_off_until: when the account is handed over unless it is stopped (seconds).
    """

    claim: str
    account: str
    way: ClaimWay
    state: ClaimState
    opened_at: float
    cool_off_until: float | None
    ended_at: float | None


class ClaimAnswer(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The answer to one question, once; `said` may be empty for not knowing.

    Attributes:
        token: of the claim, as opening it gave it.
        code: what came to the old number or address, after that was answered.
    """

    token: Token
    kind: EvidenceKind
    said: Annotated[str, Meta(max_length=2_000)] = ""
    code: Annotated[str, Meta(max_length=8)] = ""


class ClaimToken(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The claimant acts."""

    token: Token


class DocumentChecked(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the platform's check of an identity document came to; `unavailable` is not passed."""

    result: Literal["passed", "failed", "unavailable"]


class ClaimStopped(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The owner says that the claim is not theirs.

    Attributes:
        device: on which they say so: one of old ends the claim, anything else lets people look.
    """

    account: Annotated[str, Meta(min_length=1, max_length=256)]
    device: Annotated[str, Meta(max_length=128)] | None = None


OUTCOMES: dict[str, EvidenceOutcome] = {"passed": "right", "failed": "wrong", "unavailable": "unknown"}


@router.put(
    "/v1/accounts/{account}/recovery",
    **documented("accounts:write", RecoveryFactsKept, takes=RecoveryFacts, problems=(422,)),
)
def put_recovery(
    caller: CallerDep, account: AccountPath, told: Annotated[RecoveryFacts, body_of(RecoveryFacts)]
) -> Response:
    """Register what an owner will remember, long before it is needed."""
    name, house = f"account:{account}", caller.house
    for digest in (*(one.digest for one in told.passwords), *told.phones, *told.mails):
        check_digest(digest)
    values = {field: getattr(told, field) for field in Registered.__struct_fields__}
    with house.database.write() as connection:
        recovery_facts.register(
            connection, house.database.vault, name, told.value_class, Registered(**values), caller.actor, clock.now()
        )
        kinds = tuple(field for field, value in values.items() if value not in (None, ()))
        audit.note(connection, caller.actor, "recovery.register", name, {"kinds": list(kinds)})
    return answer(RecoveryFactsKept(account=name, value_class=told.value_class, kinds=kinds))


@router.post(
    "/v1/recoveries", **documented("accounts:write", ClaimOpened, status=201, takes=ClaimOpening, problems=(409, 422))
)
def open_recovery(caller: CallerDep, wanted: Annotated[ClaimOpening, body_of(ClaimOpening)]) -> Response:
    """Open a claim for somebody on the platform's own page; it can go on here or at `url`."""
    claimed = Claimed(
        account=f"account:{wanted.account}", contact=wanted.contact, way=wanted.way, language=wanted.language or "",
        ip=wanted.ip, device=wanted.device, agent=wanted.agent, statement=wanted.statement,
    )
    claim, token = caller.house.recoveries.open(claimed, caller.actor, clock.now())
    url = f"{caller.house.settings.address}/public/recover/{token}"
    return answer(ClaimOpened(claim=claim.id, token=token, url=url), 201)


@router.get("/v1/recoveries/{claim_id:noun}", **documented("accounts:write", ClaimShown, problems=(404,)))
def get_recovery(house: HouseDep, claim_id: ClaimPath) -> Response:
    """How far a claim has come."""
    with house.database.read() as connection:
        found = recovery.find_claim(connection, claim_id)
    if found is None:
        raise NotFound("there is no such claim")
    return answer(_shown(found))


@router.post(
    "/v1/recoveries/{claim_id}:answer",
    **documented("accounts:write", ClaimShown, takes=ClaimAnswer, problems=(404, 409, 422)),
)
def answer_question(
    caller: CallerDep, claim_id: ClaimPath, said: Annotated[ClaimAnswer, body_of(ClaimAnswer)]
) -> Response:
    """Give the answer to one question, or the code that came to an old number or address."""
    recoveries, now = caller.house.recoveries, clock.now()
    _check_token(caller.house.recoveries.find(said.token), claim_id)
    if said.code:
        recoveries.give_code(said.token, said.kind, said.code, now)
    else:
        recoveries.answer(said.token, said.kind, said.said, now)
    return answer(_shown(recoveries.find(said.token)))


@router.post(
    "/v1/recoveries/{claim_id}:submit",
    **documented("accounts:write", ClaimShown, takes=ClaimToken, problems=(404, 409)),
)
def submit_recovery(
    caller: CallerDep, claim_id: ClaimPath, said: Annotated[ClaimToken, body_of(ClaimToken)]
) -> Response:
    """All is said; the claim is weighed."""
    _check_token(caller.house.recoveries.find(said.token), claim_id)
    return answer(_shown(caller.house.recoveries.submit(said.token, clock.now())))


@router.post(
    "/v1/recoveries/{claim_id}:withdraw",
    **documented("accounts:write", ClaimShown, takes=ClaimToken, problems=(404, 409)),
)
def withdraw_recovery(
    caller: CallerDep, claim_id: ClaimPath, said: Annotated[ClaimToken, body_of(ClaimToken)]
) -> Response:
    """The claimant takes the claim back."""
    recoveries = caller.house.recoveries
    _check_token(recoveries.find(said.token), claim_id)
    recoveries.withdraw(said.token, clock.now())
    return answer(_shown(recoveries.find(said.token)))


@router.post(
    "/v1/recoveries/{claim_id}:document",
    **documented("accounts:write", ClaimShown, takes=DocumentChecked, problems=(404, 409)),
)
def note_document(
    caller: CallerDep, claim_id: ClaimPath, said: Annotated[DocumentChecked, body_of(DocumentChecked)]
) -> Response:
    """Tell what the check of an identity document, with the living face, came to."""
    caller.house.recoveries.note_document(claim_id, OUTCOMES[said.result], caller.actor, clock.now())
    return get_recovery(caller.house, claim_id)


@router.post(
    "/v1/recoveries/{claim_id}:stop",
    **documented("accounts:write", ClaimShown, takes=ClaimStopped, problems=(404,)),
)
def stop_recovery(
    caller: CallerDep, claim_id: ClaimPath, said: Annotated[ClaimStopped, body_of(ClaimStopped)]
) -> Response:
    """The account's owner stops a claim from within the app."""
    stopped = caller.house.recovery_desk.stop_by_owner(
        claim_id, f"account:{said.account}", said.device, caller.actor, clock.now()
    )
    return answer(_shown(stopped))


def _check_token(claim: Claim, claim_id: str) -> None:
    if claim.id != claim_id:
        raise NotFound("there is no such claim")


def _shown(claim: Claim) -> ClaimShown:
    return ClaimShown(
        claim=claim.id, account=claim.account, way=claim.way, state=claim.state, opened_at=claim.opened_at,
        cool_off_until=claim.cool_off_until, ended_at=claim.ended_at,
    )
