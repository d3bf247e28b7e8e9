"""How safe an account stands, for the page of its owner and for platforms that draw their own."""

from collections.abc import Callable, Iterable, Sequence

import msgspec
from sqlalchemy import Connection

from anlan.domain.checkup import CheckUp, Held, check_up
from anlan.domain.factors import device_digest
from anlan.domain.sign_ins import DAY_S, MORE_NETWORKS, STALE_DAYS
from anlan.store.containments import Containment, standing_containment
from anlan.store.factors import Factor, factors_of
from anlan.store.reminders import Reminder, reminders_of
from anlan.store.sign_ins import (
    Device,
    Failure,
    PlatformSession,
    SignIn,
    devices_of,
    failures_of,
    sessions_of,
    sign_ins_of,
    standing_of,
)
from anlan.store.trusted_devices import trusted_of
from anlan.store.vault import Vault

HISTORY_DAYS = 30


class SecurityView(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that an owner sees of their account's security; lists are newest first.

    Attributes:
        devices: those that the account knows.
        trusted: ids of those that skip the second step for a while.
        sessions: on the platform, open or being ended.
        reminders: of the last time, answered ones too.
        failures: tries with a wrong proof of the last `HISTORY_DAYS`.
        containment: what protects the account now; None when nothing does.
    """

    check_up: CheckUp
    devices: Sequence[Device]
    trusted: frozenset[str]
    sessions: Sequence[PlatformSession]
    sign_ins: Sequence[SignIn]
    failures: Sequence[Failure]
    reminders: Sequence[Reminder]
    factors: Sequence[Factor]
    containment: Containment | None

    @property
    def unanswered(self) -> list[Reminder]:
        """Reminders that wait for the owner."""
        return [one for one in self.reminders if one.answer is None]


class Day(msgspec.Struct, frozen=True, kw_only=True):
    """One day of an account's history.

    Attributes:
        start: its midnight in the reader's zone.
        failures: tries with a wrong proof, from `networks` networks; `has_more` when there were more networks.
    """

    start: float
    sign_ins: Sequence[SignIn]
    failures: int
    networks: int
    has_more: bool


def look_at(connection: Connection, vault: Vault, account: str, now: float) -> SecurityView:
    """The account as it stands at `now` (wall clock)."""
    known = devices_of(connection, vault, account)
    devices = [device for device in known if device.state in ("known", "own")]
    reminders = reminders_of(connection, vault, account)
    factors = factors_of(connection, account)
    digests = {one.digest for one in trusted_of(connection, vault, account, now)}
    held = _held(connection, account, devices, factors, sum(one.answer is None for one in reminders), now)
    return SecurityView(
        check_up=check_up(held, now), devices=devices,
        trusted=frozenset(one.id for one in devices if device_digest(account, one.device) in digests),
        sessions=sessions_of(connection, vault, account),
        sign_ins=sign_ins_of(connection, vault, account, 200),
        failures=failures_of(connection, account, now - HISTORY_DAYS * DAY_S),
        reminders=reminders, factors=factors, containment=standing_containment(connection, account),
    )


def _held(
    connection: Connection, account: str, devices: Sequence[Device], factors: Sequence[Factor], unanswered: int,
    now: float,
) -> Held:
    standing = standing_of(connection, account)
    return Held(
        has_second_step=bool(standing.has_factor) or any(one.kind != "recovery_codes" for one in factors),
        recovery_codes=sum(one.codes_left for one in factors),
        password_changed_at=standing.password_changed_at, password_is_breached=standing.password_is_breached,
        password_is_weak=standing.password_is_weak, has_phone=standing.has_phone, has_email=standing.has_email,
        devices=len(devices), stale_devices=sum(now - one.seen_at > STALE_DAYS * DAY_S for one in devices),
        unanswered=unanswered,
    )


def fold_days(
    sign_ins: Iterable[SignIn], failures: Iterable[Failure], midnight: Callable[[float], float]
) -> list[Day]:
    """The history day by day, newest first; tries with a wrong proof are only counted.

    Args:
        midnight: when the day of a moment began in the reader's zone.
    """
    came: dict[float, list[SignIn]] = {}
    tried: dict[float, list[Failure]] = {}
    for one in sign_ins:
        came.setdefault(midnight(one.at), []).append(one)
    for failure in failures:
        tried.setdefault(midnight(failure.hour), []).append(failure)
    return [_day(start, came.get(start, []), tried.get(start, [])) for start in sorted({*came, *tried}, reverse=True)]


def _day(start: float, came: list[SignIn], tried: list[Failure]) -> Day:
    networks = {failure.network for failure in tried}
    return Day(
        start=start, sign_ins=sorted(came, key=lambda one: -one.at), failures=sum(one.count for one in tried),
        networks=len(networks - {MORE_NETWORKS}), has_more=MORE_NETWORKS in networks,
    )
