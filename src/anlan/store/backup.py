"""A backup is one tar file: every table as gzipped NDJSON from one moment, the journal's segments, and a manifest.

The same file restores into SQLite and PostgreSQL. It holds what the database holds: sensitive fields stay sealed, so
the key must be kept elsewhere.
"""

import gzip
import hashlib
import os
import shutil
import tarfile
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Any

import msgspec
from sqlalchemy import Column, Connection, LargeBinary, Table, select, type_coerce

from anlan.clock import now
from anlan.errors import Conflict, Damaged, InvalidSettings, NotFound
from anlan.store.batch import insert_into, insert_rows
from anlan.store.database import Database, head_revision
from anlan.store.tables import HexDigest, metadata, segments

FORMAT = 1
_MANIFEST = "manifest.json"
_ROWS_PER_INSERT = 1024
_BLOCK_BYTES = 1 << 20


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """One file in the archive; `rows` is -1 for a segment."""

    file: str
    rows: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What an archive holds; `schema` is the revision that its tables have."""

    format: int
    schema: str
    taken_at: float
    tables: dict[str, Part]
    segments: dict[str, Part]


def backup(database: Database, journal_dir: Path, target: Path) -> Manifest:
    """Write everything to `target`, which appears only when it is whole. The store may be in use meanwhile.

    Raises:
        Conflict: `target` is there already.
        Damaged: a segment is missing.
        Unavailable: see `Database.snapshot`.
    """
    if target.exists():
        raise Conflict(f"{target} is there already; choose another name")
    with TemporaryDirectory(dir=target.parent, prefix=".backup-") as folder:
        work = Path(folder)
        with database.snapshot() as connection:
            tables = {table.name: _dump(connection, table, work) for table in metadata.sorted_tables}
            files = list(connection.execute(select(segments.c.file).order_by(segments.c.first_seq)).scalars())
            sealed = {file: _segment(journal_dir / file, work) for file in files}
        manifest = Manifest(
            format=FORMAT, schema=head_revision(), taken_at=now(), tables=tables, segments=sealed
        )
        (work / _MANIFEST).write_bytes(msgspec.json.format(msgspec.json.encode(manifest)))
        partial = work / "whole.tar"
        with tarfile.open(partial, "w", dereference=True) as archive:
            for name in (_MANIFEST, *(part.file for part in (*tables.values(), *sealed.values()))):
                archive.add(work / name, arcname=name)
        with partial.open("rb") as written:
            os.fsync(written.fileno())
        partial.rename(target)
    return manifest


def restore(database: Database, journal_dir: Path, source: Path) -> Manifest:
    """Fill an empty, migrated store from `source`; nothing is kept of an archive that is not intact.

    Raises:
        NotFound: there is no such file.
        Conflict: the store or the journal folder is not empty.
        InvalidSettings: the archive was made by a version with another schema.
        Damaged: the archive is not whole, or not ours.
    """
    if not source.exists():
        raise NotFound(f"no backup at {source}")
    if journal_dir.exists() and any(journal_dir.iterdir()):
        raise Conflict(f"{journal_dir} is not empty; restore into an empty data folder")
    try:
        with tarfile.open(source) as archive:
            manifest = _check(archive)
            with database.write_directly() as cursor:
                for table in metadata.sorted_tables:
                    _restore_table(database, cursor, archive, table, manifest.tables[table.name])
            _restore_segments(archive, manifest, journal_dir)
    except (tarfile.TarError, EOFError, gzip.BadGzipFile, zlib.error, msgspec.MsgspecError, KeyError) as error:
        raise Damaged(f"{source} is not a whole backup: {error}", files=[source.name]) from error
    return manifest


def _dump(connection: Connection, table: Table, folder: Path) -> Part:
    name, count = f"{table.name}.ndjson.gz", 0
    query = select(*map(_raw, table.columns)).order_by(*table.primary_key.columns)
    encoder, buffer = msgspec.json.Encoder(), bytearray()
    query = query.execution_options(yield_per=_ROWS_PER_INSERT)
    with gzip.open(folder / name, "wb", compresslevel=3) as file, connection.execute(query) as found:
        for rows in found.partitions():
            for row in rows:
                buffer += encoder.encode(tuple(row)) + b"\n"
            file.write(buffer)
            buffer.clear()
            count += len(rows)
    return Part(file=name, rows=count, sha256=_digest((folder / name).open("rb")))


def _raw(column: Column[Any]) -> Any:
    """Digests as the bytes that they are."""
    return type_coerce(column, LargeBinary).label(column.name) if isinstance(column.type, HexDigest) else column


def _segment(path: Path, folder: Path) -> Part:
    if not path.exists():
        raise Damaged(f"segment {path} is missing; restore it from an earlier backup", files=[path.name])
    name = f"segments/{path.name}"
    (folder / "segments").mkdir(exist_ok=True)
    (folder / name).symlink_to(path.resolve())
    return Part(file=name, rows=-1, sha256=_digest(path.open("rb")))


def _check(archive: tarfile.TarFile) -> Manifest:
    """The manifest, once every part is found to be what it says."""
    manifest = msgspec.json.decode(_member(archive, _MANIFEST).read(), type=Manifest)
    if manifest.format != FORMAT or manifest.schema != head_revision():
        raise InvalidSettings(
            f"the backup has format {manifest.format} and schema {manifest.schema}, this version reads format {FORMAT} "
            f"and schema {head_revision()}; restore it with the version that made it, then upgrade"
        )
    for part in (*manifest.tables.values(), *manifest.segments.values()):
        if _digest(_member(archive, part.file)) != part.sha256:
            raise Damaged(f"{part.file} in the backup was altered or is cut off", files=[part.file])
    return manifest


def _restore_table(database: Database, cursor: Any, archive: tarfile.TarFile, table: Table, part: Part) -> None:
    cursor.execute(f"SELECT count(*) FROM {table.name}")
    if cursor.fetchone()[0]:
        raise Conflict(f"{database.name} is not empty ({table.name} has rows); restore into a new database")
    target, restored = insert_into(table), 0
    with gzip.open(_member(archive, part.file)) as lines:
        for values in _rows(lines, table):
            insert_rows(cursor, target, values, is_sqlite=database.is_sqlite)
            restored += len(values) // len(target.columns)
    if restored != part.rows:
        raise Damaged(f"{part.file} has {restored} rows, the manifest says {part.rows}", files=[part.file])
    counted = table.autoincrement_column
    if counted is not None and not database.is_sqlite:
        cursor.execute(
            f"SELECT setval(pg_get_serial_sequence('{table.name}', '{counted.name}'), "
            f"coalesce(max({counted.name}), 0) + 1, false) FROM {table.name}"
        )


def _rows(lines: Iterable[bytes], table: Table) -> Iterator[list[Any]]:
    """The rows of a table in flat lists of some hundred rows each."""
    types = tuple(_python_type(column) for column in table.columns)
    decode = msgspec.json.Decoder(tuple.__class_getitem__(types)).decode
    values: list[Any] = []
    for line in lines:
        values += decode(line)
        if len(values) >= _ROWS_PER_INSERT * len(types):
            yield values
            values = []
    if values:
        yield values


def _python_type(column: Column[Any]) -> Any:
    plain = bytes if isinstance(column.type, HexDigest) else column.type.python_type
    return plain | None if column.nullable else plain


def _restore_segments(archive: tarfile.TarFile, manifest: Manifest, journal_dir: Path) -> None:
    journal_dir.mkdir(parents=True, exist_ok=True)
    for file, part in manifest.segments.items():
        if Path(file).name != file:
            raise Damaged(f"{file!r} is no name of a segment", files=[file])
        with (journal_dir / file).open("xb") as target:
            shutil.copyfileobj(_member(archive, part.file), target)


def _member(archive: tarfile.TarFile, name: str) -> IO[bytes]:
    found = archive.extractfile(name)
    if found is None:
        raise KeyError(name)
    return found


def _digest(file: IO[bytes]) -> str:
    digest = hashlib.sha256()
    with file:
        while block := file.read(_BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()
