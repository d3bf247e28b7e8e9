"""What others do about a claim: the owner stops it, friends vouch, staff decide, and time hands the account over."""

import secrets
from collections.abc import Sequence

import msgspec
from sqlalchemy import Connection

from anlan.center.claim_moves import ClaimMoves
from anlan.desk.followers import CaseClosed
from anlan.domain.agreement import SENIOR
from anlan.domain.claim_judgements import (
    REFUSE,
    ClaimAnswer,
    answers_for,
    may_end_with,
    next_judgement,
    settlement_of,
)
from anlan.domain.claims import OPEN_DAYS, UNDER_WAY, ClaimState
from anlan.domain.facts import StaffNotice
from anlan.domain.recovery import COOL_OFF_HOURS_AT_RISK, COOL_OFF_HOURS_MOST, DORMANT_YEARS
from anlan.domain.vouching import VouchAnswer
from anlan.errors import Conflict, Forbidden, InvalidRequest, NotFound
from anlan.store import audit, recovery, recovery_facts
from anlan.store.batch import storable
from anlan.store.cases import write_history
from anlan.store.claim_judgements import ClaimJudgement, add_judgement, judgements_of, stuck_claims
from anlan.store.database import Database
from anlan.store.notices import tell_staff
from anlan.store.payouts import is_tied
from anlan.store.recovery import Claim, Particulars
from anlan.store.recovery_facts import DAY_S
from anlan.store.vault import Codec

MIN_WORDS, MAX_WORDS = 4, 2_000
WAITING: tuple[ClaimState, ...] = ("review",)


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """What a person answers to a claim.

    Attributes:
        words: for the claimant where it refuses, for colleagues otherwise.
        asks_second: let a second person answer too, though nothing demands it.
        is_senior: may decide where two differ.
    """

    answer: ClaimAnswer
    words: str = ""
    asks_second: bool = False
    is_senior: bool = False


class RecoveryDesk:
    """Decides claims and keeps their clocks.

    Args:
        codec: opens what events say.
        moves: how claims go on.
    """

    def __init__(self, database: Database, codec: Codec, moves: ClaimMoves) -> None:
        self._database, self._codec, self._moves = database, codec, moves

    def stop_by_link(self, token: str, now: float) -> Claim:
        """The stop button of a notice: nothing is handed over without people now, for a link alone proves nobody.

        Raises:
            NotFound: the button is no good any more.
        """
        with self._database.write() as connection:
            claim = _locked(connection, recovery.claim_by_stop(connection, token))
            return self._pause(connection, claim, "stop_link", now)

    def stop_by_owner(self, claim_id: str, account: str, device: str | None, by: str, now: float) -> Claim:
        """The platform says that the account's owner stops it: with a device of old it ends, else people decide.

        Args:
            by: the key of the platform, which answers for the device or the factor.

        Raises:
            NotFound: no such claim for this account.
        """
        with self._database.write() as connection:
            claim = _locked_of(connection, claim_id, account)
            is_own = device is not None and recovery_facts.is_own_device(
                connection, self._codec, account, device, claim.opened_at - recovery_facts.SETTLED_S
            )
            if not is_own:
                return self._pause(connection, claim, "stop_without_proof", now)
            return self._stop(connection, claim, by, now)

    def stop_proven(self, claim_id: str, account: str, now: float) -> Claim:
        """The owner stops it after a factor of the account was proved.

        Raises:
            NotFound: no such claim for this account.
        """
        with self._database.write() as connection:
            claim = _locked_of(connection, claim_id, account)
            return self._stop(connection, claim, account, now)

    def _stop(self, connection: Connection, claim: Claim, by: str, now: float) -> Claim:
        self._moves.end(connection, claim, "stopped", by, now, is_flagged=True)
        return _again(connection, claim)

    def _pause(self, connection: Connection, claim: Claim, why: str, now: float) -> Claim:
        """Mark it as doubted; what was about to be granted waits for people."""
        if claim.state == "cooling":
            self._moves.to_review(connection, msgspec.structs.replace(claim, is_flagged=True), why, "owner", now)
        elif claim.state == "review" and claim.case_id is not None:
            recovery.move(connection, claim.id, WAITING, is_flagged=True, needs_two=True)
            write_history(connection, claim.case_id, "owner", "recovery_doubted", {"why": why}, now)
        else:
            return claim
        audit.note(connection, "owner", "recovery.doubted", claim.id, {"account": claim.account, "why": why})
        return _again(connection, claim)

    def vouch(self, claim_id: str, friend: str, answer: VouchAnswer, now: float) -> None:
        """A friend says who it is; one who says that it is somebody else is heard until the end.

        Raises:
            NotFound: this friend was not asked.
            Conflict: the claim is decided.
        """
        with self._database.write() as connection:
            claim = _locked(connection, recovery.find_claim(connection, claim_id))
            was_asked = any(one.friend == friend for one in recovery.vouches_of(connection, claim_id))
            if not was_asked:
                raise _no_claim()
            is_late = claim.state != "open"
            if claim.state not in UNDER_WAY or (is_late and answer != "not_them"):
                raise Conflict("it is decided", zh="这份申请已经处理完毕，谢谢", en="This is decided. Thank you.")
            recovery.answer_vouch(connection, claim_id, friend, answer, now)
            audit.note(connection, friend, "recovery.vouch", claim.id, {"answer": answer})
            if is_late:
                self._pause(connection, claim, "friend_says_no", now)

    def judge(self, claim_id: str, by: str, judged: Judged, now: float) -> Claim:
        """Take one person's answer; two that are alike decide where there is risk, and a senior where they differ.

        The time in which the owner can stop it begins with the answer that grants it.

        Raises:
            InvalidRequest: not an answer to this claim, or a refusal without words for the claimant.
            NotFound, Conflict: it does not wait for people.
            Forbidden: the same person twice, an account of their own, or two differ and this is no senior.
        """
        with self._database.write() as connection:
            claim = _locked(connection, recovery.find_claim(connection, claim_id))
            if claim.state != "review" or claim.case_id is None:
                raise Conflict("it does not wait for a decision", zh="这份申请当前不需要裁决",
                               en="This claim does not wait for a decision.")
            before = judgements_of(connection, claim)
            _check_person(connection, claim, before, by, judged)
            _check_answer(claim, before, judged)
            if judged.asks_second and not claim.needs_two:
                recovery.move(connection, claim.id, WAITING, needs_two=True)
                claim = _again(connection, claim)
            judgement = self._keep_judgement(connection, claim, len(before) + 1, by, judged, now)
            self._settle(connection, claim, [*before, judgement], now)
            return _again(connection, claim)

    def _keep_judgement(
        self, connection: Connection, claim: Claim, stage: int, by: str, judged: Judged, now: float
    ) -> ClaimJudgement:
        """Neither the case's history nor anything else that colleagues read says what was answered."""
        judgement = ClaimJudgement(
            id=secrets.token_hex(16), case_id=claim.case_id or "", review=claim.reviews, stage=stage, by=by, at=now,
            answer=judged.answer, words=storable(judged.words.strip()[:MAX_WORDS]),
        )
        add_judgement(connection, judgement)
        details = {"judgement": judgement.id, "account": claim.account, "answer": judged.answer, "stage": stage}
        audit.note(connection, by, "recovery.judge", claim.id, details)
        write_history(connection, judgement.case_id, by, "judged", {"stage": stage}, now)
        return judgement

    def _settle(
        self, connection: Connection, claim: Claim, said: Sequence[ClaimJudgement], now: float
    ) -> None:
        last, answers = said[-1], [one.answer for one in said]
        if next_judgement(answers, needs_second=claim.needs_two) != "close":
            return
        if last.answer == REFUSE:
            refusal = {"refused_by": last.by, "words": last.words}
            self._moves.end(connection, claim, "refused", last.by, now, **refusal)
            return
        first, *others = [one.by for one in said if one.answer == last.answer]
        approved = {"first_approver": first, "second_approver": others[0] if others else None}
        self._moves.cool_off(
            connection, claim, _hours(claim), last.by, now, approved_answer=last.answer,
            settlement=settlement_of(last.answer), **approved,
        )

    def look(self, claim_id: str, by: str) -> Particulars | None:
        """What the claimant told of themselves; every look is in the audit log.

        Raises:
            NotFound.
        """
        with self._database.write() as connection:
            claim = _existing(recovery.find_claim(connection, claim_id))
            audit.note(connection, by, "recovery.look", claim.id, {"account": claim.account})
            return recovery.read_particulars(connection, self._database.vault, claim.id)

    def round(self, now: float) -> int:
        """Hand over what nobody stopped, let lapse what nobody went on with; how many claims that moved.

        Staff hear of claims that nobody may decide any more.
        """
        self._tell_of_torn(now)
        with self._database.read() as connection:
            ripe = recovery.due_claims(connection, "cooling", "cool_off_until", now)
            stale = recovery.due_claims(connection, "open", "opened_at", now - OPEN_DAYS * DAY_S)
        for claim in ripe:
            with self._database.write() as connection:
                self._moves.grant(connection, _locked(connection, claim), now)
        for claim in stale:
            with self._database.write() as connection:
                if _locked(connection, claim).state == "open":
                    self._moves.end(connection, claim, "expired", "system", now)
        return len(ripe) + len(stale)

    def _tell_of_torn(self, now: float) -> None:
        """Once for each: two differ, and there is no senior but them."""
        with self._database.read() as connection:
            stuck = stuck_claims(connection)
        if not stuck:
            return
        told = [
            StaffNotice(id=f"recovery_torn.{one.id}.{one.reviews}", at=now, kind="recovery_torn", subject=one.id)
            for one in stuck
        ]
        with self._database.write() as connection:
            tell_staff(connection, told, now)

    def take_in(self, now: float) -> int:
        """Keep what owners may remember of events since the last round; how many traces that left."""
        del now
        with self._database.snapshot() as connection:
            found, reached = recovery_facts.events_to_trace(connection, self._codec)
        if not reached:
            return 0
        with self._database.write() as connection:
            return recovery_facts.keep_traces(connection, self._database.vault, found, reached)


def on_case_closed(connection: Connection, closed: CaseClosed) -> None:
    """Refuse to let a judgement close what is decided on a page of its own.

    Raises:
        Conflict: the case is a claim's.
    """
    if closed.case.kind == "recovery" and recovery.claim_of_case(connection, closed.case.id) is not None:
        raise Conflict(
            "recoveries are decided on their own page", zh="账号找回请在找回页面办理",
            en="Recoveries are decided on their own page.",
        )


def _check_person(
    connection: Connection, claim: Claim, before: Sequence[ClaimJudgement], by: str, judged: Judged
) -> None:
    if is_tied(connection, by, claim.account):
        raise Forbidden(
            "this is an account of yours, or of somebody near to you; leave it to others",
            zh="这是你本人或亲友的账号，请交由其他人办理",
            en="This is an account of yours, or of somebody near to you. Leave it to others.",
        )
    if any(one.by == by for one in before):
        raise Forbidden("you have answered; a second person must", zh="你已作答，须由另一人独立判断",
                        en="You have answered. A second person must.")
    if len(before) + 1 == SENIOR and not judged.is_senior:
        raise Forbidden("two people differ; a senior reviewer decides", zh="两人意见不一致，须由高级审核员裁定",
                        en="Two people differ. A senior reviewer decides.")


def _check_answer(claim: Claim, before: Sequence[ClaimJudgement], judged: Judged) -> None:
    if judged.answer not in answers_for(claim.way):
        raise InvalidRequest("choose one of the answers", zh="请选择处理方式", en="Choose one of the answers.")
    if judged.answer == REFUSE and len(judged.words.strip()) < MIN_WORDS:
        raise InvalidRequest("tell the claimant why", zh="请向申请人说明原因", en="Tell the claimant why.")
    if not may_end_with(judged.answer, [one.answer for one in before]):
        raise InvalidRequest(
            "grant what one of the two would, or turn it down", zh="请在两人的意见中选择其一，或驳回",
            en="Grant what one of the two would, or turn it down.",
        )


def _hours(claim: Claim) -> float:
    is_old = claim.dormant_years >= DORMANT_YEARS
    return COOL_OFF_HOURS_MOST if claim.needs_two or is_old else COOL_OFF_HOURS_AT_RISK


def _locked(connection: Connection, claim: Claim | None) -> Claim:
    """The claim as it stands with its account's row held."""
    recovery.lock_account(connection, _existing(claim).account)
    return _again(connection, _existing(claim))


def _locked_of(connection: Connection, claim_id: str, account: str) -> Claim:
    claim = _locked(connection, recovery.find_claim(connection, claim_id))
    if claim.account != account:
        raise _no_claim()
    return claim


def _again(connection: Connection, claim: Claim) -> Claim:
    return _existing(recovery.find_claim(connection, claim.id))


def _existing(claim: Claim | None) -> Claim:
    if claim is None:
        raise _no_claim()
    return claim


def _no_claim() -> NotFound:
    return NotFound("there is no such claim", zh="没有这份申请，或其时限已过", en="There is no such claim any more.")
