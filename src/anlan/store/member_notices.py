"""Notices to members, their words encrypted at rest, and statements of reasons, which name nobody."""

from hashlib import blake2b
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, func, insert, select, update

from anlan.domain.notice_words import NoticeBody
from anlan.domain.statements import REDRESS, Statement
from anlan.store.batch import storable
from anlan.store.marks import raise_mark
from anlan.store.tables import member_notices, sanctions, statements
from anlan.store.vault import Vault

STATEMENTS = "statements"
_FIELDS = tuple(name for name in Statement.__struct_fields__ if name != "redress")
_decode_body = msgspec.json.Decoder(NoticeBody).decode


class MemberNotice(msgspec.Struct, frozen=True, kw_only=True):
    """One notice; `kind` is `sanctioned` or `lifted`, `body` is None once its time is over."""

    id: str
    account: str
    sanction_id: str
    kind: str
    at: float
    read_at: float | None
    body: NoticeBody | None


def add_notice(
    connection: Connection, vault: Vault, account: str, sanction_id: str, kind: str, body: NoticeBody, now: float
) -> str:
    """Keep a notice; returns its id. The same notice is kept once: the database refuses a second."""
    named = blake2b(f"{kind}|{sanction_id}|{account}".encode(), digest_size=12)
    notice_id = f"notice_{named.hexdigest()}"
    sealed = vault.seal(msgspec.json.encode(body), _context(notice_id))
    row = {"id": notice_id, "account": storable(account), "sanction_id": sanction_id, "kind": kind, "at": now}
    connection.execute(insert(member_notices), row | {"body": sealed})
    return notice_id


def notices_of(connection: Connection, vault: Vault, account: str, limit: int = 100) -> list[MemberNotice]:
    """What an account was told, newest first."""
    query = select(member_notices).where(member_notices.c.account == storable(account))
    rows = connection.execute(query.order_by(member_notices.c.at.desc()).limit(limit))
    return [_notice(row, vault) for row in rows]


def find_notice(connection: Connection, vault: Vault, notice_id: str, account: str) -> MemberNotice | None:
    """A notice of this account; None for one of somebody else."""
    query = select(member_notices).where(member_notices.c.id == notice_id)
    row = connection.execute(query.where(member_notices.c.account == storable(account))).one_or_none()
    return _notice(row, vault) if row else None


def mark_read(connection: Connection, notice_id: str, now: float) -> bool:
    """Note that the member opened it; False when they had before."""
    query = update(member_notices).where(member_notices.c.id == notice_id, member_notices.c.read_at.is_(None))
    return connection.execute(query.values(read_at=now)).rowcount == 1


def notices_about(connection: Connection, vault: Vault, sanction_id: str) -> list[MemberNotice]:
    """What was told about a sanction, in order."""
    query = select(member_notices).where(member_notices.c.sanction_id == sanction_id)
    return [_notice(row, vault) for row in connection.execute(query.order_by(member_notices.c.at))]


def forget_notices(connection: Connection, before: float, limit: int) -> int:
    """Remove the words of notices about what was over before `before`; how many that were.

    What has no end of its own, such as a warning, is over when it counts no longer; what is permanent is not over.
    """
    over_at = func.coalesce(sanctions.c.lifted_at, sanctions.c.ends_at, sanctions.c.strikes_until)
    is_over = (over_at < before) & (~sanctions.c.is_permanent | sanctions.c.lifted_at.is_not(None))
    old = (
        select(member_notices.c.id).join(sanctions, sanctions.c.id == member_notices.c.sanction_id)
        .where(member_notices.c.at < before, member_notices.c.body.is_not(None), is_over).limit(limit)
    )
    ids = connection.execute(old).scalars().all()
    connection.execute(update(member_notices).where(member_notices.c.id.in_(ids)).values(body=None))
    return len(ids)


def add_statement(connection: Connection, statement: Statement) -> int:
    """Keep a statement under the next number, which is returned."""
    seq = raise_mark(connection, STATEMENTS)
    row = {name: getattr(statement, name) for name in _FIELDS}
    row |= {
        "seq": seq, "content_type": ",".join(statement.content_type),
        "territorial_scope": ",".join(statement.territorial_scope),
        "automated_detection": statement.automated_detection == "Yes",
    }
    connection.execute(insert(statements), row)
    return seq


def reverse_statement(connection: Connection, puid: str, now: float) -> None:
    """Let a statement say that what it is about was taken back."""
    query = update(statements).where(statements.c.puid == puid, statements.c.reversed_at.is_(None))
    connection.execute(query.values(reversed_at=now))


def list_statements(connection: Connection, after_seq: int = 0, limit: int = 100) -> list[Statement]:
    """Statements in order of their numbers."""
    query = select(*(statements.c[name] for name in _FIELDS)).where(statements.c.seq > after_seq)
    rows = connection.execute(query.order_by(statements.c.seq).limit(limit)).mappings()
    return [
        Statement(**{
            **row, "content_type": _words(row["content_type"]), "territorial_scope": _words(row["territorial_scope"]),
            "automated_detection": "Yes" if row["automated_detection"] else "No", "redress": REDRESS,
        })
        for row in rows
    ]


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split(",")) if text else ()


def _notice(row: Row[Any], vault: Vault) -> MemberNotice:
    body = None if row.body is None else _decode_body(vault.open(bytes(row.body), _context(row.id)))
    return MemberNotice(
        id=row.id, account=row.account, sanction_id=row.sanction_id, kind=row.kind, at=row.at, read_at=row.read_at,
        body=body,
    )


def _context(notice_id: str) -> bytes:
    return f"member_notice|{notice_id}".encode()
