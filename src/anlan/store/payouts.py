"""Applications to get held money out: written once, moved step by step, with what is sensitive in them sealed."""

import secrets
from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from anlan.domain.ledger import HoldingKind
from anlan.domain.payouts import OPEN_STATES, Evidence, Instruction, PayoutState
from anlan.store.funds import Holding
from anlan.store.tables import cases, holdings, payout_applications, staff_ties
from anlan.store.vault import Vault


class Application(msgspec.Struct, frozen=True, kw_only=True):
    """One application, without what is sealed in it; times are wall-clock seconds.

    Attributes:
        amount_minor: whole minor units of `unit`.
        due_at: of the step it is in; None at its end.
        refusal: one of `domain.payouts.REFUSALS`.
        objected_against: who refused it before the member objected.
        payment_reference: as the platform books the payment.
        failure: what the platform said when it could not pay.
    """

    id: str
    account: str
    holding_id: str
    holding_kind: HoldingKind
    title: str
    amount_minor: int
    unit: str
    case_id: str
    state: PayoutState
    applied_at: float
    due_at: float | None
    escalated_at: float | None
    checked_by: str | None
    checked_at: float | None
    first_approver: str | None
    first_approved_at: float | None
    second_approver: str | None
    ordered_at: float | None
    refused_by: str | None
    refusal: str | None
    refusal_words: str
    objected_against: str | None
    ended_at: float | None
    ended_by: str | None
    payment_reference: str
    failure: str


class Sealed(msgspec.Struct, frozen=True, kw_only=True):
    """What only a few may see of an application; None once its time is over."""

    evidence: Evidence | None
    instruction: Instruction | None
    objection: str | None


_FROM_HOLDING = {"holding_kind": holdings.c.kind, "title": holdings.c.title}
_APPLICATION = select(
    *(
        _FROM_HOLDING[name].label(name) if name in _FROM_HOLDING else payout_applications.c[name]
        for name in Application.__struct_fields__
    )
).select_from(payout_applications.join(holdings))
_evidence = msgspec.json.Decoder(Evidence).decode
_instruction = msgspec.json.Decoder(Instruction).decode


def add_application(
    connection: Connection, vault: Vault, holding: Holding, case_id: str, evidence: Evidence, instruction: Instruction,
    due_at: float, now: float,
) -> str | None:
    """A new application for all that is held; its id, or None when one for this holding is open already."""
    application_id = f"payout_{secrets.token_hex(12)}"
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    row = dialect.insert(payout_applications).values(
        id=application_id, account=holding.account, holding_id=holding.id, amount_minor=holding.held,
        unit=holding.unit, case_id=case_id, state="submitted", applied_at=now, due_at=due_at,
        evidence=_seal(vault, application_id, "evidence", evidence),
        instruction=_seal(vault, application_id, "instruction", instruction),
        refusal_words="", payment_reference="", failure="",
    )
    added = connection.execute(row.on_conflict_do_nothing().returning(payout_applications.c.id))
    return added.scalar_one_or_none()


def find_application(connection: Connection, application_id: str) -> Application | None:
    """One application by id."""
    row = connection.execute(_APPLICATION.where(payout_applications.c.id == application_id)).mappings().one_or_none()
    return Application(**row) if row else None


def application_of_case(connection: Connection, case_id: str) -> Application | None:
    """The application that a case stands for."""
    query = _APPLICATION.where(payout_applications.c.case_id == case_id)
    row = connection.execute(query).mappings().one_or_none()
    return Application(**row) if row else None


def open_application(connection: Connection, holding_id: str) -> Application | None:
    """The application that is under way for a holding; there is one at most."""
    query = _APPLICATION.where(payout_applications.c.holding_id == holding_id)
    row = connection.execute(query.where(payout_applications.c.state.in_(OPEN_STATES))).mappings().one_or_none()
    return Application(**row) if row else None


def applications_of(connection: Connection, account: str, limit: int = 50) -> list[Application]:
    """Applications of one member, newest first."""
    query = _APPLICATION.where(payout_applications.c.account == account)
    query = query.order_by(payout_applications.c.applied_at.desc(), payout_applications.c.id).limit(limit)
    return [Application(**row) for row in connection.execute(query).mappings()]


def applications_under_way(connection: Connection, account: str) -> list[Application]:
    """All of one member's applications that are not at their end."""
    query = _APPLICATION.where(payout_applications.c.account == account, payout_applications.c.state.in_(OPEN_STATES))
    return [Application(**row) for row in connection.execute(query).mappings()]


def applications_in(
    connection: Connection, states: Sequence[PayoutState], limit: int = 100, offset: int = 0
) -> list[Application]:
    """Applications in these states: those under way by what is due first, those at their end newest first."""
    query = _APPLICATION.where(payout_applications.c.state.in_(states))
    order = (payout_applications.c.due_at.is_(None), payout_applications.c.due_at)
    query = query.order_by(*order, payout_applications.c.ended_at.desc(), payout_applications.c.id)
    return [Application(**row) for row in connection.execute(query.limit(limit).offset(offset)).mappings()]


def count_by_state(connection: Connection) -> dict[str, int]:
    """How many applications are in each state."""
    query = select(payout_applications.c.state, func.count()).group_by(payout_applications.c.state)
    return {row[0]: row[1] for row in connection.execute(query)}


def count_by_day(connection: Connection, since: float) -> list[tuple[float, int, int]]:
    """(UTC midnight, applied, of them paid by now) of each day since `since` that has any."""
    day = func.floor(payout_applications.c.applied_at / 86_400.0)
    is_paid = payout_applications.c.state == "paid"
    query = select(day, func.count(), func.count().filter(is_paid)).where(payout_applications.c.applied_at >= since)
    return [(float(row[0]) * 86_400.0, row[1], row[2]) for row in connection.execute(query.group_by(day).order_by(day))]


def change_application(
    connection: Connection, application_id: str, before: Sequence[PayoutState], after: PayoutState, **values: Any
) -> bool:
    """Bring an application from one of the states `before` to `after`; False when it is in none of them."""
    moved = connection.execute(
        update(payout_applications)
        .where(payout_applications.c.id == application_id, payout_applications.c.state.in_(before))
        .values(state=after, escalated_at=None, **values)
    )
    return moved.rowcount == 1


def keep_objection(connection: Connection, vault: Vault, application_id: str, words: str) -> None:
    """Seal what the member says against a refusal into the application."""
    sealed = vault.seal(words.encode(), _context(application_id, "objection"))
    row = update(payout_applications).where(payout_applications.c.id == application_id)
    connection.execute(row.values(objection=sealed))


def read_sealed(connection: Connection, vault: Vault, application_id: str) -> Sealed:
    """What is sealed in an application; whoever shows it to a person notes the look in the audit log."""
    names = ("evidence", "instruction", "objection")
    query = select(*(payout_applications.c[name] for name in names)).where(payout_applications.c.id == application_id)
    row = connection.execute(query).mappings().one()
    plain = {
        name: None if row[name] is None else vault.open(row[name], _context(application_id, name)) for name in names
    }
    evidence, instruction, objection = (plain[name] for name in names)
    return Sealed(
        evidence=_evidence(evidence) if evidence else None,
        instruction=_instruction(instruction) if instruction else None,
        objection=objection.decode() if objection else None,
    )


def overdue_applications(connection: Connection, now: float, limit: int = 100) -> list[Application]:
    """Those whose step is overdue and of whom nobody has been told yet."""
    query = _APPLICATION.where(
        payout_applications.c.state.in_(OPEN_STATES), payout_applications.c.due_at < now,
        payout_applications.c.escalated_at.is_(None),
    )
    return [Application(**row) for row in connection.execute(query.limit(limit)).mappings()]


def mark_escalated(connection: Connection, application_id: str, now: float) -> None:
    """Note that the step it is in was escalated."""
    row = update(payout_applications).where(payout_applications.c.id == application_id)
    connection.execute(row.values(escalated_at=now))


def forget_sealed(connection: Connection, before: float) -> int:
    """Drop who applied and where the money went from applications that ended before `before`; how many."""
    forgotten = connection.execute(
        update(payout_applications)
        .where(payout_applications.c.ended_at < before, payout_applications.c.evidence.is_not(None))
        .values(evidence=None, instruction=None, objection=None)
    )
    return forgotten.rowcount


def set_case_clock(connection: Connection, case_id: str, due_at: float | None, escalated_at: float | None) -> None:
    """Give an application's case the clock of the step that it is in now."""
    row = update(cases).where(cases.c.id == case_id, cases.c.state == "open")
    connection.execute(row.values(due_at=due_at, escalated_at=escalated_at))


def is_tied(connection: Connection, by: str, account: str) -> bool:
    """Whether the account is this member of staff's own, or of somebody near to them."""
    query = select(staff_ties.c.by).where(staff_ties.c.by == by, staff_ties.c.entity == account)
    return connection.execute(query).first() is not None


def _seal(vault: Vault, application_id: str, part: str, value: Evidence | Instruction) -> bytes:
    return vault.seal(msgspec.json.encode(value), _context(application_id, part))


def _context(application_id: str, part: str) -> bytes:
    return f"{application_id}:{part}".encode()
