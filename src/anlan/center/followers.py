"""Who hears of what happened to members' accounts, inside the transaction that does it: all of it happens or none.

`app.py` lists the followers; the parts of the center do not know each other.
"""

from collections.abc import Callable, Sequence
from typing import Literal

import msgspec
from sqlalchemy import Connection

from anlan.domain.scenarios import Strength

ContainmentMove = Literal["opened", "widened", "lifted", "false_alarm"]
FactorChange = Literal["added", "removed", "used_up"]


class ContainmentMoved(msgspec.Struct, frozen=True, kw_only=True):
    """An account was contained, more of the thief's doing was found, or the containment ended.

    Attributes:
        account: `account:<id>`.
        move: `opened`; `widened` by what came to light later; `lifted` because the owner has proved themselves, or
            people say so; `false_alarm` when there was no thief and everything is put back.
        ground: one of `domain.containment.GROUNDS`.
        by: `staff:<name>`, `policy:<id>`, `key:<id>`, `account:<id>` or `system`.
        at: wall-clock seconds.
        since: from when on the thief may have been inside; what changed before is the owner's own.
        devices: ids of the thief's devices; of `widened` only the new ones, of `false_alarm` those that are the
            account's own again.
        sessions: ids of the sessions that are ended; likewise.
    """

    containment_id: str
    account: str
    move: ContainmentMove
    ground: str
    by: str
    at: float
    since: float
    devices: tuple[str, ...] = ()
    sessions: tuple[str, ...] = ()


class FactorChanged(msgspec.Struct, frozen=True, kw_only=True):
    """A factor of an account was added or removed, or the last recovery code was used up.

    Attributes:
        account: `account:<id>`.
        factor: its kind: `totp`, `passkey`, `recovery_codes`, ...
        by: as in `ContainmentMoved`.
        at: wall-clock seconds.
    """

    account: str
    factor: str
    change: FactorChange
    by: str
    at: float


class AccountRecovered(msgspec.Struct, frozen=True, kw_only=True):
    """An account was given back to its owner by a recovery claim.

    Attributes:
        account: `account:<id>`.
        claim_id: of the claim.
        by: as in `ContainmentMoved`.
        at: wall-clock seconds.
    """

    account: str
    claim_id: str
    by: str
    at: float


class AlertRaised(msgspec.Struct, frozen=True, kw_only=True):
    """A member is warned of a risk to themselves, or would be if nothing spoke against it.

    Attributes:
        account: `account:<id>` of who is at risk.
        scenario: id in the scenario base.
        was_sent: whether the member gets it; held back by a cap, quiet hours or the control arm otherwise.
        people: who the event is about in whose decision it was ordered, whoever acted included; `account:<id>`.
        at: event time, seconds.
    """

    alert_id: str
    account: str
    scenario: str
    strength: Strength
    was_sent: bool
    people: frozenset[str]
    at: float


AlertFollower = Callable[[Connection, Sequence[AlertRaised], float], None]
"""Takes all alerts of one transaction at once, and the wall-clock time."""

ContainmentFollower = Callable[[Connection, ContainmentMoved], None]
FactorFollower = Callable[[Connection, FactorChanged], None]
RecoveryFollower = Callable[[Connection, AccountRecovered], None]
