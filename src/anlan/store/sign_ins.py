"""Sign-ins, devices and sessions as their owners see them; addresses, user agents and names of sessions rest sealed.

Every function works in the caller's transaction and is about one account, named `account:<id>`.
"""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, select

from anlan.domain.sign_ins import DeviceState, SessionState, SignInState
from anlan.store.batch import storable
from anlan.store.tables import account_devices, account_sessions, account_standings, sign_in_failures, sign_ins
from anlan.store.vault import Vault


class Particulars(msgspec.Struct, frozen=True, kw_only=True):
    """What of a sign-in is personal or lets in: shown to the owner only, the device and the session to nobody."""

    ip: str | None = None
    agent: str | None = None
    device: str | None = None
    session: str | None = None


class SignIn(msgspec.Struct, frozen=True, kw_only=True):
    """One sign-in with the right proof.

    Attributes:
        seq: of its event.
        at: event time.
        risk: 0 to 1; None when unknown.
        client: `Client.stored`.
        device_id, session_id: as pages call them; None where the platform named none.
    """

    seq: int
    account: str
    at: float
    state: SignInState
    verdict: str
    risk: float | None
    country: str | None
    asn: int | None
    client: str
    device_id: str | None
    session_id: str | None
    particulars: Particulars


class Failure(msgspec.Struct, frozen=True):
    """Tries with a wrong proof from one network within one hour.

    Attributes:
        hour: when it began, event time.
        network: /24 or /48; empty for unknown, `MORE_NETWORKS` for all past the number that is told apart.
    """

    account: str
    hour: float
    network: str
    country: str | None
    count: int


class Device(msgspec.Struct, frozen=True, kw_only=True):
    """A device that came in once; `device` is the secret by which events name it. Times are event time."""

    id: str
    account: str
    device: str
    client: str
    country: str | None
    first_seen_at: float
    seen_at: float
    state: DeviceState


class PlatformSession(msgspec.Struct, frozen=True, kw_only=True):
    """A session on the platform; `session` is how events name it. Times are event time."""

    id: str
    account: str
    session: str
    device_id: str | None
    client: str
    country: str | None
    started_at: float
    seen_at: float
    state: SessionState
    ended_at: float | None


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How an account is secured, as the platform told; None for what it did not tell."""

    password_changed_at: float | None = None
    password_is_breached: bool | None = None
    password_is_weak: bool | None = None
    has_phone: bool | None = None
    has_email: bool | None = None
    has_factor: bool | None = None


_particulars = msgspec.json.Decoder(Particulars)


def sign_ins_of(connection: Connection, vault: Vault, account: str, limit: int = 50) -> list[SignIn]:
    """Sign-ins with the right proof, newest first."""
    query = select(sign_ins).where(sign_ins.c.account == storable(account)).order_by(sign_ins.c.seq.desc())
    return [_sign_in(row, vault) for row in connection.execute(query.limit(limit))]


def challenged_of(connection: Connection, vault: Vault, account: str, since: float) -> list[SignIn]:
    """Sign-ins since `since` (event time) of which more was asked and not shown yet, newest first."""
    query = select(sign_ins).where(
        sign_ins.c.account == storable(account), sign_ins.c.verdict == "challenge", sign_ins.c.state != "entered",
        sign_ins.c.at >= since,
    )
    return [_sign_in(row, vault) for row in connection.execute(query.order_by(sign_ins.c.seq.desc()))]


def unproven(connection: Connection, vault: Vault, older: float, limit: int) -> list[SignIn]:
    """Sign-ins of any account before `older` (event time) of which more was asked and not shown, oldest first."""
    query = select(sign_ins).where(sign_ins.c.state == "challenged", sign_ins.c.at < older).order_by(sign_ins.c.at)
    return [_sign_in(row, vault) for row in connection.execute(query.limit(limit))]


def failures_of(connection: Connection, account: str, since: float = 0.0, limit: int = 2_000) -> list[Failure]:
    """Tries with a wrong proof since `since` (event time), by hour and network, newest first."""
    columns = [sign_in_failures.c[name] for name in Failure.__struct_fields__]
    query = select(*columns).where(sign_in_failures.c.account == storable(account), sign_in_failures.c.hour >= since)
    return [Failure(*row) for row in connection.execute(query.order_by(sign_in_failures.c.hour.desc()).limit(limit))]


def devices_of(connection: Connection, vault: Vault, account: str, limit: int = 50) -> list[Device]:
    """Devices that came in, the latest used first; those that were removed or disowned too."""
    query = select(account_devices).where(account_devices.c.account == storable(account))
    rows = connection.execute(query.order_by(account_devices.c.seen_at.desc()).limit(limit))
    return [_device(row, vault) for row in rows]


def sessions_of(
    connection: Connection, vault: Vault, account: str, states: Sequence[SessionState] = ("open", "ending"),
    limit: int = 50,
) -> list[PlatformSession]:
    """Sessions on the platform in one of `states`, the latest used first."""
    query = select(account_sessions).where(
        account_sessions.c.account == storable(account), account_sessions.c.state.in_(states)
    )
    rows = connection.execute(query.order_by(account_sessions.c.seen_at.desc()).limit(limit))
    return [_session(row, vault) for row in rows]


def find_session(connection: Connection, vault: Vault, session_id: str) -> PlatformSession | None:
    """The session that pages call `session_id`."""
    row = connection.execute(select(account_sessions).where(account_sessions.c.id == session_id)).one_or_none()
    return _session(row, vault) if row else None


def standing_of(connection: Connection, account: str) -> Standing:
    """How the account is secured."""
    columns = [account_standings.c[name] for name in Standing.__struct_fields__]
    row = connection.execute(select(*columns).where(account_standings.c.account == storable(account))).one_or_none()
    return Standing(**row._mapping) if row else Standing()


def _sign_in(row: Row[Any], vault: Vault) -> SignIn:
    known = {name: value for name, value in row._mapping.items() if name != "sealed"}
    return SignIn(**known, particulars=_particulars.decode(vault.open(bytes(row.sealed), sign_in_context(row.seq))))


def _device(row: Row[Any], vault: Vault) -> Device:
    known = {name: value for name, value in row._mapping.items() if name != "sealed"}
    return Device(**known, device=vault.open(bytes(row.sealed), row.id.encode()).decode())


def _session(row: Row[Any], vault: Vault) -> PlatformSession:
    known = {name: value for name, value in row._mapping.items() if name != "sealed"}
    return PlatformSession(**known, session=vault.open(bytes(row.sealed), row.id.encode()).decode())


def sign_in_context(seq: int) -> bytes:
    """What a sign-in's sealed part belongs to."""
    return f"sign_in|{seq}".encode()
