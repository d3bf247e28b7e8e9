"""How a claim goes on: to people, into the time in which it can be stopped, to its end; who is told of each.

Every function works in the caller's transaction, with the account's row held.
"""

from collections.abc import Sequence

import msgspec
from sqlalchemy import Connection

from anlan.center.followers import AccountRecovered, RecoveryFollower
from anlan.domain.claim_judgements import needs_two
from anlan.domain.claims import (
    NOTICE_TEXTS,
    UNDER_WAY,
    WATCH_DAYS,
    ClaimEnded,
    ClaimState,
    RecoveryGranted,
    RecoveryNotice,
    claim_message,
)
from anlan.domain.queues import WorkingTime, due_at
from anlan.domain.recovery import Assessment
from anlan.store import audit, cases, outbox, recovery, recovery_facts
from anlan.store.cases import NewCase, write_history
from anlan.store.recovery import Claim

QUEUE = "recovery"
PRIORITY, PRIORITY_FLAGGED = 3, 2
DUE_WORKING_HOURS = 18.0
DAY_S = 86_400.0
COOLING: tuple[ClaimState, ...] = ("cooling",)
_assessment = msgspec.json.Decoder(Assessment).decode


class ClaimMoves:
    """Moves claims and tells whom it concerns.

    Args:
        address: where members find the pages, without a slash at the end.
        working: when the desk is open.
        followers: hear when an account was given back, inside the transaction.
    """

    def __init__(self, address: str, working: WorkingTime, followers: Sequence[RecoveryFollower] = ()) -> None:
        self._address, self._working, self._followers = address, working, tuple(followers)

    def to_review(self, connection: Connection, claim: Claim, why: str, by: str, now: float) -> bool:
        """Let people decide, one or two by its risk; whether the claim could be moved there."""
        if claim.state not in ("open", "cooling"):
            return False
        case_id = claim.case_id or self._open_case(connection, claim, by, now)
        if not recovery.move(
            connection, claim.id, (claim.state,), state="review", case_id=case_id, reviews=claim.reviews + 1,
            is_flagged=claim.is_flagged, needs_two=_needs_two(connection, claim), cool_off_until=None,
            first_approver=None, second_approver=None, approved_answer=None, settlement=None,
            submitted_at=claim.submitted_at or now,
        ):
            return False
        write_history(connection, case_id, by, "recovery_review", {"why": why}, now)
        audit.note(connection, by, "recovery.review", claim.id, {"account": claim.account, "why": why})
        self._notify(connection, claim, None, now)
        return True

    def cool_off(
        self, connection: Connection, claim: Claim, hours: float, by: str, now: float, **decided: object
    ) -> float | None:
        """Begin the time in which the owner can stop it; when it ends, or None if the claim was moved meanwhile.

        Args:
            decided: columns that say who approved.
        """
        until = now + hours * 3_600.0
        self._notify(connection, claim, until, now)
        if not recovery.move(
            connection, claim.id, ("open", "review"), state="cooling", cool_off_until=until,
            submitted_at=claim.submitted_at or now, **decided,
        ):
            return None
        audit.note(connection, by, "recovery.cool_off", claim.id, {"account": claim.account, "until": until})
        return until

    def end(
        self, connection: Connection, claim: Claim, state: ClaimState, by: str, now: float, **values: object
    ) -> bool:
        """End a claim otherwise than by giving the account back; whether it was under way."""
        if not recovery.move(connection, claim.id, UNDER_WAY, state=state, ended_at=now, ended_by=by, **values):
            return False
        if claim.case_id is not None:
            cases.close_case(connection, claim.case_id, "refuse", now)
            write_history(connection, claim.case_id, by, f"recovery_{state}", {}, now)
        audit.note(connection, by, f"recovery.{state}", claim.id, {"account": claim.account})
        told = ClaimEnded(account=claim.account, claim=claim.id, state=state)
        outbox.put(connection, [claim_message("ended", claim.id, told, now)], now)
        return True

    def grant(self, connection: Connection, claim: Claim, now: float) -> bool:
        """Give the account back: its time to be stopped is over. Whether it was still to be granted."""
        by = claim.second_approver or claim.first_approver or "system"
        if not recovery.move(connection, claim.id, COOLING, state="granted", ended_at=now, ended_by=by):
            return False
        until = now + WATCH_DAYS * DAY_S
        recovery_facts.watch(connection, claim.account, until)
        order = RecoveryGranted(
            account=claim.account, claim=claim.id, settlement=claim.settlement, watch_until=until
        )
        outbox.put(connection, [claim_message("grant", claim.id, order, now)], now)
        if claim.case_id is not None:
            cases.close_case(connection, claim.case_id, "grant", now)
            write_history(connection, claim.case_id, by, "recovery_granted", {}, now)
        audit.note(connection, by, "recovery.granted", claim.id, {"account": claim.account})
        recovered = AccountRecovered(account=claim.account, claim_id=claim.id, by=by, at=now)
        for follow in self._followers:
            follow(connection, recovered)
        return True

    def _open_case(self, connection: Connection, claim: Claim, by: str, now: float) -> str:
        new = NewCase(
            kind="recovery", queue=QUEUE, target=claim.account,
            priority=PRIORITY_FLAGGED if claim.is_flagged or claim.is_high_value else PRIORITY,
            due_at=due_at(now, DUE_WORKING_HOURS, self._working),
        )
        return cases.open_case(connection, new, by, now)

    def _notify(self, connection: Connection, claim: Claim, until: float | None, now: float) -> None:
        """Tell the owner on every channel, with a fresh stop button."""
        token = recovery.stop_token(connection, claim.id)
        told = RecoveryNotice(
            account=claim.account, claim=claim.id, stop_url=f"{self._address}/public/recover/stop/{token}",
            until=until, text=NOTICE_TEXTS,
        )
        cause = f"{claim.id}.{recovery.digest(token)[:8]}"
        outbox.put(connection, [claim_message("notice", cause, told, now)], now)


def _needs_two(connection: Connection, claim: Claim) -> bool:
    weighed = recovery.read_assessment(connection, claim.id)
    forged_share = _assessment(weighed).forged_share if weighed else None
    return needs_two(claim.way, forged_share, is_high_value=claim.is_high_value, is_doubted=claim.is_flagged)
