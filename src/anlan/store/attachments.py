"""Files that members hand in with a case: sealed at rest, the same bytes once to a case, each to its owner alone."""

import secrets
from collections.abc import Sequence
from hashlib import sha256
from typing import cast

import msgspec
from sqlalchemy import Connection, insert, select, update

from anlan.domain.attachments import MediaType
from anlan.store.tables import appeals, attachments
from anlan.store.vault import Vault

_NAME_BYTES = 2


class NewFile(msgspec.Struct, frozen=True):
    """A file as it was handed in, checked: its safe name, what it is, its bytes."""

    name: str
    media_type: MediaType
    content: bytes

    @property
    def digest(self) -> str:
        """SHA-256 of its bytes."""
        return sha256(self.content).hexdigest()


class Attachment(msgspec.Struct, frozen=True, kw_only=True):
    """What is told of a file without opening it; `is_gone` once its time is over."""

    id: str
    owner: str
    case_id: str
    media_type: MediaType
    byte_count: int
    made_at: float
    is_gone: bool


_ATTACHMENT = select(
    *(attachments.c[name] for name in Attachment.__struct_fields__ if name != "is_gone"),
    attachments.c.sealed.is_(None).label("is_gone"),
)


def add_files(
    connection: Connection, vault: Vault, owner: str, case_id: str, files: Sequence[NewFile], now: float
) -> int:
    """Keep what `owner` hands in with a case; the same bytes twice are one file. Returns how many were kept."""
    rows = []
    for digest, file in {file.digest: file for file in files}.items():
        attachment_id = f"file_{secrets.token_hex(12)}"
        rows.append({
            "id": attachment_id, "owner": owner, "case_id": case_id, "media_type": file.media_type,
            "byte_count": len(file.content), "sha256": digest, "made_at": now,
            "sealed": vault.seal(_pack(file), _context(attachment_id)),
        })
    if rows:
        connection.execute(insert(attachments), rows)
    return len(rows)


def files_of_case(connection: Connection, case_id: str) -> list[Attachment]:
    """What was handed in with a case, in order."""
    query = _ATTACHMENT.where(attachments.c.case_id == case_id).order_by(attachments.c.made_at, attachments.c.id)
    return [Attachment(**row) for row in connection.execute(query).mappings()]


def files_by(connection: Connection, owner: str, case_ids: Sequence[str]) -> list[Attachment]:
    """What `owner` handed in with any of these cases, in order."""
    query = _ATTACHMENT.where(attachments.c.case_id.in_(case_ids), attachments.c.owner == owner)
    rows = connection.execute(query.order_by(attachments.c.made_at, attachments.c.id)).mappings()
    return [Attachment(**row) for row in rows]


def open_file(connection: Connection, vault: Vault, case_id: str, attachment_id: str) -> NewFile | None:
    """One file of a case with its bytes; None if it is not among them, or its time is over."""
    row = connection.execute(
        select(attachments.c.media_type, attachments.c.sealed).where(
            attachments.c.id == attachment_id, attachments.c.case_id == case_id
        )
    ).one_or_none()
    if row is None or row.sealed is None:
        return None
    name, content = _unpack(vault.open(row.sealed, _context(attachment_id)))
    return NewFile(name, cast("MediaType", row.media_type), content)


def digests_of_cases(connection: Connection, case_ids: Sequence[str]) -> set[str]:
    """SHA-256 of every file that was handed in with these cases."""
    query = select(attachments.c.sha256).where(attachments.c.case_id.in_(case_ids))
    return set(connection.execute(query).scalars())


def forget_files(connection: Connection, before: float, limit: int) -> int:
    """Remove the bytes of at most `limit` files that came before `before`, unless an open appeal rests on them."""
    is_open = select(appeals.c.id).where(appeals.c.case_id == attachments.c.case_id, appeals.c.state == "open").exists()
    old = connection.execute(
        select(attachments.c.id)
        .where(attachments.c.made_at < before, attachments.c.sealed.is_not(None), ~is_open)
        .limit(limit)
    ).scalars().all()
    connection.execute(update(attachments).where(attachments.c.id.in_(old)).values(sealed=None))
    return len(old)


def _pack(file: NewFile) -> bytes:
    name = file.name.encode()
    return len(name).to_bytes(_NAME_BYTES) + name + file.content


def _unpack(packed: bytes) -> tuple[str, bytes]:
    end = _NAME_BYTES + int.from_bytes(packed[:_NAME_BYTES])
    return packed[_NAME_BYTES:end].decode(), packed[end:]


def _context(attachment_id: str) -> bytes:
    return f"attachment:{attachment_id}".encode()
