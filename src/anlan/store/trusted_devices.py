"""Devices on which an account has passed a challenge and that its owner trusts for a while."""

import msgspec
from sqlalchemy import Connection, delete, insert, select

from anlan.domain.challenges import TRUSTED_S
from anlan.domain.factors import device_digest
from anlan.store.tables import trusted_devices
from anlan.store.vault import Vault

MAX_LABEL_CHARS = 200


class TrustedDevice(msgspec.Struct, frozen=True, kw_only=True):
    """One device; times are wall-clock seconds.

    Attributes:
        digest: names it without telling its token.
        label: the browser's name for itself, as it said it.
    """

    digest: str
    label: str
    trusted_at: float
    expires_at: float


def trust(connection: Connection, vault: Vault, account: str, device: str, label: str, now: float) -> None:
    """Trust a device for `TRUSTED_S`, anew where it was trusted before."""
    digest = device_digest(account, device)
    distrust(connection, account, digest)
    row = {
        "account": account, "device_digest": digest, "trusted_at": now, "expires_at": now + TRUSTED_S,
        "label": vault.seal(label[:MAX_LABEL_CHARS].encode(), _context(account, digest)),
    }
    connection.execute(insert(trusted_devices), row)


def is_trusted(connection: Connection, account: str, device: str | None, now: float) -> bool:
    """Whether the account trusts the device at `now`."""
    if not device:
        return False
    query = select(trusted_devices.c.trusted_at).where(
        trusted_devices.c.account == account, trusted_devices.c.expires_at > now,
        trusted_devices.c.device_digest == device_digest(account, device),
    )
    return connection.execute(query).first() is not None


def trusted_of(connection: Connection, vault: Vault, account: str, now: float) -> list[TrustedDevice]:
    """The devices that an account trusts, the latest first."""
    query = (
        select(trusted_devices)
        .where(trusted_devices.c.account == account, trusted_devices.c.expires_at > now)
        .order_by(trusted_devices.c.trusted_at.desc(), trusted_devices.c.device_digest)
    )
    return [
        TrustedDevice(
            digest=row.device_digest, label=vault.open(row.label, _context(account, row.device_digest)).decode(),
            trusted_at=row.trusted_at, expires_at=row.expires_at,
        )
        for row in connection.execute(query)
    ]


def distrust(connection: Connection, account: str, digest: str) -> bool:
    """Stop trusting one device; False when it was not trusted."""
    gone = connection.execute(
        delete(trusted_devices)
        .where(trusted_devices.c.account == account, trusted_devices.c.device_digest == digest)
    )
    return gone.rowcount == 1


def distrust_since(connection: Connection, account: str, since: float) -> int:
    """Stop trusting the devices that are trusted since `since` or later; returns how many."""
    gone = delete(trusted_devices).where(
        trusted_devices.c.account == account, trusted_devices.c.trusted_at >= since
    )
    return connection.execute(gone).rowcount


def forget_trust(connection: Connection, now: float) -> int:
    """Delete what has run out; returns how many."""
    return connection.execute(delete(trusted_devices).where(trusted_devices.c.expires_at <= now)).rowcount


def _context(account: str, digest: str) -> bytes:
    return f"trusted:{digest}:{account}".encode()
