"""Held money on its way out: applied for, checked, approved by two people, ordered, and paid once or not at all."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection

from anlan import clock
from anlan.desk.followers import CaseClosed
from anlan.domain import ledger
from anlan.domain.facts import StaffNotice
from anlan.domain.payouts import (
    DUE_WORKING_HOURS,
    EVIDENCE_DAYS,
    OPEN_STATES,
    REFUSALS,
    UNDECIDED_STATES,
    Evidence,
    FundsMoved,
    Instruction,
    PayoutOrdered,
    PayoutState,
    moved_message,
    order_message,
)
from anlan.domain.queues import WorkingTime, due_at
from anlan.errors import Conflict, Forbidden, InvalidRequest, NotFound
from anlan.store import audit, cases, funds, outbox, payouts
from anlan.store.cases import NewCase
from anlan.store.database import Database
from anlan.store.notices import tell_staff
from anlan.store.payouts import Application, Sealed

QUEUE = "funds"
PRIORITY, PRIORITY_OBJECTED = 3, 2
MIN_WORDS = 4
"""Shorter than this nobody understands a refusal or an objection."""


class Payouts:
    """Applications of members and what staff and the platform do with them.

    Args:
        working: when the desk is open; clocks of the steps count in it.
    """

    def __init__(self, database: Database, working: WorkingTime) -> None:
        self._database = database
        self._working = working

    def apply(self, account: str, holding_id: str, evidence: Evidence, instruction: Instruction) -> Application:
        """Ask for all that is held of one holding.

        Raises:
            InvalidRequest: something that is needed is empty.
            NotFound: the account has no such holding.
            Conflict: nothing is held of it, or it is applied for already (`application` in the details says where).
        """
        needed = (evidence.legal_name, evidence.id_number, evidence.contact, instruction.payee, instruction.account)
        if not all(text.strip() for text in needed):
            raise InvalidRequest(
                "say who you are, how to reach you and where to pay",
                zh="请填写身份信息、联系方式和收款信息", en="Say who you are, how to reach you and where to pay.",
            )
        now = clock.now()
        due = self._due("submitted", now)
        with self._database.write() as connection:
            funds.lock_owner(connection, account)
            holding = funds.find_holding(connection, holding_id)
            if holding is None or holding.account != account:
                raise NotFound("there is no such holding", zh="没有这项资产", en="There is no such holding.")
            if holding.held == 0:
                raise Conflict("nothing of it is held", zh="这项资产没有被保管的部分", en="Nothing of it is held.")
            new = NewCase(kind="funds", queue=QUEUE, target=account, priority=PRIORITY, due_at=due)
            case_id = cases.open_case(connection, new, account, now)
            vault = self._database.vault
            made = payouts.add_application(connection, vault, holding, case_id, evidence, instruction, due, now)
            if made is None:
                raise _already_open(payouts.open_application(connection, holding_id))
            return _written(connection, made, account, "submitted", now)

    def check(self, application_id: str, by: str) -> Application:
        """Say that the evidence shows the owner, and that the instruction can be paid.

        Raises:
            NotFound, Conflict: it is not waiting for a check, or `by` refused it before the member objected.
        """
        def act(connection: Connection, found: Application, now: float) -> None:
            if found.objected_against == by:
                raise _refused_before()
            due = self._due("checked", now)
            _step(connection, found, ("submitted",), "checked", due, checked_by=by, checked_at=now)

        return self._act(application_id, by, "checked", act)

    def approve(self, application_id: str, by: str) -> Application:
        """Approve: the first of two people, or the second, whose approval orders the payout.

        Who checked may be the first, never the second.

        Raises:
            NotFound, Conflict: it is not waiting for an approval, or not for one of this person.
        """
        def act(connection: Connection, found: Application, now: float) -> None:
            if found.state == "checked":
                due = self._due("approved", now)
                _step(connection, found, ("checked",), "approved", due, first_approver=by, first_approved_at=now)
                return
            if found.state == "approved" and by in (found.first_approver, found.checked_by):
                raise Forbidden(
                    "a second person, who has not checked it, must approve", zh="须由未参与核对和首次批准的另一人批准",
                    en="A second person, who has not checked it, must approve.",
                )
            due = self._due("ordered", now)
            _step(connection, found, ("approved",), "ordered", due, second_approver=by, ordered_at=now)
            _order(connection, found, by, now)

        return self._act(application_id, by, "approved", act)

    def refuse(self, application_id: str, by: str, ground: str, words: str) -> Application:
        """Turn down what is not ordered yet; the money stays held and the member can object.

        Raises:
            InvalidRequest: no such ground, or no words for the member.
            NotFound, Conflict.
        """
        if ground not in REFUSALS or len(words.strip()) < MIN_WORDS:
            raise InvalidRequest(
                "give a ground and tell the member why", zh="请选择理由并向用户说明",
                en="Give a ground and tell the member why.",
            )

        def act(connection: Connection, found: Application, now: float) -> None:
            if found.objected_against == by:
                raise _refused_before()
            values = {"refused_by": by, "refusal": ground, "refusal_words": words.strip()}
            _step(connection, found, UNDECIDED_STATES, "refused", None, ended_at=now, ended_by=by, **values)
            cases.close_case(connection, found.case_id, "refuse", now)
            _tell(connection, "payout.refused", found, now)

        return self._act(application_id, by, "refused", act)

    def object(self, account: str, application_id: str, words: str) -> Application:
        """The member does not accept a refusal: somebody else looks at it anew. Once for each application.

        Raises:
            InvalidRequest: no words.
            NotFound: the account has no such application.
            Conflict: it is not refused, or was objected to before.
        """
        if len(words.strip()) < MIN_WORDS:
            raise InvalidRequest("say why", zh="请说明理由", en="Say why you do not agree.")

        def act(connection: Connection, found: Application, now: float) -> None:
            is_under_way = payouts.open_application(connection, found.holding_id) is not None
            if found.state != "refused" or found.objected_against or is_under_way:
                raise Conflict(
                    "there is nothing to object to", zh="当前没有可提出异议的驳回",
                    en="There is nothing to object to now.",
                )
            payouts.keep_objection(connection, self._database.vault, found.id, words.strip())
            due = self._due("submitted", now)
            new = NewCase(kind="funds", queue=QUEUE, target=account, priority=PRIORITY_OBJECTED, due_at=due)
            case_id = cases.open_case(connection, new, account, now)
            _step(
                connection, found, ("refused",), "submitted", due, objected_against=found.refused_by, refused_by=None,
                ended_at=None, ended_by=None, checked_by=None, checked_at=None, first_approver=None,
                first_approved_at=None, case_id=case_id,
            )

        return self._act(application_id, account, "objected", act, owner=account)

    def withdraw(self, account: str, application_id: str) -> Application:
        """The member takes back what is not ordered yet, to apply again with something else.

        Raises:
            NotFound, Conflict.
        """
        def act(connection: Connection, found: Application, now: float) -> None:
            _withdraw(connection, found, account, now)

        return self._act(application_id, account, "withdrawn", act, owner=account)

    def confirm(
        self, application_id: str, amount_minor: int, reference: str, paid_at: float | None, by: str
    ) -> Application:
        """The platform has paid; saying so again changes nothing.

        Args:
            amount_minor: what it paid, which must be what was ordered.
            reference: as the platform books it.
            paid_at: seconds since the epoch; None for now.

        Raises:
            NotFound, Conflict: it is not ordered, or another amount was ordered.
        """
        def act(connection: Connection, found: Application, now: float) -> None:
            if found.amount_minor != amount_minor:
                raise Conflict(f"{found.amount_minor} {found.unit} were ordered, not {amount_minor}")
            _step(connection, found, ("ordered",), "paid", None, ended_at=now, ended_by=by, payment_reference=reference)
            lines = ledger.paid(found.holding_id, found.unit, found.amount_minor)
            funds.post(connection, "pay", found.id, found.holding_id, lines, by, now)
            funds.note_count(connection, found.holding_id, now if paid_at is None else paid_at)
            _tell(connection, "payout.paid", found, now)

        return self._settle(application_id, by, "paid", act)

    def fail(self, application_id: str, reason: str, by: str) -> Application:
        """The platform could not pay: the money stays held, and the member can apply again.

        Raises:
            NotFound, Conflict: it is not ordered.
        """
        def act(connection: Connection, found: Application, now: float) -> None:
            _step(connection, found, ("ordered",), "failed", None, ended_at=now, ended_by=by, failure=reason)
            if not funds.is_on_hold(connection, found.account):
                release_unclaimed(connection, found.account, found.id, by, now)
            _tell(connection, "payout.failed", found, now)

        return self._settle(application_id, by, "failed", act)

    def look(self, application_id: str, by: str) -> Sealed:
        """Who applied and where the money goes; every look is in the audit log.

        Raises:
            NotFound.
        """
        with self._database.write() as connection:
            found = _found(connection, application_id)
            audit.note(connection, by, "funds.look", found.id, {"account": found.account})
            return payouts.read_sealed(connection, self._database.vault, found.id)

    def on_case_closed(self, connection: Connection, closed: CaseClosed) -> None:
        """Refuse to let one judgement close what two people must approve.

        Raises:
            Conflict: the case is an application's.
        """
        if closed.case.kind == "funds":
            raise Conflict(
                "money is decided on its own page, where two people approve",
                zh="资金申请请在资金页面办理，须两人批准",
                en="Money is decided on its own page, where two people approve.",
            )

    def round(self, now: float) -> None:
        """Escalate what is overdue, and forget who applied when its time is over."""
        with self._database.write() as connection:
            for late in payouts.overdue_applications(connection, now):
                payouts.mark_escalated(connection, late.id, now)
                payouts.set_case_clock(connection, late.case_id, late.due_at, now)
                details = {"state": late.state, "due_at": late.due_at}
                notice = StaffNotice(
                    id=f"payout_overdue.{late.id}.{late.state}", at=now, kind="payout_overdue", subject=late.id,
                    details=details,
                )
                tell_staff(connection, [notice], now)
            payouts.forget_sealed(connection, now - EVIDENCE_DAYS * 86_400.0)

    def _settle(
        self, application_id: str, by: str, step: PayoutState, act: Callable[[Connection, Application, float], None]
    ) -> Application:
        """Take the platform's word; staff hear of it when it says the opposite of what it said before.

        Raises:
            NotFound, Conflict.
        """
        try:
            return self._act(application_id, by, step, act, unless=step)
        except Conflict:
            with self._database.write() as connection:
                found = _found(connection, application_id)
                if found.state in ("paid", "failed"):
                    tell_staff(connection, [_contradicted(found, step)], clock.now())
            raise

    def _due(self, state: PayoutState, now: float) -> float:
        return due_at(now, DUE_WORKING_HOURS[state], self._working)

    def _act(
        self, application_id: str, by: str, step: str, act: Callable[[Connection, Application, float], None], *,
        owner: str | None = None, unless: PayoutState | None = None,
    ) -> Application:
        """Do `act` while nobody else acts on the account's money, and write down that it was done.

        Args:
            owner: whose it must be.
            unless: a state in which everything has been done already.
        """
        now = clock.now()
        with self._database.write() as connection:
            funds.lock_owner(connection, _found(connection, application_id, owner).account)
            found = _found(connection, application_id, owner)
            if found.state == unless:
                return found
            if payouts.is_tied(connection, by, found.account):
                raise Forbidden(
                    "this is an account of yours, or of somebody near to you; leave it to others",
                    zh="这是你本人或亲友的账号，请交由其他人办理",
                    en="This is an account of yours, or of somebody near to you. Leave it to others.",
                )
            act(connection, found, now)
            return _written(connection, found.id, by, step, now)


def withdraw_undecided(connection: Connection, account: str, by: str, now: float) -> None:
    """The money is free again: nobody needs to decide on it any more."""
    for one in payouts.applications_under_way(connection, account):
        if one.state in UNDECIDED_STATES:
            _withdraw(connection, one, by, now)
            _written(connection, one.id, by, "withdrawn", now)


def release_unclaimed(connection: Connection, account: str, cause: str, by: str, now: float) -> None:
    """Give back what is held, but for what the platform may be paying out at this moment; close the channel."""
    claimed = {one.holding_id: one.amount_minor for one in payouts.applications_under_way(connection, account)}
    for one in funds.holdings_of(connection, account):
        amount = one.held - claimed.get(one.id, 0)
        lines = ledger.released(one.id, one.unit, amount)
        funds.post(connection, "release", f"{cause}:{one.id}", one.id, lines, by, now)
    funds.set_channel(connection, account, None)


def _withdraw(connection: Connection, found: Application, by: str, now: float) -> None:
    _step(connection, found, UNDECIDED_STATES, "withdrawn", None, ended_at=now, ended_by=by)
    cases.close_case(connection, found.case_id, "refuse", now)


def _order(connection: Connection, found: Application, by: str, now: float) -> None:
    order = PayoutOrdered(
        payout=found.id, account=found.account, holding=found.holding_id, holding_kind=found.holding_kind,
        unit=found.unit, amount=found.amount_minor,
    )
    outbox.put(connection, [order_message(order, now)], now)
    cases.close_case(connection, found.case_id, "grant", now)
    people = {"checked_by": found.checked_by, "first_approver": found.first_approver}
    details = {"account": found.account, "amount_minor": found.amount_minor, "unit": found.unit, **people}
    audit.note(connection, by, "funds.order", found.id, details)


def _step(
    connection: Connection, found: Application, before: tuple[PayoutState, ...], after: PayoutState,
    due: float | None, **values: Any,
) -> None:
    if not payouts.change_application(connection, found.id, before, after, due_at=due, **values):
        raise Conflict(
            f"the application is {found.state}; load it again", zh="申请的状态已经变化，请刷新后再试",
            en="The application has moved on meanwhile. Load it again.", state=found.state,
        )
    if after in OPEN_STATES:
        payouts.set_case_clock(connection, found.case_id, due, None)


def _tell(connection: Connection, kind: str, found: Application, now: float) -> None:
    told = FundsMoved(account=found.account, payout=found.id)
    cause = f"{found.id}.{int(found.objected_against is not None)}"
    outbox.put(connection, [moved_message(kind, told, cause, now)], now)


def _contradicted(found: Application, step: PayoutState) -> StaffNotice:
    details = {"account": found.account, "first": found.state, "then": step}
    return StaffNotice(
        id=f"payout_contradicted.{found.id}", at=clock.now(), kind="payout_contradicted", subject=found.id,
        details=details,
    )


def _written(connection: Connection, application_id: str, by: str, step: str, now: float) -> Application:
    found = _found(connection, application_id)
    details = {"account": found.account, "amount_minor": found.amount_minor, "unit": found.unit, "step": step}
    audit.note(connection, by, "funds.payout", found.id, details)
    cases.write_history(connection, found.case_id, by, step, {"payout": found.id, "state": found.state}, now)
    return found


def _found(connection: Connection, application_id: str, owner: str | None = None) -> Application:
    found = payouts.find_application(connection, application_id)
    if found is None or (owner is not None and found.account != owner):
        raise NotFound("there is no such application", zh="没有这份申请", en="There is no such application.")
    return found


def _already_open(first: Application | None) -> Conflict:
    return Conflict(
        "this is applied for already", zh="这项资产已有申请在办理中", en="This is applied for already.",
        application=first.id if first else "",
    )


def _refused_before() -> Forbidden:
    return Forbidden(
        "you refused it before; somebody else must look now", zh="此前由你驳回，须由其他人复核",
        en="You refused it before. Somebody else must look now.",
    )
