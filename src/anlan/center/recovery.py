"""Somebody lost an account and claims it: opened within limits, asked step by step, weighed when they have said all.

Whoever claims is asked the same of every account, real or not, and is never told which answers were right.
"""

import secrets
import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import TypeVar

import msgspec
from sqlalchemy import Connection

from anlan.center.claim_moves import ClaimMoves
from anlan.domain.claims import (
    ASKED,
    CHANNELS,
    CODE_S,
    MAX_CLAIMS_PER_CLAIMANT_30D,
    MAX_CLAIMS_PER_NETWORK_1D,
    MAX_CODE_TRIES,
    VOUCH_TEXTS,
    ClaimWay,
    CodeSent,
    VouchAsked,
    claim_message,
)
from anlan.domain.places import network_of
from anlan.domain.recovery import Assessment, Evidence, EvidenceKind, EvidenceOutcome, assess, cool_off_hours
from anlan.domain.recovery_answers import (
    MAX_ANSWER_CHARS,
    is_known_channel,
    judge,
    judge_habit,
    judge_place,
    judge_silence,
    lines_of,
)
from anlan.domain.vouching import choose, judge_vouches
from anlan.errors import Conflict, InvalidClaim, InvalidRequest, NotFound, RateLimited
from anlan.store import attachments, audit, outbox, recovery, recovery_facts
from anlan.store.attachments import NewFile
from anlan.store.database import Database
from anlan.store.recovery import Claim, NewClaim, Particulars
from anlan.store.recovery_facts import DAY_S, SETTLED_S
from anlan.store.vault import Codec

T = TypeVar("T")

MAX_CONTACT_CHARS = 200
MAX_STATEMENT_CHARS = 2_000
MAX_FRIENDS_NAMED = 10
MOST_AT_ONCE = 4
"""So many answers meet digests of passwords at once, each for seconds and with much memory; the next come again."""
FAILED_DAYS = 90.0
"""So long a claim that failed makes later ones for the same account less likely to be honest."""
_NO_CLAIM = {"zh": "没有这份申请，或其时限已过", "en": "There is no such claim, or its time is over."}


class Claimed(msgspec.Struct, frozen=True, kw_only=True):
    """Who claims what.

    Attributes:
        account: `account:<id>`.
        contact: how to reach the claimant.
        ip, device, agent: of the claimant; `device` as the platform's events name it.
    """

    account: str
    contact: str
    way: ClaimWay = "owner"
    language: str = ""
    ip: str | None = None
    device: str | None = None
    agent: str | None = None
    statement: str = ""

    @property
    def network(self) -> str:
        """The claimant's network; empty where it is unknown."""
        return (self.ip and network_of(self.ip)) or ""


class Recoveries:
    """What claimants do.

    Args:
        codec: opens what events say.
        moves: how claims go on.
        checks_documents: the platform looks at identity documents, so that to show none is an answer too.
    """

    def __init__(
        self, database: Database, codec: Codec, moves: ClaimMoves, *, checks_documents: bool = False
    ) -> None:
        self._database, self._codec, self._moves = database, codec, moves
        self._checks_documents = checks_documents
        self._seats = threading.BoundedSemaphore(MOST_AT_ONCE)

    def open(self, claimed: Claimed, by: str, now: float) -> tuple[Claim, str]:
        """Begin a claim; returns it with the token of the claimant's own address.

        Raises:
            InvalidClaim: nothing to reach the claimant by, or no account named.
            RateLimited: too many claims from this network, or by this claimant for this account.
            Conflict: this claimant has one for this account under way.
        """
        if not claimed.contact.strip() or not claimed.account.removeprefix("account:").strip():
            raise InvalidClaim(
                "name the account and how to reach you", zh="请填写账号和联系方式",
                en="Name the account, and how we can reach you.",
            )
        with self._database.read() as connection:
            vault = self._database.vault
            value_class, _ = recovery_facts.read_registered(connection, vault, claimed.account)
            years = recovery_facts.dormant_years(connection, self._codec, claimed.account, now)
            seen = self._look(connection, claimed, now)
        new = NewClaim(
            account=claimed.account, claimant=_claimant(claimed), way=claimed.way, language=claimed.language,
            network=recovery.digest(claimed.network) if claimed.network else None, opened_by=by,
            is_high_value=value_class == "high", dormant_years=years, particulars=_particulars(claimed),
        )
        with self._database.write() as connection:
            return self._open(connection, new, seen, by, now)

    def _open(
        self, connection: Connection, new: NewClaim, seen: Sequence[Evidence], by: str, now: float
    ) -> tuple[Claim, str]:
        recovery.lock_account(connection, new.account)
        _check_limits(connection, new, now)
        added = recovery.add_claim(connection, self._database.vault, new, now)
        if added is None:
            raise Conflict(
                "you have a claim for this account under way", zh="您对此账号的申请正在进行中，请打开当时给您的地址",
                en="You have a claim for this account under way. Open the address that you were given.",
            )
        claim_id, token = added
        for one in seen:
            recovery.add_evidence(connection, self._database.vault, claim_id, one, None, now)
        audit.note(connection, by, "recovery.open", claim_id, {"account": new.account, "way": new.way})
        return _found(recovery.find_claim(connection, claim_id)), token

    def _look(self, connection: Connection, claimed: Claimed, now: float) -> list[Evidence]:
        """What the claimant's device and network say without a question."""
        known = recovery_facts.known_of(connection, self._codec, self._database.vault, claimed.account, now)
        device: EvidenceOutcome = "moot"
        if claimed.device:
            before = now - SETTLED_S
            is_own = recovery_facts.is_own_device(connection, self._codec, claimed.account, claimed.device, before)
            device = "right" if is_own else "unknown"
        return [
            Evidence("device", device), Evidence("place", judge_place(claimed.ip, known)),
            Evidence("habit", judge_habit(claimed.agent, known)),
        ]

    def answer(self, token: str, kind: EvidenceKind, said: str, now: float) -> None:
        """Take the answer to one question; there is no second try. An empty one says that they do not know.

        Numbers and addresses must be proved by a code (`give_code`); friends are asked when they are named.

        Raises:
            InvalidClaim: not one of the questions.
            RateLimited: too many passwords are being looked at now.
            NotFound, Conflict: it was answered, or the claim is not open.
        """
        if kind not in ASKED:
            raise InvalidClaim("there is no such question")
        said = said.strip()[:MAX_ANSWER_CHARS]
        claim = self.find(token)
        if kind == "friends":
            self._change(token, lambda connection, found: self._ask_friends(connection, found, said, now))
        elif kind in CHANNELS:
            self._answer_channel(token, claim, kind, said, now)
        else:
            outcome = self._judge(claim, kind, said, now)
            kept = None if kind == "password" else said
            self._change(token, lambda connection, found: self._keep(
                connection, found, Evidence(kind, outcome), kept, now
            ))

    def _judge(self, claim: Claim, kind: EvidenceKind, said: str, now: float) -> EvidenceOutcome:
        """Outside the transaction that writes: digests of passwords take their time, so none meets them in vain."""
        with self._database.read() as connection:
            _must_be_open(claim)
            if any(one.kind == kind for one in recovery.evidence_of(connection, claim.id)):
                raise _answered()
            known = recovery_facts.known_of(connection, self._codec, self._database.vault, claim.account, now)
        with self._seat() if kind == "password" else nullcontext():
            return judge(kind, said, known, claim.dormant_years)

    @contextmanager
    def _seat(self) -> Iterator[None]:
        """Let words meet digests, beside few others.

        Raises:
            RateLimited: too many do now.
        """
        if not self._seats.acquire(blocking=False):
            raise RateLimited(
                "many answers are being looked at; try again in half a minute", retry_after_s=30.0,
                zh="正在核对的回答较多，请半分钟后再试",
                en="Many answers are being looked at. Try again in half a minute.",
            )
        try:
            yield
        finally:
            self._seats.release()

    def _answer_channel(self, token: str, claim: Claim, kind: EvidenceKind, said: str, now: float) -> None:
        with self._database.read() as connection:
            known = recovery_facts.known_of(connection, self._codec, self._database.vault, claim.account, now)
        code = f"{secrets.randbelow(1_000_000):06d}" if said and is_known_channel(kind, said, known) else None

        def act(connection: Connection, found: Claim) -> None:
            self._keep(connection, found, Evidence(kind, judge(kind, said, known)), said, now)
            if not said:
                return
            recovery.keep_code(connection, found.id, kind, code, now + CODE_S)
            if code is not None:
                sent = CodeSent(claim=found.id, channel=kind, to=said, code=code, expires_at=now + CODE_S)
                outbox.put(connection, [claim_message("code", f"{found.id}.{kind}", sent, now)], now)

        self._change(token, act)

    def give_code(self, token: str, kind: EvidenceKind, code: str, now: float) -> bool:
        """Prove a number or address by the code that was sent there; whether it was right.

        Raises:
            NotFound, Conflict: no try is left, or the claim is not open.
        """
        def act(connection: Connection, found: Claim) -> bool:
            is_right = recovery.try_code(connection, found.id, kind, code.strip(), now, MAX_CODE_TRIES)
            if is_right is None:
                raise Conflict("no try is left", zh="验证码已失效", en="This code has no tries left.")
            if is_right:
                recovery.set_outcome(connection, found.id, kind, "right")
            return is_right

        return self._change(token, act)

    def _ask_friends(self, connection: Connection, claim: Claim, said: str, now: float) -> None:
        """Ask those of the friends who were named who are old, independent, and not asked too often."""
        known = recovery_facts.known_of(connection, self._codec, self._database.vault, claim.account, now)
        self._keep(connection, claim, Evidence("friends", judge_silence("friends", known)), said, now)
        named = list(dict.fromkeys(f"account:{name}" for name in lines_of(said)))[:MAX_FRIENDS_NAMED]
        others = [name for name in named if name != claim.account]
        candidates = [
            recovery_facts.candidate(
                connection, self._codec, claim.account, name, others, _vouched_at(connection, name), now
            )
            for name in others
        ]
        mine = recovery.read_particulars(connection, self._database.vault, claim.id)
        network = network_of(mine.ip) if mine and mine.ip else None
        chosen = choose(candidates, now, network=network, device=mine.device if mine else None)
        recovery.ask_friends(connection, claim.id, chosen, now)
        messages = [
            claim_message(
                "vouch", f"{claim.id}.{recovery.digest(friend)[:8]}",
                VouchAsked(account=friend, about=claim.account, claim=claim.id, path=f"/me/vouch/{claim.id}",
                           text=VOUCH_TEXTS), now,
            )
            for friend in chosen
        ]
        outbox.put(connection, messages, now)

    def note_document(self, claim_id: str, outcome: EvidenceOutcome, by: str, now: float) -> None:
        """The platform has looked at an identity document: `right`, `wrong`, or `unknown` where it could not.

        What was not looked at has not passed. A later look replaces an earlier one.

        Raises:
            NotFound, Conflict: the claim is not open.
        """
        with self._database.write() as connection:
            claim = _found(recovery.find_claim(connection, claim_id))
            _must_be_open(claim)
            evidence = Evidence("document", outcome)
            if not recovery.add_evidence(connection, self._database.vault, claim.id, evidence, None, now):
                recovery.set_outcome(connection, claim.id, "document", outcome)
            audit.note(connection, by, "recovery.document", claim.id, {"account": claim.account, "outcome": outcome})

    def hand_in(self, token: str, files: Sequence[NewFile], now: float) -> None:
        """A relative hands in documents: they lie with the case, which is opened for them.

        Raises:
            InvalidRequest: no file.
            NotFound, Conflict: the claim is not open, or not a relative's.
        """
        if not files:
            raise InvalidRequest("choose a file", zh="请选择文件", en="Choose a file.")

        def act(connection: Connection, found: Claim) -> None:
            if found.way != "relative":
                raise Conflict("only relatives hand in documents", zh="仅亲属申请需要提交文件",
                               en="Only relatives hand in documents.")
            self._moves.to_review(connection, found, "relative", "claimant", now)
            case_id = _found(recovery.find_claim(connection, found.id)).case_id or ""
            attachments.add_files(connection, self._database.vault, found.account, case_id, files, now)

        self._change(token, act)

    def takes_documents(self, token: str) -> bool:
        """Whether a relative may hand in documents at this address."""
        with self._database.read() as connection:
            claim = recovery.claim_by_token(connection, token)
        return claim is not None and claim.way == "relative" and claim.state == "open"

    def submit(self, token: str, now: float) -> Claim:
        """Weigh all that was said; the claim goes on from there.

        Raises:
            NotFound, Conflict: the claim is not open.
        """
        def act(connection: Connection, found: Claim) -> None:
            assessment = self._assess(connection, found, now)
            recovery.keep_assessment(connection, found.id, assessment)
            rivals = recovery.claims_for(connection, found.account, ("review", "cooling"))
            if found.way == "owner" and assessment.band == "unlikely":
                self._moves.end(connection, found, "refused", "system", now)
            elif found.way == "owner" and assessment.band == "likely" and not found.is_high_value and not rivals:
                hours = cool_off_hours(
                    assessment, dormant_years=found.dormant_years, is_high_value=found.is_high_value
                )
                self._moves.cool_off(connection, found, hours, "system", now)
            else:
                self._moves.to_review(connection, found, "rivals" if rivals else assessment.band, "system", now)
                for rival in rivals:
                    self._moves.to_review(connection, rival, "rivals", "system", now)

        self._change(token, act)
        return self.find(token)

    def _assess(self, connection: Connection, claim: Claim, now: float) -> Assessment:
        _, told = recovery_facts.read_registered(connection, self._database.vault, claim.account)
        answers = [one.answer for one in recovery.vouches_of(connection, claim.id) if one.answer]
        vouched = judge_vouches(answers)
        evidence = [
            Evidence(one.kind, vouched) if one.kind == "friends" and answers else one
            for one in recovery.evidence_of(connection, claim.id)
        ]
        evidence += self._silence(connection, claim, {one.kind for one in evidence}, now)
        return assess(
            evidence, dormant_years=claim.dormant_years, is_high_value=claim.is_high_value,
            public=told.public if told else (),
            failed_claims=recovery.count_failed(connection, claim.account, now - FAILED_DAYS * DAY_S),
        )

    def _silence(
        self, connection: Connection, claim: Claim, answered: Collection[EvidenceKind], now: float
    ) -> list[Evidence]:
        """Questions that were passed over count as not known: else it would pay to leave out what one cannot say."""
        known = recovery_facts.known_of(connection, self._codec, self._database.vault, claim.account, now)
        passed_over = [Evidence(kind, judge_silence(kind, known)) for kind in ASKED if kind not in answered]
        if self._checks_documents and claim.way == "owner" and "document" not in answered:
            passed_over.append(Evidence("document", "unknown"))
        return passed_over

    def withdraw(self, token: str, now: float) -> None:
        """The claimant gives up.

        Raises:
            NotFound, Conflict.
        """
        with self._database.write() as connection:
            claim = _locked(connection, recovery.claim_by_token(connection, token))
            if not self._moves.end(connection, claim, "withdrawn", "claimant", now):
                raise _over()

    def find(self, token: str) -> Claim:
        """The claim that a claimant's address opens.

        Raises:
            NotFound.
        """
        with self._database.read() as connection:
            return _found(recovery.claim_by_token(connection, token))

    def _keep(self, connection: Connection, claim: Claim, evidence: Evidence, said: str | None, now: float) -> None:
        if not recovery.add_evidence(connection, self._database.vault, claim.id, evidence, said, now):
            raise _answered()

    def _change(self, token: str, act: Callable[[Connection, Claim], T]) -> T:
        """Do `act` with an open claim while nobody else acts on the account's claims."""
        with self._database.write() as connection:
            claim = _locked(connection, recovery.claim_by_token(connection, token))
            _must_be_open(claim)
            return act(connection, claim)


def _particulars(claimed: Claimed) -> Particulars:
    return Particulars(
        contact=claimed.contact.strip()[:MAX_CONTACT_CHARS], ip=claimed.ip, device=claimed.device,
        agent=claimed.agent, statement=claimed.statement.strip()[:MAX_STATEMENT_CHARS],
    )


def _claimant(claimed: Claimed) -> str:
    return recovery.digest("|".join((claimed.network, claimed.device or "", claimed.agent or "")))


def _vouched_at(connection: Connection, friend: str) -> list[float]:
    return [one.asked_at for one in recovery.vouches_by(connection, friend)]


def _check_limits(connection: Connection, new: NewClaim, now: float) -> None:
    by_network = recovery.count_from_network(connection, new.network, now - DAY_S) if new.network else 0
    by_claimant = recovery.count_by_claimant(connection, new.account, new.claimant, now - 30 * DAY_S)
    if by_network >= MAX_CLAIMS_PER_NETWORK_1D or by_claimant >= MAX_CLAIMS_PER_CLAIMANT_30D:
        raise RateLimited(
            "too many claims; try again tomorrow", retry_after_s=DAY_S, zh="申请次数过多，请明天再试",
            en="Too many claims came from you. Try again tomorrow.",
        )


def _locked(connection: Connection, claim: Claim | None) -> Claim:
    """The claim as it stands with its account's row held."""
    recovery.lock_account(connection, _found(claim).account)
    return _found(recovery.find_claim(connection, _found(claim).id))


def _must_be_open(claim: Claim) -> None:
    if claim.state != "open":
        raise _over()


def _answered() -> Conflict:
    return Conflict("this was answered", zh="这个问题已经回答过了", en="You have answered this question.")


def _over() -> Conflict:
    return Conflict("this claim takes no more", zh="这份申请已提交，不能再修改", en="This claim takes no more answers.")


def _found(claim: Claim | None) -> Claim:
    if claim is None:
        raise NotFound("there is no such claim", **_NO_CLAIM)
    return claim
