"""What others do about a claim: the owner stops it, friends vouch, staff decide, and time hands the account over."""

from collections.abc import Callable

from sqlalchemy import Connection

from anlan.center.claim_moves import MUST_BE_STOPPABLE, ClaimMoves
from anlan.desk.followers import CaseClosed
from anlan.domain.claims import OPEN_DAYS, UNDER_WAY, ClaimState, Settlement
from anlan.domain.recovery import COOL_OFF_HOURS_AT_RISK, COOL_OFF_HOURS_MOST, DORMANT_YEARS
from anlan.domain.vouching import VouchAnswer
from anlan.errors import Conflict, Forbidden, InvalidRequest, NotFound
from anlan.store import audit, recovery, recovery_facts
from anlan.store.cases import write_history
from anlan.store.database import Database
from anlan.store.payouts import is_tied
from anlan.store.recovery import Claim, Particulars
from anlan.store.recovery_facts import DAY_S
from anlan.store.vault import Codec

MIN_WORDS = 4
WAITING: tuple[ClaimState, ...] = ("review",)


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
        if claim.state not in MUST_BE_STOPPABLE:
            return claim
        recovery.move(connection, claim.id, MUST_BE_STOPPABLE, is_flagged=True)
        if claim.state == "cooling":
            self._moves.to_review(connection, _again(connection, claim), why, "owner", now)
        elif claim.case_id is not None:
            write_history(connection, claim.case_id, "owner", "recovery_doubted", {"why": why}, now)
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

    def approve(self, claim_id: str, by: str, now: float, settlement: Settlement | None = None) -> Claim:
        """Approve: of accounts of value and for relatives the first of two people, or the second.

        The time in which the owner can stop it begins with the last approval.

        Raises:
            InvalidRequest: relatives need to be told what they get, owners do not.
            NotFound, Conflict: it does not wait for people.
            Forbidden: the same person twice, or an account of their own.
        """
        def act(connection: Connection, claim: Claim) -> None:
            if (claim.way == "relative") != (settlement is not None):
                raise InvalidRequest("say what the relative is granted", zh="请选择处理方式",
                                     en="Say what the relative is granted.")
            needs_two = claim.is_high_value or claim.way == "relative" or claim.is_flagged
            if needs_two and claim.first_approver is None:
                recovery.move(connection, claim.id, WAITING, first_approver=by, settlement=settlement)
                return
            if claim.first_approver == by:
                raise Forbidden("a second person must approve", zh="须由另一人批准",
                                en="A second person must approve.")
            if needs_two and claim.settlement != settlement:
                raise Conflict(
                    "the first person granted something else", zh="与第一位审批人的选择不一致，请协商或拒绝",
                    en="The first person granted something else. Agree on one, or refuse.",
                )
            approvers = {"second_approver": by} if needs_two else {"first_approver": by}
            self._moves.cool_off(connection, claim, _hours(claim), by, now, settlement=settlement, **approvers)

        return self._decide(claim_id, by, "recovery_approved", act, now)

    def refuse(self, claim_id: str, by: str, words: str, now: float) -> Claim:
        """Turn a claim down, with words for the claimant.

        Raises:
            InvalidRequest: no words.
            NotFound, Conflict, Forbidden: as for `approve`.
        """
        if len(words.strip()) < MIN_WORDS:
            raise InvalidRequest("tell the claimant why", zh="请向申请人说明原因", en="Tell the claimant why.")

        def act(connection: Connection, claim: Claim) -> None:
            self._moves.end(connection, claim, "refused", by, now, refused_by=by, words=words.strip()[:2_000])

        return self._decide(claim_id, by, "recovery_refused", act, now)

    def look(self, claim_id: str, by: str) -> Particulars | None:
        """What the claimant told of themselves; every look is in the audit log.

        Raises:
            NotFound.
        """
        with self._database.write() as connection:
            claim = _existing(recovery.find_claim(connection, claim_id))
            audit.note(connection, by, "recovery.look", claim.id, {"account": claim.account})
            return recovery.read_particulars(connection, self._database.vault, claim.id)

    def _decide(
        self, claim_id: str, by: str, what: str, act: Callable[[Connection, Claim], None], now: float
    ) -> Claim:
        with self._database.write() as connection:
            claim = _locked(connection, recovery.find_claim(connection, claim_id))
            if claim.state != "review" or claim.case_id is None:
                raise Conflict("it does not wait for a decision", zh="这份申请当前不需要裁决",
                               en="This claim does not wait for a decision.")
            if is_tied(connection, by, claim.account):
                raise Forbidden(
                    "this is an account of yours, or of somebody near to you; leave it to others",
                    zh="这是你本人或亲友的账号，请交由其他人办理",
                    en="This is an account of yours, or of somebody near to you. Leave it to others.",
                )
            act(connection, claim)
            write_history(connection, claim.case_id, by, what, {}, now)
            audit.note(connection, by, f"{what.replace('_', '.')}", claim.id, {"account": claim.account})
            return _again(connection, claim)

    def round(self, now: float) -> int:
        """Hand over what nobody stopped, let lapse what nobody went on with; how many claims that moved."""
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


def _hours(claim: Claim) -> float:
    is_grave = claim.is_high_value or claim.way == "relative" or claim.dormant_years >= DORMANT_YEARS
    return COOL_OFF_HOURS_MOST if is_grave or claim.is_flagged else COOL_OFF_HOURS_AT_RISK


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
