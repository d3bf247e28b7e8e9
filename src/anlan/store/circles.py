"""Bonds of circles, and what each side may know of them: who stands, who has left, who may not be told so."""

import secrets
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    and_,
    bindparam,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from anlan.domain.circles import DAY_S, SHOWN_DAYS, BondState, Consent, agreed, in_order
from anlan.domain.scenarios import Harm
from anlan.store.batch import storable
from anlan.store.tables import circle_blocks, circle_bonds, circle_members, containments, facts
from anlan.store.vault import Vault

_B = circle_bonds.c


class Bond(msgspec.Struct, frozen=True, kw_only=True):
    """One guardian for one ward; times are wall-clock seconds.

    Attributes:
        ward, guardian: `account:<id>`.
        guardian_called: what the ward calls the guardian, `ward_called` the other way round; empty for nothing.
        quieted_at: when it really ended, while it looks to the other as it did; for nobody's eyes.
        left_by: who ended it; None for safe mode, or when a fresh consent took its place.
    """

    id: str
    ward: str
    guardian: str
    ward_harms: tuple[Harm, ...]
    guardian_harms: tuple[Harm, ...]
    may_pause: bool
    guardian_called: str
    ward_called: str
    state: BondState
    began_at: float
    quieted_at: float | None
    quiet_until: float | None
    ended_at: float | None
    left_by: str | None

    @property
    def harms(self) -> tuple[Harm, ...]:
        """The harms to which both have agreed."""
        return agreed(self.ward_harms, self.guardian_harms)

    def shown_harms(self, account: str) -> tuple[Harm, ...]:
        """What `account` may know of it: a ward all, a guardian only their own part, so that nobody asks why."""
        return self.harms if account == self.ward else self.guardian_harms

    def other(self, account: str) -> str:
        """The one of the two who is not `account`."""
        return self.guardian if account == self.ward else self.ward

    def called(self, account: str) -> str:
        """What `account` calls the other; empty for nothing."""
        return self.guardian_called if account == self.ward else self.ward_called


class Watching(msgspec.Struct, frozen=True):
    """What a warning needs to know of a bond that stands."""

    id: str
    ward: str
    guardian: str
    harms: tuple[Harm, ...]
    may_pause: bool


class SafeMode(msgspec.Struct, frozen=True):
    """Since when nobody is warned of a member, and until when; None for as long as it is on."""

    since: float
    until: float | None


def lock_members(connection: Connection, *accounts: str) -> None:
    """Hold the rows of these members until the transaction ends, always in the same order."""
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    for account in sorted({storable(account) for account in accounts}):
        row = dialect.insert(circle_members).values(account=account, locked=0)
        held = row.on_conflict_do_update(
            index_elements=[circle_members.c.account], set_={"locked": 1 - circle_members.c.locked}
        )
        connection.execute(held)


def add_bond(
    connection: Connection, ward: str, guardian: str, ward_consent: Consent, guardian_consent: Consent, now: float,
    *, is_quiet: bool,
) -> str:
    """A bond by the fresh consent of both, in place of any that there was; returns its id.

    Args:
        is_quiet: it looks like any other and warns nobody, because one of them is in safe mode.
    """
    pair = (_B.ward == storable(ward), _B.guardian == storable(guardian), _B.state != "ended")
    connection.execute(update(circle_bonds).where(*pair).values(state="ended", ended_at=now, left_by=None))
    bond_id = f"bond_{secrets.token_hex(11)}"
    row = {
        "id": bond_id, "ward": storable(ward), "guardian": storable(guardian),
        "ward_harms": ",".join(ward_consent.harms), "guardian_harms": ",".join(guardian_consent.harms),
        "may_pause": ward_consent.may_pause, "state": "quiet" if is_quiet else "standing", "began_at": now,
        "quieted_at": now if is_quiet else None,
    }
    connection.execute(insert(circle_bonds), row)
    return bond_id


def change_consent(connection: Connection, bond: Bond, account: str, consent: Consent) -> bool:
    """Replace what one side agrees to; False when the bond is over for them."""
    mine = "ward_harms" if account == bond.ward else "guardian_harms"
    values: dict[str, Any] = {mine: ",".join(consent.harms)}
    if account == bond.ward:
        values["may_pause"] = consent.may_pause
    return connection.execute(_living(bond.id, account).values(values)).rowcount == 1


def name_other(connection: Connection, vault: Vault, bond: Bond, account: str, name: str) -> bool:
    """Keep what one side calls the other; False when the bond is over for them."""
    column = "guardian_called" if account == bond.ward else "ward_called"
    sealed = vault.seal(name.encode(), _context(bond.id, column)) if name else None
    return connection.execute(_living(bond.id, account).values({column: sealed})).rowcount == 1


def leave_quietly(connection: Connection, bond: Bond, account: str, until: float, now: float) -> bool:
    """End it and let it look to the other as it did until `until`; False when it was over already."""
    leaving = _living(bond.id, account).values(
        state="quiet", left_by=storable(account), quieted_at=func.coalesce(_B.quieted_at, now), quiet_until=until
    )
    return connection.execute(leaving).rowcount == 1


def leave_openly(connection: Connection, bond: Bond, account: str, now: float) -> bool:
    """End it for both; False when it was over already."""
    leaving = _living(bond.id, account).values(state="ended", left_by=storable(account), ended_at=now)
    return connection.execute(leaving).rowcount == 1


def quieten(connection: Connection, account: str, now: float) -> int:
    """End every bond of an account without a trace to anybody; returns how many."""
    both = or_(_B.ward == storable(account), _B.guardian == storable(account))
    quiet = update(circle_bonds).where(both, _B.state == "standing").values(state="quiet", quieted_at=now)
    return connection.execute(quiet).rowcount


def come_out(connection: Connection, now: float, limit: int) -> list[Bond]:
    """End the quiet bonds whose time is over, so that the other learns of it; each comes out once."""
    due = select(_B.id).where(_B.state == "quiet", _B.quiet_until <= now).order_by(_B.quiet_until).limit(limit)
    ended = update(circle_bonds).where(_B.id.in_(due), _B.state == "quiet").values(state="ended", ended_at=now)
    return [_bond(row) for row in connection.execute(ended.returning(*circle_bonds.c))]


def find_bond(connection: Connection, vault: Vault, bond_id: str, account: str) -> Bond | None:
    """A bond as one of its two sides sees it; None when it is over for them, or not theirs."""
    row = connection.execute(_BONDS.where(_B.id == bond_id, _shown_to(account))).one_or_none()
    return _bond(row, vault) if row else None


def bonds_of(connection: Connection, vault: Vault, account: str) -> list[Bond]:
    """Every bond that looks to `account` as if it stood, oldest first."""
    shown = _BONDS.where(_shown_to(account)).order_by(_B.began_at, _B.id)
    return [_bond(row, vault) for row in connection.execute(shown)]


def names_by(connection: Connection, vault: Vault, account: str) -> dict[str, str]:
    """What `account` calls those of its circle, by `account:<id>`; without those whom it calls nothing."""
    return {one.other(account): name for one in bonds_of(connection, vault, account) if (name := one.called(account))}


def ended_lately(connection: Connection, vault: Vault, account: str, now: float) -> list[Bond]:
    """Bonds that the other one ended, as far as `account` knows in the last `SHOWN_DAYS`; newest first."""
    mine, name = or_(_B.ward == storable(account), _B.guardian == storable(account)), storable(account)
    query = _BONDS.where(mine, _B.state == "ended", _B.left_by != name, _B.ended_at > now - SHOWN_DAYS * DAY_S)
    return [_bond(row, vault) for row in connection.execute(query.order_by(_B.ended_at.desc()))]


def count_bonds(connection: Connection, account: str) -> tuple[int, int]:
    """How many guardians and how many wards an account has, as it sees it."""
    name = storable(account)
    query = select(func.count().filter(_B.ward == name), func.count().filter(_B.guardian == name))
    row = connection.execute(query.where(_shown_to(account))).one()
    return row[0], row[1]


def standing(connection: Connection, ward: str, guardian: str | None = None) -> list[Watching]:
    """The bonds in which others are warned of `ward`, or the one with `guardian`; oldest first."""
    query = _WATCHING.where(_B.ward == storable(ward))
    if guardian is not None:
        query = query.where(_B.guardian == storable(guardian))
    found = [_watching(row) for row in connection.execute(query.order_by(_B.began_at, _B.id))]
    return _without_cut(connection, found)


def lets_pause(connection: Connection, ward: str, guardian: str) -> bool:
    """Whether the ward agreed that this guardian may pause a payment of theirs, and the bond stands."""
    return any(bond.may_pause for bond in standing(connection, ward, guardian))


def hold_watching(connection: Connection, wards: Iterable[str]) -> list[Watching]:
    """The bonds that stand for any of `wards`, held until the transaction ends: whoever leaves now waits or is gone."""
    names = sorted({storable(ward) for ward in wards})
    return _without_cut(connection, [_watching(row) for row in connection.execute(_HOLD, {"wards": names})])


def _without_cut(connection: Connection, found: Sequence[Watching]) -> list[Watching]:
    """Without guardians whose friendship with the ward was ended: whoever ends it means that nothing more is told."""
    ties = [f"tie:{bond.ward}|{bond.guardian}" for bond in found]
    newest = {row.entity: bytes(row.value) for row in connection.execute(_TIES, {"ties": ties})} if ties else {}
    return [bond for bond in found if newest.get(f"tie:{bond.ward}|{bond.guardian}") != b"null"]


def enter_safe_mode(connection: Connection, account: str, now: float) -> bool:
    """Turn safe mode on; False when it is on already."""
    row = update(circle_members).where(
        circle_members.c.account == storable(account),
        or_(circle_members.c.safe_since.is_(None), circle_members.c.safe_until.is_not(None)),
    )
    return connection.execute(row.values(safe_since=now, safe_until=None)).rowcount == 1


def leave_safe_mode(connection: Connection, account: str, until: float) -> bool:
    """Let it end at `until`; False when it is not on."""
    row = update(circle_members).where(
        circle_members.c.account == storable(account), circle_members.c.safe_since.is_not(None),
        circle_members.c.safe_until.is_(None),
    )
    return connection.execute(row.values(safe_until=until)).rowcount == 1


def forget_safe_modes(connection: Connection, now: float) -> int:
    """Forget that members were in a safe mode that is over; returns how many."""
    over = update(circle_members).where(circle_members.c.safe_until <= now)
    return connection.execute(over.values(safe_since=None, safe_until=None)).rowcount


def safe_mode_of(connection: Connection, account: str, now: float) -> SafeMode | None:
    """The safe mode that an account is in, its cool-off included; None for none."""
    query = select(circle_members.c.safe_since, circle_members.c.safe_until)
    row = connection.execute(query.where(circle_members.c.account == storable(account))).one_or_none()
    if row is None or row.safe_since is None or (row.safe_until is not None and row.safe_until <= now):
        return None
    return SafeMode(row.safe_since, row.safe_until)


def take_reminders(connection: Connection, before: float, now: float, limit: int) -> list[str]:
    """Wards who were last reminded before `before`, or never and watched over since then; each is given out once."""
    watched = select(_B.ward).where(
        _B.ward == circle_members.c.account, _B.state != "ended", _B.left_by.is_(None), _B.began_at < before
    )
    since = or_(circle_members.c.reminded_at.is_(None), circle_members.c.reminded_at < before)
    due = select(circle_members.c.account).where(since, watched.exists()).limit(limit)
    reminded = update(circle_members).where(circle_members.c.account.in_(due), since).values(reminded_at=now)
    return list(connection.execute(reminded.returning(circle_members.c.account)).scalars())


def block(connection: Connection, account: str, other: str, now: float) -> bool:
    """Take nothing from `other` any more; False when it is so already."""
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    row = dialect.insert(circle_blocks).values(account=storable(account), other=storable(other), since=now)
    return connection.execute(row.on_conflict_do_nothing()).rowcount == 1


def unblock(connection: Connection, account: str, other: str) -> bool:
    """Take invitations of `other` again; False when they were not blocked."""
    row = circle_blocks.c.account == storable(account), circle_blocks.c.other == storable(other)
    return connection.execute(delete(circle_blocks).where(*row)).rowcount == 1


def is_blocked(connection: Connection, account: str, other: str) -> bool:
    """Whether `account` takes nothing from `other`."""
    row = circle_blocks.c.account == storable(account), circle_blocks.c.other == storable(other)
    return connection.execute(select(circle_blocks.c.since).where(*row)).first() is not None


def blocked_by(connection: Connection, account: str) -> list[str]:
    """Whom an account has blocked, in order of name."""
    query = select(circle_blocks.c.other).where(circle_blocks.c.account == storable(account))
    return list(connection.execute(query.order_by(circle_blocks.c.other)).scalars())


def forget_bonds(connection: Connection, ended_before: float, quiet_before: float, limit: int) -> int:
    """Delete bonds that ended before then, and those that safe mode ended before `quiet_before`."""
    is_over = or_(_B.ended_at < ended_before, and_(_B.quiet_until.is_(None), _B.quieted_at < quiet_before))
    old = connection.execute(select(_B.id).where(is_over).limit(limit)).scalars().all()
    connection.execute(delete(circle_bonds).where(_B.id.in_(old)))
    return len(old)


_BONDS: Select[Any] = select(*circle_bonds.c)
_IN_OTHER_HANDS = exists().where(containments.c.account == _B.guardian, containments.c.state == "standing")
"""A stolen account is told of nobody, and pauses nothing."""
_WATCHING: Select[Any] = select(
    _B.id, _B.ward, _B.guardian, _B.ward_harms, _B.guardian_harms, _B.may_pause
).where(
    _B.state == "standing", ~_IN_OTHER_HANDS
)
_HOLD = (
    _WATCHING.where(_B.ward.in_(bindparam("wards", expanding=True))).order_by(_B.id).with_for_update(of=circle_bonds)
)
_TIES = (
    select(facts.c.entity, facts.c.value)
    .where(facts.c.entity.in_(bindparam("ties", expanding=True)), facts.c.field == "friends_since")
    .order_by(facts.c.since)
)


def _shown_to(account: str) -> ColumnElement[bool]:
    """Whether `account` sees the bond as one that stands."""
    name = storable(account)
    is_mine = or_(_B.ward == name, _B.guardian == name)
    return and_(is_mine, _B.state != "ended", or_(_B.left_by.is_(None), _B.left_by != name))


def _living(bond_id: str, account: str) -> Any:
    return update(circle_bonds).where(_B.id == bond_id, _shown_to(account))


def _watching(row: Row[Any]) -> Watching:
    harms = agreed(row.ward_harms.split(","), row.guardian_harms.split(","))
    return Watching(row.id, row.ward, row.guardian, harms, row.may_pause)


def _bond(row: Row[Any], vault: Vault | None = None) -> Bond:
    """The bond in a row; without a vault nobody is called anything."""
    known = dict(row._mapping)
    for side in ("ward_harms", "guardian_harms"):
        known[side] = in_order(known[side].split(","))
    for name in ("guardian_called", "ward_called"):
        sealed = known[name]
        known[name] = vault.open(bytes(sealed), _context(row.id, name)).decode() if vault and sealed else ""
    return Bond(**known)


def _context(bond_id: str, column: str) -> bytes:
    return f"{bond_id}.{column}".encode()
