"""Invitations into circles: one open at a time from one to another, and what each side may see of it.

A refusal looks to the inviter like silence, and so does an invitation that was never shown: nobody is pressed for an
answer, and nobody learns that they are blocked.
"""

import secrets
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, Select, delete, func, insert, or_, select, update

from anlan.domain.circles import DAY_S, INVITATION_DAYS, Consent, InvitationState, Role
from anlan.store.batch import storable
from anlan.store.tables import circle_invitations
from anlan.store.vault import Vault

_I = circle_invitations.c
_LOOKS_OPEN = ("open", "declined")


class Invitation(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody asked somebody into their circle; times are wall-clock seconds.

    Attributes:
        inviter, invitee: `account:<id>`.
        role: what the invitee is asked to be.
        offer: what the inviter agrees to.
        is_hidden: the invitee never sees it.
    """

    id: str
    inviter: str
    invitee: str
    role: Role
    offer: Consent
    state: InvitationState
    is_hidden: bool
    made_at: float
    expires_at: float


_consent = msgspec.json.Decoder(Consent)
_COLUMNS = [_I[name] for name in Invitation.__struct_fields__ if name != "offer"]
_INVITATIONS: Select[Any] = select(*_COLUMNS, _I.sealed)


def add_invitation(
    connection: Connection, vault: Vault, inviter: str, invitee: str, role: Role, offer: Consent, by: str, now: float,
    *, is_hidden: bool,
) -> str:
    """Keep an invitation; returns its id. The database refuses a second open one from the one to the other."""
    invitation_id = f"invite_{secrets.token_hex(11)}"
    row = {
        "id": invitation_id, "inviter": storable(inviter), "invitee": storable(invitee), "role": role,
        "sealed": vault.seal(msgspec.json.encode(offer), invitation_id.encode()), "state": "open",
        "is_hidden": is_hidden, "made_at": now, "made_by": by, "expires_at": now + INVITATION_DAYS * DAY_S,
    }
    connection.execute(insert(circle_invitations), row)
    return invitation_id


def pending(connection: Connection, inviter: str, invitee: str, now: float) -> str | None:
    """The invitation that the inviter still waits for, declined ones included; None for none."""
    query = select(_I.id).where(
        _I.inviter == storable(inviter), _I.invitee == storable(invitee), _I.state.in_(_LOOKS_OPEN), _I.expires_at > now
    )
    return connection.execute(query.order_by(_I.made_at.desc()).limit(1)).scalar_one_or_none()


def count_made(connection: Connection, inviter: str, since: float) -> int:
    """How many invitations an account has sent since then."""
    query = select(func.count()).where(_I.inviter == storable(inviter), _I.made_at > since)
    return connection.execute(query).scalar_one()


def was_declined(connection: Connection, inviter: str, invitee: str, since: float) -> bool:
    """Whether the one has turned the other down since then."""
    query = select(_I.id).where(
        _I.inviter == storable(inviter), _I.invitee == storable(invitee), _I.state == "declined", _I.answered_at > since
    )
    return connection.execute(query.limit(1)).first() is not None


def answer_invitation(
    connection: Connection, invitation_id: str, invitee: str, state: InvitationState, now: float
) -> bool:
    """Accept or decline it; False when it is not open any more, or not theirs."""
    answering = update(circle_invitations).where(
        _I.id == invitation_id, _I.invitee == storable(invitee), _I.state == "open", _I.expires_at > now, ~_I.is_hidden
    )
    return connection.execute(answering.values(state=state, answered_at=now)).rowcount == 1


def withdraw_invitation(connection: Connection, invitation_id: str, inviter: str, now: float) -> bool:
    """Take it back; False when it was taken up, or is not theirs."""
    taking_back = update(circle_invitations).where(
        _I.id == invitation_id, _I.inviter == storable(inviter), _I.state.in_(_LOOKS_OPEN), _I.expires_at > now
    )
    return connection.execute(taking_back.values(state="withdrawn", answered_at=now)).rowcount == 1


def hide_between(connection: Connection, invitee: str, inviter: str) -> None:
    """Let nothing that `inviter` has sent be seen by `invitee` any more."""
    between = (_I.inviter == storable(inviter), _I.invitee == storable(invitee), _I.state == "open")
    connection.execute(update(circle_invitations).where(*between).values(is_hidden=True))


def lapse(connection: Connection, now: float) -> int:
    """Close invitations whose time is over; returns how many."""
    late = update(circle_invitations).where(_I.state == "open", _I.expires_at <= now)
    return connection.execute(late.values(state="lapsed", answered_at=now)).rowcount


def find_invitation(connection: Connection, vault: Vault, invitation_id: str, invitee: str) -> Invitation | None:
    """An invitation as who is invited sees it; None for one that is not theirs to see."""
    mine = _INVITATIONS.where(_I.id == invitation_id, _I.invitee == storable(invitee), ~_I.is_hidden)
    row = connection.execute(mine).one_or_none()
    return _invitation(row, vault) if row else None


def invitations_of(connection: Connection, vault: Vault, account: str, now: float) -> list[Invitation]:
    """What an account was asked and has asked, as far as it knows that it is open; newest first."""
    name = storable(account)
    received = (_I.invitee == name) & (_I.state == "open") & ~_I.is_hidden
    sent = (_I.inviter == name) & _I.state.in_(_LOOKS_OPEN)
    query = _INVITATIONS.where(or_(received, sent), _I.expires_at > now).order_by(_I.made_at.desc(), _I.id)
    return [_invitation(row, vault) for row in connection.execute(query)]


def all_invitations_of(connection: Connection, vault: Vault, account: str, now: float) -> list[Invitation]:
    """Every one that an account sent or saw, as it knows it: a refusal of its own looks open, then lapsed."""
    name = storable(account)
    mine = (_I.inviter == name) | ((_I.invitee == name) & ~_I.is_hidden)
    rows = connection.execute(_INVITATIONS.where(mine).order_by(_I.made_at.desc(), _I.id))
    return [_as_known_to(account, _invitation(row, vault), now) for row in rows]


def _as_known_to(account: str, found: Invitation, now: float) -> Invitation:
    looks_open = found.inviter == account and found.state in _LOOKS_OPEN
    if not looks_open:
        return found
    return msgspec.structs.replace(found, state="open" if found.expires_at > now else "lapsed", is_hidden=False)


def forget_invitations(connection: Connection, expired_before: float, limit: int) -> int:
    """Delete invitations whose time was over before then; returns how many."""
    old = connection.execute(select(_I.id).where(_I.expires_at < expired_before).limit(limit)).scalars().all()
    connection.execute(delete(circle_invitations).where(_I.id.in_(old)))
    return len(old)


def _invitation(row: Row[Any], vault: Vault) -> Invitation:
    known = {name: value for name, value in row._mapping.items() if name != "sealed"}
    return Invitation(**known, offer=_consent.decode(vault.open(bytes(row.sealed), row.id.encode())))
