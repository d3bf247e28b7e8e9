"""What members asked the platform to do: each once while it stands, and every move from a state that it was in."""

import secrets
from typing import Any

import msgspec
from sqlalchemy import Connection, Select, delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from anlan.domain.errands import (
    FREEZE_LOOK_BACK_S,
    MAX_PAYMENTS,
    STANDING,
    ErrandKind,
    ErrandState,
    Outcome,
    PaymentMeant,
)
from anlan.store.batch import storable
from anlan.store.tables import alerted_payments, errands

_E = errands.c


class Errand(msgspec.Struct, frozen=True, kw_only=True):
    """One errand; times are wall-clock seconds.

    Attributes:
        account: `account:<id>`.
        about: `kind:id` of who is on the other side; empty for nobody named.
    """

    id: str
    account: str
    kind: ErrandKind
    about: str
    state: ErrandState
    asked_at: float
    answered_at: float | None = None
    taken_back_at: float | None = None


_ERRAND: Select[Any] = select(*(_E[name] for name in Errand.__struct_fields__))


def add_errand(connection: Connection, account: str, kind: ErrandKind, about: str, now: float) -> Errand | None:
    """Keep a new errand; None when the same stands already."""
    new = Errand(
        id=f"errand_{secrets.token_hex(11)}", account=storable(account), kind=kind, about=storable(about),
        state="asked", asked_at=now,
    )
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    adding = dialect.insert(errands).values(msgspec.structs.asdict(new)).on_conflict_do_nothing()
    return new if connection.execute(adding.returning(_E.id)).first() is not None else None


def find_errand(connection: Connection, errand_id: str, account: str | None = None) -> Errand | None:
    """The errand with this id; with `account` only if it is theirs."""
    mine = [] if account is None else [_E.account == storable(account)]
    row = connection.execute(_ERRAND.where(_E.id == errand_id, *mine)).mappings().one_or_none()
    return Errand(**row) if row else None


def standing_errand(connection: Connection, account: str, kind: ErrandKind, about: str) -> Errand:
    """The one that stands, of which `add_errand` said that it does."""
    query = _ERRAND.where(
        _E.account == storable(account), _E.kind == kind, _E.about == storable(about), _E.state.in_(STANDING)
    )
    return Errand(**connection.execute(query).mappings().one())


def errand_about(connection: Connection, account: str, kind: ErrandKind, about: str) -> Errand | None:
    """The last of this kind about somebody that was not taken back; None where it can be asked for."""
    query = _ERRAND.where(
        _E.account == storable(account), _E.kind == kind, _E.about == storable(about), _E.state != "taken_back"
    )
    row = connection.execute(query.order_by(_E.asked_at.desc(), _E.id).limit(1)).mappings().one_or_none()
    return Errand(**row) if row else None


def errands_of(connection: Connection, account: str, limit: int = 50) -> list[Errand]:
    """Everything that a member asked for, newest first."""
    query = _ERRAND.where(_E.account == storable(account)).order_by(_E.asked_at.desc(), _E.id).limit(limit)
    return [Errand(**row) for row in connection.execute(query).mappings()]


def count_errands(connection: Connection, account: str, kind: ErrandKind, since: float) -> int:
    """How many of a kind a member has asked for since then, those that were taken back included."""
    query = select(func.count()).where(_E.account == storable(account), _E.kind == kind, _E.asked_at > since)
    return connection.execute(query).scalar_one()


def unanswered_freezes(connection: Connection, asked_after: float, asked_before: float, limit: int) -> list[Errand]:
    """Money that the platform was asked to stop in this time and has said nothing about, oldest first."""
    waits = (_E.kind == "freeze") & (_E.state == "asked") & (_E.asked_at > asked_after) & (_E.asked_at < asked_before)
    rows = connection.execute(_ERRAND.where(waits).order_by(_E.asked_at).limit(limit)).mappings()
    return [Errand(**row) for row in rows]


def answer_errand(connection: Connection, errand_id: str, outcome: Outcome, now: float) -> bool:
    """Note what the platform did; False when it has said so before, or the member has taken it back."""
    waiting = update(errands).where(_E.id == errand_id, _E.state == "asked")
    return connection.execute(waiting.values(state=outcome, answered_at=now)).rowcount == 1


def take_errand_back(connection: Connection, errand_id: str, account: str, now: float) -> bool:
    """Take it back; False when it does not stand any more, or is not theirs."""
    standing = update(errands).where(_E.id == errand_id, _E.account == storable(account), _E.state.in_(STANDING))
    return connection.execute(standing.values(state="taken_back", taken_back_at=now)).rowcount == 1


def payments_meant(connection: Connection, payer: str, about: str, now: float) -> tuple[PaymentMeant, ...]:
    """Warned payments of the last days that may have gone through, newest first; only those to `about` if any were."""
    rows = alerted_payments.c
    is_meant = (rows.payer == storable(payer)) & (rows.at > now - FREEZE_LOOK_BACK_S)
    is_meant &= rows.outcome.is_(None) | (rows.outcome == "paid")
    query = select(*(rows[name] for name in PaymentMeant.__struct_fields__)).where(is_meant)
    found = connection.execute(query.order_by(rows.at.desc(), rows.payment_id).limit(MAX_PAYMENTS)).mappings()
    meant = tuple(PaymentMeant(**row) for row in found)
    return tuple(one for one in meant if one.other == about) or meant


def forget_errands(connection: Connection, before: float, limit: int) -> int:
    """Remove what was asked for before `before`; how many that were."""
    ids = connection.execute(select(_E.id).where(_E.asked_at < before).limit(limit)).scalars().all()
    connection.execute(delete(errands).where(_E.id.in_(ids)))
    return len(ids)
