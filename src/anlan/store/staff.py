"""Members of staff and their sessions; passwords come here hashed, session tokens as digests, TOTP secrets sealed."""

import secrets
from collections.abc import Iterable

import msgspec
from sqlalchemy import Connection, RowMapping, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from anlan.errors import Conflict
from anlan.store.tables import staff, staff_sessions
from anlan.store.vault import Vault


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """One member of staff.

    Attributes:
        password_hash: argon2id.
        has_second_factor: an authenticator is enrolled.
        totp_last_step: the last accepted time step, so that a code works once.
        language: `zh` or `en`.
    """

    id: str
    name: str
    password_hash: str
    must_change_password: bool
    has_second_factor: bool
    totp_last_step: int | None
    roles: tuple[str, ...]
    language: str
    is_active: bool
    created_at: float


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """One session that has not ended; `has_passed` the second factor. Times are wall-clock seconds."""

    member: Member
    created_at: float
    expires_at: float
    has_passed: bool


def add_member(
    connection: Connection, name: str, password_hash: str, roles: Iterable[str], language: str, now: float,
    *, must_change_password: bool = True,
) -> str:
    """A new member of staff; returns the id.

    Raises:
        Conflict: the name is taken.
    """
    member_id = secrets.token_hex(8)
    row = {
        "id": member_id, "name": name, "password_hash": password_hash, "roles": _joined(roles), "language": language,
        "must_change_password": must_change_password, "is_active": True, "created_at": now,
    }
    try:
        with connection.begin_nested():
            connection.execute(insert(staff), row)
    except IntegrityError as error:
        raise Conflict(f"a member of staff is named {name!r} already; choose another name") from error
    return member_id


def find_by_name(connection: Connection, name: str) -> Member | None:
    """The member of staff with this name, active or not."""
    row = connection.execute(select(staff).where(staff.c.name == name)).mappings().one_or_none()
    return _member(row) if row else None


def list_members(connection: Connection) -> list[Member]:
    """Everybody, by name."""
    return [_member(row) for row in connection.execute(select(staff).order_by(staff.c.name)).mappings()]


def set_password(connection: Connection, member_id: str, password_hash: str, *, must_change: bool = False) -> None:
    """Change a password."""
    _update(connection, member_id, password_hash=password_hash, must_change_password=must_change)


def set_roles(connection: Connection, member_id: str, roles: Iterable[str]) -> None:
    """Replace somebody's roles."""
    _update(connection, member_id, roles=_joined(roles))


def set_language(connection: Connection, member_id: str, language: str) -> None:
    """Remember the language that somebody reads."""
    _update(connection, member_id, language=language)


def set_active(connection: Connection, member_id: str, *, is_active: bool) -> None:
    """Let somebody in again, or keep them out and end all their sessions."""
    _update(connection, member_id, is_active=is_active)
    if not is_active:
        end_sessions_of(connection, member_id)


def enrol_totp(connection: Connection, vault: Vault, member_id: str, secret: str, step: int) -> None:
    """Keep a new authenticator's secret; `step` is the time step whose code proved that it works."""
    sealed = vault.seal(secret.encode(), _totp_context(member_id))
    _update(connection, member_id, totp_secret=sealed, totp_last_step=step)


def forget_totp(connection: Connection, member_id: str) -> None:
    """Take the authenticator away, so that another can be enrolled."""
    _update(connection, member_id, totp_secret=None, totp_last_step=None)


def totp_secret(connection: Connection, vault: Vault, member_id: str) -> str | None:
    """The authenticator's secret; None when none is enrolled."""
    sealed = connection.execute(select(staff.c.totp_secret).where(staff.c.id == member_id)).scalar_one_or_none()
    return None if sealed is None else vault.open(sealed, _totp_context(member_id)).decode()


def use_totp_step(connection: Connection, member_id: str, step: int) -> bool:
    """Mark a time step as used; False when it, or a later one, was used already."""
    is_unused = staff.c.totp_last_step.is_(None) | (staff.c.totp_last_step < step)
    used = connection.execute(update(staff).where(staff.c.id == member_id, is_unused).values(totp_last_step=step))
    return used.rowcount == 1


def start_session(
    connection: Connection, token_hash: str, member_id: str, now: float, expires_at: float, *, has_passed: bool
) -> None:
    """Begin a session; `token_hash` is the SHA-256 (hex) of what the browser holds."""
    row = {
        "token_hash": token_hash, "staff_id": member_id, "created_at": now, "expires_at": expires_at,
        "has_second_factor": has_passed,
    }
    connection.execute(insert(staff_sessions), row)


def find_session(connection: Connection, token_hash: str, now: float) -> Session | None:
    """The session with this token, if it has not ended and its owner is active."""
    times = select(
        staff_sessions.c.created_at.label("began_at"), staff_sessions.c.expires_at,
        staff_sessions.c.has_second_factor.label("has_passed"), staff,
    )
    query = times.join(staff).where(
        staff_sessions.c.token_hash == token_hash, staff_sessions.c.expires_at > now, staff.c.is_active
    )
    row = connection.execute(query).mappings().one_or_none()
    if row is None:
        return None
    return Session(
        member=_member(row), created_at=row["began_at"], expires_at=row["expires_at"], has_passed=row["has_passed"]
    )


def extend_session(connection: Connection, token_hash: str, expires_at: float) -> None:
    """Let a session last until `expires_at`."""
    connection.execute(
        update(staff_sessions).where(staff_sessions.c.token_hash == token_hash).values(expires_at=expires_at)
    )


def end_session(connection: Connection, token_hash: str) -> None:
    """End one session, if there is one."""
    connection.execute(delete(staff_sessions).where(staff_sessions.c.token_hash == token_hash))


def end_sessions_of(connection: Connection, member_id: str) -> None:
    """End every session of one person."""
    connection.execute(delete(staff_sessions).where(staff_sessions.c.staff_id == member_id))


def forget_sessions(connection: Connection, now: float) -> int:
    """Delete the sessions that have ended; returns how many."""
    return connection.execute(delete(staff_sessions).where(staff_sessions.c.expires_at <= now)).rowcount


def _update(connection: Connection, member_id: str, **values: object) -> None:
    connection.execute(update(staff).where(staff.c.id == member_id).values(**values))


def _joined(roles: Iterable[str]) -> str:
    return ",".join(sorted(set(roles)))


def _totp_context(member_id: str) -> bytes:
    return f"totp:{member_id}".encode()


def _member(row: RowMapping) -> Member:
    kept = {name: row[name] for name in Member.__struct_fields__ if name not in ("roles", "has_second_factor")}
    roles = tuple(filter(None, row["roles"].split(",")))
    return Member(**kept, roles=roles, has_second_factor=row["totp_secret"] is not None)
