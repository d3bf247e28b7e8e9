"""Warnings to guardians: one for each person and alert, what they hold is sealed, and it is gone after a month."""

from collections.abc import Iterable, Sequence
from hashlib import blake2b
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, Select, bindparam, delete, func, select, update

from anlan.domain.circles import DAY_S, SHOWN_DAYS, GuardianAnswer, WarningState
from anlan.domain.scenarios import Harm, Strength
from anlan.store.batch import add_rows, insert_into, storable
from anlan.store.circle_invitations import forget_invitations
from anlan.store.circles import forget_bonds, forget_safe_modes
from anlan.store.tables import circle_bonds, circle_warnings, events
from anlan.store.vault import Vault, shown_data

_W = circle_warnings.c


class Risk(msgspec.Struct, frozen=True):
    """What a warning is about."""

    harm: Harm
    strength: Strength


class Warned(msgspec.Struct, frozen=True, kw_only=True):
    """A guardian was warned of a ward.

    Attributes:
        at: event time; the other times are wall-clock seconds.
        called_at: when the guardian said that they have spoken with the ward.
        vouched_at: when they said that they know the payee; it lifts nothing.
    """

    id: str
    alert_id: str
    bond_id: str
    ward: str
    guardian: str
    at: float
    made_at: float
    state: WarningState
    risk: Risk
    called_at: float | None = None
    vouched_at: float | None = None


class Recent(msgspec.Struct, frozen=True):
    """What one bond has brought of late."""

    count: int
    last_at: float


class CircleFigures(msgspec.Struct, frozen=True):
    """What staff may know of all circles together.

    Attributes:
        bonds: that stand now; `pausing` of these let the guardian pause a payment.
        sent, held, called, vouched: warnings of the last `SHOWN_DAYS`, and what guardians said.
    """

    bonds: int
    pausing: int
    sent: int
    held: int
    called: int
    vouched: int


_risk = msgspec.json.Decoder(Risk)
_COLUMNS = [_W[name] for name in Warned.__struct_fields__ if name != "risk"]
_WARNINGS: Select[Any] = select(*_COLUMNS, _W.sealed)
_ROWS = insert_into(circle_warnings)
_KNOWN = select(_W.id).where(_W.id.in_(bindparam("ids", expanding=True)))
_RECENT = (
    select(_W.bond_id, func.count(), func.max(_W.made_at))
    .where(_W.bond_id.in_(bindparam("bonds", expanding=True)), _W.made_at > bindparam("since"), _W.state == "sent")
    .group_by(_W.bond_id)
)


def warning_id(alert_id: str, guardian: str) -> str:
    """The same alert and guardian always give the same warning."""
    return f"warned_{blake2b(f'{len(alert_id)}:{alert_id}{guardian}'.encode(), digest_size=16).hexdigest()}"


def known_warnings(connection: Connection, ids: Iterable[str]) -> set[str]:
    """Those of `ids` that were made before; final while the caller holds their bonds."""
    return set(connection.execute(_KNOWN, {"ids": list(ids)}).scalars())


def add_warnings(connection: Connection, vault: Vault, warnings: Sequence[Warned]) -> None:
    """Keep them; the database refuses a second one for the same alert and guardian."""
    add_rows(connection, _ROWS, (
        {
            "id": one.id, "alert_id": one.alert_id, "bond_id": one.bond_id, "ward": storable(one.ward),
            "guardian": storable(one.guardian), "at": one.at, "made_at": one.made_at, "state": one.state,
            "sealed": vault.seal(msgspec.json.encode(one.risk), one.id.encode()),
        }
        for one in warnings
    ))


def recent(connection: Connection, bonds: Iterable[str], since: float) -> dict[str, Recent]:
    """How many warnings each bond has sent since then, and when the last one was."""
    found = connection.execute(_RECENT, {"bonds": list(bonds), "since": since})
    return {row[0]: Recent(row[1], row[2]) for row in found}


def find_warning(connection: Connection, vault: Vault, warning_id: str, guardian: str, now: float) -> Warned | None:
    """A warning of this guardian while it is shown; None for one of somebody else."""
    query = _WARNINGS.where(_W.id == warning_id, _W.guardian == storable(guardian), _is_shown(now))
    row = connection.execute(query).one_or_none()
    return _warned(row, vault) if row else None


def warnings_for(connection: Connection, vault: Vault, guardian: str, now: float) -> list[Warned]:
    """What a guardian was warned of in the last `SHOWN_DAYS`, newest first."""
    bonds = select(circle_bonds.c.id).where(circle_bonds.c.guardian == storable(guardian))
    query = _WARNINGS.where(_W.bond_id.in_(bonds), _is_shown(now)).order_by(_W.made_at.desc(), _W.id)
    return [_warned(row, vault) for row in connection.execute(query)]


def warnings_about(connection: Connection, vault: Vault, ward: str, now: float) -> list[Warned]:
    """What others were told of a ward in the last `SHOWN_DAYS`, newest first."""
    bonds = select(circle_bonds.c.id).where(circle_bonds.c.ward == storable(ward))
    query = _WARNINGS.where(_W.bond_id.in_(bonds), _is_shown(now)).order_by(_W.made_at.desc(), _W.id)
    return [_warned(row, vault) for row in connection.execute(query)]


def warnings_of_alert(connection: Connection, vault: Vault, alert_id: str, ward: str) -> list[Warned]:
    """Who was told of one alert, and what they answered."""
    query = _WARNINGS.where(_W.alert_id == alert_id, _W.ward == storable(ward)).order_by(_W.guardian)
    return [_warned(row, vault) for row in connection.execute(query)]


def record_answer(
    connection: Connection, warning_id: str, guardian: str, answer: GuardianAnswer, now: float
) -> bool:
    """Note what a guardian did; False when they said so before."""
    column = {"called": _W.called_at, "vouched": _W.vouched_at}[answer]
    mine = update(circle_warnings).where(
        _W.id == warning_id, _W.guardian == storable(guardian), column.is_(None), _is_shown(now)
    )
    return connection.execute(mine.values({column: now})).rowcount == 1


_NAMES_SOMEBODY = ("account", "other", "sender", "recipient", "payer", "payee_account", "viewer", "during_call_with")
"""Fields of events that may name another account; an operator's own types may use such a name for something else."""
_fields = msgspec.json.Decoder(dict[str, Any])


def people_in(connection: Connection, seqs: Iterable[int]) -> dict[int, frozenset[str]]:
    """The accounts that each event is about, whoever acted included."""
    query = select(events.c.seq, events.c.actor, events.c.data).where(events.c.seq.in_(sorted(set(seqs))))
    return {row.seq: _accounts(row.actor, bytes(row.data or b"{}")) for row in connection.execute(query)}


def other_in(connection: Connection, seq: int, account: str) -> str:
    """The one other account that an event is about; empty where there is none, or more than one."""
    others = people_in(connection, [seq]).get(seq, frozenset()) - {account}
    return next(iter(others)) if len(others) == 1 else ""


def _accounts(actor: str, data: bytes) -> frozenset[str]:
    said = _fields.decode(shown_data(data))
    names = (said.get(field) for field in _NAMES_SOMEBODY)
    return frozenset({actor, *(f"account:{name}" for name in names if isinstance(name, str))})


def read_figures(connection: Connection, now: float) -> CircleFigures:
    """Counts over all circles."""
    standing = select(func.count(), func.count().filter(circle_bonds.c.may_pause)).where(
        circle_bonds.c.state == "standing"
    )
    warned = select(
        func.count().filter(_W.state == "sent"), func.count().filter(_W.state == "held"), func.count(_W.called_at),
        func.count(_W.vouched_at),
    ).where(_is_shown(now))
    return CircleFigures(*connection.execute(standing).one(), *connection.execute(warned).one())


def forget_circles(connection: Connection, before: float, limit: int, now: float) -> int:
    """Delete what nobody is shown any more; returns how many rows.

    Args:
        before: when that was as of which personal things go; bonds that safe mode ended go then, unseen by anybody.
    """
    shown_since = now - SHOWN_DAYS * DAY_S
    old = connection.execute(select(_W.id).where(_W.made_at <= shown_since).limit(limit)).scalars().all()
    connection.execute(delete(circle_warnings).where(_W.id.in_(old)))
    gone = forget_invitations(connection, shown_since, limit) + forget_bonds(connection, shown_since, before, limit)
    return len(old) + gone + forget_safe_modes(connection, now)


def _is_shown(now: float) -> Any:
    return _W.made_at > now - SHOWN_DAYS * DAY_S


def _warned(row: Row[Any], vault: Vault) -> Warned:
    known = {name: value for name, value in row._mapping.items() if name != "sealed"}
    return Warned(**known, risk=_risk.decode(vault.open(bytes(row.sealed), row.id.encode())))
